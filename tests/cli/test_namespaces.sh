#!/bin/bash
# Ranks in user namespaces of their own, as some containers have them, may not see each other's memory: rows then wait in
# a file, and whoever asks for memory is told before anything is read.
. "$(dirname "$0")/lib.sh"

if ! unshare -U --map-root-user true 2>/dev/null; then
    echo "skipped: no user namespaces here"
    exit 77
fi
input=synthetic:12x10:60:centroid:1:full

run 2 convert $input plain.zarr --threads 1 --bins 200 --streaming off
expect_status 0

launcher() {
    launch=(mpirun -q --oversubscribe --bind-to none -n "$1" unshare -U --map-root-user)
}
run 2 convert $input auto.zarr --threads 1 --bins 200
expect_status 0
expect_text "$err" "may not see each other's memory"
check "the store is that of ranks that see each other" diff -r plain.zarr auto.zarr

run 2 convert $input off.zarr -q --threads 1 --bins 200 --streaming off
expect_status 2
expect_error_line "may not see each other's memory"
check "nothing was made" eval '! ls off.zarr* 2>/dev/null | grep -q .'

run 1 convert $input alone.zarr --threads 1 --bins 200 --streaming off
expect_status 0
