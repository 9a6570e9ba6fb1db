#!/bin/bash
# A write of the staged file that fails on one rank ends the run on all: on a disk without fallocate that somebody else
# fills, under a quota that nothing tells of beforehand, and on a disk that fails. HDF5 would otherwise wait in the next
# collective call for the rank that left.
mounts=if-root
source "$(dirname "$0")/../support/faults.sh"

# expect_end: within the time of mzgrid(), with one sentence and nothing left.
expect_end() {
    [ $status != 124 ] && [ $status != 137 ] || fail "the run hangs"
    expect_refusal 1 "$@"
    expect_nothing "$out"
}

[ -n "${FAULTS_SHIM-}" ] || skip "the library that lets calls fail is not built"
out=$work/out
mkdir "$out"
stage=(convert synthetic:12x10:100 "$out/out.zarr" -q --threads 1 --streaming hdf5)
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

# Blocks are listed one by one on such a file system, as it was before extents: it has no fallocate.
disk=$work/disk
mkdir "$disk"
truncate -s 200M "$work/image"
if ! mkfs.ext4 -q -m 0 -O ^extents,^has_journal,^64bit -E lazy_itable_init=1 "$work/image" 2>/dev/null ||
    ! mount -o loop "$work/image" "$disk" 2>/dev/null; then
    echo "-- a disk that another program fills: left out, there is no loop device to mount"
    finish
fi
out=$disk/out
mkdir "$out"
for ranks in 1 2 3; do
    begin_case "another program fills the disk, $ranks ranks"
    at_rank 0 pwrite 20 STOP .h5ad
    OMPI_MCA_odls_base_sigkill_timeout=0 "${at[@]}" mpirun -q -n $ranks "$program" convert synthetic:40x40:600:centroid:1:full \
        "$out/out.zarr" -q --threads 1 --bins 3000 --streaming hdf5 --chunk-size 20 </dev/null >"$work/stdout" 2>"$work/all" &
    job=$!
    started+=($job)
    stopped $job || fail "the run did not come to the place at which the disk is filled: $(cat "$work/all")"
    dd if=/dev/zero of="$disk/filler" bs=64k 2>/dev/null
    dd if=/dev/zero of="$disk/crumbs" bs=1k 2>/dev/null
    kill -CONT "$stopped"
    ended $job
    status=$?
    grep -vE '^(\[warn\] Epoll |,?mca_)' "$work/all" >"$work/stderr"
    expect_end "$disk" 'space'
    rm -f "$disk/filler" "$disk/crumbs"
done
finish
