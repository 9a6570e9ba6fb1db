#!/bin/bash
# A limit of the size of files (ulimit -f) ends a run with one sentence, on any rank: the signal that comes with it
# (SIGXFSZ) killed mzgrid without a word.
source "$(dirname "$0")/../support/faults.sh"

generate "$work/sample.imzML" 60x60 profile 600
for ranks in 1 2; do
    begin_case "$ranks ranks, staging in a file beyond the limit"
    # What MPI and the HDF5 header need fits in; the rows do not.
    OMPI_MCA_odls_base_sigkill_timeout=0 timeout --kill-after=5 60 mpirun -q -n $ranks bash -c 'ulimit -f 5000; exec "$@"' - \
        "$program" convert "$work/sample.imzML" "$work/out.zarr" -q --threads 1 --streaming hdf5 </dev/null >"$work/stdout" 2>"$work/all"
    status=$?
    grep -v '^\[warn\] Epoll ' "$work/all" >"$work/stderr"
    [ $status = 1 ] || fail "exit status $status"
    [ "$(wc -l <"$work/stderr")" = 1 ] && grep -q '^mzgrid: error: .*ulimit -f' "$work/stderr" ||
        { cat "$work/stderr"; fail "expected one sentence that names ulimit -f"; }
    [ -z "$(ls -A "$work" | grep '^out')" ] || fail "left behind: $(ls -A "$work" | grep '^out')"
done
finish
