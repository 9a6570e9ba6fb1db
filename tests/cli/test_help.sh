#!/bin/bash
# --help: printed once, whatever the number of ranks, within 80 columns, without reading anything.
. "$(dirname "$0")/lib.sh"

fits_80_columns() {
    ! grep -q '.\{81\}' "$out"
}

expect_help() {
    expect_status 0
    expect_empty "$err"
    check "the usage once" [ "$(grep -c '^Usage:' "$out")" = 1 ]
    check "lines of at most 80 columns" fits_80_columns
}

for ranks in 1 3; do
    run $ranks --help
    expect_help
    for command in convert info image spectrum validate generate; do
        check "the command $command" grep -q "^  $command " "$out"
    done
done
run 1 -h
expect_help
cp "$out" "$box/help"
run 2 help
expect_help
check "help, as by --help" cmp -s "$box/help" "$out"
for word in help completion; do
    run 1 help $word
    expect_help
    check "help $word, as help" cmp -s "$box/help" "$out"
done

# Nothing but the name: the help, though nothing was done.
for ranks in 1 3; do
    run $ranks
    expect_status 2
    expect_empty "$out"
    check "the help on stderr" cmp -s "$box/help" "$err"
done

for command in convert info image spectrum validate generate; do
    run 1 $command --help
    expect_help
    expect_text "$out" "Usage: mzgrid $command "
done
# Examples are lines that the command understands.
for command in convert axis info image spectrum export report merge peaks validate generate topology metrics; do
    run 1 $command --help
    expect_help
    expect_text "$out" "Examples:"
    sed -n '/^Examples:$/,/^$/s/^  //p' "$out" >"$box/examples"
    check "an example" grep -q "mzgrid $command " "$box/examples"
    while read -r line; do
        line=${line#*mzgrid }
        eval "run 1 $line --print-config"
        expect_status 0
    done <"$box/examples"
done
run 1 convert --help
cp "$out" "$box/help"
run 1 help convert
expect_help
check "help convert, as by convert --help" cmp -s "$box/help" "$out"
run 1 axis --help
expect_help
expect_text "$out" "Usage: mzgrid axis INPUT... -o FILE [options]"
run 3 convert no-such-file --help
expect_help
tr -s ' \n' ' ' <"$out" >"$box/unwrapped"
expect_text "$box/unwrapped" "One of auto, constant, linear_tof, reflector_tof, orbitrap, fticr"
expect_text "$box/unwrapped" "Default: msi_dataset."

# A result that cannot be written is an error.
"$MZGRID" --help >/dev/full 2>"$err" && status=0 || status=$?
: >"$out"
last_run="mzgrid --help >/dev/full"
expect_status 1
expect_error_line "standard output: cannot write: No space left on device"

"$MZGRID" --version >&- 2>"$err" && status=0 || status=$?
last_run="mzgrid --version >&-"
expect_status 1
expect_error_line "standard output: cannot write"

expect_no_files
