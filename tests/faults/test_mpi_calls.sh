#!/bin/bash
# A call of MPI that fails on one rank, as an error that is only returned or as one that MPI raises, ends the job with
# one sentence that names the call and the rank: never a wrong store, a crash, or ranks that wait for ever. A sample;
# with MZGRID_SWEEP=full each call of a small run, on each rank and in both ways.
source "$(dirname "$0")/../support/faults.sh"

[ -n "${FAIL_MPI_LIBRARY:-}" ] || skip "no library that lets calls of MPI fail (FAIL_MPI_LIBRARY)"
preload=${LD_PRELOAD:+$LD_PRELOAD:}$FAIL_MPI_LIBRARY
out=$work/out
mkdir "$out"

# convert RANKS MODE [VARIABLE=VALUE...]: a run of which one call may fail.
convert() {
    local mode=$1 options=() layout=()
    shift
    for variable; do options+=(-x "$variable"); done
    [ "$mode" = direct ] && layout=(--layout csr)
    rm -rf "${out:?}"/*
    OMPI_MCA_odls_base_sigkill_timeout=0 watched \
        mpirun -q -n 2 -x LD_PRELOAD="$preload" "${options[@]}" "$program" convert synthetic:9x7:150 "$out/out.zarr" \
        --streaming "$mode" "${layout[@]}" --chunk-size 10 --threads 1 --progress none -q </dev/null >"$work/stdout" 2>"$work/all"
    status=$?
    grep -v '^\[warn\] Epoll ' "$work/all" >"$work/stderr"
}

# expect_end FUNCTION RANK: what every such run must come to.
expect_end() {
    local function=$1 rank=$2
    [ $status != 124 ] && [ $status != 199 ] || fail "the run hangs"
    [ $status != 0 ] || fail "exit status 0"
    local sentence="MPI_$function failed on rank $rank of 2 (.*): ." # and what MPI says of it
    [[ $function != Init* ]] && [ $function != Finalize ] || sentence="MPI_$function failed on .*: ." # MPI tells no rank then
    [[ $function != File_* ]] || sentence='.*out\.zarr' # as any other failure of that file
    [ "$(wc -l <"$work/stderr")" = 1 ] && grep -q "^mzgrid: error: $sentence" "$work/stderr" ||
        { cat "$work/stderr"; fail "expected one sentence that names MPI_$function and rank $rank"; }
    # What failed after the end may leave the output, but as it should be.
    if [ -e "$out/out.zarr" ]; then
        diff -rq "$out/out.zarr" "$work/$mode.zarr" >/dev/null || fail "out.zarr stands and is wrong"
        ! grep -q 'is not written' "$work/stderr" || fail "out.zarr stands, which the sentence denies"
    fi
    rm -rf "${out:?}"/*
}

runs=0
for mode in off hdf5 direct; do
    begin_case "$mode, nothing fails"
    try_job convert $mode FAIL_MPI_COUNTS="$work/counts" FAIL_MPI_OF=program
    [ $status = 0 ] || { cat "$work/stderr"; fail "exit status $status"; finish; }
    mv "$out/out.zarr" "$work/$mode.zarr"
    rm -rf "${out:?}"/*

    turn=0
    while read -r function calls; do
        turn=$((turn + 1))
        begin_case "$mode, MPI_$function, called $calls times"
        case ${MZGRID_SWEEP:-sample}-$mode in
        full-*) which=$(seq "$calls") ranks=(0 1) ways=(raise return) ;;
        *-off) which=1 ranks=($((turn % 2))) ways=(return) ;;
        *-hdf5) which=$calls ranks=($((turn % 2))) ways=(raise) ;;
        *) which=$(((calls + 1) / 2)) ranks=($(((turn + 1) % 2))) ways=(return) ;;
        esac
        for n in $which; do
            for rank in "${ranks[@]}"; do
                for way in "${ways[@]}"; do
                    case="$mode, MPI_$function, call $n of $calls on rank $rank, $way"
                    try_job convert $mode FAIL_MPI="$function:$n:$rank" FAIL_MPI_HOW=$way FAIL_MPI_OF=program
                    expect_end "$function" "$rank"
                    runs=$((runs + 1))
                done
            done
        done
    done < <(sort "$work/counts.1")
done
[ $runs -ge 60 ] || fail "only $runs calls failed"
echo "$runs runs"
finish
