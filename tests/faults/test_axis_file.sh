#!/bin/bash
# `mzgrid axis` on a full disk: the old file stays, and nothing bears a new one's name.
if [ -z "${MZGRID_OWN_MOUNTS-}" ]; then
    export MZGRID_OWN_MOUNTS=1
    for way in --mount '--map-root-user --mount'; do
        unshare $way true 2>/dev/null && exec unshare $way bash "$0" "$@"
    done
    echo "skipped: needs root or user namespaces, to mount a small tmpfs"
    exit 77
fi
source "$(dirname "$0")/../support/faults.sh"

disk=$work/disk
mkdir "$disk"
mount -t tmpfs -o size=128k tmpfs "$disk" 2>/dev/null || skip "tmpfs cannot be mounted here"

begin_case "a disk that has space"
mzgrid 1 axis synthetic:9x9:50 -o "$disk/a.json" -q
[ $status = 0 ] || { cat "$work/stderr"; fail "exit status $status"; finish; }
before=$(sha256sum <"$disk/a.json")
dd if=/dev/zero of="$disk/filler" bs=1k 2>/dev/null

begin_case "the disk is full, an old file is there"
mzgrid 1 axis synthetic:9x9:50 -o "$disk/a.json" -q --overwrite --bins 5000
expect_refusal 1 "$disk" 'space'
[ "$(sha256sum <"$disk/a.json")" = "$before" ] || fail "the old axis file changed"

begin_case "the disk is full, a new file"
mzgrid 1 axis synthetic:9x9:50 -o "$disk/new.json" -q
expect_refusal 1 "$disk" 'space'
[ "$(ls "$disk" | tr '\n' ' ')" = "a.json filler " ] || fail "left behind: $(ls "$disk" | tr '\n' ' ')"
finish
