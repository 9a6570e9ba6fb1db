#!/bin/bash
# A limit on the size of files (`ulimit -f`) is told as what it is. Its signal would end the run without a word.
source "$(dirname "$0")/../support/faults.sh"

out=$work/out
mkdir "$out"
limited=$work/limited
printf '#!/bin/bash\nulimit -f "$1"; shift; exec "%s" "$@"\n' "$program" >"$limited"
chmod +x "$limited"
mzgrid=$program
for ranks in 1 2; do
    for mode in off hdf5 direct; do
        for kib in 400 1200; do
            begin_case "files of at most $kib KiB, --streaming $mode, $ranks ranks"
            layout=csc
            [ $mode = direct ] && layout=csr
            program=$limited mzgrid $ranks $kib convert synthetic:150x150:400 "$out/out.zarr" -q --threads 1 \
                --streaming $mode --layout $layout
            program=$mzgrid
            # Rows in memory that ranks share lie in a file, too, that has no name.
            [ $mode = off ] && [ $ranks -gt 1 ] && place=rows || place=$out
            expect_refusal 1 "$place" '[Ff]ile too large|limit'
            expect_nothing "$out"
        done
    done
done
finish
