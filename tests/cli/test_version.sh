#!/bin/bash
# --version: a line for mzgrid and one for each library, as name and number.
. "$(dirname "$0")/lib.sh"

version=$(sed -n 's/^project(mzgrid VERSION \([0-9.]*\) .*/\1/p' "$repository/CMakeLists.txt")

for ranks in 1 3; do
    run $ranks --version
    expect_status 0
    expect_empty "$err"
    check "mzgrid's own version first" [ "$(head -n 1 "$out")" = "mzgrid $version" ]
    for library in "Open MPI" HDF5 hwloc libxml2 c-blosc zstd; do
        check "a number for $library" grep -qE "^$library [0-9]+\.[0-9]+\.[0-9]+$" "$out"
    done
    check "7 lines" [ "$(wc -l <"$out")" = 7 ]
done
check "the version of mpirun" grep -q "^Open MPI $(mpirun --version | sed -n '1s/.* //p')$" "$out"
