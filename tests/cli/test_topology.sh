#!/bin/bash
# mzgrid topology: where threads run, here and on a machine that is not here, and what convert says of the first mistake.
# What it tells is held against /proc while a conversion runs.
. "$(dirname "$0")/lib.sh"

# launched OPTIONS -- WORDS: mpirun with these options.
launched() {
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    last_run="mpirun ${options[*]} mzgrid $*"
    status=0
    timeout 100 mpirun -q "${options[@]}" "$MZGRID" "$@" >"$out" 2>"$err" </dev/null || status=$?
    sed -i '/^\[warn\] Epoll /d' "$err"
}

# Two sockets of eight cores with two hardware threads each: hwloc makes it up.
HWLOC_SYNTHETIC="pack:2 core:8 pu:2" run 2 topology -o two.svg
expect_status 0
expect_empty "$err"
expect_text "$out" "2 sockets, 16 cores, 32 hardware threads"
expect_text "$out" "    0: 0.0    1: 0.1 "
expect_text "$out" "15: 1.7"
expect_text "$out" "Nothing is wrong"
expect_text two.svg "<svg "
HWLOC_SYNTHETIC="pack:2 core:8 pu:2" run 1 topology --threads 20 -o one.png
expect_text "$out" "  ! rank 0: 20 threads share 16 cores; use fewer ranks, or --threads 16"
expect_text "$out" "  ! rank 0: threads on several sockets"
check "a picture" [ "$(head -c 4 one.png | tail -c 3)" = PNG ]
HWLOC_SYNTHETIC="pack:2 core:8 pu:2" run 3 topology --threads 4 --json
check "JSON" [ "$(grep -c '"rank": [012],' "$out")" = 3 ]
expect_text "$out" '"what": "idle"'
run 2 topology -o picture.pdf
expect_usage_error "-o: 'picture.pdf' does not end in .svg or .png"
run 1 topology -o two.svg
expect_status 1
expect_error_line "two.svg: exists already; --overwrite replaces it"
rm -f two.svg one.png

cores=$(nproc)
if [ "$cores" -ge 2 ] && taskset -c 0,1 true 2>/dev/null; then
    # The first mistake: mpirun gives a rank one core if nothing is said.
    launched --bind-to core -n 1 -- topology --threads 2
    expect_status 0
    expect_text "$out" "rank 0: 2 threads share 1 core, to which the launcher bound it"
    expect_text "$out" "--bind-to none"
    launched --bind-to core -n 1 -- convert synthetic:8x8:20 a.zarr -q --threads 2
    check "one line" [ "$(wc -l <"$err")" = 1 ]
    expect_text "$err" "mzgrid: warning: 2 threads of rank 0 share 1 core, to which mpirun bound it: start it with mpirun --bind-to none"
    launched --bind-to core -n 1 -- convert synthetic:8x8:20 a.zarr -q --overwrite
    check "one line" [ "$(wc -l <"$err")" = 1 ]
    expect_text "$err" "mzgrid: warning: mpirun bound each rank to one core"
    launched --bind-to none -n 1 -- convert synthetic:8x8:20 a.zarr -q --overwrite --threads 2
    expect_empty "$err"
    last_run="taskset -c 0 mzgrid convert --threads 2"
    taskset -c 0 "$MZGRID" convert synthetic:8x8:20 a.zarr -q --overwrite --threads 2 >"$out" 2>"$err"
    expect_text "$err" "mzgrid: warning: 2 threads of rank 0 share 1 core, to which the launcher bound it: give it 2 cores"

    # Where the main threads of two ranks run, by /proc and by topology.
    places_told() {
        launched "$@" -n 2 -- topology --threads 1 --json
        grep -oE '"hardware_threads": "[0-9-]+"' "$out" | grep -oE '[0-9]+' | sort | tr '\n' ' '
    }
    # Where they stay: not before the claim of the output, because hwloc looks at each core from that core.
    places_seen() {
        local job rank seen= tries=0
        mpirun -q --bind-to "$1" -n 2 "$MZGRID" convert synthetic:1000x1000:500:centroid:1:full "$1.zarr" -q --threads 1 \
            >"$out" 2>"$err" </dev/null &
        job=$!
        while [ $tries -lt 1200 ] && ! compgen -G "$1.zarr*.part" >/dev/null; do
            sleep 0.05
            tries=$((tries + 1))
        done
        for rank in $(pgrep -P "$job"); do
            seen+="$(grep -oP 'Cpus_allowed_list:\s*\K[0-9]+$' "/proc/$rank/status" 2>/dev/null) "
        done
        kill "$job" 2>/dev/null
        wait "$job"
        tr ' ' '\n' <<<"$seen" | grep . | sort | tr '\n' ' '
    }
    for policy in core socket none; do
        told=$(places_told --bind-to $policy)
        seen=$(places_seen $policy)
        last_run="--bind-to $policy"
        check "topology tells '$told', /proc '$seen'" [ -n "$told" -a "$told" = "$seen" ]
        check "two cores" [ "$(wc -w <<<"$told")" = 2 ]
    done
else
    echo "left out: binding, because there are fewer than 2 cores to bind to"
fi
