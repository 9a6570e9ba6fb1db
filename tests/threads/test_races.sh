#!/bin/bash
# Races between the workers, and between them and the main thread: whole conversions by a program built with
# ThreadSanitizer, which writes a warning and sets the exit status where it finds one. Criterion cannot run under it.
# Usage: test_races.sh PROGRAM
set -eu
program=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

"$program" generate sample.imzML --size 24x24 --kind centroid --points 200 --threads 3 -q
"$program" generate curves.imzML --size 12x12 --kind continuous --points 800 --threads 3 -q
for streaming in off hdf5; do
    for layout in csc csr; do
        "$program" convert sample.imzML "$streaming-$layout.zarr" --bins 3000 --layout $layout --streaming $streaming \
            --threads 3 --chunk-size 50 --verify -q
    done
done
"$program" convert curves.imzML curves.zarr --bins 2000 --interpolation-method linear --threads 3 --chunk-size 20 -q
"$program" validate sample.imzML --threads 3 >verdict
"$program" validate curves.imzML --threads 3 >verdict
