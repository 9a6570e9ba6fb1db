#!/bin/bash
# Input and output that cannot be used: one clear line, exit status 1 or 2, nothing left behind, on any number of ranks.
. "$(dirname "$0")/lib.sh"

"$MZGRID" generate good.imzML --size 6x6 --points 30 -q
cp good.imzML alone.imzML
printf 'This is not XML at all.\n' >text.imzML
printf '<?xml version="1.0"?>\n<html><body>no spectra</body></html>\n' >other.imzML
: >empty.imzML
head -c 2000 good.imzML >short.imzML
for name in text other empty short; do
    cp good.ibd $name.ibd
done
cp good.imzML bare.imzML
: >bare.ibd
mkdir directory.imzML in_the_way.zarr
printf 'kept\n' >in_the_way.zarr/file
printf 'kept\n' >plain_file
mkdir store.zarr run.d waters.raw
: >store.zarr/zarr.json
: >run.d/analysis.tsf
: >waters.raw/_FUNC001.DAT
gzip -kc good.imzML >packed.imzML.gz
cp packed.imzML.gz packed.imzML
printf 'PK\003\004' >both.zip
printf '\001\241F\000i\000n\000n\000i\000g\000a\000n\000' >thermo.raw
: >run.mzML
before=$(find . | sort)

# expect_refused TEXT ARGUMENTS: an exit status of 1 or 2 and a line with TEXT in it, and the files are as before.
expect_refused() {
    local text=$1
    shift
    for ranks in ${only:-1 3}; do
        run $ranks "$@"
        check "exit status 1 or 2" [ "$status" = 1 -o "$status" = 2 ]
        expect_empty "$out"
        expect_error_line "$text"
        check "nothing left behind" [ "$(find . | sort)" = "$before" ]
    done
}

# The same on one rank, which is quicker.
expect_words() {
    only=1 expect_refused "$@"
}

expect_refused "missing.imzML" convert missing.imzML out.zarr
expect_refused "alone.ibd" convert alone.imzML out.zarr
expect_refused "text.imzML" convert text.imzML out.zarr
expect_refused "other.imzML" convert other.imzML out.zarr
expect_refused "empty.imzML" convert empty.imzML out.zarr
expect_refused "short.imzML" convert short.imzML out.zarr
expect_refused "bare.ibd" convert bare.imzML out.zarr
expect_refused "directory.imzML" convert directory.imzML out.zarr
expect_refused "in_the_way.zarr: it is a directory; give the .imzML file in it" convert in_the_way.zarr out.zarr
expect_refused "good.ibd: it is the binary half of a pair; give the .imzML beside it" convert good.ibd out.zarr
# What users take for an input, in words: what it is, and what to do.
expect_words "missing.imzML: cannot open: No such file or directory; look for a slip in the path, which counts from $PWD" \
    convert missing.imzML out.zarr
expect_words "missing: cannot open: No such file or directory; look for a slip in the path, which counts from" info missing
expect_words "/missing.imzML: cannot open: No such file or directory; look for a slip in the path" info /missing.imzML
expect_words "mzgrid reads files, not URLs; download the .imzML and the .ibd first" \
    convert https://example.org/a.imzML out.zarr
expect_words "give the path without file://" convert "file://$PWD/good.imzML" out.zarr
expect_words "only the shell knows '~'" convert '~/good.imzML' out.zarr
expect_words "store.zarr: it is a Zarr store; give the .imzML file that it was made from" convert store.zarr out.zarr
expect_words "run.d: it is raw data of Bruker; convert it to imzML first" convert run.d out.zarr
expect_words "waters.raw: it is raw data of Waters; convert it to imzML first" convert waters.raw out.zarr
expect_words "thermo.raw: it is raw data of Thermo; convert it to imzML first" convert thermo.raw out.zarr
expect_words "packed.imzML.gz: it is compressed by gzip; unpack it first (gunzip)" convert packed.imzML.gz out.zarr
expect_words "packed.imzML: not an imzML file: it is compressed by gzip" convert packed.imzML out.zarr
expect_words "both.zip: it is a zip archive; unpack it first (unzip)" convert both.zip out.zarr
expect_words "run.mzML: it is mzML, which has no positions" convert run.mzML out.zarr
expect_refused " of ms level 1, positive" convert good.imzML out.zarr --ms-level 2

expect_refused "in_the_way.zarr" convert good.imzML in_the_way.zarr
# Where --overwrite would not help, nobody is told to use it.
expect_words "in_the_way.zarr exists and is not a Zarr store: it is not replaced" convert good.imzML in_the_way.zarr
expect_words "store.zarr exists; use --overwrite to replace it" convert good.imzML store.zarr
expect_words "cannot be used: No such file or directory; make it first (mkdir -p)" convert good.imzML missing_directory/out.zarr
expect_refused "missing_directory" convert good.imzML missing_directory/out.zarr
expect_refused "plain_file" convert good.imzML plain_file/out.zarr
expect_refused "missing_directory" convert good.imzML out.zarr --keep-hdf5 --temp-dir missing_directory
expect_refused "plain_file is not a directory" convert good.imzML out.zarr --temp-dir plain_file
expect_refused "missing_directory/log" convert good.imzML out.zarr --log-file missing_directory/log
check "what was in the way is untouched" [ "$(cat in_the_way.zarr/file)" = kept ]

# What can be told from the options alone is in test_usage.sh; this axis can only be refused once the input is known.
expect_refused "2147483647" convert good.imzML out.zarr --bin-width 1e-9 -q

# Built with sanitizers, a process takes more than that before it reads a spectrum, and another check says so.
expect_refused "memory limit" convert good.imzML out.zarr --memory-limit 30M -q
run 1 convert good.imzML out.zarr --memory-limit 60M -q
expect_error_line "is too small: 1 rank, "

# Permissions do not hold root back: as root, another user tries.
chmod a+rx "$box" "$box/work"
cp good.imzML locked.imzML
cp good.ibd locked.ibd
mkdir locked open
chmod 000 locked.imzML
chmod 555 locked
chmod 777 open
before=$(find . | sort)
if [ "$(id -u)" != 0 ]; then
    expect_refused "locked.imzML: cannot open" convert locked.imzML open/out.zarr
    expect_refused "locked" convert good.imzML locked/out.zarr
elif setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$MZGRID"; then
    export HOME=$box
    as_nobody() {
        status=0
        # In an ASan build the leak check attaches to the program as a debugger does, which the kernel refuses it after
        # the change of user: it would crash at exit. The refusals above are checked for leaks.
        ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
            setpriv --reuid=65534 --regid=65534 --clear-groups "$MZGRID" "$@" >"$out" 2>"$err" || status=$?
        last_run="as nobody: mzgrid $*"
        expect_status 1
        check "nothing left behind" [ "$(find . | sort)" = "$before" ]
    }
    as_nobody convert locked.imzML open/out.zarr
    expect_error_line "locked.imzML"
    as_nobody convert good.imzML locked/out.zarr
    expect_error_line "locked"
fi
