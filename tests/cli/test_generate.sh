#!/bin/bash
# mzgrid generate: the files it names, the same bytes on any number of ranks, and no existing file lost.
. "$(dirname "$0")/lib.sh"

run 1 generate one.imzML --size 12x9 --kind profile --points 200 --seed 5
expect_status 0
expect_empty "$out"
expect_text "$err" "one.imzML is complete: 12 x 9 positions, profile"
run 3 generate three.imzML --size=12x9 --kind=profile --points=200 --seed=5 -q
expect_status 0
expect_empty "$out"
expect_empty "$err"
expect_files one.ibd one.imzML three.ibd three.imzML
check "the same ibd" cmp one.ibd three.ibd
check "imzML files of one size" [ "$(stat -c %s one.imzML)" = "$(stat -c %s three.imzML)" ]

run 1 generate other.imzML --size 12x9 --kind profile --points 200 --seed 6 -q
differ() {
    ! cmp -s one.ibd other.ibd
}
check "another ibd from another seed" differ

run 1 generate bare --size 3x3 --points 20
expect_text "$err" "bare.imzML is complete: 3 x 3 positions"
check "the name that was told" rm bare.imzML bare.ibd

cp one.ibd before.ibd
for ranks in 1 3; do
    run $ranks generate one.imzML --size 12x9 --seed 6
    expect_status 1
    expect_error_line "--overwrite"
    check "the existing file is untouched" cmp one.ibd before.ibd
done
run 1 generate one.imzML --size 12x9 --kind profile --points 200 --seed 6 --overwrite -q
expect_status 0
check "the file is replaced" cmp one.ibd other.ibd

for ranks in 1 3; do
    run $ranks generate missing/directory.imzML --size 5x5
    expect_status 1
    expect_error_line "missing/directory.imzML"
done
run 1 generate /proc/none.imzML --size 5x5
expect_status 1
expect_error_line "/proc: no file can be made in this directory: "
expect_files before.ibd one.ibd one.imzML other.ibd other.imzML three.ibd three.imzML
