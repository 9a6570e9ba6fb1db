#!/bin/bash
# Two runs at once: in one directory of temporary files, on one output, a dry run beside a run, and where locks do not
# work. Each ends with 0 and the store that it makes alone, or with a line and nothing; neither takes from the other.
# That they meet does not depend on time: one stops itself where its files are, and goes on when the other is through.
source "$(dirname "$0")/../support/faults.sh"
convert=(-q --threads 1 --streaming hdf5 --min-mz 200 --max-mz 1200 --bins 2000)
one=synthetic:40x40:100:centroid:1 two=synthetic:40x40:100:centroid:2
cd "$work" || exit 1
mkdir right
"$program" convert $one right/one.zarr "${convert[@]}" || exit 1
"$program" convert $two right/two.zarr "${convert[@]}" || exit 1

expect_store() { # STORE LIKE
    diff -rq "$1" "right/$2" >diff 2>&1 || fail "$1 is not what a run alone makes: $(head -n 2 diff)"
}

# What a run is about to do when it stops.
declare -A places=(
    [before]="open 1 STOP .owner"        # it has seen that its output is free
    [begin]="mkdir 1 STOP .part"         # it has claimed its output, and no more
    [stage]="pwrite 9 STOP .h5ad.part"   # rows are in the staged file
    [store]="open 1 STOP /X/indptr/"     # they are in the store
    [name]="rename 1 STOP out"           # the store is complete, and about to get its name
    [leave]="unlink 1 STOP .owner"       # it has its name
)

# start PLACE COMMAND...: $pid is a process that stopped itself there.
start() {
    at ${places[$1]}
    shift
    "${at[@]}" "$@" 2>first.err &
    pid=$!
    started+=($pid)
    stopped $pid || fail "the first run did not come to the place at which it is to stop: $(cat first.err)"
}

# both PLACE COMMAND1 -- COMMAND2: the second runs while the first stands at that place. $first and $second get the exit
# statuses.
both() {
    local place=$1 command=()
    shift
    while [ "$1" != -- ]; do command+=("$1"); shift; done
    shift
    start "$place" "${command[@]}"
    timeout 60 "$@" 2>second.err
    second=$?
    [ "$(ps -o state= -p $pid)" = T ] || fail "the first run did not stand while the second ran"
    kill -CONT $pid
    ended $pid
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

expect_both() { # STORE1 STORE2
    [ "$first $second" = "0 0" ] || fail "exit statuses $first $second: $(cat first.err second.err)"
    expect_store "$1" one.zarr
    expect_store "$2" two.zarr
    expect_clean
}

for place in begin stage store name leave; do
    begin_case "outputs of one name, one --temp-dir, the first at $place"
    clean
    both $place "$program" convert $one a/out.zarr "${convert[@]}" --temp-dir temp \
        -- "$program" convert $two b/out.zarr "${convert[@]}" --temp-dir temp
    expect_both a/out.zarr b/out.zarr
done

begin_case "outputs of one name, one --temp-dir, the first leaves while the second is at work"
clean
start stage "$program" convert $one a/out.zarr "${convert[@]}" --temp-dir temp
other=$pid
start stage "$program" convert $two b/out.zarr "${convert[@]}" --temp-dir temp
kill -CONT $other
ended $other
first=$?
kill -CONT $pid
ended $pid
second=$?
expect_both a/out.zarr b/out.zarr

begin_case "outputs of one name, one --temp-dir, both at once"
clean
timeout 60 "$program" convert $one a/out.zarr "${convert[@]}" --temp-dir temp 2>first.err &
pid=$!
timeout 60 "$program" convert $two b/out.zarr "${convert[@]}" --temp-dir temp 2>second.err
second=$?
wait $pid
first=$?
expect_both a/out.zarr b/out.zarr

begin_case "out.zarr and out in one directory"
clean
both stage "$program" convert $one out.zarr "${convert[@]}" -- "$program" convert $two out "${convert[@]}"
expect_both out.zarr out

# Who has claimed an output has it; a dry run is refused as a run would be.
for place in begin stage store name leave; do
    for extra in "" --dry-run --overwrite; do
        [ -z "$extra" ] || [ $place = stage ] || [ $place = leave ] || continue
        begin_case "a second run on one output ($extra), the first at $place"
        clean
        both $place "$program" convert $one out.zarr "${convert[@]}" --temp-dir temp \
            -- "$program" convert $two out.zarr "${convert[@]}" --temp-dir temp $extra
        reason='another run is writing it'
        [ $place$extra = leave--overwrite ] || [ $place != leave ] || reason='out.zarr exists'
        [ $first = 0 ] || fail "the first run ended with $first: $(cat first.err)"
        [ $second = 1 ] && grep -q "$reason" second.err || fail "the second ended with $second: $(cat second.err)"
        expect_store out.zarr one.zarr
        expect_clean
    done
done

begin_case "a second run on one output, which is through before the first has claimed it"
clean
both before "$program" convert $one out.zarr "${convert[@]}" -- "$program" convert $two out.zarr "${convert[@]}"
[ $second = 0 ] || fail "the second run ended with $second: $(cat second.err)"
[ $first = 1 ] && grep -q 'out.zarr exists' first.err || fail "the first ended with $first: $(cat first.err)"
expect_store out.zarr two.zarr
expect_clean

# The second look is before the reading: at the end the name would be refused in other words.
begin_case "a kept file of one name, which a second run makes before the first has claimed its own"
clean
both before "$program" convert $one a/out.zarr "${convert[@]}" --temp-dir temp --keep-hdf5 \
    -- "$program" convert $two b/out.zarr "${convert[@]}" --temp-dir temp --keep-hdf5
[ $second = 0 ] || fail "the second run ended with $second: $(cat second.err)"
[ $first = 1 ] && grep -q 'out.h5ad: exists already; --overwrite replaces it' first.err || fail "the first ended with $first: $(cat first.err)"
expect_store b/out.zarr two.zarr
[ ! -e a/out.zarr ] || fail "the first run left a store"
expect_clean

# What would fail at the end is refused before the reading.
for place in stage store name; do
    for extra in "" --overwrite; do
        begin_case "a kept file of one name ($extra), the first at $place"
        clean
        both $place "$program" convert $one a/out.zarr "${convert[@]}" --temp-dir temp --keep-hdf5 \
            -- "$program" convert $two b/out.zarr "${convert[@]}" --temp-dir temp --keep-hdf5 $extra
        [ $first = 0 ] || fail "the first run ended with $first: $(cat first.err)"
        [ $second = 1 ] && grep -q 'temp/out.h5ad: another run is writing it' second.err ||
            fail "the second ended with $second: $(cat second.err)"
        expect_store a/out.zarr one.zarr
        [ -e temp/out.h5ad ] && [ ! -e b/out.zarr ] || fail "the kept file is missing, or there is a second store"
        expect_clean
    done
done

begin_case "metrics of one name"
clean
both stage "$program" convert $one a/out.zarr "${convert[@]}" --metrics out.jsonl \
    -- "$program" convert $two b/out.zarr "${convert[@]}" --metrics out.jsonl
[ $first = 0 ] || fail "the first run ended with $first: $(cat first.err)"
[ $second = 1 ] && grep -q 'out.jsonl: another run is writing it' second.err ||
    fail "the second ended with $second: $(cat second.err)"
"$program" metrics out.jsonl -o out.svg -q || fail "the metrics of the first run cannot be drawn"
expect_clean

if [ -n "${MZGRID_NO_FLOCK-}" ]; then
    for place in begin stage store name; do
        begin_case "one output where locks do not work, the first at $place"
        clean
        LD_PRELOAD=$MZGRID_NO_FLOCK both $place "$program" convert $one out.zarr "${convert[@]}" --temp-dir temp \
            -- "$program" convert $two out.zarr "${convert[@]}" --temp-dir temp
        [ $first = 0 ] || fail "the first run ended with $first: $(cat first.err)"
        [ $second = 1 ] && grep -q 'another run is writing it' second.err || fail "the second ended with $second: $(cat second.err)"
        expect_store out.zarr one.zarr
        expect_clean
    done
fi

begin_case "a run killed leaves what the next one of its output removes"
for preload in "" ${MZGRID_NO_FLOCK-}; do
    clean
    LD_PRELOAD=$preload at pwrite 9 KILL .h5ad.part
    "${at[@]}" "$program" convert $one out.zarr "${convert[@]}" --temp-dir temp 2>/dev/null
    status=$?
    [ $status = 137 ] || fail "the run ended with $status, it was to kill itself"
    compgen -G 'temp/*.h5ad.part' >/dev/null || fail "nothing was there to be removed"
    env ${preload:+LD_PRELOAD=$preload} timeout 60 "$program" convert $one out.zarr "${convert[@]}" --temp-dir temp 2>second.err ||
        fail "the next run failed: $(cat second.err)"
    expect_store out.zarr one.zarr
    expect_clean
done

# What is read by one name before and after would be of two stores.
places[values]="open 2 STOP /X/" # of the matrix
places[axis]="open 2 STOP /var/"
for reader in "values image out.zarr --mz 500 -o out.png" "axis spectrum out.zarr --mean -o out.png" \
    "axis report out.zarr -o out.html" "axis info out.zarr"; do
    begin_case "a store that another run replaces while it is read by ${reader#* }"
    clean
    "$program" convert $one out.zarr "${convert[@]}" --layout dense --no-report 2>/dev/null
    both ${reader%% *} "$program" ${reader#* } >out.text \
        -- "$program" convert $two out.zarr "${convert[@]}" --layout dense --overwrite --no-report
    [ $second = 0 ] || fail "the run that replaces it ended with $second: $(cat second.err)"
    [ $first = 1 ] && grep -q 'out.zarr: another run replaced it while it was read' first.err && [ "$(wc -l <first.err)" = 1 ] ||
        fail "the reader ended with $first: $(cat first.err)"
    [ ! -e out.png ] && [ ! -e out.html ] && [ ! -s out.text ] || fail "something was made of two stores"
done

begin_case "a store that gets peaks while it is read"
clean
"$program" convert $one out.zarr "${convert[@]}" 2>/dev/null
"$program" image out.zarr --mz 500 -o out.png 2>/dev/null
both values "$program" image out.zarr --mz 500 -o out2.png -- "$program" peaks out.zarr -q
[ "$first $second" = "0 0" ] || fail "exit statuses $first $second: $(cat first.err second.err)"
cmp out.png out2.png || fail "the image is another one"
expect_clean

begin_case "files of the store that another takes away while it is written"
clean
places[sync]="syncfs 1 STOP .part" # they are written, and about to be brought to the disk
both sync "$program" convert $one out.zarr "${convert[@]}" --streaming direct --layout csr \
    -- bash -c 'rm out.zarr.*.part/tables/*/X/data/c/0'
[ $second = 0 ] || fail "there was no file to take"
[ $first = 1 ] && grep -q 'was written and is gone' first.err || fail "the run ended with $first: $(cat first.err)"
[ ! -e out.zarr ] || fail "a store that lacks a file has the name of the output"
expect_clean

finish
