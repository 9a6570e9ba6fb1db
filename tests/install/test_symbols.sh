#!/bin/bash
# What a library shows is what its list names, and nothing else: a further function of the interface is a further line.
lists=$(cd "$(dirname "$0")" && pwd)
. "$lists/lib.sh"
check() {
    nm -D --defined-only "$libdir/lib$1.so" | awk '{print $3}' | LC_ALL=C sort >shown
    [ -s shown ]
    diff -u <(grep -v '^#' "$lists/$1.symbols") shown ||
        { echo "lib$1.so shows (+) other symbols than $1.symbols names (-)"; exit 1; }
    [ -n "$(readelf -d "$libdir/lib$1.so" | grep "SONAME.*\[lib$1\.so\.$(pkg-config --modversion mzgrid | cut -d. -f1)\]")" ]
}
check mzgrid
check mzgrid-resample
