#!/bin/bash
# Pixels that cannot be read: the exit status and the lines for each way of dealing with them.
. "$(dirname "$0")/lib.sh"

# 100 pixels, the last of which lie beyond the end of the ibd.
"$MZGRID" generate in.imzML --size 10x10 --points 100 --full -q
truncate -s $(($(stat -c %s in.ibd) * 8 / 10)) in.ibd

for ranks in 1 3; do
    run $ranks convert in.imzML out.zarr --bins 500 -q
    expect_status 1
    check "one error" [ "$(grep -c '^mzgrid: error: ' "$err")" = 1 ]
    check "no store" [ ! -e out.zarr ]
    expect_text "$err" "--keep-going"

    run $ranks convert in.imzML out.zarr --bins 500 --keep-going
    expect_status 3
    check "no error" [ "$(grep -c '^mzgrid: error: ' "$err")" = 0 ]
    check "a store" [ -d out.zarr ]
    skipped=$(sed -n 's/^mzgrid:   pixels  *[0-9]* (\([0-9]*\) skipped).*/\1/p' "$err")
    check "11 to 40 skipped pixels, not '$skipped'" [ "${skipped:-0}" -ge 11 -a "${skipped:-0}" -le 40 ]
    rm -r out.zarr out.zarr.run.json out.zarr.report.html
done

run 3 convert in.imzML out.zarr --bins 500 --max-skipped "$skipped" --progress none
expect_status 0
rm -rf out.zarr out.zarr.run.json out.zarr.report.html
run 1 convert in.imzML out.zarr --bins 500 --max-skipped $((skipped - 1)) -q
expect_status 1
run 3 convert in.imzML out.zarr --bins 500 --on-error fail -q
expect_status 1
check "one error" [ "$(grep -c '^mzgrid: error: ' "$err")" = 1 ]
expect_files in.ibd in.imzML
