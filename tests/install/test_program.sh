#!/bin/bash
# The program and its manual are there, and it is of the version that pkg-config tells.
. "${BASH_SOURCE[0]%/*}/lib.sh"
[ "$("$PREFIX/bin/mzgrid" --version | head -n 1)" = "mzgrid $(pkg-config --modversion mzgrid)" ]
[ -s "$PREFIX/share/man/man1/mzgrid.1" ]

# The licences of mzgrid and of what it is made of are there.
for words in 'the mzgrid developers' 'dygraphs' 'Permission is hereby granted'; do
    grep -q "$words" "$PREFIX/share/doc/mzgrid/copyright"
done
