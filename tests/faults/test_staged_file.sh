#!/bin/bash
# A write to the staged file that fails on one rank, or on all, ends the run on all ranks within seconds with one sentence,
# and leaves nothing. Long names and paths are no obstacle, and nothing is made beside the run's own files.
source "$(dirname "$0")/../support/faults.sh"
[ -e "${FAULTS_SHIM:-}" ] || skip "the shim is not built"

out=$work/out
mkdir "$out"
staged=(convert synthetic:12x10:60:centroid:1:full "$out/out.zarr" -q --threads 1 --bins 200 --streaming hdf5)
for fault in "1 0 EIO" "3 0 EDQUOT" "1 1 EIO" "2 1 ENOSPC" "3 1 EDQUOT+" "9 0 EDQUOT+"; do
    read -r number rank how <<<"$fault"
    begin_case "write $number of rank $rank to the staged file fails with $how"
    unset MZG_FAULT_STICKY
    [ "$how" = "${how%+}" ] || export MZG_FAULT_STICKY=1
    before=$SECONDS
    LD_PRELOAD=$FAULTS_SHIM MZG_FAULT_CALL=pwrite MZG_FAULT_AT=$number MZG_FAULT_AS=${how%+} MZG_FAULT_RANK=$rank \
        MZG_FAULT_PATHS=.h5ad mzgrid 2 "${staged[@]}"
    expect_refusal 1 "$out" 'HDF5 file'
    expect_nothing "$out"
    [ $((SECONDS - before)) -lt 30 ] || fail "it took $((SECONDS - before)) seconds"
done

begin_case "a name of 190 characters, in a path of 900"
deep=$out$(for _ in $(seq 15); do printf '/%060d' 0; done)
mkdir -p "$deep"
mzgrid 2 convert synthetic:9x9:50 "$deep/$(printf '%0185d' 0).zarr" -q --threads 1 --streaming hdf5
[ $status = 0 ] || { cat "$work/stderr"; fail "exit status $status"; }
[ "$(find "$deep" -mindepth 1 -maxdepth 1 | wc -l)" = 3 ] || fail "left: $(ls "$deep")"
rm -rf "${out:?}"/*
finish
