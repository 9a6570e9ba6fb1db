#!/bin/bash
# A foreign reader written in Python, whose functions are called by threads that Python did not make; the same store on
# 1 and 2 ranks.
. "${BASH_SOURCE[0]%/*}/lib.sh"
expect '1000 pixels' python3 "$EXAMPLES/foreign.py" one.zarr
expect '1000 pixels' $MPIEXEC 2 python3 "$EXAMPLES/foreign.py" two.zarr
diff -r one.zarr two.zarr
