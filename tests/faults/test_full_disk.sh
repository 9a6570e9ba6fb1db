#!/bin/bash
# A disk that runs full ends the run with one line that names the place and the space, and leaves nothing behind:
# wherever it happens, in staging, in the Zarr step or in the metadata, on any number of ranks.
#
# The disk is a small tmpfs, in a mount namespace of its own, so that it is gone with this process. The sizes follow
# from what a run that succeeds leaves there, so that the last of them lacks one page: the one for the last metadata.
mounts=any
source "$(dirname "$0")/../support/faults.sh"

mount_disk 512M
elsewhere=$work/elsewhere
mkdir "$elsewhere"

resize() { # KIB: an empty disk of that size
    rm -rf "${disk:?}"/*
    resize_disk "$1"
}

generate "$work/sample.imzML" 24x24 profile 800
convert=(convert "$work/sample.imzML" -q --threads 1 --streaming hdf5 --chunk-size 40)

begin_case "staging"
mzgrid 2 "${convert[@]}" "$elsewhere/out.zarr" --temp-dir "$disk" --keep-hdf5
[ $status = 0 ] || { cat "$work/stderr"; fail "the run without a fault failed"; finish; }
staged=$(used_of_disk)
rm -rf "$elsewhere"/*
for ranks in 1 2 4; do
    for percent in 0 1 40; do
        resize $((staged * percent / 100 / 4 * 4 + 4))
        begin_case "staging, $percent % of $staged KiB, $ranks ranks"
        mzgrid $ranks "${convert[@]}" "$elsewhere/out.zarr" --temp-dir "$disk"
        expect_refusal 1 "$disk" 'space' 'MB'
        expect_nothing "$disk"
        expect_nothing "$elsewhere"
    done
done

begin_case "store"
resize 524288
mzgrid 2 "${convert[@]}" "$disk/out.zarr" --temp-dir "$elsewhere"
[ $status = 0 ] || { cat "$work/stderr"; fail "the run without a fault failed"; finish; }
rm "$disk"/out.zarr.{run.json,report.html} # not part of the store: without space for them there is a warning
stored=$(used_of_disk)
for ranks in 1 2 4; do
    for size in $((stored / 40)) $((stored * 2 / 3)) $((stored - 64)) $((stored - 4)); do
        resize $((size / 4 * 4))
        begin_case "store, $size of $stored KiB, $ranks ranks"
        mzgrid $ranks "${convert[@]}" "$disk/out.zarr" --temp-dir "$elsewhere"
        expect_refusal 1 "$disk" 'space' 'MB'
        expect_nothing "$disk"
        expect_nothing "$elsewhere"
    done
    # One page short, it is the metadata, written last, that has no place.
    grep -q 'zarr\.json' "$work/stderr" || fail "the last page is not that of a zarr.json"
done

begin_case "a store that just fits"
resize $((stored + 64))
mzgrid 2 "${convert[@]}" "$disk/out.zarr" --temp-dir "$elsewhere"
[ $status = 0 ] || { cat "$work/stderr"; fail "exit status $status with $((stored + 64)) KiB"; }
[ -e "$disk/out.zarr/zarr.json" ] || fail "no store"

begin_case "an existing store stays when its replacement finds no space"
resize $((stored + stored / 2))
mzgrid 2 "${convert[@]}" "$disk/out.zarr" --temp-dir "$elsewhere"
find "$disk" -type f -exec sha256sum {} + | sort >"$work/before"
mzgrid 2 "${convert[@]}" "$disk/out.zarr" --temp-dir "$elsewhere" --overwrite
expect_refusal 1 "$disk" 'space'
find "$disk" -type f -exec sha256sum {} + | sort | cmp -s - "$work/before" || fail "the existing store changed"

begin_case "rows as they come"
resize 524288
direct=(convert "$work/sample.imzML" -q --threads 1 --streaming direct --chunk-size 40)
for layout in csr dense; do
    mzgrid 2 "${direct[@]}" "$disk/out.zarr" --layout $layout
    [ $status = 0 ] || { cat "$work/stderr"; fail "the run without a fault failed"; finish; }
    rm "$disk"/out.zarr.{run.json,report.html}
    stored=$(used_of_disk)
    for ranks in 1 4; do
        for size in $((stored / 10)) $((stored - 4)); do
            resize $((size / 4 * 4))
            begin_case "rows as they come, $layout, $size of $stored KiB, $ranks ranks"
            mzgrid $ranks "${direct[@]}" "$disk/out.zarr" --layout $layout
            expect_refusal 1 "$disk" 'space' 'MB'
            expect_nothing "$disk"
        done
    done
    resize 524288
done

begin_case "generate"
resize 400
mzgrid 2 generate "$disk/sample.imzML" --size 24x24 --kind profile --points 800 -q
expect_refusal 1 "$disk" 'space|full' 'free'
expect_nothing "$disk"

begin_case "an axis file stays when its replacement finds no space"
resize 64
mzgrid 1 axis "$work/sample.imzML" -o "$disk/axis.json" -q --bins 100
[ $status = 0 ] || { cat "$work/stderr"; fail "the run without a fault failed"; }
cp "$disk/axis.json" "$work/axis.json"
dd if=/dev/zero of="$disk/filler" bs=1k status=none 2>/dev/null
mzgrid 1 axis "$work/sample.imzML" -o "$disk/axis.json" -q --overwrite --bins 5000
expect_refusal 1 "$disk" 'space'
cmp -s "$disk/axis.json" "$work/axis.json" || fail "the axis file changed"
mzgrid 1 axis "$work/sample.imzML" -o "$disk/new.json" -q
expect_refusal 1 "$disk" 'space'
rm "$disk/axis.json" "$disk/filler"
expect_nothing "$disk"

begin_case "a log that finds no space"
resize 64
dd if=/dev/zero of="$disk/filler" bs=1k status=none 2>/dev/null
mzgrid 1 convert "$work/sample.imzML" -q --threads 1 "$elsewhere/out.zarr" --log-file "$disk/log"
[ $status = 0 ] || fail "exit status $status"
grep -q "warning: .*$disk/log: the log cannot be written any more: No space" "$work/stderr" || fail "not a word of the log"
rm -rf "$elsewhere"/*

begin_case "a file system that takes no more files"
rm -rf "${disk:?}"/*
mount -o remount,size=512M,nr_inodes=20 "$disk"
mzgrid 1 "${convert[@]}" "$disk/out.zarr" --temp-dir "$elsewhere"
expect_refusal 1 "$disk" 'no inodes left' 'MB are free'
expect_nothing "$disk"

finish
