#!/bin/bash
# Places that the user may not read or write: one line that names the place, exit status 1, nothing left behind.
if [ "$(id -u)" = 0 ]; then
    # Permissions do not bind root: go on as nobody, with a copy of the program that nobody can reach.
    folder=$(mktemp -d "${TMPDIR:-/tmp}/mzgrid-nobody.XXXXXX")
    cp "$1" "$folder/mzgrid"
    chmod -R a+rX "$folder"
    cp -r "$(dirname "$0")/../support" "$(dirname "$0")/../faults" "$folder/"
    chown -R 65534:65534 "$folder"
    status=0
    HOME=$folder TMPDIR=$folder setpriv --reuid=65534 --regid=65534 --clear-groups \
        bash "$folder/faults/$(basename "$0")" "$folder/mzgrid" || status=$?
    rm -rf "$folder"
    exit $status
fi
source "$(dirname "$0")/../support/faults.sh"

closed=$work/closed
out=$work/out
mkdir "$closed" "$out"
generate "$work/sample.imzML" 12x10 centroid 100
chmod 555 "$closed"
convert=(convert "$work/sample.imzML" -q --threads 1 --streaming hdf5)

for ranks in 1 2 4; do
    begin_case "output in a folder that cannot be written, $ranks ranks"
    mzgrid $ranks "${convert[@]}" "$closed/out.zarr"
    expect_refusal 1 "$closed" '[Pp]ermission denied'
    expect_nothing "$closed"

    begin_case "temporary folder that cannot be written, $ranks ranks"
    mzgrid $ranks "${convert[@]}" "$out/out.zarr" --temp-dir "$closed"
    expect_refusal 1 "$closed" '[Pp]ermission denied'
    expect_nothing "$closed"
    expect_nothing "$out"

    begin_case "output in a folder that does not exist, $ranks ranks"
    mzgrid $ranks "${convert[@]}" "$out/missing/out.zarr"
    expect_refusal 1 "$out/missing" '[Nn]o such file or directory|not exist'
    expect_nothing "$out"

    begin_case "output in what is a file, $ranks ranks"
    mzgrid $ranks "${convert[@]}" "$work/sample.ibd/out.zarr"
    expect_refusal 1 "$work/sample.ibd" '[Nn]ot a directory'

    begin_case "ibd that cannot be read, $ranks ranks"
    chmod 000 "$work/sample.ibd"
    mzgrid $ranks "${convert[@]}" "$out/out.zarr"
    chmod 644 "$work/sample.ibd"
    expect_refusal 1 'sample\.ibd' '[Pp]ermission denied'
    expect_nothing "$out"

    begin_case "imzML that cannot be read, $ranks ranks"
    chmod 000 "$work/sample.imzML"
    mzgrid $ranks "${convert[@]}" "$out/out.zarr"
    chmod 644 "$work/sample.imzML"
    expect_refusal 1 'sample\.imzML' '[Pp]ermission denied'
    expect_nothing "$out"
done
chmod 755 "$closed"
finish
