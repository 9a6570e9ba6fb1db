#!/bin/bash
# mzgrid metrics: a picture of what --metrics wrote, of one rank and of several, of short runs and of killed ones.
. "$(dirname "$0")/lib.sh"

is_png() {
    [ "$(head -c 4 "$1" | tail -c 3)" = PNG ]
}

for ranks in 1 2; do
    run $ranks convert synthetic:40x40:500 a.zarr --overwrite -q --metrics a.jsonl
    expect_status 0
    run $ranks metrics a.jsonl -o a$ranks.svg
    expect_status 0
    expect_text "$err" "a$ranks.svg is complete"
    check "SVG" grep -q '^<svg ' a$ranks.svg
    run 1 metrics a.jsonl -o a$ranks.png -q
    expect_status 0
    expect_empty "$err"
    check "PNG" is_png a$ranks.png
    if command -v xmllint >/dev/null; then
        check "well-formed" xmllint --noout a$ranks.svg
    fi
done

# As of a run that was killed: without the end of the last line; then without all but the first two.
head -c -20 a.jsonl >cut.jsonl
run 1 metrics cut.jsonl -o cut.png
expect_status 0
head -n 2 a.jsonl >begun.jsonl
run 1 metrics begun.jsonl -o begun.svg
expect_status 0
head -n 1 a.jsonl >empty.jsonl
run 1 metrics empty.jsonl -o empty.svg
expect_status 1
expect_error_line "empty.jsonl, line 2: nothing happened before the file ends"

run 1 metrics a.jsonl
expect_usage_error "the picture is missing: give it with -o FILE.svg or -o FILE.png"
run 1 metrics a.jsonl -o a.pdf
expect_usage_error "-o: 'a.pdf' does not end in .svg or .png"
run 1 metrics a.jsonl -o a1.png
expect_status 1
expect_error_line "a1.png: exists already; --overwrite replaces it"
run 1 metrics a1.png -o b.png
expect_status 1
expect_error_line "a1.png, line 1: is not JSON"
run 1 metrics a.zarr -o b.png
expect_status 1
expect_error_line "a.zarr: is a directory, expected a file"
cp a.jsonl m.svg
run 1 metrics m.svg -o m.svg --overwrite
expect_status 2
expect_error_line "m.svg"
check "the metrics are left alone" cmp -s a.jsonl m.svg
check "nothing of a failure is left" [ ! -e b.png -a -z "$(ls -A | grep part)" ]
