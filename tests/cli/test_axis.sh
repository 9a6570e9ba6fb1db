#!/bin/bash
# mzgrid axis, and convert with its file: what is written, what is refused, on any number of ranks.
. "$(dirname "$0")/lib.sh"

"$MZGRID" generate a.imzML --size 4x3 --points 60 --seed 1 -q
"$MZGRID" generate b.imzML --size 3x4 --points 60 --seed 2 -q

for ranks in 1 3; do
    run $ranks axis a.imzML b.imzML -o axis$ranks.json --bins 500
    expect_status 0
    expect_empty "$out"
    expect_text "$err" "axis$ranks.json is complete: mass axis "
    expect_text "$err" "500 bins"
done
last_run="the files of 1 and of 3 ranks"
check "the same axis on 1 and on 3 ranks" cmp axis1.json axis3.json

run 1 axis a.imzML -o axis1.json
expect_status 1
expect_error_line "axis1.json: exists already; --overwrite replaces it"
mkdir directory
run 1 axis a.imzML -o directory
expect_status 1
expect_error_line "directory is not a file: it is not replaced; give another name"
ln -s directory link
run 1 axis a.imzML -o link --overwrite
expect_status 1
expect_error_line "link is not a file: it is not replaced; give another name"
rmdir directory
run 1 axis a.imzML -o link
expect_status 1
expect_error_line "link: exists already; --overwrite replaces it"
check "the link is as it was" test -L link
rm link
check "the file is as it was" cmp axis1.json axis3.json
run 1 axis a.imzML -o axis1.json --overwrite -q
expect_status 0
expect_empty "$err"
mv axis3.json axis.json
rm axis1.json

run 2 axis a.imzML no-such-file.imzML -o x.json -q
expect_status 1
expect_error_line "no-such-file.imzML"

# What cannot be written is known before any input is read.
run 1 axis a.imzML -o no-such-directory/x.json
expect_status 1
expect_error_line "no-such-directory/x.json: cannot create it, because its directory cannot be used"

# A width without a unit is in Da, which is seldom meant above 1.
run 1 axis a.imzML -o wide.json --bin-width 5
expect_status 0
expect_text "$err" "warning: --bin-width 5 is 5 Da, because it has no unit; say 5mDa or 5ppm if that is meant"
for width in 5Da 0.5 5mDa; do
    run 1 axis a.imzML -o wide.json --overwrite -q --bin-width $width
    expect_empty "$err"
done
run 1 convert a.imzML wide.zarr --dry-run -q --bin-width 5
expect_text "$err" "warning: --bin-width 5 is 5 Da"
rm wide.json
run 1 axis a.imzML
expect_usage_error "-o FILE"
run 1 axis -o x.json
expect_usage_error "INPUT is missing"
run 1 axis a.imzML -o x.json --bins 5 --bin-width 1
expect_usage_error "exclude each other"
run 1 axis a.imzML -o x.json --mass-axis-file axis.json
expect_usage_error "unknown option '--mass-axis-file'"

for option in "--mass-axis-type constant" "--bin-width 5mDa" "--resolution 1000" "--bins 7" "--min-mz 5" "--max-mz 900" \
    --scan-range; do
    run 1 convert a.imzML x.zarr --mass-axis-file axis.json $option
    expect_usage_error "--mass-axis-file gives a whole axis"
done
sed 's/"max_mz": [0-9.]*/"max_mz": 5000.0/' axis.json >changed.json
head -c 40 axis.json >short.json
for ranks in 1 3; do
    for wrong in "changed.json: the edges computed" "short.json: not JSON" "a.imzML: not JSON" "none.json: cannot open"; do
        run $ranks convert a.imzML x.zarr --mass-axis-file "${wrong%%:*}" -q
        expect_status 1
        expect_error_line "$wrong"
    done
done
rm changed.json short.json
expect_files a.ibd a.imzML axis.json b.ibd b.imzML
