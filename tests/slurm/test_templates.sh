#!/bin/bash
# Runs the job templates for real, in a SLURM of four virtual nodes on this host: the store that a job leaves is the
# one that a single rank makes, byte for byte.
source "$(dirname "$0")/../support/faults.sh"
source "$(dirname "$0")/../support/slurm.sh"

generate "$work/sample.imzML" 60x50 centroid 400
mzgrid 1 convert "$work/sample.imzML" "$work/alone.zarr" -q --bins 20000
[ $status = 0 ] || { cat "$work/stderr"; echo "cannot convert the sample"; exit 1; }

start_slurm 4

# submit NAME TEMPLATE OPTION...: one job, waited for; its store is that of a single rank.
submit() {
    local name=$1 template=$2
    shift 2
    begin_case "$name"
    timeout --kill-after=5 120 sbatch --wait --quiet --mem=0 --cpus-per-task=1 --ntasks-per-node=2 --time=5 \
        --output="$work/$name.log" "$@" "$house/jobs/$template" "$work/sample.imzML" "$work/$name.zarr" --chunk-size 100 --bins 20000
    status=$?
    sed 's/^/   /' "$work/$name.log"
    [ $status = 0 ] || fail "exit status $status"
    diff -r "$work/alone.zarr" "$work/$name.zarr" >"$work/difference" 2>&1 ||
        fail "the store differs: $(head -n 3 "$work/difference")"
}

submit one-node one-node.sbatch
submit one-of-many many-nodes.sbatch --nodes=1
submit two-nodes many-nodes.sbatch --nodes=2
submit four-nodes many-nodes.sbatch --nodes=4 --ntasks-per-node=1
LAUNCHER=mpirun submit one-node-mpirun one-node.sbatch
LAUNCHER=mpirun submit two-nodes-mpirun many-nodes.sbatch --nodes=2 --ntasks-per-node=1
mkdir "$work/scratch"
TEMP_DIR=$work/scratch submit one-node-scratch one-node.sbatch
rmdir "$work/scratch" || fail "files are left in TEMP_DIR"

# The store is made on a local disk, copied, and named last; the disk is left empty.
mkdir "$work/local"
SCRATCH=$work/local COPY_IN=yes submit local-disk scratch.sbatch
rmdir "$work/local" || fail "files are left on the local disk"
[ -e "$work/local-disk.zarr.run.json" ] || fail "the run record is missing"
begin_case "an output that exists is not replaced by a copy"
timeout 120 sbatch --wait --quiet --mem=0 --cpus-per-task=1 --time=5 --output="$work/exists.log" "$house/jobs/scratch.sbatch" \
    "$work/sample.imzML" "$work/local-disk.zarr"
status=$?
[ $status = 2 ] || fail "exit status $status, expected 2"
grep -q 'exists; remove it' "$work/exists.log" || fail "the log does not say that it exists"
diff -r "$work/alone.zarr" "$work/local-disk.zarr" >/dev/null || fail "the store changed"

begin_case "a scaling series ends in a table and a plot"
WEAK=synthetic:30x20:200 timeout 200 sbatch --wait --quiet --nodes=4 --ntasks-per-node=1 --cpus-per-task=1 --time=5 \
    --output="$work/scaling.log" "$house/jobs/scaling.sbatch" "$work/scaling" "$work/sample.imzML" --bins 20000
status=$?
[ $status = 0 ] || { cat "$work/scaling.log"; fail "exit status $status"; }
for series in strong weak; do
    for n in 1 2 4; do
        [ -e "$work/scaling/$series-$n-1.zarr.run.json" ] || fail "no run record of $n nodes of the $series series"
        [ "$(grep -o '"ranks": [0-9]*' "$work/scaling/$series-$n-1.zarr.run.json" | head -n 1)" = "\"ranks\": $n" ] ||
            fail "$series: not $n ranks"
    done
done
[ "$(grep -c '^| [124] |' "$work/scaling/scaling.md")" = 6 ] || fail "the table has not six rows"
grep -q '<polyline' "$work/scaling/scaling.svg" || fail "the plot has no line"
[ -z "$(find "$work/scaling" -name '*.zarr')" ] || fail "stores are left"

# Eight files of different ranges, one axis: the same columns, those of a conversion by hand.
begin_case "an array of eight files on one axis, three at once"
generate "$work/second.imzML" 20x20 profile 300
for i in 3 4 5 6 7 8; do
    for kind in imzML ibd; do ln "$work/second.$kind" "$work/copy$i.$kind"; done
done
printf '%s\n' "$work/sample.imzML" "$work/second.imzML" "$work"/copy?.imzML >"$work/list"
mzgrid 1 axis "$work/sample.imzML" "$work/second.imzML" -o "$work/axis.json" --mass-axis-type reflector_tof --bins 5000 -q
[ $status = 0 ] || fail "mzgrid axis: exit status $status"
timeout 120 sbatch --wait --quiet --mem=0 --cpus-per-task=1 --ntasks-per-node=1 --time=5 --array=1-8%3 \
    --output="$work/array-%a.log" "$house/jobs/array.sbatch" "$work/list" "$work/axis.json" "$work/array" --chunk-size 100
status=$?
[ $status = 0 ] || { cat "$work"/array-*.log; fail "exit status $status"; }
[ "$(find "$work/array" -maxdepth 1 -name '*.zarr' | wc -l)" = 8 ] || fail "not eight stores"
for name in sample second copy8; do
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
