#!/bin/bash
# mzgrid validate: the same verdict and exit status on any number of ranks and threads, as text and as JSON.
. "$(dirname "$0")/lib.sh"

"$MZGRID" generate good.imzML --size 8x6 --points 40 -q

# expect_verdict STATUS NAME [OPTION...]: on 1 and 3 ranks, with 1 and 3 threads; leaves the verdict in $out.
expect_verdict() {
    local wanted=$1 name=$2
    shift 2
    rm -f "$box/verdict"
    for ranks in 1 3; do
        for threads in 1 3; do
            run $ranks validate "$name" --threads $threads "$@"
            expect_status "$wanted"
            expect_empty "$err"
            [ -e "$box/verdict" ] || cp "$out" "$box/verdict"
            check "the same verdict on $ranks ranks and $threads threads" cmp "$out" "$box/verdict"
        done
    done
}

expect_verdict 0 good.imzML
expect_text "$out" "checksum  SHA-1, agrees"
expect_text "$out" "findings  0"
check "the last line is 'valid'" [ "$(tail -n 1 "$out")" = valid ]
expect_verdict 0 good.imzML --json
expect_text "$out" '"valid": true'

# A changed byte, a cut ibd, and a wrong count.
cp good.imzML changed.imzML
cp good.ibd changed.ibd
printf 'x' | dd of=changed.ibd bs=1 seek=20 conv=notrunc status=none
expect_verdict 1 changed.imzML
expect_text "$out" "SHA-1, differs"
expect_text "$out" "the ibd was changed"
check "the last line is 'not valid'" [ "$(tail -n 1 "$out")" = "not valid" ]

sed 's/<spectrumList count="[0-9]*"/<spectrumList count="5"/' good.imzML >short.imzML
head -c 3000 good.ibd >short.ibd
expect_verdict 1 short.imzML --json
expect_text "$out" '"kind": "truncated_ibd"'
expect_text "$out" '"kind": "count"'
expect_text "$out" '"array outside the file"'
expect_text "$out" '"valid": false'

# What cannot be opened is refused with a line, and with a verdict for programs.
printf 'no XML\n' >text.imzML
cp good.ibd text.ibd
for ranks in 1 3; do
    for wrong in "text.imzML: not an imzML file" "missing.imzML: cannot open"; do
        run $ranks validate "${wrong%%:*}"
        expect_status 1
        expect_empty "$out"
        expect_error_line "$wrong"
        run $ranks validate "${wrong%%:*}" --json
        expect_status 1
        expect_error_line "$wrong"
        expect_text "$out" '"refused": '
    done
done
run 1 validate
expect_usage_error "INPUT is missing"
run 1 validate good.imzML --threads 0
expect_usage_error "--threads"
expect_files changed.ibd changed.imzML good.ibd good.imzML short.ibd short.imzML text.ibd text.imzML
