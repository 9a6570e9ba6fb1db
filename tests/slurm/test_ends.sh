#!/bin/bash
# Jobs that do not come to their end in SLURM: at the time limit, by scancel, on a node that goes down, and two jobs that
# share a temporary directory. Nothing half made stays, and the log says what happened.
# shellcheck disable=SC2154 # program, work and status come from there
source "$(dirname "$0")/../support/faults.sh"
source "$(dirname "$0")/../support/slurm.sh"

start_slurm 2

# Far more than a test has time for, in rounds of a moment.
long=synthetic:2000x2000:1500
mkdir "$work/out"

# send NAME OPTION...: submits one-node.sbatch, or $template, for $input into out/NAME.zarr; leaves its number in $job.
send() {
    local name=$1
    shift
    job=$(sbatch --parsable --mem=0 --cpus-per-task=1 --time=5 --output="$work/$name.log" "$@" \
        "$house/jobs/${template:-one-node.sbatch}" "${input:-$long}" "$work/out/$name.zarr" --chunk-size "${chunk:-200}" --bins 20000)
}

# await STATE...: until the job is in one of these states, two minutes at most.
await() {
    local now=
    for _ in $(seq 1200); do
        now=$(scontrol show job "$job" -o 2>/dev/null | grep -o 'JobState=[A-Z_]*' | cut -d = -f 2)
        case " $* " in *" $now "*) return ;; esac
        sleep .1
    done
    fail "job $job is $now, expected $*"
}

# streams NAME: until its store is under way.
streams() {
    for _ in $(seq 600); do
        ! compgen -G "$work/out/$1.zarr.*.part" >/dev/null || return 0
        sleep .1
    done
    fail "the conversion did not begin: $(cat "$work/$1.log")"
}

ended_by_signal() { # NAME
    sed 's/^/   /' "$work/$1.log" | grep -v 'plan:' | cut -c 1-300
    grep -q 'interrupted by SIG[A-Z0-9]* after .*; nothing was written' "$work/$1.log" || fail "mzgrid did not say how far it was"
    grep -q 'was told to stop before mzgrid was done' "$work/$1.log" || fail "the template did not name the limit"
    expect_nothing "$work/out"
}

# SLURM sends its signals up to a minute early, so that a minute's job is told at once.
for launcher in srun mpirun; do
    begin_case "the time limit, $launcher"
    LAUNCHER=$launcher send "limit-$launcher" --time=1 --signal=B:TERM@55
    await COMPLETED FAILED TIMEOUT CANCELLED
    [ "$(scontrol show job "$job" -o | grep -o ' ExitCode=[0-9:]*')" != " ExitCode=0:0" ] || fail "exit status 0"
    ended_by_signal "limit-$launcher"
done

begin_case "scancel"
send cancelled --ntasks-per-node=2
await RUNNING
streams cancelled
scancel "$job"
await CANCELLED
for _ in $(seq 600); do
    [ -n "$(find "$work/out" -mindepth 1 -print -quit)" ] || break
    sleep .1
done
expect_nothing "$work/out"

begin_case "a node that goes down, and the run that starts again"
input=synthetic:150x150:300
mzgrid 1 convert "$input" "$work/alone.zarr" -q --chunk-size 200 --bins 20000
# A thousand rounds: on a fast machine, too, the node goes down before the last one.
chunk=10 template=many-nodes.sbatch send down --nodes=2 --ntasks-per-node=1 --begin=now
await RUNNING
streams down
scontrol update NodeName=n2 State=DOWN Reason=test
await PENDING # SLURM lets a job wait two minutes before it starts again
scontrol update NodeName=n2 State=RESUME 2>/dev/null
scontrol update JobId="$job" StartTime=now
await COMPLETED
diff -r "$work/alone.zarr" "$work/out/down.zarr" >"$work/difference" 2>&1 || fail "the store differs: $(head -n 3 "$work/difference")"
for line in 'Node failure' 'is complete'; do
    grep -q "$line" "$work/down.log" || fail "the log lacks '$line'"
done
[ -z "$(find "$work/out" -maxdepth 1 -name '*.part' -o -maxdepth 1 -name '*.owner')" ] || fail "the first start left something"
rm -rf "$work"/out/*

begin_case "two jobs with outputs of one name share a temporary directory"
mkdir "$work/temp" "$work/out/a" "$work/out/b"
export TEMP_DIR=$work/temp
for folder in a b; do
    sbatch --quiet --mem=0 --cpus-per-task=1 --time=5 --output="$work/shared-$folder.log" "$house/jobs/one-node.sbatch" \
        "$input" "$work/out/$folder/same.zarr" --chunk-size 200 --bins 20000 --streaming hdf5
done
for _ in $(seq 1200); do
    [ -n "$(squeue -h)" ] || break
    sleep .1
done
for folder in a b; do
    diff -r "$work/alone.zarr" "$work/out/$folder/same.zarr" >"$work/difference" 2>&1 ||
        fail "$folder: the store differs: $(head -n 3 "$work/difference") $(cat "$work/shared-$folder.log")"
done
expect_nothing "$work/temp"
finish
