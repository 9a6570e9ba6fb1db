#!/bin/bash
# Ctrl-C on mpirun, or its end asked for by SIGTERM: the run ends soon, no half-made store stands under the output's
# name, and what was half-made is removed. mpirun gives its ranks one second for that before it kills them; here three,
# for the machine may be busy.
source "$(dirname "$0")/../support/faults.sh"

export OMPI_MCA_odls_base_sigkill_timeout=3
out=$work/out
mkdir "$out"
generate "$work/sample.imzML" 80x80 profile 1500
convert=(convert "$work/sample.imzML" "$out/out.zarr" -q --threads 1 --streaming hdf5 --chunk-size 20 --progress none)
large=(convert synthetic:200x200:1500 "$out/out.zarr" -q --threads 1 --streaming hdf5 --memory-limit 256M --progress none
    --metrics "$work/metrics")

# Whether a run has come so far.
stages() {
    [ -n "$(find "$out" -path "$out/*.h5ad*" 2>/dev/null | head -n 1)" ]
}
has_streamed() {
    grep -qs '"stage":"stream"' "$work/metrics"
}
writes_store() {
    [ -n "$(find "$out" -path "$out/*.part/tables/*/X/data/c/*" 2>/dev/null | head -n 1)" ]
}

# interrupt SIGNAL CONDITION COMMAND...: sends the signal as soon as the condition holds.
interrupt() {
    local signal=$1 condition=$2 job begin
    shift 2
    rm -f "$work/metrics"
    # A shell without job control starts background programs with SIGINT ignored; env gives it back.
    env --default-signal=INT "$@" </dev/null >"$work/stdout" 2>"$work/stderr" &
    job=$!
    for _ in $(seq 3000); do
        ! "$condition" || break
        kill -0 $job 2>/dev/null || break
        sleep .01
    done
    kill -"$signal" $job 2>/dev/null || fail "the run was over too soon"
    begin=$SECONDS
    wait $job
    status=$?
    [ $((SECONDS - begin)) -le 10 ] || fail "took $((SECONDS - begin)) s to end"
    [ $status != 0 ] || fail "exit status 0"
    # What the signal met when it was complete already may stay.
    [ ! -e "$out/out.zarr/zarr.json" ] || rm -rf "$out"/out.zarr "$out"/out.zarr.run.json "$out"/out.zarr.report.html
    expect_nothing "$out"
}

for signal in INT TERM; do
    begin_case "SIG$signal, one rank without mpirun"
    interrupt $signal stages "$program" "${convert[@]}"
    expect_refusal 4 "interrupted by SIG$signal after [0-9.]+ s.*; nothing was written"
    for ranks in 1 2 4; do
        begin_case "SIG$signal to mpirun, $ranks ranks, while staging"
        interrupt $signal stages mpirun -q -n $ranks "$program" "${convert[@]}"
    done
    begin_case "SIG$signal to mpirun, 2 ranks, while rows become columns"
    interrupt $signal has_streamed mpirun -q -n 2 "$program" "${large[@]}"
    begin_case "SIG$signal to mpirun, 2 ranks, while writing the store"
    interrupt $signal writes_store mpirun -q -n 2 "$program" "${convert[@]}"
done
finish
