#!/bin/bash
# mzgrid convert: what the user sees of a run that succeeds.
. "$(dirname "$0")/lib.sh"

"$MZGRID" generate in.imzML --size 12x10 --points 100 --full -q

only_mzgrid_lines() {
    ! grep -v '^mzgrid: ' "$err"
}

run 1 convert in.imzML out.zarr --bins 1000 --dry-run
expect_status 0
expect_text "$err" "mzgrid: plan: "
expect_files in.ibd in.imzML

# record EXPRESSION: evaluates it with the run record as r.
record() {
    python3 -c 'import json, sys; r = json.load(open("out.zarr.run.json")); assert eval(sys.argv[1]), sys.argv[1]' "$1"
}

for ranks in 1 3; do
    run $ranks convert in.imzML out.zarr --bins 1000 --threads 2 --overwrite
    expect_status 0
    expect_empty "$out"
    check "only lines of mzgrid" only_mzgrid_lines
    for text in "out.zarr is complete" "pixels     120 (0 skipped), " "bins       1,000" "non-zeros  " "read       " \
        "written    " "memory     " "time       "; do
        expect_text "$err" "$text"
    done
    expect_files in.ibd in.imzML out.zarr out.zarr.report.html out.zarr.run.json
    check "the record's numbers" record 'r["report"]["pixels"] == 120 and r["report"]["bins"] == 1000'
    check "the record's ranks" record "r['ranks'] == $ranks"
    check "the record's threads" record "sum(h['threads'] for h in r['hosts'].values()) == 2 * $ranks"
    check "the record's options" record 'r["options"] == {"bins": "1000", "threads": "2", "overwrite": True}'
    check "the record's time" record '0 < r["report"]["seconds"]["stream"] < r["report"]["seconds"]["total"]'
done

run 1 convert in.imzML quiet.zarr -q --bins 500 --log-file log
expect_status 0
check "no information on stderr" [ "$(grep -vc '^mzgrid: warning: ' "$err")" = 0 ]
check "the summary in the log file" grep -q "^....-..-..T..:..:.. mzgrid: quiet.zarr is complete" log

run 1 convert in.imzML verbose.zarr --bins 500 -vv --progress none
expect_status 0
verbose=$(wc -l <"$err")
run 1 convert in.imzML plain.zarr/ --bins 500 --progress=none
expect_status 0
check "more lines with -vv" [ "$verbose" -gt "$(wc -l <"$err")" ]
check "the output's name without its slash" [ -d plain.zarr ]
check "its record beside it" [ -f plain.zarr.run.json ]
check "its report beside it" [ -f plain.zarr.report.html ]

# What has the record's name and is no record is somebody's.
mkdir odd.zarr.run.json
run 1 convert in.imzML odd.zarr --bins 500
expect_status 1
expect_text "$err" "mzgrid: error: odd.zarr.run.json: exists, and is not the record of an earlier run"
check "no store" [ ! -e odd.zarr ]
check "the directory" [ -d odd.zarr.run.json ]

# So is what has the report's name, unless no report is wanted.
echo mine >page.zarr.report.html
run 1 convert in.imzML page.zarr --bins 500
expect_status 1
expect_text "$err" "mzgrid: error: page.zarr.report.html: exists, and is not the report of an earlier run"
check "no store" [ ! -e page.zarr ]
run 1 convert in.imzML page.zarr --bins 500 --no-report -q
expect_status 0
check "the file" [ "$(cat page.zarr.report.html)" = mine ]

# A report does not outlive its store.
run 1 convert in.imzML plain.zarr --bins 500 --overwrite --no-report -q
expect_status 0
check "no report of the old store" [ ! -e plain.zarr.report.html ]
run 1 convert in.imzML plain.zarr --bins 500 --overwrite -q
check "a report" [ -f plain.zarr.report.html ]
run 1 convert none.imzML plain.zarr --bins 500 --overwrite -q
expect_status 1
check "the report of the store that stands" [ -f plain.zarr.report.html ]
run 1 report plain.zarr
expect_status 1
expect_text "$err" "mzgrid: error: plain.zarr.report.html: exists already; --overwrite replaces it"
run 1 report plain.zarr/ --overwrite
expect_status 0
expect_text "$err" "mzgrid: plain.zarr.report.html is complete"
