# The harness of the tests in this directory, sourced by each: runs mzgrid as users do, plainly or through mpirun, and
# looks at what they see: exit status, standard output, standard error, and which files there are.
#
#   run 3 convert in.imzML out.zarr    on 3 ranks; leaves $status and the files $out and $err
#   expect_status 1
#   expect_error_line 'cannot open'    standard error is one line, an error of mzgrid, with this text in it
#
# A test works in an empty directory of its own, which is removed at the end; it fails if any check did.
set -u
[ -x "${MZGRID:?path of the program, set by CTest}" ] || exit 1
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
box=$(mktemp -d "${TMPDIR:-/tmp}/mzgrid-test.XXXXXX")
out=$box/stdout
err=$box/stderr
checks=0
failures=0
last_run=
mkdir "$box/work" "$box/jobs"
chmod 1777 "$box/jobs" # a test may start the program as nobody
cd "$box/work" || exit 1
trap finish EXIT
export OMPI_MCA_orte_tmpdir_base=$box/jobs # see tests/support/own_jobs.sh

# What MPI itself never frees is no fault of mzgrid; sanitizers still find errors of memory.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}
if [ "$(id -u)" = 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

finish() {
    local code=$?
    cd /
    rm -rf "$box"
    echo "$checks checks, $failures failed"
    if [ $code = 0 ] && { [ "$failures" -gt 0 ] || [ "$checks" = 0 ]; }; then
        code=1
    fi
    exit $code
}

# launcher RANKS: sets the array `launch` to what stands before the program.
launcher() {
    launch=()
    if [ "$1" -gt 1 ]; then
        launch=(mpirun -q --oversubscribe --bind-to none -n "$1")
    fi
}

run() {
    local ranks=$1
    shift
    launcher "$ranks"
    last_run="on $ranks ranks: mzgrid $*"
    status=0
    timeout 100 "${launch[@]}" "$MZGRID" "$@" >"$out" 2>"$err" </dev/null || status=$?
    # When ranks end in a hurry, the event library of mpirun itself sometimes warns of a pipe that is gone.
    sed -i '/^\[warn\] Epoll /d' "$err"
}

# check TEXT COMMAND...: one check; TEXT says what was expected.
check() {
    local text=$1
    shift
    checks=$((checks + 1))
    if ! "$@"; then
        failures=$((failures + 1))
        echo "FAILED: $text"
        echo "  $last_run (status $status)"
        sed 's/^/  stdout: /' "$out" | head -n 20
        sed 's/^/  stderr: /' "$err" | head -n 20
    fi
}

expect_status() {
    check "exit status $1" [ "$status" = "$1" ]
}

expect_empty() {
    check "nothing on $(basename "$1")" [ ! -s "$1" ]
}

expect_text() {
    check "'$2' on $(basename "$1")" grep -qF -- "$2" "$1"
}

one_error_line() {
    [ "$(wc -l <"$err")" = 1 ] && grep -q '^mzgrid: error: ' "$err"
}

expect_error_line() {
    check "one line on stderr that begins with 'mzgrid: error:'" one_error_line
    expect_text "$err" "$1"
}

# As usage errors end: with where to read on.
expect_usage_error() {
    expect_status 2
    expect_empty "$out"
    expect_error_line "$1"
    check "ends with see '... --help'" grep -q "; see 'mzgrid\( [a-z]\+\)\? *--help'$" "$err"
}

# The directory holds these files and nothing else.
expect_files() {
    local found
    found=$(find . -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | tr '\n' ' ')
    check "only the files '$*', found '$found'" [ "$(printf '%s\n' "$@" | sort | tr '\n' ' ')" = "$found" ]
}

expect_no_files() {
    check "no files, found '$(ls)'" [ -z "$(ls -A)" ]
}
