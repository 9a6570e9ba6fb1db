#!/bin/bash
# mzgrid info: text and JSON on standard output, once, on any number of ranks.
. "$(dirname "$0")/lib.sh"

"$MZGRID" generate in.imzML --size 7x5 --points 50 --full -q

for ranks in 1 3; do
    run $ranks info in.imzML
    expect_status 0
    expect_empty "$err"
    expect_text "$out" "35"
    run $ranks info in.imzML --json
    expect_status 0
    expect_empty "$err"
    check "one JSON object" python3 -c 'import json, sys; assert isinstance(json.load(open(sys.argv[1])), dict)' "$out"

    run $ranks info no-such-file.imzML
    expect_status 1
    expect_empty "$out"
    expect_error_line "no-such-file.imzML"
done
expect_files in.ibd in.imzML
