#!/bin/bash
# Progress: a bar that is redrawn where standard error is a terminal, also behind mpirun; elsewhere nothing in a short run.
. "$(dirname "$0")/lib.sh"

# Many rounds; but a fast machine needs less time for them than the bar waits, so it is the end that is looked for.
"$MZGRID" generate in.imzML --size 40x40 --points 100 --full -q

# on_terminal RANKS OPTIONS: runs a conversion on a terminal; what that shows is left in $out.
on_terminal() {
    local ranks=$1
    shift
    launcher "$ranks"
    last_run="on $ranks ranks, on a terminal: $*"
    status=0
    : >"$err"
    TERM=${terminal-xterm} script -qec "${launch[*]} '$MZGRID' convert in.imzML out.zarr --bins 500 --chunk-size 1 --overwrite $*" /dev/null \
        >"$out" </dev/null || status=$?
    expect_status 0
}

redraw=$(printf '\r\033[K')
for ranks in 1 2; do
    on_terminal $ranks
    expect_text "$out" "$redraw"
    expect_text "$out" "100%"
    expect_text "$out" "px/s  ETA "
    check "no half line is left" [ "$(tail -n 1 "$out" | cut -c 1-7)" = "mzgrid:" ]
    on_terminal $ranks --progress none
    check "no bar" [ "$(grep -c 'ETA' "$out")" = 0 ]
done
terminal=dumb on_terminal 1
check "no bar that a dumb terminal would show as letters" [ "$(grep -cF -e ETA -e "$redraw" "$out")" = 0 ]
on_terminal 1 -q
check "no bar with -q" [ "$(grep -c 'ETA' "$out")" = 0 ]

for ranks in 1 2; do
    begin=$SECONDS
    run $ranks convert in.imzML out.zarr --bins 500 --chunk-size 1 --overwrite
    expect_status 0
    # Every ten seconds a line of the log tells how far it is.
    lines=$(grep -cE '^mzgrid: [a-z ]+: [0-9]+%, .*ETA .*, memory [0-9.]+ [MG]iB$' "$err")
    check "$lines lines tell how far it is, of which there is one in ten seconds" [ "$lines" -le $(((SECONDS - begin + 1) / 10)) ]
    check "no bar in a file" [ "$(grep -cF -e ETA -e "$redraw" "$err")" = "$lines" ]
done

# For programs: objects on standard output and nothing else, on each number of ranks; the last one of a failure tells it.
for ranks in 1 2; do
    run $ranks convert in.imzML out.zarr --bins 500 --chunk-size 1 --overwrite --progress json
    expect_status 0
    expect_text "$out" '{"phase":"resampling","done":1600,"total":1600,"unit":"pixels"}'
    expect_text "$out" '"phase":"writing"'
    check "only objects with a phase" [ "$(grep -vcE '^\{"phase":"[a-z]+","done":[0-9]+,"total":[0-9]+,"unit":"(pixels|parts)"\}$' "$out")" = 0 ]
    run $ranks convert in.imzML out.zarr --bins 500 --progress json
    expect_status 1
    check "one line tells the failure" [ "$(wc -l <"$out")" = 1 ]
    expect_text "$out" '{"error":"system","text":"out.zarr'
    run $ranks convert in.imzML new.zarr --bins 500 --progress json --tof-law 1:1
    expect_status 2
    expect_text "$out" '{"error":"usage",'
done
