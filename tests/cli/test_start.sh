#!/bin/bash
# Which networks Open MPI looks for when mzgrid starts: by its own log.
. "$(dirname "$0")/lib.sh"

unset OMPI_MCA_mtl OMPI_MCA_pml
export OMPI_MCA_mtl_base_verbose=10
for ranks in 1 2; do
    run $ranks --version
    expect_status 0
    if ls /dev/infiniband/* /dev/hfi1* /dev/ipath* /dev/cxi* /dev/kgni* 2>/dev/null | grep -q .; then
        expect_text "$err" 'found loaded component psm2'
    else
        check "psm2 is not looked for" eval '! grep -q "component psm2" "$err"'
    fi

    export OMPI_MCA_mtl=psm2
    run $ranks --version
    expect_status 0
    expect_text "$err" 'found loaded component psm2'
    unset OMPI_MCA_mtl
done
