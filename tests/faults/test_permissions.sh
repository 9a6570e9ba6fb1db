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

# Stores that may only be read.
for name in a b; do
    "$program" convert synthetic:9x7:150 "$out/$name.zarr" --threads 1 -q || fail "cannot make a store"
done
rm "$out"/*.run.json
cp -r "$out/a.zarr" "$work/before.zarr"
merge=(merge "$out/a.zarr" "$out/b.zarr" --rename '*={sample}_{name}' -q --threads 1)
for ranks in 1 2; do
    for files in 'a store' 'all in a store' 'the folder of a store'; do
        begin_case "peaks, $files cannot be written, $ranks ranks"
        case $files in
        'a store') chmod 555 "$out/a.zarr" ;;
        'all in a store') chmod -R a-w "$out/a.zarr" ;;
        *) chmod 555 "$out" ;;
        esac
        mzgrid $ranks peaks "$out/a.zarr" --snr 2 -q --threads 1
        chmod 755 "$out"
        chmod -R u+w "$out/a.zarr"
        expect_refusal 1 "$out" 'cannot be written to|[Pp]ermission denied'
        diff -rq "$out/a.zarr" "$work/before.zarr" || fail "the store changed"
        [ "$(ls "$out")" = $'a.zarr\na.zarr.report.html\nb.zarr\nb.zarr.report.html' ] || fail "left: $(ls "$out")"
    done

    begin_case "merge into a folder that cannot be written, $ranks ranks"
    mzgrid $ranks "${merge[@]}" -o "$closed/study.zarr"
    expect_refusal 1 "$closed" '[Pp]ermission denied'
    expect_nothing "$closed"

    begin_case "stores that cannot be written are merged, $ranks ranks"
    chmod -R a-w "$out/a.zarr" "$out/b.zarr"
    mzgrid $ranks "${merge[@]}" --concat -o "$work/study.zarr"
    [ $status = 0 ] || { cat "$work/stderr"; fail "exit status $status"; }
    chmod -R u+w "$out/a.zarr" "$out/b.zarr"
    diff -rq "$out/a.zarr" "$work/before.zarr" || fail "the store changed"
    [ -d "$work/study.zarr/tables/all_samples" ] || fail "there is no table of all samples"
    rm -rf "$work/study.zarr" || fail "what was merged cannot be removed"
done
chmod 755 "$closed"
finish
