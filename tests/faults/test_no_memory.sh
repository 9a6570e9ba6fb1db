#!/bin/bash
# No memory for a spectrum is no fault of the spectrum: the run ends with a sentence, it does not pass the pixel over.
source "$(dirname "$0")/../support/faults.sh"
[ -n "${FAULTS_SHIM-}" ] || skip "no library that makes calls fail (FAULTS_SHIM)"

out=$work/out
mkdir "$out"
generate "$work/sample.imzML" 12x10 centroid 100
# Into the ranks alone, not into mpirun.
export OMPI_MCA_mca_base_env_list="LD_PRELOAD=$FAULTS_SHIM"
export MZG_FAULT_CALL=aligned_alloc MZG_FAULT_AS=ENOMEM
for input in synthetic:12x10:100 "$work/sample.imzML"; do
    begin_case "nothing fails, $input"
    MZG_FAULT_AT=0 MZG_FAULT_COUNTS=$work/counts mzgrid 1 convert "$input" "$out/out.zarr" -q --threads 1
    [ $status = 0 ] || { cat "$work/stderr"; fail "exit status $status"; finish; }
    calls=$(grep -o 'aligned_alloc=[0-9]*' "$work/counts" | cut -d = -f 2)
    [ "$calls" -ge 3 ] || fail "only $calls buffers are allocated"
    mv "$out/out.zarr" "$work/right"
    rm -rf "${out:?}"/* "$work/counts"
    for number in $(seq "$calls"); do
        begin_case "buffer $number of $calls, $input"
        MZG_FAULT_AT=$number mzgrid 1 convert "$input" "$out/out.zarr" -q --threads 1
        if [ $status = 0 ]; then
            diff -rq "$work/right" "$out/out.zarr" >/dev/null || fail "status 0 and another store: $(cat "$work/stderr")"
            rm -rf "${out:?}"/*
        else
            expect_refusal 1 'memory'
            expect_nothing "$out"
        fi
    done
    rm -rf "$work/right"
done

# Else one would look for what takes the memory that the machine has left.
for limit in unlimited $((1 << 30)); do
    begin_case "ulimit -v $limit"
    ulimit -Sv $limit
    MZG_FAULT_AT=1 mzgrid 1 convert synthetic:12x10:100 "$out/out.zarr" -q --threads 1
    ulimit -Sv unlimited
    told=$(grep -c 'no memory .*; here a limit .ulimit -v or -d. counts what each process sets aside$' "$work/stderr")
    [ "$told" = $([ $limit = unlimited ] && echo 0 || echo 1) ] || fail "not told, or told without one: $(cat "$work/stderr")"
    expect_refusal 1 'no memory'
    expect_nothing "$out"
done

export MZG_FAULT_CALL=malloc
for ranks in 1 2; do
    for number in 1 2 3 4; do
        begin_case "allocation $number on the last of $ranks ranks"
        MZG_FAULT_AT=$number MZG_FAULT_RANK=$((ranks - 1)) mzgrid $ranks convert synthetic:12x10:100 "$out/out.zarr" -q --threads 1
        [ $status = 0 ] || { expect_refusal 1 'memory'; expect_nothing "$out"; }
        rm -rf "${out:?}"/*
    done
done
finish
