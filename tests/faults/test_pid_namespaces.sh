#!/bin/bash
# Ranks of which each has a PID namespace of its own, as containers may have: Open MPI takes the shared memory of another
# process 1 for its own, and crashed. It is refused with one sentence; a whole job in one such namespace is not.
source "$(dirname "$0")/../support/faults.sh"

unshare --pid --fork true 2>/dev/null || skip "needs root, to make PID namespaces"

convert=(convert synthetic:20x15:200 "$work/out.zarr" -q --threads 1 --streaming hdf5)
for proc in '' --mount-proc; do
    unshare --pid --fork $proc true 2>/dev/null || continue
    begin_case "ranks in PID namespaces of their own $proc"
    OMPI_MCA_odls_base_sigkill_timeout=0 timeout --kill-after=5 120 \
        mpirun -q -n 2 unshare --pid --fork $proc "$program" "${convert[@]}" </dev/null >"$work/stdout" 2>"$work/all"
    status=$?
    grep -v '^\[warn\] Epoll ' "$work/all" >"$work/stderr"
    [ $status = 1 ] || fail "exit status $status"
    grep -q '^mzgrid: error: .*PID namespaces' "$work/stderr" && [ "$(wc -l <"$work/stderr")" = 1 ] ||
        { cat "$work/stderr"; fail "expected one sentence"; }
    [ ! -e "$work/out.zarr" ] || fail "out.zarr exists"
done

for command in 'unshare --pid --fork --mount-proc mpirun -q -n 2' 'unshare --pid --fork --mount-proc' \
    'mpirun -q -n 1 unshare --pid --fork'; do
    begin_case "$command"
    timeout --kill-after=5 60 $command "$program" "${convert[@]}" </dev/null >"$work/stdout" 2>"$work/stderr"
    status=$?
    [ $status = 0 ] || { cat "$work/stderr"; fail "exit status $status"; }
    rm -rf "$work"/out.zarr*
done
finish
