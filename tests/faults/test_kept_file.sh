#!/bin/bash
# A disk that runs full while the kept .h5ad is completed ends the run with one sentence and without a crash in HDF5's exit
# handlers. Neither the store nor the file get their names.
mounts=any
source "$(dirname "$0")/../support/faults.sh"

mount_disk 256M
out=$work/out
mkdir "$out"
keep=(convert synthetic:80x80:600:centroid:1:full "$out/out.zarr" -q --threads 1 --bins 3000 --keep-hdf5 --temp-dir "$disk")

begin_case "a disk that is large enough"
mzgrid 2 "${keep[@]}"
[ $status = 0 ] || { cat "$work/stderr"; fail "exit status $status"; finish; }
[ -e "$disk/out.h5ad" ] || fail "no out.h5ad"
needed=$(used_of_disk)
rm -rf "${out:?}"/* "${disk:?}"/*

for ranks in 1 2; do
    for permille in 880 910 940 965 980 990 999; do
        resize_disk $((needed * permille / 1000 / 4 * 4))
        begin_case "$permille thousandths of $needed KiB, $ranks ranks"
        mzgrid $ranks "${keep[@]}"
        expect_refusal 1 "$disk" 'space'
        expect_nothing "$disk"
        expect_nothing "$out"
    done
done
finish
