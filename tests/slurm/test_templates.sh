#!/bin/bash
# Runs the job templates for real, in a SLURM of two virtual nodes on this host: the store that a job leaves is the
# one that a single rank makes, byte for byte.
source "$(dirname "$0")/../support/faults.sh"

house=$(cd "$(dirname "$0")/../.." && pwd)
sandbox=$house/scripts/slurm-sandbox
[ "$(id -u)" = 0 ] || skip "the SLURM sandbox needs root"
command -v slurmctld slurmd munged sbatch >/dev/null || skip "SLURM is not installed; scripts/setup --slurm installs it"

export MZGRID=$program SLURM_SANDBOX=$work/slurm
trap '"$sandbox" stop >/dev/null; rm -rf "$work"' EXIT
generate "$work/sample.imzML" 60x50 centroid 400
mzgrid 1 convert "$work/sample.imzML" "$work/alone.zarr" -q
[ $status = 0 ] || { cat "$work/stderr"; echo "cannot convert the sample"; exit 1; }

"$sandbox" start || exit 1
source "$SLURM_SANDBOX/env"

# submit NAME TEMPLATE OPTION...: one job, waited for; its store is that of a single rank.
submit() {
    local name=$1 template=$2
    shift 2
    begin_case "$name"
    timeout --kill-after=5 120 sbatch --wait --quiet --mem=0 --cpus-per-task=1 --ntasks-per-node=2 --time=5 \
        --output="$work/$name.log" "$@" "$house/jobs/$template" "$work/sample.imzML" "$work/$name.zarr" --chunk-size 100
    status=$?
    sed 's/^/   /' "$work/$name.log"
    [ $status = 0 ] || fail "exit status $status"
    diff -r "$work/alone.zarr" "$work/$name.zarr" >"$work/difference" 2>&1 ||
        fail "the store differs: $(head -n 3 "$work/difference")"
}

submit one-node one-node.sbatch
submit many-nodes many-nodes.sbatch --nodes=2
LAUNCHER=mpirun submit one-node-mpirun one-node.sbatch
mkdir "$work/scratch"
TEMP_DIR=$work/scratch submit one-node-scratch one-node.sbatch
rmdir "$work/scratch" || fail "files are left in TEMP_DIR"

# Two files of different ranges, one axis: the same columns, those of a conversion by hand.
begin_case "an array of files on one axis"
generate "$work/second.imzML" 20x20 profile 300
printf '%s\n' "$work/sample.imzML" "$work/second.imzML" >"$work/list"
mzgrid 1 axis "$work/sample.imzML" "$work/second.imzML" -o "$work/axis.json" --mass-axis-type reflector_tof --bins 5000 -q
[ $status = 0 ] || fail "mzgrid axis: exit status $status"
timeout 120 sbatch --wait --quiet --mem=0 --cpus-per-task=1 --ntasks-per-node=1 --time=5 --array=1-2 \
    --output="$work/array-%a.log" "$house/jobs/array.sbatch" "$work/list" "$work/axis.json" "$work/array" --chunk-size 100
status=$?
[ $status = 0 ] || { cat "$work"/array-*.log; fail "exit status $status"; }
for name in sample second; do
    mzgrid 1 convert "$work/$name.imzML" "$work/$name-alone.zarr" --mass-axis-file "$work/axis.json" --dataset-id "$name" -q
    diff -r "$work/$name-alone.zarr" "$work/array/$name.zarr" >"$work/difference" 2>&1 ||
        fail "$name: the store differs: $(head -n 3 "$work/difference")"
done

begin_case "the stores of an array become one"
mzgrid 2 merge "$work/array/sample.zarr" "$work/array/second.zarr" -o "$work/study.zarr" -q
[ $status = 0 ] || fail "exit status $status"
for name in sample second; do
    [ -e "$work/study.zarr/tables/${name}_z0" ] || fail "the table of $name is missing"
done

begin_case "a job that fails tells SLURM"
timeout 120 sbatch --wait --quiet --mem=0 --cpus-per-task=1 --ntasks-per-node=2 --nodes=2 --time=5 \
    --output="$work/failing.log" "$house/jobs/many-nodes.sbatch" "$work/missing.imzML" "$work/failing.zarr"
status=$?
[ $status = 1 ] || fail "exit status $status, expected 1"
grep -q 'missing\.imzML' "$work/failing.log" || fail "the log does not name the missing file"
[ ! -e "$work/failing.zarr" ] || fail "failing.zarr exists"
finish
