#!/bin/bash
# Bytes of the .ibd that the disk does not give are no damage of the file: a conversion ends, it does not pass pixels over.
# validate lists them. A read that fails once is tried again.
source "$(dirname "$0")/../support/faults.sh"
[ -n "${FAULTS_SHIM-}" ] || skip "no library that makes calls fail (FAULTS_SHIM)"

out=$work/out
mkdir "$out"
generate "$work/sample.imzML" 12x10 centroid 100
mzgrid 1 convert "$work/sample.imzML" "$work/right" -q --threads 1
rm "$work/right.run.json" "$work/right.report.html"

# Into the ranks alone, not into mpirun.
export OMPI_MCA_mca_base_env_list="LD_PRELOAD=$FAULTS_SHIM"
export MZG_FAULT_PATHS=$work/sample.ibd MZG_FAULT_CALL=pread MZG_FAULT_AS=EIO
for ranks in 1 2; do
    for number in 1 2 3 5; do
        begin_case "reads fail from number $number on, on the last of $ranks ranks"
        MZG_FAULT_STICKY=1 MZG_FAULT_AT=$number MZG_FAULT_RANK=$((ranks - 1)) MZG_FAULT_LOG=$work/fired \
            mzgrid $ranks convert "$work/sample.imzML" "$out/out.zarr" -q --threads 1 --chunk-size 20
        if [ -e "$work/fired" ]; then
            expect_refusal 1 'Input/output error'
            expect_nothing "$out"
        elif [ $number -lt 3 ]; then
            fail "no read failed"
        fi
        rm -rf "${out:?}"/* "$work/fired"

        begin_case "read $number alone fails, on the last of $ranks ranks"
        MZG_FAULT_AT=$number MZG_FAULT_RANK=$((ranks - 1)) \
            mzgrid $ranks convert "$work/sample.imzML" "$out/out.zarr" -q --threads 1 --chunk-size 20
        if [ $status = 0 ]; then
            diff -rq "$work/right" "$out/out.zarr" >/dev/null || fail "status 0 and another store: $(cat "$work/stderr")"
        else
            expect_refusal 1 'Input/output error'
            expect_nothing "$out"
        fi
        rm -rf "${out:?}"/*
    done
done

begin_case "validate lists what cannot be read"
MZG_FAULT_STICKY=1 MZG_FAULT_AT=2 mzgrid 1 validate "$work/sample.imzML" --threads 1
[ $status = 1 ] || fail "exit status $status"
cat "$work/stdout" "$work/stderr" 2>/dev/null | grep -q 'unreadable\|Input/output error' || fail "nothing says that bytes cannot be read"
finish
