#!/bin/bash
# Usage errors: one sentence that ends with where to read on, exit status 2 on all ranks, nothing touched.
. "$(dirname "$0")/lib.sh"

expect_refused() {
    local text=$1
    shift
    run "$ranks" "$@"
    expect_usage_error "$text"
    expect_no_files
}

ranks=1
expect_refused "no command given"
expect_refused "unknown command 'convrt' (did you mean 'convert'?)" convrt in.imzML out.zarr
expect_refused "unknown option '--frobnicate'" --frobnicate
expect_refused "INPUT is missing" convert
expect_refused "OUTPUT.zarr is missing" convert in.imzML
expect_refused "'third' is one argument too many" convert in.imzML out.zarr third
expect_refused "unknown option '--bin-with' (did you mean '--bin-width'?)" convert in.imzML out.zarr --bin-with 1
expect_refused "--bin-width needs a value" convert in.imzML out.zarr --bin-width
expect_refused "'5 mDa' has an unknown unit" convert in.imzML out.zarr --bin-width "5 mDa"
expect_refused "--overwrite takes no value" convert in.imzML out.zarr --overwrite=yes
expect_refused "'1e3' is not a whole number" convert in.imzML out.zarr --bins 1e3
expect_refused "unknown value 'cubik'" convert in.imzML out.zarr --interpolation-method cubik
expect_refused "contradict" convert in.imzML out.zarr -q -v
expect_refused "--dataset-id" convert in.imzML out.zarr --dataset-id __x
expect_refused "OUTPUT.imzML is missing" generate --size 10x10
expect_refused "'10' is not a width and a height" generate out.imzML --size 10
expect_refused "'0x5' is not a width and a height" generate out.imzML --size 0x5
expect_refused "unknown value 'profil' (did you mean 'profile'?)" generate out.imzML --kind profil
expect_refused "INPUT is missing" info --json

for ranks in 1 3; do
    expect_refused "--bins" convert in.imzML out.zarr --bins 100 --bin-width 5mDa
    expect_refused "--max-mz" convert in.imzML out.zarr --min-mz 500 --max-mz 100
    expect_refused "--bins: '0'" convert in.imzML out.zarr --bins 0
    expect_refused "unknown value 'nearest' (did you mean 'nearest_neighbor'?)" \
        convert in.imzML out.zarr --interpolation-method nearest
done
