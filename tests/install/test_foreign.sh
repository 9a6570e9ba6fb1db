#!/bin/bash
# A foreign reader on 1 and 3 ranks: its store is that of the same spectra as imzML, but for what uns says of the input.
# The spectra come from the imzML by the library's own reader, through Python.
. "${BASH_SOURCE[0]%/*}/lib.sh"
"$PREFIX/bin/mzgrid" generate tissue.imzML --size 20x15 --points 60 --kind centroid --full
python3 "$EXAMPLES/spectra.py" tissue.imzML >tissue.txt
[ "$(wc -l <tissue.txt)" = 300 ]
build_c foreign mzgrid "$EXAMPLES/foreign.c"
"$PREFIX/bin/mzgrid" convert tissue.imzML imzml.zarr -q --mass-axis-type reflector_tof --bin-width 10mDa --reference-mz 500 \
    --pixel-size 50 --scan-range
for ranks in 1 3; do
    $MPIEXEC $ranks ./foreign lines:tissue.txt foreign$ranks.zarr
    python3 "$INSTALL_TESTS/same_but_uns.py" imzml.zarr foreign$ranks.zarr
done
diff -r foreign1.zarr foreign3.zarr
fails ./foreign lines:nowhere.txt out.zarr 2>log
grep -x 'error: lines:nowhere.txt: cannot open: cannot open: No such file or directory' log
fails ./foreign other:tissue.txt out.zarr 2>log
[ ! -e out.zarr ]

# The comparison can fail.
sed '7s/ [0-9.]*$/ 99999.0/' tissue.txt >other.txt
./foreign lines:other.txt other.zarr
fails python3 "$INSTALL_TESTS/same_but_uns.py" imzml.zarr other.zarr
