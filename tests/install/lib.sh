# The harness of the tests in this directory, sourced by each: what a user of the installed library sees, who has
# nothing but the prefix. CTest gives
#
#   PREFIX      where this build was installed, and then moved
#   EXAMPLES    the examples of the documentation, which are compiled as they are
#   CC, CXX     compilers; CXX may be empty
#   MPIEXEC     what starts MPI programs, with the option for the number of ranks
#
# A test works in an empty directory of its own, which is removed at the end.
set -eu
work=$(mktemp -d "${TMPDIR:-/tmp}/mzgrid-install.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
export PKG_CONFIG_PATH=$(dirname "$(find "$PREFIX" -name mzgrid.pc)")
libdir=$(pkg-config --variable=libdir mzgrid)
export LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export OMPI_MCA_orte_tmpdir_base=$work # see tests/support/own_jobs.sh
if [ "$(id -u)" = 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

# expect TEXT COMMAND...: the command succeeds and prints just that.
expect() {
    local wanted=$1 got
    shift
    got=$("$@") || { echo "failed: $*"; exit 1; }
    [ "$got" = "$wanted" ] || { printf '%s printed\n%s\nexpected\n%s\n' "$*" "$got" "$wanted"; exit 1; }
}

# build_c OUTPUT PACKAGE SOURCE...: as a user does, but strictly.
build_c() {
    local output=$1 package=$2
    shift 2
    "$CC" -Wall -Wextra -Werror -std=c17 "$@" $(pkg-config --cflags --libs "$package") -o "$output"
}

build_cpp() {
    local output=$1 package=$2
    shift 2
    [ -n "$CXX" ] || { echo "no C++ compiler"; exit 77; }
    "$CXX" -Wall -Wextra -Werror -std=c++17 "$@" $(pkg-config --cflags --libs "$package") -o "$output"
}

# fails COMMAND...: the command does not succeed.
fails() {
    if "$@"; then
        echo "succeeded: $*"
        exit 1
    fi
}
