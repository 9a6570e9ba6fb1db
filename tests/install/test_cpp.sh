#!/bin/bash
# A C++ program with MPI and the whole library: what a conversion would decide.
. "${BASH_SOURCE[0]%/*}/lib.sh"
"$PREFIX/bin/mzgrid" generate tissue.imzML --size 12x10 --points 60 --kind centroid --full
build_cpp decide mzgrid "$EXAMPLES/decide.cpp"
for ranks in 1 2; do
    $MPIEXEC $ranks ./decide tissue.imzML >told$ranks
    python3 - told$ranks <<'P'
import json
import sys

told = json.load(open(sys.argv[1]))
assert told["ms_level"] == 1, told
P
done
cmp told1 told2
fails ./decide nowhere.imzML 2>log
grep -x 'error: nowhere.imzML: .*' log
