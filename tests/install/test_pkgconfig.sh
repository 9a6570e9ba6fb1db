#!/bin/bash
# A C and a C++ program that pkg-config tells how to compile; each public header compiles alone, in both languages.
. "${BASH_SOURCE[0]%/*}/lib.sh"
build_c resample mzgrid "$EXAMPLES/resample.c"
expect $'bin 292, m/z 150.0039: 15\nbin 792, m/z 300.0078: 42' ./resample
build_c resample mzgrid-resample "$EXAMPLES/resample.c"
expect $'bin 292, m/z 150.0039: 15\nbin 792, m/z 300.0078: 42' ./resample
ldd ./resample >needed
fails grep -i 'libmpi\|hdf5' needed

n=0
for header in "$PREFIX"/include/mzgrid/*.h; do
    printf '#include <mzgrid/%s>\nint unused;\n' "$(basename "$header")" >one.c
    echo "#include <mzgrid/$(basename "$header")>" >one.cpp
    "$CC" -Wall -Wextra -Werror -pedantic -std=c17 -fsyntax-only one.c $(pkg-config --cflags mzgrid)
    [ -z "$CXX" ] || "$CXX" -Wall -Wextra -Werror -std=c++11 -fsyntax-only one.cpp $(pkg-config --cflags mzgrid)
    n=$((n + 1))
done
[ $n -ge 10 ] # some headers were there

build_cpp resample_cpp mzgrid-resample "$EXAMPLES/resample.cpp"
expect '277259 bins; m/z 150.02 is in bin 81119, of width 5 ppm' ./resample_cpp
