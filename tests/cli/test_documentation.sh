#!/bin/bash
# Every option that --help names stands in docs/cli.md and in the man page, and they name no other.
. "$(dirname "$0")/lib.sh"

options_of_help() {
    for command in "" $("$MZGRID" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | grep -vxE 'help|completion'); do
        "$MZGRID" $command --help | grep -E '^  (-[a-zA-Z], )?--' | grep -oE -- '--[a-z0-9-]+' || return 1
    done | sort -u
}

# In the reference, options stand at the start of a row of a table, as | `-q`, `--quiet` |.
options_of_reference() {
    grep -E '^\| `-' "$repository/docs/cli.md" | grep -oE -- '^[^|]*\|[^|]*' | grep -oE -- '--[a-z0-9-]+' | sort -u
}

# In the man page, in the line behind .TP, with their dashes escaped.
options_of_man_page() {
    grep -A 1 '^\.TP' "$repository/docs/man/mzgrid.1" | sed 's/\\-/-/g' | grep -oE -- '--[a-z0-9-]+' | sort -u
}

status=0
last_run="the options of --help, on the left, and of the document, on the right"
options_of_help >"$box/help"
for document in reference man_page; do
    options_of_$document >"$box/$document"
    diff -y --suppress-common-lines "$box/help" "$box/$document" >"$out"
    : >"$err"
    check "the same options in --help and the $document" cmp -s "$box/help" "$box/$document"
done
check "no row of the reference twice" [ -z "$(grep '^| `-' "$repository/docs/cli.md" | sort | uniq -d | grep -v -e --threads -e --quiet -e --json -e --overwrite -e --dataset -e --log-file)" ]
check "more than 30 options" [ "$(wc -l <"$box/help")" -gt 30 ]

last_run="scripts/check-prose"
"$repository/scripts/check-prose" >"$out" 2>"$err"
check "no long sentence in the pages for users" [ $? = 0 ]

if command -v groff >/dev/null; then
    last_run="groff -man -ww"
    groff -man -ww -Tutf8 "$repository/docs/man/mzgrid.1" >"$out" 2>"$err"
    status=$?
    expect_status 0
    expect_empty "$err"
fi

# Templates of jobs that are started by hand.
for template in "$repository"/jobs/*.sbatch; do
    last_run="$template, without SLURM"
    status=0
    env -u SLURM_JOB_ID bash "$template" in.imzML out.zarr >"$out" 2>"$err" || status=$?
    expect_status 2
    expect_text "$err" "${template##*/} is for SLURM: give it to sbatch"
    check "one line" [ "$(wc -l <"$err")" = 1 ]
done
