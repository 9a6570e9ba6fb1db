#!/bin/bash
# Names and paths near the limits of the file system: converted, or refused with a sentence; never a crash in a fixed
# buffer of a library below, and nothing left behind.
source "$(dirname "$0")/../support/faults.sh"

repeat() { # TEXT TIMES
    printf "%0.s$1" $(seq "$2")
}

# try LABEL OUTPUT: in each mode.
try() {
    local label=$1 output=$2 mode folder
    folder=$(dirname "$output")
    for mode in off hdf5 keep; do
        begin_case "$label, $mode"
        local options=(--streaming "${mode/keep/hdf5}")
        [ $mode = keep ] && options+=(--keep-hdf5)
        mzgrid 2 convert synthetic:9x9:50 "$output" -q --threads 1 "${options[@]}"
        if [ $status = 0 ]; then
            [ -e "$output/zarr.json" ] || fail "no store"
            [ "$(find "$folder" -mindepth 1 -maxdepth 1 ! -name '*.zarr' ! -name '*.run.json' ! -name '*.report.html' ! -name '*.h5ad' | wc -l)" = 0 ] ||
                fail "left behind: $(find "$folder" -mindepth 1 -maxdepth 1 -printf '%f ' | cut -c 1-300)"
            rm -rf "${folder:?}"/*
        else
            expect_refusal 1 'name|path|long' # another sentence would be no help
            expect_nothing "$folder"
        fi
    done
}

for length in 180 220 240 250; do
    mkdir -p "$work/names"
    try "a name of $length characters" "$work/names/$(repeat n $((length - 5))).zarr"
done
for depth in 1 3 5 15; do
    folder=$work/paths
    for _ in $(seq $depth); do folder=$folder/$(repeat d 60); done
    mkdir -p "$folder"
    try "$depth folders of 60 characters" "$folder/out.zarr"
done
finish
