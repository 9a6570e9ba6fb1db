#!/bin/bash
# mzgrid merge, of whose calls one fails, or which is killed there: one line and nothing left, or the right store all the
# same; the samples stay as they were; after a kill the next run of the same output gives the right store.
source "$(dirname "$0")/../support/faults.sh"
[ -n "${FAULTS_SHIM-}" ] || skip "no library that makes calls fail (FAULTS_SHIM)"

out=$work/out
mkdir "$out" "$work/in"
axis=(--mass-axis-type constant --bin-width 0.5)
for name in a b; do
    mzgrid 1 convert "synthetic:9x8:60:centroid:$([ $name = a ] && echo 1 || echo 2)" "$work/in/$name.zarr" -q --threads 1 \
        --dataset-id $name "${axis[@]}"
    [ $status = 0 ] || { cat "$work/stderr"; echo "cannot make a sample"; exit 1; }
done
rm -f "$work"/in/*.run.json "$work"/in/*.report.html
digest() { # FOLDER
    (cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
}
samples=$(digest "$work/in")
export OMPI_MCA_mca_base_env_list="LD_PRELOAD=$FAULTS_SHIM"
export MZG_FAULT_PATHS=$out:$work/in
MOST=4 # numbers of each call that are tried

# expect_right: the store is there as it should be, and nothing beside it.
expect_right() {
    [ "$(digest "$out")" = "$right" ] || fail "status 0 and another store, or more than it: $(cat "$work/stderr")"
    rm -rf "${out:?}"/*
}

for options in "" "--concat"; do
    merge=(merge "$work/in/a.zarr" "$work/in/b.zarr" -o "$out/study.zarr" -q --threads 1 $options)
    begin_case "nothing fails${options:+, $options}"
    MZG_FAULT_CALL=any MZG_FAULT_AT=0 MZG_FAULT_COUNTS=$work/counts mzgrid 1 "${merge[@]}"
    [ $status = 0 ] || { cat "$work/stderr"; fail "exit status $status"; finish; }
    right=$(digest "$out")
    rm -rf "${out:?}"/*
    for fault in open:EIO write:ENOSPC write:SHORT read:EIO pread:EIO malloc:ENOMEM link:EIO mkdir:ENOSPC rename:EIO \
        syncfs:EIO open:KILL write:KILL link:KILL rename:KILL; do
        call=${fault%:*} as=${fault#*:}
        calls=$(grep -o "\b$call=[0-9]*" "$work/counts" | cut -d = -f 2)
        [ "${calls:-0}" -gt 0 ] || continue
        step=$(((calls + MOST - 1) / MOST))
        for number in $(seq 1 $step "$calls"); do
            begin_case "$call $number of $calls${options:+, $options}: $as"
            MZG_FAULT_CALL=$call MZG_FAULT_AS=$as MZG_FAULT_AT=$number mzgrid 1 "${merge[@]}"
            if [ $status = 0 ]; then
                expect_right
            elif [ $as = KILL ]; then
                mzgrid 1 "${merge[@]}" --overwrite
                [ $status = 0 ] || fail "the next run fails: $(cat "$work/stderr")"
                expect_right
            else
                expect_refusal 1
                expect_nothing "$out"
            fi
            [ "$(digest "$work/in")" = "$samples" ] || { fail "a sample changed"; finish; }
        done
    done
    rm -f "$work/counts"
done
finish
