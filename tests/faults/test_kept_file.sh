#!/bin/bash
# A disk that runs full while the kept .h5ad is completed ends the run with one sentence and without a crash in HDF5's exit
# handlers. Neither the store nor the file get their names.
if [ -z "${MZGRID_OWN_MOUNTS-}" ]; then
    export MZGRID_OWN_MOUNTS=1
    for way in --mount '--map-root-user --mount'; do
        unshare $way true 2>/dev/null && exec unshare $way bash "$0" "$@"
    done
    echo "skipped: needs root or user namespaces, to mount a small tmpfs"
    exit 77
fi
source "$(dirname "$0")/../support/faults.sh"

disk=$work/disk
out=$work/out
mkdir "$disk" "$out"
mount -t tmpfs -o size=256M tmpfs "$disk" 2>/dev/null || skip "tmpfs cannot be mounted here"
keep=(convert synthetic:80x80:600:centroid:1:full "$out/out.zarr" -q --threads 1 --bins 3000 --keep-hdf5 --temp-dir "$disk")

begin_case "a disk that is large enough"
mzgrid 2 "${keep[@]}"
[ $status = 0 ] || { cat "$work/stderr"; fail "exit status $status"; finish; }
[ -e "$disk/out.h5ad" ] || fail "no out.h5ad"
needed=$(df --output=used -k "$disk" | tail -n 1 | tr -d ' ')
rm -rf "${out:?}"/* "${disk:?}"/*

for ranks in 1 2; do
    for permille in 880 910 940 965 980 990 999; do
        mount -o "remount,size=$((needed * permille / 1000 / 4 * 4))k" "$disk"
        begin_case "$permille thousandths of $needed KiB, $ranks ranks"
        mzgrid $ranks "${keep[@]}"
        expect_refusal 1 "$disk" 'space'
        expect_nothing "$disk"
        expect_nothing "$out"
    done
done
finish
