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

# What /proc says of the main threads of a conversion that srun started with these options.
begin_case "the cores that srun -c gives are those of /proc"
for cpus in 1 2; do
    ranks=$((2 / cpus)) seen=
    srun -n "$ranks" -c "$cpus" "$program" convert synthetic:2000x2000:1500 "$work/pinned.zarr" -q --threads "$cpus" \
        >"$work/stdout" 2>&1 </dev/null &
    step=$!
    for _ in $(seq 400); do
        seen=
        for rank in $(pgrep -f "^$program convert .*$work/pinned.zarr"); do
            for thread in "/proc/$rank/task/"*; do # a worker may use one; threads of MPI are not pinned
                seen+=$(grep -oP 'Cpus_allowed_list:\s*\K[0-9]+$' "$thread/status" 2>/dev/null)$'\n'
            done
        done
        seen=$(sort -u <<<"$seen" | grep . | tr '\n' ' ')
        [ "$(wc -w <<<"$seen")" != 2 ] || break
        sleep .05
    done
    kill -INT $step
    sleep .1
    kill -INT $step 2>/dev/null # srun ends a step by the second within a second
    wait $step
    [ "$(wc -w <<<"$seen")" = 2 ] || fail "-n $ranks -c $cpus: one core a thread was expected, not '$seen': $(cat "$work/stdout")"
done

topology "0: 0.0   1: 1.0" -n 2 -c 1 --
topology "Nothing is wrong" -n 2 -c 1 --
topology "0: 0.0   1: 0.1" -n 1 -c 2 --
topology "rank 0: 2 threads share 1 core, to which the launcher bound it; start it with srun -c 2" -n 1 -c 1 -- --threads 2
finish
