#!/bin/bash
# A write of the staged file that fails on one rank ends the run on all: on a disk without fallocate that somebody else
# fills, under a quota that nothing tells of beforehand, and on a disk that fails. HDF5 would otherwise wait in the next
# collective call for the rank that left.
mounts=if-root
source "$(dirname "$0")/../support/faults.sh"

# expect_end: within the minute of mzgrid(), with one sentence and nothing left.
expect_end() {
    [ $status != 124 ] && [ $status != 137 ] || fail "the run hangs"
    expect_refusal 1 "$@"
    expect_nothing "$out"
}

out=$work/out
mkdir "$out"
stage=(convert synthetic:12x10:100 "$out/out.zarr" -q --threads 1 --streaming hdf5)
if [ -n "${FAULTS_SHIM-}" ]; then
    # Into the ranks alone, not into mpirun.
    export OMPI_MCA_mca_base_env_list="LD_PRELOAD=$FAULTS_SHIM"
    export MZG_FAULT_PATHS=$out MZG_FAULT_CALL=pwrite
    for number in 1 9 18; do
        begin_case "a quota is used up from write $number on"
        MZG_FAULT_AS=EDQUOT MZG_FAULT_STICKY=1 MZG_FAULT_AT=$number mzgrid 2 "${stage[@]}"
        expect_end "$out" '[Qq]uota'
        for rank in 0 1; do
            begin_case "write $number of rank $rank fails"
            MZG_FAULT_AS=EIO MZG_FAULT_AT=$number MZG_FAULT_RANK=$rank mzgrid 2 "${stage[@]}"
            expect_end "$out" 'Input/output error'
        done
    done
    unset OMPI_MCA_mca_base_env_list MZG_FAULT_PATHS MZG_FAULT_CALL
fi

# Blocks are listed one by one on such a file system, as it was before extents: it has no fallocate.
disk=$work/disk
mkdir "$disk"
truncate -s 200M "$work/image"
if ! mkfs.ext4 -q -m 0 -O ^extents,^has_journal,^64bit -E lazy_itable_init=1 "$work/image" 2>/dev/null ||
    ! mount -o loop "$work/image" "$disk" 2>/dev/null; then
    [ -n "${FAULTS_SHIM-}" ] || skip "no shim, and no loop device to mount"
    echo "-- a disk that another program fills: left out, there is no loop device to mount"
    finish
fi
out=$disk/out
mkdir "$out"
for ranks in 1 2 3; do
    begin_case "another program fills the disk, $ranks ranks"
    (
        mzgrid $ranks convert synthetic:100x100:600:centroid:1:full "$out/out.zarr" -q --threads 1 --bins 3000 --streaming hdf5
        exit $status
    ) &
    job=$!
    for _ in $(seq 2000); do
        [ -z "$(find "$out" -name '*.h5ad*' -size +0 2>/dev/null | head -n 1)" ] || break
        kill -0 $job 2>/dev/null || break
        sleep .005
    done
    dd if=/dev/zero of="$disk/filler" bs=64k 2>/dev/null
    dd if=/dev/zero of="$disk/crumbs" bs=1k 2>/dev/null
    wait $job
    status=$?
    expect_end "$disk" 'space'
    rm -f "$disk/filler" "$disk/crumbs"
done
finish
