#!/bin/bash
# The examples as a CMake project that finds the package, and one that asks for a version that is not there.
. "${BASH_SOURCE[0]%/*}/lib.sh"
[ -n "$CXX" ] || exit 77
cmake -S "$EXAMPLES" -B build -DCMAKE_PREFIX_PATH="$PREFIX" -DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX" >log ||
    { cat log; exit 1; }
cmake --build build -j 2 >log || { cat log; exit 1; }
unset LD_LIBRARY_PATH # CMake's programs know where their libraries are
expect $'bin 292, m/z 150.0039: 15\nbin 792, m/z 300.0078: 42' build/resample

mkdir later
printf 'cmake_minimum_required(VERSION 3.21)\nproject(later LANGUAGES C)\nfind_package(mzgrid 0.2 REQUIRED)\n' >later/CMakeLists.txt
fails cmake -S later -B later/build -DCMAKE_PREFIX_PATH="$PREFIX" -DCMAKE_C_COMPILER="$CC" >log 2>&1
grep -q 'compatible' log || { cat log; exit 1; }
