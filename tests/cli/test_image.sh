#!/bin/bash
# mzgrid image, spectrum and info of a store: one file each, on any number of ranks, and one line for what goes wrong. Values are
# looked at by tests/conformance/test_pictures.py.
. "$(dirname "$0")/lib.sh"

"$MZGRID" convert synthetic:12x9:50 x.zarr --bins 200 --layout csc+csr -q

# made FILE MAGIC: the file is there, and begins so.
made() {
    check "$1 begins with '$2'" [ "$(head -c ${#2} "$1" | tr -d '\0')" = "$2" ]
}

for ranks in 1 3; do
    run $ranks image x.zarr --mz 500,600 --da 9 -o a.png
    expect_status 0
    expect_text "$err" "a.png is complete"
    check "rank 0 alone speaks" [ "$(grep -c complete "$err")" = 1 ]
    made a.png $'\x89PNG'
    run $ranks image x.zarr --mz 500,600 --da 9 --rgb -o a.png --overwrite -q
    expect_status 0
    expect_empty "$err"
    run $ranks image x.zarr --mz 500,600 --da 9 --normalize RMS -o a.tif -q
    expect_status 0
    made a.tif II
    run $ranks spectrum x.zarr --pixel 6,5 -o b.png -q
    expect_status 0
    made b.png $'\x89PNG'
    run $ranks spectrum x.zarr -o b.csv -q
    expect_status 0
    made b.csv "mz,intensity"
    run $ranks info x.zarr
    expect_status 0
    expect_text "$out" "csc+csr"
    expect_files a.png a.tif b.png b.csv x.zarr x.zarr.report.html x.zarr.run.json

    run $ranks image x.zarr --mz 500 -o a.png
    expect_status 1
    expect_error_line "a.png: exists already; --overwrite replaces it"
    run $ranks image none.zarr --mz 500 -o c.png
    expect_status 1
    expect_error_line "none.zarr: there is no such store"
    run $ranks image x.zarr --mz 5000 -o c.png
    expect_status 1
    expect_error_line "no bin holds m/z 5000; the nearest bin is at m/z"
    expect_files a.png a.tif b.png b.csv x.zarr x.zarr.report.html x.zarr.run.json
    rm a.png a.tif b.png b.csv
done
