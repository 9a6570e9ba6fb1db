#!/bin/bash
# Two runs at once: in one directory of temporary files, on one output, a dry run beside a run, and where locks do not
# work. Each ends with 0 and the store that it makes alone, or with a line and nothing; neither takes from the other.
source "$(dirname "$0")/../support/faults.sh"
# Rows for about two seconds, so that the second run meets the first at work.
convert=(-q --threads 1 --streaming hdf5 --min-mz 200 --max-mz 1200 --bins 20000)
one=synthetic:150x150:300:centroid:1 two=synthetic:150x150:300:centroid:2
cd "$work" || exit 1
mkdir right
"$program" convert $one right/one.zarr "${convert[@]}" || exit 1
"$program" convert $two right/two.zarr "${convert[@]}" || exit 1

expect_store() { # STORE LIKE
    diff -rq "$1" "right/$2" >diff 2>&1 || fail "$1 is not what a run alone makes: $(head -n 2 diff)"
}

# both DELAY COMMAND1 -- COMMAND2: $first and $second get the exit statuses; never longer than a minute.
both() {
    local delay=$1 command=()
    shift
    while [ "$1" != -- ]; do command+=("$1"); shift; done
    shift
    timeout 60 "${command[@]}" 2>first.err &
    local pid=$!
    sleep "$delay"
    timeout 60 "$@" 2>second.err
    second=$?
    wait $pid
    first=$?
}

clean() {
    rm -rf a b temp out*
    mkdir a b temp
}

expect_clean() { # what is left in temp, and beside outputs
    local left
    left=$(find temp a b . -maxdepth 1 \( -name '*.part*' -o -name '*.owner' -o -name '*.old' -o -name '*.columns*' \))
    [ -z "$left" ] || fail "left behind: $left"
}

for delay in 0 0.2 0.6; do
    begin_case "outputs of one name, one --temp-dir, $delay s apart"
    clean
    both $delay "$program" convert $one a/out.zarr "${convert[@]}" --temp-dir temp \
        -- "$program" convert $two b/out.zarr "${convert[@]}" --temp-dir temp
    [ "$first $second" = "0 0" ] || fail "exit statuses $first $second: $(cat first.err second.err)"
    expect_store a/out.zarr one.zarr
    expect_store b/out.zarr two.zarr
    expect_clean
done

begin_case "out.zarr and out in one directory"
clean
both 0.2 "$program" convert $one out.zarr "${convert[@]}" -- "$program" convert $two out "${convert[@]}"
[ "$first $second" = "0 0" ] || fail "exit statuses $first $second: $(cat first.err second.err)"
expect_store out.zarr one.zarr
expect_store out two.zarr
expect_clean

for extra in "" --dry-run --overwrite; do
    begin_case "a second run on one output ($extra)"
    clean
    both 0.7 "$program" convert $one out.zarr "${convert[@]}" --temp-dir temp \
        -- "$program" convert $one out.zarr "${convert[@]}" --temp-dir temp $extra
    [ $first = 0 ] || fail "the first run ended with $first: $(cat first.err)"
    [ $second = 1 ] && grep -q 'another run is writing it' second.err ||
        { [ $second = 0 ] && [ -n "$extra" ]; } || fail "the second ended with $second: $(cat second.err)"
    expect_store out.zarr one.zarr
    expect_clean
done

if [ -n "${MZGRID_NO_FLOCK-}" ]; then
    for delay in 0.3 0.6 0.9; do
        begin_case "one output where locks do not work, $delay s apart"
        clean
        both $delay env LD_PRELOAD="$MZGRID_NO_FLOCK" "$program" convert $one out.zarr "${convert[@]}" --temp-dir temp \
            -- env LD_PRELOAD="$MZGRID_NO_FLOCK" "$program" convert $one out.zarr "${convert[@]}" --temp-dir temp
        [ $first = 0 ] || fail "the first run ended with $first: $(cat first.err)"
        [ $second = 1 ] || fail "the second ended with $second: $(cat second.err)"
        expect_store out.zarr one.zarr
        expect_clean
    done
fi

begin_case "a run killed leaves what the next one of its output removes"
for preload in "" ${MZGRID_NO_FLOCK-}; do
    clean
    env ${preload:+LD_PRELOAD=$preload} "$program" convert $one out.zarr "${convert[@]}" --temp-dir temp 2>/dev/null &
    pid=$!
    for _ in $(seq 100); do
        compgen -G 'temp/*.h5ad.part' >/dev/null && break
        sleep 0.05
    done
    kill -KILL $pid
    wait $pid 2>/dev/null
    compgen -G 'temp/*.h5ad.part' >/dev/null || fail "nothing was there to be removed"
    env ${preload:+LD_PRELOAD=$preload} "$program" convert $one out.zarr "${convert[@]}" --temp-dir temp 2>second.err ||
        fail "the next run failed: $(cat second.err)"
    expect_store out.zarr one.zarr
    expect_clean
done

begin_case "files of the store that another takes away while it is written"
clean
both 0 "$program" convert $one out.zarr "${convert[@]}" --streaming direct --layout csr -- bash -c '
    for _ in $(seq 400); do
        file=$(compgen -G "out.zarr.*.part/tables/*/X/data/c/0") && sleep 0.1 && rm -f $file && exit 0
        sleep 0.01
    done; exit 1'
[ $second = 0 ] || fail "there was no file to take"
[ $first = 1 ] && grep -q 'was written and is gone' first.err || fail "the run ended with $first: $(cat first.err)"
[ ! -e out.zarr ] || fail "a store that lacks a file has the name of the output"
expect_clean

finish
