#!/bin/bash
# The man page is what the tables of options say, and groff has nothing against it.
. "$(dirname "$0")/lib.sh"

last_run="scripts/man --check"
status=0
"$repository/scripts/man" --check "$MZGRID" >"$out" 2>"$err" || status=$?
expect_status 0
expect_empty "$out"

# It would notice: of another table it says what differs.
cat >other <<'END'
#!/bin/sh
"$MZGRID" "$@" | sed 's/Number of bins/Number of boxes/'
END
chmod +x other
status=0
"$repository/scripts/man" --check "$PWD/other" >"$out" 2>"$err" || status=$?
expect_status 1
expect_text "$out" "+Number of boxes"
expect_text "$out" "docs/man/mzgrid.1 is not what the tables say: run scripts/man"
