#!/bin/bash
# Signals: the ranks leave together, with one line, and nothing is left.
. "$(dirname "$0")/lib.sh"

unset OMPI_MCA_odls_base_sigkill_timeout # the ranks need the time that mpirun leaves them

# Longer than any machine needs before the signal comes.
endless=synthetic:1000x1000:500:centroid:1:full

# at_work PATTERN: until there is such a file, a minute at most.
at_work() {
    for _ in $(seq 1200); do
        ! compgen -G "$1" >/dev/null || return 0
        sleep 0.05
    done
    return 1
}

# stop_with SIGNAL RANKS: signals the ranks once the conversion streams, which it does slowly: a pixel a round.
stop_with() {
    local line
    launcher "$2"
    last_run="SIG$1 on $2 ranks"
    rm -f log
    # A shell starts what it puts in the background with SIGINT ignored.
    env --default-signal=INT "${launch[@]}" "$MZGRID" convert $endless out.zarr --chunk-size 1 --bins 100000 --log-file log -vv \
        >"$out" 2>/dev/null </dev/null &
    line=$!
    status=
    check "it is at work" at_work "out.zarr.*.part"
    for _ in $(seq 1200); do # the plan is the last that it tells before it streams
        ! grep -qs ' of disk free for them' log || break
        sleep 0.05
    done
    # mpirun passes SIGUSR1 and SIGTERM on; alone, the process is mzgrid itself.
    kill -s "$1" $line
    status=0
    wait $line || status=$?
    grep ' mzgrid: error: ' log | sed 's/^[^ ]* //' >"$err"
    expect_status 4
    expect_error_line "nterrupted"
    rm -f log
    expect_no_files
}

for signal in INT TERM HUP USR1; do
    stop_with $signal 1
done
stop_with USR1 3

# Whatever else takes long. The signal may meet it at any point.
last_run="SIGINT to generate"
stops=()
side=200 # without the shim the signal has to meet it at work, and 1.9 GB of disk are needed
[ -z "${FAULTS_SHIM-}" ] || side=40
[ -z "${FAULTS_SHIM-}" ] || stops=(LD_PRELOAD="$FAULTS_SHIM" MZG_FAULT_CALL=pwrite MZG_FAULT_AT=2 MZG_FAULT_AS=STOP MZG_FAULT_PATHS=.ibd.part)
env --default-signal=INT "${stops[@]}" "$MZGRID" generate big.imzML --size ${side}x$side --points 5000 --threads 1 >"$out" 2>"$err" </dev/null &
line=$!
status=
check "it is at work" at_work "big.imzML.*.ibd.part"
for _ in $(seq 1200); do
    [ -n "${FAULTS_SHIM-}" ] && ! grep -qs '^State:.T' "/proc/$line/status" || break
    sleep 0.05
done
kill -s INT $line
kill -s CONT $line
status=0
wait $line || status=$?
expect_status 4
expect_error_line "nterrupted"
expect_no_files
