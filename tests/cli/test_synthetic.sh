#!/bin/bash
# Synthetic input in the place of a path: what info tells, that convert, axis and --dry-run take it, what is refused.
. "$(dirname "$0")/lib.sh"

run 1 info synthetic:40x30:200:profile:3
expect_status 0
expect_empty "$err"
expect_text "$out" "profile"
expect_text "$out" "40, 30"

run 2 info synthetic:40x30:200 --json
expect_status 0
check "valid JSON" python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$out"
expect_text "$out" '"format": "synthetic"'
expect_text "$out" '"seed": 1'

run 3 info synthetic:12x9:50 --decisions
expect_status 0
expect_text "$out" "reflector_tof"
expect_text "$out" "nearest_neighbor"

# At once and in little memory, whatever the size: 12 TB.
run 1 info synthetic:10000x10000:10000:centroid:1:full
expect_status 0
expect_text "$out" "12.0 TB"

run 2 convert synthetic:1000x1000:300:centroid:1:full out.zarr --dry-run --bins 1000
expect_status 0
expect_text "$err" "rounds of"
expect_no_files

for ranks in 1 3; do
    run $ranks convert synthetic:20x15:60 out$ranks.zarr --bins 500 -q
    expect_status 0
    expect_empty "$err"
    run $ranks axis synthetic:20x15:60 synthetic:20x15:60:centroid:2 -o axis$ranks.json --bins 500 -q
    expect_status 0
done
last_run="the results of 1 and of 3 ranks"
check "the same store" diff -r out1.zarr out3.zarr
check "the same axis" cmp axis1.json axis3.json
expect_files axis1.json axis3.json out1.zarr out1.zarr.report.html out1.zarr.run.json out3.zarr out3.zarr.report.html out3.zarr.run.json

# What else is refused, and with which words, is tested in tests/unit/test_synthetic_description.c.
for command in "convert synthetic:5x5:many x.zarr" "info synthetic:5x5:many" "axis synthetic:5x5:many -o x.json"; do
    for ranks in 1 3; do
        run $ranks $command
        expect_usage_error "synthetic:5x5:many: 'many' is not a number of points; expected synthetic:WxH:POINTS"
    done
done
run 1 convert synthetic: x.zarr
expect_usage_error "synthetic:: '' is not a width and a height"
run 1 convert synthetic:5x5:0 x.zarr
expect_usage_error "must be 1 to 10000000"
check "nothing left behind" [ -z "$(ls -d x.zarr* x.json 2>/dev/null)" ]
