# What the scripts in tests/faults share; sourced with the program under test as $1. A script runs cases, each of which
# may note failures, and ends with `finish`. Exit status 77 is CTest's "skipped".
#
# A script that mounts something sets `mounts` before it sources this, and is then run in a mount namespace of its own,
# so that what it mounts is gone with it: `mounts=any` for a tmpfs, which a user namespace allows too, `mounts=root` for
# what only root may do, `mounts=if-root` if some cases can do without.
set -uo pipefail

if [ -n "${mounts-}" ] && [ -z "${MZGRID_OWN_MOUNTS-}" ]; then
    export MZGRID_OWN_MOUNTS=1
    ways=(--mount)
    [ "$mounts" != any ] || ways+=('--map-root-user --mount')
    for way in "${ways[@]}"; do
        unshare $way true 2>/dev/null && exec unshare $way bash "$0" "$@"
    done
    if [ "$mounts" != if-root ]; then
        echo "skipped: a small tmpfs cannot be mounted without root$([ "$mounts" != any ] || echo ' or user namespaces')"
        exit 77
    fi
fi

program=$(realpath "$1")
failures=0

if [ "$(id -u)" = 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1

work=$(mktemp -d "${TMPDIR:-/tmp}/mzgrid-faults.XXXXXX")
chmod 755 "$work"
trap 'end_started; umount "$work"/* 2>/dev/null; rm -rf "$work" "$jobs"' EXIT
jobs=$(mktemp -d "${TMPDIR:-/tmp}/mzg-XXXXXX")
export OMPI_MCA_orte_tmpdir_base=$jobs # see tests/support/own_jobs.sh

skip() {
    echo "skipped: $*"
    exit 77
}

# mount_disk SIZE: $disk is an empty disk of that size, a tmpfs.
mount_disk() {
    disk=$work/disk
    mkdir "$disk"
    mount -t tmpfs -o "size=$1" tmpfs "$disk" 2>/dev/null || skip "tmpfs cannot be mounted here"
}

# resize_disk KIB: changes its size; what is there stays.
resize_disk() {
    mount -o "remount,size=${1}k" "$disk"
}

# used_of_disk: how many KiB of it are in use.
used_of_disk() {
    df --output=used -k "$disk" | tail -n 1 | tr -d ' '
}

# fail TEXT: notes a failure of the current case.
fail() {
    echo "FAILED: $case: $*"
    failures=$((failures + 1))
}

begin_case() {
    case=$*
    echo "-- $case"
}

finish() {
    echo "$failures failures"
    [ $failures = 0 ]
    exit
}

# mzgrid RANKS ARGUMENT...: the program through mpirun, never longer than two minutes. Leaves $status and $work/stderr. The
# ranks leave together, so that mpirun need not wait for seconds before it ends those that it thinks are left.
mzgrid() {
    local ranks=$1
    shift
    OMPI_MCA_odls_base_sigkill_timeout=0 timeout --kill-after=5 120 mpirun -q -n "$ranks" "$program" "$@" </dev/null >"$work/stdout" 2>"$work/all"
    status=$?
    # When ranks end in a hurry, the event library of mpirun itself sometimes warns of a pipe that is gone.
    # Open MPI reports some failures of files by itself, too.
    grep -vE '^(\[warn\] Epoll |,?mca_)' "$work/all" >"$work/stderr"
}

# try_job COMMAND...: COMMAND runs mpirun by `watched`, with its standard error in $work/all, and leaves $status. It is
# run again if mpirun itself failed: two threads of that of Open MPI 4.1 meet in PMIx_server_finalize(), so that it hangs or
# crashes, about once in 60 times if all ranks have ended in a hurry. That says nothing of the program.
try_job() {
    local tries
    for tries in 1 2 3; do
        "$@"
        [ $status = 199 ] || grep -q PMIx_server_finalize "$work/all" || return 0
        echo "mpirun itself failed, and is started again"
    done
}

# watched COMMAND...: COMMAND, mpirun, for two minutes at most, then status 124; 199 if all ranks have ended and it has not
# ten seconds later.
watched() {
    local pid states seconds=0 ended=0 tenth
    "$@" &
    pid=$!
    while [ $seconds -lt 120 ] && [ $ended -lt 10 ]; do
        for tenth in {1..10}; do
            kill -0 $pid 2>/dev/null || { wait $pid 2>/dev/null; return; }
            sleep 0.1
        done
        seconds=$((seconds + 1))
        states=$(ps -o stat= --ppid $pid)
        [ -n "$states" ] && ! grep -qv '^Z' <<<"$states" && ended=$((ended + 1)) || ended=0
    done
    [ $ended -ge 10 ] || kill -TERM $pid
    [ $ended -ge 10 ] || sleep 5
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
    [ $ended -lt 10 ] || return 199
    return 124
}

# A test that wants a run at a certain point has it stop or end itself there, by the library that lets calls fail: how fast
# the machine is, and what else it does, then changes nothing.
#
# at CALL NUMBER HOW PARTS: leaves in $at what stands before a command, so that its NUMBER-th such call on a path with one
# of PARTS in it fails, stops the process or kills it. See tests/faults/shim/shim.h.
at() {
    [ -n "${FAULTS_SHIM-}" ] || skip "the library that lets calls fail is not built"
    at=(env LD_PRELOAD="$FAULTS_SHIM${LD_PRELOAD:+:$LD_PRELOAD}" MZG_FAULT_CALL="$1" MZG_FAULT_AT="$2" MZG_FAULT_AS="$3"
        MZG_FAULT_PATHS="$4")
}

# at_rank RANK CALL NUMBER HOW PARTS: the same for that rank of a job; $at stands before mpirun.
at_rank() {
    at "${@:2}"
    at=(env OMPI_MCA_mca_base_env_list="LD_PRELOAD=$FAULTS_SHIM" MZG_FAULT_RANK="$1" "${at[@]:2}")
}

# What is started beside a test, to be ended with it: a stopped process would stay for ever.
started=()
end_started() {
    local pid
    for pid in "${started[@]}"; do
        kill -KILL "$pid" 2>/dev/null
    done
}

# stopped PID: waits until that process, or one that it started, has stopped itself, which $stopped then is; two minutes at
# most. False if it ended instead.
stopped() {
    local pid state end=$((SECONDS + 120))
    while [ $SECONDS -lt $end ]; do
        for pid in "$1" $(pgrep -P "$1"); do
            state=$(sed -n 's/^State:\s*\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null)
            [ "$state" != T ] || { stopped=$pid; return 0; }
        done
        kill -0 "$1" 2>/dev/null || return 1
        sleep .01
    done
    return 1
}

# ended PID: waits for the end of that child, two minutes at most; the exit status is its own, of one that hangs 124.
ended() {
    timeout 120 tail --pid="$1" -s .02 -f /dev/null || { kill -KILL "$1"; wait "$1" 2>/dev/null; return 124; }
    wait "$1"
}

# $soon is the seconds in which a run that has failed ends: ten, or ten times what generate() took on a machine that is slow
# or has much else to do.
soon=10
generate() { # FILE SIZE KIND POINTS
    local begin=$SECONDS
    mzgrid 1 generate "$1" --size "$2" --kind "$3" --points "$4" --seed 1 -q
    [ $status = 0 ] || { cat "$work/stderr"; echo "cannot generate the sample"; exit 1; }
    [ $((10 * (SECONDS - begin))) -le $soon ] || soon=$((10 * (SECONDS - begin)))
}

# expect_refusal STATUS PATTERN...: that status, and one line on standard error, in which every pattern stands.
expect_refusal() {
    local wanted=$1 pattern lines
    shift
    lines=$(wc -l <"$work/stderr")
    [ $status = "$wanted" ] || fail "exit status $status, expected $wanted"
    [ "$lines" = 1 ] || fail "$lines lines on standard error, expected one"
    for pattern; do
        grep -qE -- "$pattern" "$work/stderr" || fail "the message does not say '$pattern'"
    done
    head -n 4 "$work/stderr" | cut -c 1-400 | sed 's/^/   /'
}

# expect_nothing FOLDER: it is empty.
expect_nothing() {
    local left
    left=$(find "$1" -mindepth 1 | head -n 5)
    [ -z "$left" ] || fail "left behind: $left"
    rm -rf "${1:?}"/*
}
