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
expect_refused "unknown command 'convrt' (did you mean 'convert'?)" convrt in.imzML out.zarr
expect_refused "unknown option '--frobnicate'" --frobnicate
expect_refused "INPUT is missing" convert
expect_refused "OUTPUT.zarr is missing" convert in.imzML
expect_refused "'third' is one argument too many" convert in.imzML out.zarr third
expect_refused "unknown option '--bin-with' (did you mean '--bin-width'?)" convert in.imzML out.zarr --bin-with 1
expect_refused "--bin-width needs a value" convert in.imzML out.zarr --bin-width
expect_refused "'5 mD' has an unknown unit" convert in.imzML out.zarr --bin-width "5 mD"
expect_refused "--overwrite takes no value" convert in.imzML out.zarr --overwrite=yes
expect_refused "'1e-3' is not a whole number" convert in.imzML out.zarr --bins 1e-3
expect_refused "'16XB' is not a size such as 512M, 1.5G or 16GB" convert in.imzML out.zarr --memory-limit 16XB
expect_refused "unknown value 'cubik'" convert in.imzML out.zarr --interpolation-method cubik
expect_refused "contradict" convert in.imzML out.zarr -q -v
expect_refused "--dataset-id" convert in.imzML out.zarr --dataset-id __x
expect_refused "OUTPUT.imzML is missing" generate --size 10x10
expect_refused "'10' is not a width and a height" generate out.imzML --size 10
expect_refused "'0x5' is not a width and a height" generate out.imzML --size 0x5
expect_refused "unknown value 'profil' (did you mean 'profile'?)" generate out.imzML --kind profil
expect_refused "INPUT is missing" info --json
expect_refused "STORE.zarr is missing" image --mz 500 -o a.png
expect_refused "--mz is missing" image x.zarr -o a.png

# A name that promises another kind of file than the one that is made.
expect_refused "OUTPUT.zarr: 'out.h5ad' ends in .h5ad, which is another kind of file; expected a name that ends in .zarr" \
    convert in.imzML out.h5ad
expect_refused "'other.IMZML' ends in .IMZML" convert in.imzML other.IMZML
expect_refused "-o: 'a.mzML' ends in .mzML, which is another kind of file; expected a name that ends in .imzML" \
    export x.zarr --imzml -o a.mzML
expect_refused "-o: 'a.xlsx' ends in .xlsx" export x.zarr --csv -o a.xlsx
expect_refused "-o: 'a.h5ad' ends in .h5ad" merge x.zarr y.zarr -o a.h5ad
expect_refused "OUTPUT.zarr: 'a.txt' ends in .txt" convert in.imzML a.txt
# CSV is text, and R is a side of the body: these lines are understood, and the files are not there.
for format in --csv --peak-list; do
    run 1 export x.zarr $format -o a.txt
    expect_status 1
    expect_error_line "x.zarr"
done
run 1 convert in.imzML kidney.R
expect_status 1
expect_error_line "in.imzML"
expect_no_files

# What other commands and programs call an option.
expect_refused "unknown option '-o': paths stand without one, as in 'mzgrid convert INPUT OUTPUT.zarr'" convert in.imzML -o out.zarr
expect_refused "unknown option '--input': paths stand without one" convert --input in.imzML out.zarr
expect_refused "unknown option '--overwrite' (did you mean '--replace'?)" peaks x.zarr --overwrite
expect_refused "unknown option '--replace' (did you mean '--overwrite'?)" image x.zarr --mz 5 -o a.png --replace
expect_refused "unknown option '-f' (did you mean '--overwrite'?)" convert in.imzML out.zarr -f
expect_refused "unknown option '--ppm' (did you mean '--bin-width'?)" convert in.imzML out.zarr --ppm 5
expect_refused "unknown option '--ppm' (did you mean '--tolerance'?)" peaks x.zarr --ppm 5
expect_refused "unknown option '--resample-bins' (did you mean '--bins'?)" convert in.imzML out.zarr --resample-bins=5
expect_refused "unknown option '-bins' (did you mean '--bins'?)" convert in.imzML out.zarr -bins 5
expect_refused "unknown option '-j' (did you mean '--threads'?)" convert in.imzML out.zarr -j 8
expect_refused "unknown option '-n': several ranks are started as in 'mpirun -n 4 mzgrid convert'" convert in.imzML out.zarr -n 2
expect_refused "unknown option '-np': several ranks are started as in 'mpirun -n 4 mzgrid convert'" convert in.imzML out.zarr -np 2
expect_refused "unknown option '-input': paths stand without one" convert -input in.imzML out.zarr
# Of a command whose output is an option, that one is meant.
expect_refused "unknown option '--out' (did you mean '--output'?)" image x.zarr --mz 5 --out a.png
expect_refused "unknown option '--outfile' (did you mean '--output'?)" merge x.zarr y.zarr --outfile study.zarr
expect_refused "unknown command 'version' (did you mean '--version'?)" version
expect_refused "unknown option '-v' (did you mean '--version'?)" -v
expect_refused "'in.imzML' is no command: a command comes first, such as 'mzgrid convert INPUT OUTPUT.zarr'" in.imzML out.zarr
expect_refused "'a/b.zarr' is no command: a command comes first, such as 'mzgrid info a/b.zarr'" a/b.zarr

expect_refused "--layout: unknown value 'CS' (did you mean 'csc'?)" convert in.imzML out.zarr --layout CS
expect_refused "--interpolation-method: unknown value 'LINAER' (did you mean 'linear'?)" \
    convert in.imzML out.zarr --interpolation-method LINAER
expect_refused "--compression: unknown value 'zstdd' (did you mean 'zstd'?), expected one of none, zstd, blosc-lz4, blosc-zstd" \
    convert in.imzML out.zarr --compression zstdd:3
expect_refused "unknown shell 'bsh' (did you mean 'bash'?)" completion bsh
expect_refused "--no-bins" convert in.imzML out.zarr --no-bins

# Words and units count in any case, a unit may stand apart: these lines are understood, and the file is not there.
run 1 convert in.imzML out.zarr --bin-width "5 PPM" --memory-limit "16 gib" --layout CSR --compression ZSTD:3 --max-gap NONE
expect_status 1
expect_error_line "in.imzML"
run 1 convert in.imzML out.zarr --bins 1e4 --memory-limit 16GB --chunk-size Auto
expect_status 1
expect_error_line "in.imzML"

expect_refused "unknown command 'hepl' (did you mean 'help'?)" hepl
expect_refused "unknown command 'convrt' (did you mean 'convert'?)" help convrt
expect_refused "'convert' is one argument too many" help info convert

for ranks in 1 3; do
    expect_refused "--bins" convert in.imzML out.zarr --bins 100 --bin-width 5mDa
    expect_refused "--max-mz" convert in.imzML out.zarr --min-mz 500 --max-mz 100
    expect_refused "--bins: '0'" convert in.imzML out.zarr --bins 0
    expect_refused "unknown value 'nearest' (did you mean 'nearest_neighbor'?)" \
        convert in.imzML out.zarr --interpolation-method nearest
done

# On a terminal "error:" is red, unless NO_COLOR says otherwise.
red=$(printf 'mzgrid: \033[1;31merror:\033[0m unknown option')
for setting in NO_COLOR= NO_COLOR=1 TERM=dumb; do
    last_run="$setting mzgrid --frobnicate, on a terminal"
    status=0
    : >"$err"
    env TERM=xterm "$setting" script -qec "'$MZGRID' --frobnicate" /dev/null >"$out" </dev/null || status=$?
    expect_status 2
    if [ "$setting" = NO_COLOR= ]; then
        expect_text "$out" "$red"
    else
        expect_text "$out" "mzgrid: error: unknown option"
    fi
done
