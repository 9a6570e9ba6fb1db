#!/bin/bash
# `mzgrid axis` on a full disk: the old file stays, and nothing bears a new one's name.
mounts=any
source "$(dirname "$0")/../support/faults.sh"

mount_disk 128k

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
