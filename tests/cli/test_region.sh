#!/bin/bash
# --region and --pixels: what cannot be understood, what leaves nothing, on any number of ranks.
. "$(dirname "$0")/lib.sh"

"$MZGRID" generate a.imzML --size 5x4 --full --points 20 -q
printf '# two of them\n2 3\n4,1\n' >list
printf '2 3\n2\n' >bad
printf '9 9\n' >elsewhere

for region in "1:2" "2:1,1:2" "1:2,1:2,3:3,4:4" "a:b,1:2" "1:2,1:2," "1:2;1:2" "1.5:2,1:2" "" ":2,1:2" "1:99999999999,1:1"; do
    run 1 convert a.imzML out.zarr "--region=$region"
    expect_status 2
    expect_error_line "--region"
done
for ranks in 1 3; do
    run $ranks convert a.imzML out.zarr --region 20:30,1:5 -q
    expect_status 1
    expect_error_line "a.imzML: no pixel lies in --region or --pixels; its 20 pixels lie at x 1 to 5, y 1 to 4"
    run $ranks convert a.imzML out.zarr --pixels elsewhere -q
    expect_status 1
    expect_error_line "its 20 pixels lie at"
    run $ranks convert a.imzML out.zarr --pixels bad -q
    expect_status 1
    expect_error_line "bad: line 2: expected a position"
    run $ranks convert a.imzML out.zarr --pixels missing -q
    expect_status 1
    expect_error_line "missing: cannot open"
    expect_files a.ibd a.imzML bad elsewhere list
    run $ranks convert a.imzML $ranks.zarr --pixels list --bins 50
    expect_status 0
    expect_text "$err" "2 of 20 pixels are selected by --region or --pixels"
    rm -r $ranks.zarr*
done
run 2 convert synthetic:8x8:30 out.zarr --region 1:2,1:2
expect_status 2
expect_error_line "no part of a synthetic input can be chosen"
expect_files a.ibd a.imzML bad elsewhere list
