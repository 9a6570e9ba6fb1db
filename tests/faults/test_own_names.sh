#!/bin/bash
# What stands under names near those of temporary files is never touched; links are not followed, pipes not waited for,
# and what the user names for a log or metrics is not the input, nor anything else that is dear.
source "$(dirname "$0")/../support/faults.sh"
cd "$work" || exit 1
sample=synthetic:9x9:50
mkdir clean
generate "$work/clean/in.imzML" 5x5 centroid 50

fresh() {
    begin_case "$*"
    cd "$work" || exit 1
    rm -rf case && mkdir -p case/precious case/temp
    cd case || exit 1
    cp ../clean/in.* .
    echo mine >precious/file
}

# run STATUS ARGUMENT...: the program by itself, at most a minute.
run() {
    local wanted=$1
    shift
    timeout 60 "$program" "$@" </dev/null >../stdout 2>../stderr
    status=$?
    [ $status = "$wanted" ] || fail "exit status $status, expected $wanted: $(cat ../stderr)"
    [ "$(cat precious/file)" = mine ] || fail "what a link leads to was changed"
    cmp -s in.imzML ../clean/in.imzML && cmp -s in.ibd ../clean/in.ibd || fail "the input was changed"
}

expect_kept() { # PATH...
    for path; do [ -e "$path" ] || [ -L "$path" ] || fail "$path is gone"; done
}

for extra in --dry-run "--streaming off" "--streaming direct --layout csr" "--streaming hdf5 --keep-hdf5"; do
    fresh "files of the user's near the output, $extra"
    names="out.zarr.part out.zarr.old out.h5ad.part out.h5ad.part.columns-0 out.zarr.run.json.part temp/out.h5ad.part"
    for name in $names; do echo mine >"$name"; done
    run 0 convert $sample out.zarr -q $extra --temp-dir temp
    run 0 convert $sample out.zarr -q $extra --overwrite
    expect_kept $names
    [ "$(cat $names | sort -u)" = mine ] || fail "a file was changed"
done

fresh "a store of the user's called out.zarr.old, --overwrite"
run 0 convert $sample out.zarr -q
cp -r out.zarr out.zarr.old && echo mine >out.zarr.old/thesis
run 0 convert $sample out.zarr -q --overwrite
expect_kept out.zarr.old/thesis

for name in out.h5ad.part out.h5ad.part.columns-0 out.zarr.run.json.part out.zarr.part; do
    fresh "a link $name"
    ln -s precious/file $name
    run 0 convert $sample out.zarr -q --streaming hdf5
    fresh "a pipe $name"
    mkfifo $name
    timeout 60 "$program" convert $sample out.zarr -q --streaming hdf5 2>../stderr
    [ $? != 124 ] || fail "waited for the reader of a pipe"
    expect_kept $name
done

# The run record takes its name only from a run record, the report only from a report.
for name in out.zarr.run.json out.zarr.report.html; do
    for extra in "" --overwrite --dry-run; do
        fresh "a file of the user's called $name $extra"
        echo mine >$name
        run 1 convert $sample out.zarr -q $extra
        [ "$(cat $name)" = mine ] || fail "the file was changed"
        [ ! -e out.zarr ] || fail "a store, though the run was refused"
        fresh "a link $name $extra"
        ln -s precious/file $name
        run 1 convert $sample out.zarr -q $extra
        expect_kept $name
        fresh "a pipe $name $extra"
        mkfifo $name
        run 1 convert $sample out.zarr -q $extra
        expect_kept $name
    done
done
fresh "what has the report's name stays if no report is wanted"
mkfifo out.zarr.report.html
run 0 convert $sample out.zarr -q --no-report
expect_kept out.zarr.report.html
fresh "the record of an earlier run"
run 0 convert $sample out.zarr -q
run 0 convert $sample out.zarr -q --overwrite
rm -r out.zarr
run 0 convert $sample out.zarr -q

fresh "modes"
umask 022
run 0 convert $sample out.zarr -q --keep-hdf5 --log-file log --metrics metrics
for name in out.h5ad out.zarr.run.json out.zarr.report.html log metrics; do
    [ "$(stat -c %a $name)" = 644 ] || fail "$name has mode $(stat -c %a $name)"
done
[ "$(stat -c %a out.zarr)" = 755 ] || fail "out.zarr has mode $(stat -c %a out.zarr)"

fresh "a kept file that cannot have its name"
mkdir out.h5ad
run 1 convert $sample out.zarr -q --keep-hdf5 --overwrite
[ ! -e out.zarr ] || fail "a store, though the run failed"

for option in --log-file --metrics; do
    for name in in.imzML in.ibd ./in.ibd out.zarr out.zarr/log; do
        fresh "$option $name"
        run 2 convert in.imzML out.zarr -q $option $name
        [ ! -e out.zarr ] || fail "the run went on"
    done
    fresh "$option is a pipe that nobody reads"
    mkfifo pipe
    run 1 convert $sample out.zarr -q $option pipe
    fresh "$option is a directory"
    run 1 convert $sample out.zarr -q $option precious
    fresh "$option is a device"
    run 0 convert $sample out.zarr -q $option /dev/null
done
fresh "--metrics is a file of something else"
run 1 convert $sample out.zarr -q --metrics precious/file
expect_kept precious/file
run 0 convert $sample out.zarr -q --metrics metrics
run 0 convert $sample out2.zarr -q --metrics metrics
[ "$(grep -c '"event":"run"' metrics)" = 1 ] || fail "metrics of an earlier run were not replaced"

fresh "mzgrid axis"
run 2 axis in.imzML -o in.imzML -q --overwrite
run 2 axis in.imzML -o in.ibd -q --overwrite
ln -s precious/file axis.json
run 1 axis in.imzML -o axis.json -q
run 0 axis in.imzML -o axis.json -q --overwrite

fresh "mzgrid generate"
ln -s precious/file new.imzML.part
ln -s precious/file new.ibd.part
run 0 generate new.imzML --size 3x3 -q
expect_kept new.imzML.part new.ibd.part new.imzML new.ibd
cd "$work" || exit 1
finish
