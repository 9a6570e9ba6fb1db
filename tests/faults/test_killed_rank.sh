#!/bin/bash
# A rank that is killed ends the whole job within seconds; nothing stands under the output's name, and the next run is
# not disturbed by what the killed one had to leave.
source "$(dirname "$0")/../support/faults.sh"

out=$work/out
mkdir "$out"
generate "$work/sample.imzML" 80x80 profile 1500
convert=(convert "$work/sample.imzML" "$out/out.zarr" -q --threads 1 --streaming hdf5 --chunk-size 20 --progress none)

# run_and_kill RANKS VICTIM PATTERN: kills that rank as soon as a path that matches is there, and waits for the end.
run_and_kill() {
    local ranks=$1 victim=$2 pattern=$3 job pids begin
    rm -rf "${out:?}"/*
    mpirun -q -n "$ranks" "$program" "${convert[@]}" </dev/null >"$work/stdout" 2>"$work/stderr" &
    job=$!
    for _ in $(seq 3000); do
        [ -z "$(find "$out" -path "$pattern" 2>/dev/null | head -n 1)" ] || break
        kill -0 $job 2>/dev/null || break
        sleep .01
    done
    mapfile -t pids < <(pgrep -P $job | sort -n)
    if [ ${#pids[@]} != "$ranks" ]; then
        fail "found ${#pids[@]} ranks to kill, expected $ranks: the run was over too soon"
    else
        kill -KILL "${pids[$victim]}"
    fi
    begin=$SECONDS
    for _ in $(seq 200); do
        kill -0 $job 2>/dev/null || break
        sleep .1
    done
    if kill -0 $job 2>/dev/null; then
        fail "the job still runs 20 s after the kill"
        kill -KILL $job
    fi
    wait $job
    status=$?
    [ $((SECONDS - begin)) -le 10 ] || fail "the job took $((SECONDS - begin)) s to end"
    [ $status != 0 ] || fail "exit status 0"
    [ ! -e "$out/out.zarr" ] || fail "out.zarr exists"
}

for ranks in 2 4; do
    for victim in 0 $((ranks - 1)); do
        begin_case "rank $victim of $ranks, while staging"
        run_and_kill $ranks $victim "$out/*.h5ad*"
    done
done
begin_case "rank 1 of 2, while writing the store"
run_and_kill 2 1 "$out/*.part/tables/*/X/data/c/*"

begin_case "rank 1 of 2, while rows go into the store"
convert+=(--layout csr --streaming direct)
run_and_kill 2 1 "$out/*.part/tables/*/X/data/c/*"

begin_case "the run after them"
mzgrid 2 "${convert[@]}"
[ $status = 0 ] || { cat "$work/stderr"; fail "exit status $status"; }
[ "$(find "$out" -mindepth 1 -maxdepth 1 -name '*.part*')" = '' ] || fail "part files are left: $(ls "$out")"
finish
