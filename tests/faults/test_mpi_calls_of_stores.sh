#!/bin/bash
# The same as test_mpi_calls.sh of the commands that begin with stores: the last call of each function of MPI fails in
# `merge --concat` and in `peaks`. Some of these come when the output has its name: then it stands, complete, and the
# sentence does not deny it. On one rank each, with MZGRID_SWEEP=full on both.
source "$(dirname "$0")/../support/faults.sh"

[ -n "${FAIL_MPI_LIBRARY:-}" ] || skip "no library that lets calls of MPI fail (FAIL_MPI_LIBRARY)"
preload=${LD_PRELOAD:+$LD_PRELOAD:}$FAIL_MPI_LIBRARY
out=$work/out
mkdir "$out"

for name in a b; do
    "$program" convert synthetic:9x7:150 "$work/$name.zarr" --threads 1 -q || { echo "cannot make a sample"; exit 1; }
done

# run COMMAND [VARIABLE=VALUE...]: on two ranks; what it writes to is $out/out.zarr.
run() {
    local command=$1 options=() arguments=("$work/a.zarr" "$work/b.zarr" -o "$out/out.zarr" --concat --rename '*={sample}_{name}')
    shift
    for variable; do options+=(-x "$variable"); done
    rm -rf "${out:?}"/*
    if [ "$command" = peaks ]; then
        cp -r "$work/a.zarr" "$out/out.zarr"
        arguments=("$out/out.zarr" --snr 2)
    fi
    OMPI_MCA_odls_base_sigkill_timeout=0 watched \
        mpirun -q -n 2 -x LD_PRELOAD="$preload" "${options[@]}" "$program" "$command" "${arguments[@]}" --threads 1 -q \
        </dev/null >"$work/stdout" 2>"$work/all"
    status=$?
    grep -v '^\[warn\] Epoll ' "$work/all" >"$work/stderr"
}

# expect_end COMMAND FUNCTION RANK: what every such run must come to.
expect_end() {
    [ $status != 124 ] && [ $status != 199 ] || fail "the run hangs"
    [ $status != 0 ] || fail "exit status 0"
    [ "$(wc -l <"$work/stderr")" = 1 ] && grep -q "^mzgrid: error: .*" "$work/stderr" ||
        { cat "$work/stderr"; fail "expected one sentence"; }
    if [ -e "$out/out.zarr" ] && diff -rq "$out/out.zarr" "$work/$1.zarr" >/dev/null; then
        stood=$((stood + 1))
        ! grep -q 'is not written' "$work/stderr" || fail "out.zarr stands, which the sentence denies"
    elif [ "$1" = peaks ]; then
        diff -rq "$out/out.zarr" "$work/a.zarr" >/dev/null || fail "the store is neither as before nor complete"
    else
        [ ! -e "$out/out.zarr" ] || fail "out.zarr stands and is wrong"
    fi
    rm -rf "${out:?}"/*
}

for command in merge peaks; do
    begin_case "$command, nothing fails"
    try_job run $command FAIL_MPI_COUNTS="$work/counts" FAIL_MPI_OF=program
    [ $status = 0 ] || { cat "$work/stderr"; fail "exit status $status"; finish; }
    mv "$out/out.zarr" "$work/$command.zarr"
    rm -rf "${out:?}"/*
    stood=0 runs=0
    while read -r function calls; do
        ranks=($((runs % 2)))
        [ "${MZGRID_SWEEP:-sample}" != full ] || ranks=(0 1)
        for rank in "${ranks[@]}"; do
            begin_case "$command, MPI_$function, call $calls on rank $rank"
            try_job run $command FAIL_MPI="$function:$calls:$rank" FAIL_MPI_HOW=return FAIL_MPI_OF=program
            expect_end $command "$function" $rank
            runs=$((runs + 1))
        done
    done < <(sort "$work/counts.1")
    begin_case "$command, all"
    echo "$command: $runs runs, the output stood after $stood"
    [ $runs -ge 6 ] || fail "only $runs calls failed"
    [ $stood -ge 1 ] || fail "no call failed after the output got its name"
done
finish
