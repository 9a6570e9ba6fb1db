#!/bin/bash
# A directory that the nodes do not share, for the output or for temporary files: one line before the first pixel, on all
# ranks, and nothing left. Two nodes are one rank with a mount of its own at that place.
mounts=root
source "$(dirname "$0")/../support/faults.sh"
mkdir "$work/mounts" "$work/temp" "$work/out"
cat >"$work/rank" <<'END'
#!/bin/bash
# rank PLACE PROGRAM ARGUMENT...: on the last rank PLACE is a disk of its own.
place=$1
shift
if [ "$OMPI_COMM_WORLD_RANK" = $((OMPI_COMM_WORLD_SIZE - 1)) ]; then
    exec unshare --mount bash -c 'mount -t tmpfs tmpfs "$0" && exec "$@"' "$place" "$@"
fi
exec "$@"
END
chmod +x "$work/rank"

# Pixels for minutes: a run that begins with them is ended by the time limit.
for ranks in 2 3; do
    for place in temp out; do
        begin_case "$place is not shared, $ranks ranks"
        output=$work/out/out.zarr
        timeout --kill-after=5 40 mpirun -q -n $ranks "$work/rank" "$work/$place" "$program" convert \
            synthetic:3000x3000:2000 "$output" -q --threads 1 --streaming hdf5 --temp-dir "$work/temp" \
            --min-mz 200 --max-mz 1200 --bins 20000 </dev/null >"$work/stdout" 2>"$work/all"
        status=$?
        grep -v '^\[warn\] Epoll ' "$work/all" >"$work/stderr"
        expect_refusal 1 "rank $((ranks - 1)) on node" 'all nodes share' "$work/$place"
        expect_nothing "$work/temp"
        expect_nothing "$work/out"
    done
done
finish
