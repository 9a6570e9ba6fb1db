#!/bin/bash
# The resampling library from Python, and the spectrum of the C example in it.
. "${BASH_SOURCE[0]%/*}/lib.sh"
expect $'bin 292, m/z 150.0039: 15\nbin 792, m/z 300.0078: 42' python3 "$EXAMPLES/resample.py"
