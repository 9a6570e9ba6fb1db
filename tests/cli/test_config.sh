#!/bin/bash
# Options from a file and from variables: which of them holds, where each comes from, and files that are none.
. "$(dirname "$0")/lib.sh"

# shown WANTED: --print-config shows these options, with where they come from, and no others.
shown() {
    expect_status 0
    expect_empty "$err"
    grep -v '^#\|^$\|^\[' "$out" | tr -s ' ' >"$box/shown"
    check "shows: $(printf '%s; ' "$@"), found: $(cat "$box/shown")" [ "$(printf '%s\n' "$@")" = "$(cat "$box/shown")" ]
}

cat >conf.toml <<'END'
threads = 2
memory_limit = "2 GB"
snr = 7 # convert and peaks take it
mz = "500"
[convert]
bin-width = "5 ppm"
layout = "csr"
overwrite = true
quiet = true
[image]
rgb = true
END
run 1 convert --print-config --config conf.toml
shown 'bin-width = "5 ppm" # conf.toml, line 6' 'layout = "csr" # conf.toml, line 7' 'overwrite = true # conf.toml, line 8' \
    'snr = 7 # conf.toml, line 3' 'memory-limit = "2 GB" # conf.toml, line 2' 'threads = 2 # conf.toml, line 1' \
    'quiet = true # conf.toml, line 9'
expect_text "$out" '# dtype = "float32" '
run 1 image --print-config --config conf.toml
shown 'mz = "500" # conf.toml, line 4' 'rgb = true # conf.toml, line 11'

# The command line before variables, variables before the file; with one of two that exclude each other the other goes.
export MZGRID_CONFIG=conf.toml MZGRID_LAYOUT=DENSE MZGRID_RESOLUTION=1e4 MZGRID_THREADS=
run 1 convert --print-config -v --no-overwrite --threads=1
shown 'resolution = 10000 # MZGRID_RESOLUTION' 'layout = "DENSE" # MZGRID_LAYOUT' 'overwrite = false # command line' \
    'snr = 7 # conf.toml, line 3' 'memory-limit = "2 GB" # conf.toml, line 2' 'threads = 1 # command line' \
    'verbose = 1 # command line'
cp "$out" again.toml
grep -v '^#\|^$' "$box/shown" | sed 's/ #.*//' >"$box/values"
unset MZGRID_CONFIG MZGRID_LAYOUT MZGRID_RESOLUTION MZGRID_THREADS

# What was printed says the same when it is read.
run 1 convert --print-config --config again.toml
expect_status 0
check "the same values" cmp -s "$box/values" <(grep -v '^#\|^$\|^\[' "$out" | tr -s ' ' | sed 's/ #.*//')
MZGRID_VERBOSE=2 run 1 convert --print-config --config again.toml
expect_text "$out" 'verbose = 2 '
MZGRID_PEAKS=off run 1 convert --print-config
expect_text "$out" 'peaks = false '

# The run has them, and its record says from where. Ranks that see another environment, or no file, do as rank 0.
"$MZGRID" generate in.imzML --size 6x6 --points 20 -q
mkdir elsewhere
printf 'bins = 150\n' >few.toml
launch=(mpirun -q --oversubscribe --bind-to none)
last_run="ranks that see other options than rank 0"
status=0
timeout 100 "${launch[@]}" -n 1 env MZGRID_LAYOUT=csr "$MZGRID" convert "$PWD/in.imzML" "$PWD/a.zarr" --config few.toml : \
    -n 1 --wdir "$PWD/elsewhere" env MZGRID_LAYOUT=dense MZGRID_BINS=7 "$MZGRID" convert "$PWD/in.imzML" "$PWD/a.zarr" \
    --config few.toml >"$out" 2>"$err" </dev/null || status=$?
expect_status 0
expect_text "$err" "bins       150"
expect_text a.zarr.run.json '"layout": "MZGRID_LAYOUT"'
expect_text a.zarr.run.json '"layout": "csr"'
expect_text a.zarr.run.json '"bins": "few.toml, line 1"'
run 1 convert in.imzML b.zarr -q --bins 150 --layout csr
check "the store of the same options" diff -r a.zarr b.zarr
run 2 convert in.imzML c.zarr --config elsewhere/none.toml
expect_status 1
expect_error_line "--config: elsewhere/none.toml: cannot open: No such file or directory"
rm -rf a.zarr* b.zarr*

# Mistakes: one sentence, with the line.
for ranks in 1 2; do
    printf '\n[convert]\nbin_with = 5\n' >bad.toml
    run $ranks convert in.imzML c.zarr --config bad.toml
    expect_usage_error "bad.toml, line 3: unknown option 'bin_with' of convert (did you mean 'bin-width'?)"
    MZGRID_STREAMING=hfd5 run $ranks convert in.imzML c.zarr
    expect_status 2
    expect_error_line "MZGRID_STREAMING: unknown value 'hfd5' (did you mean 'hdf5'?), expected one of"
    check "says where to look" grep -q "see 'mzgrid convert --print-config'$" "$err"
done
refused() {
    printf '%b\n' "$1" >bad.toml
    run 1 convert in.imzML c.zarr --config bad.toml
    expect_status 2
    expect_error_line "bad.toml, line $2"
}
refused '[covert]' "1: unknown command [covert] (did you mean [convert]?)"
refused 'threads = "4"' "1: threads is '4', expected a whole number, without quotes"
refused 'overwrite = "yes"' "1: overwrite is 'yes', expected true or false"
refused 'layout = 5' "1: layout is 5, expected a string in quotes"
refused 'bins = 0' "1: bins: '0' is not a whole number from 1"
refused 'bins = 1\nbins = 2' "2: bins a second time"
refused '[info]\n[convert]\n[info]' "3: [info] a second time"
refused '[info]\nbins = 1' "2: unknown option 'bins' of info"
refused '[image]\nmz = true\n' "2: mz is true, expected a string in quotes, or a number"
refused '[info]\ndecisions = true' "2: decisions can be given on the command line only"
refused 'temp-dir = ""' "1: temp-dir is empty"
refused 'config = "other.toml"' "1: unknown option 'config'"
MZGRID_OVERWRITE=maybe run 1 convert in.imzML c.zarr
expect_usage_error "MZGRID_OVERWRITE: 'maybe' is neither true nor false"
MZGRID_THREAD=4 MZGRID_PROGRAM=x run 1 info in.imzML
expect_status 0
expect_text "$err" "mzgrid: warning: the variable MZGRID_THREAD is no option (did you mean MZGRID_THREADS?)"
check "one warning" [ "$(wc -l <"$err")" = 1 ]

run 1 --config conf.toml convert in.imzML c.zarr
expect_usage_error "--config stands behind the command: mzgrid COMMAND --config"

# Files that are none.
mkfifo pipe
truncate -s 1G large
head -c 3000 /dev/urandom >binary
printf 'bins = 5\n' >secret
for file in /dev/zero:'is not a regular file' pipe:'is not a regular file' elsewhere:'is a directory' \
    large:'has 1073741824 bytes, expected a file of options of at most 1 MiB' binary:'is not text in UTF-8'; do
    run 1 convert in.imzML c.zarr --config "${file%%:*}"
    check "refused with status 1 or 2" [ "$status" = 1 -o "$status" = 2 ]
    expect_error_line "${file%%:*}: ${file#*:}"
done
if [ "$(id -u)" != 0 ]; then
    chmod 000 secret
    run 1 convert in.imzML c.zarr --config secret
    expect_error_line "secret: cannot open: Permission denied"
fi
printf '\xEF\xBB\xBFbins = 150\r\n[convert]\r\nlayout = "csr"\r\n' >windows.toml
run 1 convert --print-config --config windows.toml
shown 'bins = 150 # windows.toml, line 1' 'layout = "csr" # windows.toml, line 3'
check "no store" [ ! -e c.zarr ]
