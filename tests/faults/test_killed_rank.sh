#!/bin/bash
# A rank that is killed ends the whole job within seconds; nothing stands under the output's name, and the next run is
# not disturbed by what the killed one had to leave.
source "$(dirname "$0")/../support/faults.sh"

out=$work/out
mkdir "$out"
generate "$work/sample.imzML" 40x40 profile 1500
convert=(convert "$work/sample.imzML" "$out/out.zarr" -q --threads 1 --streaming hdf5 --chunk-size 20 --progress none)

# run_and_kill RANKS VICTIM CALL NUMBER PARTS: that rank kills itself there.
run_and_kill() {
    local ranks=$1 victim=$2 took
    shift 2
    rm -rf "${out:?}"/* "$work/killed"
    at_rank "$victim" "$1" "$2" KILL "$3"
    MZG_FAULT_LOG=$work/killed timeout --kill-after=5 120 "${at[@]}" mpirun -q -n "$ranks" "$program" "${convert[@]}" \
        </dev/null >"$work/stdout" 2>"$work/stderr"
    status=$?
    if [ ! -e "$work/killed" ]; then
        fail "rank $victim did not come to the place at which it is killed: $(cat "$work/stderr")"
        return
    fi
    took=$(($(date +%s) - $(stat -c %Y "$work/killed")))
    [ $took -le $soon ] || fail "the job took $took s to end"
    [ $status != 0 ] || fail "exit status 0"
    [ ! -e "$out/out.zarr" ] || fail "out.zarr exists"
}

for ranks in 2 4; do
    for victim in 0 $((ranks - 1)); do
        begin_case "rank $victim of $ranks, while staging"
        run_and_kill $ranks $victim pwrite 9 .h5ad
    done
done
begin_case "rank 1 of 2, while writing the store"
run_and_kill 2 1 open 2 /X/data/c/

begin_case "rank 1 of 2, while rows go into the store"
convert+=(--layout csr --streaming direct)
run_and_kill 2 1 open 2 /X/data/c/

begin_case "the run after them"
mzgrid 2 "${convert[@]}"
[ $status = 0 ] || { cat "$work/stderr"; fail "exit status $status"; }
[ "$(find "$out" -mindepth 1 -maxdepth 1 -name '*.part*')" = '' ] || fail "part files are left: $(ls "$out")"
finish
