#!/bin/bash
# The program and its manual are there, and it is of the version that pkg-config tells.
. "${BASH_SOURCE[0]%/*}/lib.sh"
[ "$("$PREFIX/bin/mzgrid" --version | head -n 1)" = "mzgrid $(pkg-config --modversion mzgrid)" ]
[ -s "$PREFIX/share/man/man1/mzgrid.1" ]
