#!/bin/bash
# Signals: the ranks leave together, with one line, and nothing is left.
. "$(dirname "$0")/lib.sh"

unset OMPI_MCA_odls_base_sigkill_timeout # the ranks need the time that mpirun leaves them

"$MZGRID" generate in.imzML --size 60x60 --points 2000 --full -q

# stop_with SIGNAL RANKS: signals the ranks once the conversion streams, which it does slowly: a pixel a round.
stop_with() {
    local line
    launcher "$2"
    last_run="SIG$1 on $2 ranks"
    rm -f log
    # A shell starts what it puts in the background with SIGINT ignored.
    env --default-signal=INT "${launch[@]}" "$MZGRID" convert in.imzML out.zarr --chunk-size 1 --bins 100000 --log-file log -vv \
        >"$out" 2>/dev/null </dev/null &
    line=$!
    for _ in $(seq 200); do
        compgen -G "out.zarr.*.part" >/dev/null && [ -s log ] && break
        sleep 0.05
    done
    sleep 0.3
    # mpirun passes SIGUSR1 and SIGTERM on; alone, the process is mzgrid itself.
    kill -s "$1" $line
    status=0
    wait $line || status=$?
    grep ' mzgrid: error: ' log | sed 's/^[^ ]* //' >"$err"
    expect_status 4
    expect_error_line "nterrupted"
    rm -f log
    expect_files in.ibd in.imzML
}

for signal in INT TERM HUP USR1; do
    stop_with $signal 1
done
stop_with USR1 3

# Whatever else takes long. The signal may meet it at any point.
last_run="SIGINT to generate"
env --default-signal=INT "$MZGRID" generate big.imzML --size 200x200 --points 5000 --threads 1 >"$out" 2>"$err" </dev/null &
line=$!
for _ in $(seq 200); do
    compgen -G "big.imzML.*.ibd.part" >/dev/null && break
    sleep 0.05
done
kill -s INT $line
status=0
wait $line || status=$?
expect_status 4
expect_error_line "nterrupted"
expect_files in.ibd in.imzML
