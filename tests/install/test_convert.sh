#!/bin/bash
# A program that converts, on 1 and 2 ranks, and what it says when it cannot.
. "${BASH_SOURCE[0]%/*}/lib.sh"
"$PREFIX/bin/mzgrid" generate tissue.imzML --size 20x15 --points 60 --kind centroid --full
build_c convert mzgrid "$EXAMPLES/convert.c"
for ranks in 1 2; do
    $MPIEXEC $ranks ./convert tissue.imzML out$ranks.zarr 2>log | grep -x '300 pixels, [0-9]* bins' || { cat log; exit 1; }
done
diff -r out1.zarr out2.zarr
fails ./convert nowhere.imzML out.zarr 2>log
grep -x 'error: nowhere.imzML: .*' log
[ ! -e out.zarr ]

# Without MPI, and with one that knows of no threads, there is a sentence in place of a crash.
sed 's/MPI_THREAD_FUNNELED/MPI_THREAD_SINGLE/' "$EXAMPLES/convert.c" >single.c
build_c single mzgrid single.c
fails ./single tissue.imzML out.zarr 2>log
grep -x 'error: MPI runs without threads: .*' log
sed 's/MPI_Init_thread(.*/level = 0;/; /MPI_Finalize/d; s/level = 0;/level = 0;\n    (void)level;/' "$EXAMPLES/convert.c" >without.c
build_c without mzgrid without.c
fails ./without tissue.imzML out.zarr 2>log
grep -x 'error: MPI does not run: .*' log
[ ! -e out.zarr ]
