#!/bin/bash
# Ctrl-C on mpirun, or its end asked for by SIGTERM: the run ends soon, no half-made store stands under the output's
# name, and what was half-made is removed. mpirun gives its ranks one second for that before it kills them; here three, or
# more on a slow machine. mpirun also lets them go on before it sends its signal: rank 0 stops itself at the place where that
# is to meet it again and again, until it is there.
source "$(dirname "$0")/../support/faults.sh"

out=$work/out
mkdir "$out"
generate "$work/sample.imzML" 40x40 profile 1500
export OMPI_MCA_odls_base_sigkill_timeout=$((soon * 3 / 10))
convert=(convert "$work/sample.imzML" "$out/out.zarr" -q --threads 1 --streaming hdf5 --chunk-size 20 --progress none)

# The places: a call, which of them, and on what.
staging="pwrite 20 STOP .h5ad"
columns="pread 10 STOP .h5ad" # of rows that are staged
writing="open 3 STOP /X/data/c/"

# signalled PID: whether SIGINT or SIGTERM waits for that process to go on.
signalled() {
    local pending
    pending=$(sed -n 's/^ShdPnd:\s*//p' "/proc/$1/status")
    [ $((0x${pending:-0} & (1 << 1 | 1 << 14))) != 0 ]
}

# interrupt SIGNAL PLACE COMMAND...
interrupt() {
    local signal=$1 job begin
    at_rank 0 $2
    shift 2
    [ "$1" = mpirun ] || at=(env LD_PRELOAD="$FAULTS_SHIM" "${at[@]:2}")
    # A shell without job control starts background programs with SIGINT ignored; env gives it back.
    touch "$work/stops"
    MZG_FAULT_STICKY=1 MZG_FAULT_WHILE=$work/stops env --default-signal=INT "${at[@]}" "$@" </dev/null >"$work/stdout" 2>"$work/stderr" &
    job=$!
    started+=($job)
    if ! stopped $job; then
        fail "the run did not come to the place at which it is to be interrupted: $(cat "$work/stderr")"
        return
    fi
    kill -"$signal" $job
    begin=$SECONDS
    until signalled "$stopped"; do
        [ $((SECONDS - begin)) -le 60 ] || { fail "mpirun does not pass the signal on"; break; }
        sleep .01
    done
    rm "$work/stops"
    kill -CONT "$stopped"
    begin=$SECONDS
    ended $job
    status=$?
    [ $((SECONDS - begin)) -le $soon ] || fail "took $((SECONDS - begin)) s to end"
    [ $status != 0 ] || fail "exit status 0"
    expect_nothing "$out"
}

for signal in INT TERM; do
    begin_case "SIG$signal, one rank without mpirun"
    interrupt $signal "$staging" "$program" "${convert[@]}"
    expect_refusal 4 "interrupted by SIG$signal after [0-9.]+ s.*; nothing was written"
    for ranks in 1 2 4; do
        begin_case "SIG$signal to mpirun, $ranks ranks, while staging"
        interrupt $signal "$staging" mpirun -q -n $ranks "$program" "${convert[@]}"
    done
    begin_case "SIG$signal to mpirun, 2 ranks, while rows become columns"
    interrupt $signal "$columns" mpirun -q -n 2 "$program" "${convert[@]}"
    begin_case "SIG$signal to mpirun, 2 ranks, while writing the store"
    interrupt $signal "$writing" mpirun -q -n 2 "$program" "${convert[@]}"
done
finish
