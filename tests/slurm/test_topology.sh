#!/bin/bash
# mzgrid topology under srun: what -c gives a rank is what its threads have, in a SLURM of one virtual node.
source "$(dirname "$0")/../support/faults.sh"
source "$(dirname "$0")/../support/slurm.sh"
[ "$(nproc)" -ge 2 ] || skip "there is one core only"

start_slurm 1

# topology TEXT OPTION... -- WORD...: srun with these options shows this text.
topology() {
    local text=$1 options=()
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    begin_case "srun ${options[*]} mzgrid topology $*"
    timeout 100 srun "${options[@]}" "$program" topology "$@" >"$work/stdout" 2>&1
    status=$?
    [ $status = 0 ] || fail "exit status $status"
    grep -qF -- "$text" "$work/stdout" || { cat "$work/stdout"; fail "it does not say '$text'"; }
}

topology "0: 0.0   1: 1.0" -n 2 -c 1 --
topology "Nothing is wrong" -n 2 -c 1 --
topology "0: 0.0   1: 0.1" -n 1 -c 2 --
topology "rank 0: 2 threads share 1 core, to which the launcher bound it; start it with srun -c 2" -n 1 -c 1 -- --threads 2
finish
