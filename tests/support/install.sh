#!/bin/bash
# Installs a build somewhere else, moves it, and compiles and runs the documentation's example against what is there, as
# a user of the library does; the program and its manual are there too.
#
#   install.sh BUILD EXAMPLE.c COMPILER
set -eu
work=$(mktemp -d "${TMPDIR:-/tmp}/mzgrid-install.XXXXXX")
trap 'rm -rf "$work"' EXIT
cmake --install "$1" --prefix "$work/first" >"$work/log"
mv "$work/first" "$work/second"
export PKG_CONFIG_PATH=$(dirname "$(find "$work/second" -name mzgrid.pc)")
"$3" -Wall -Werror "$2" $(pkg-config --cflags --libs mzgrid) -o "$work/example"
[ "$("$work/example" | tail -n 1)" = "bin 792, m/z 300.0078: 42" ]
[ "$("$work/second/bin/mzgrid" --version | head -n 1)" = "mzgrid $(pkg-config --modversion mzgrid)" ]
[ -s "$work/second/share/man/man1/mzgrid.1" ]
