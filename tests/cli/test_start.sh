#!/bin/bash
# How mzgrid starts: which networks Open MPI looks for, by its own log; what starts no MPI; what is left of a process
# that is killed; processes that should be one job but of which each is alone.
. "$(dirname "$0")/lib.sh"

decide=(info --decisions synthetic:6x5:50) # starts MPI

# A process alone makes nothing below TMPDIR: Open MPI's directory there would be the same for all of them, and the first
# to end would take it from the others.
check "no directory of Open MPI" env -u OMPI_MCA_orte_tmpdir_base TMPDIR=/proc/nowhere "$MZGRID" "${decide[@]}" >/dev/null

unset OMPI_MCA_mtl OMPI_MCA_pml
export OMPI_MCA_mtl_base_verbose=10
for ranks in 1 2; do
    run $ranks "${decide[@]}"
    expect_status 0
    if ls /dev/infiniband/* /dev/hfi1* /dev/ipath* /dev/cxi* /dev/kgni* 2>/dev/null | grep -q .; then
        expect_text "$err" 'found loaded component psm2'
    else
        check "psm2 is not looked for" eval '! grep -q "component psm2" "$err"'
    fi

    export OMPI_MCA_mtl=psm2
    run $ranks "${decide[@]}"
    expect_status 0
    expect_text "$err" 'found loaded component psm2'
    unset OMPI_MCA_mtl

    # Open MPI would speak of its networks as above.
    for arguments in --version --help 'convert --help' 'info synthetic:6x5:50'; do
        run $ranks $arguments
        expect_status 0
        expect_empty "$err"
        cp "$out" "$box/$ranks-ranks"
        check "one rank prints" eval '[ $ranks = 1 ] || cmp -s "$box/1-ranks" "$out" || [ "$arguments" != "info synthetic:6x5:50" ]'
    done
    run $ranks no_such_command
    expect_usage_error "unknown command 'no_such_command'"
done
unset OMPI_MCA_mtl_base_verbose

# mpirun ends rank 0 once another has failed, however late rank 0 is: its sentence comes all the same.
last_run="on 2 ranks, of which rank 0 is late"
cat >"$box/late" <<'EOF'
#!/bin/sh
[ "$OMPI_COMM_WORLD_RANK" = 0 ] && sleep 0.2
exec "$@"
EOF
chmod +x "$box/late"
for arguments in no_such_command "convert" "info missing.imzML"; do
    mpirun -q --oversubscribe --bind-to none -n 2 "$box/late" "$MZGRID" $arguments >"$out" 2>"$err"
    check "one line for: $arguments" eval '[ "$(grep -c "^mzgrid: error: " "$err")" = 1 ]'
done

# A plain process has no helper that could outlive it. All that it starts is in its own session.
last_run="killed while it converts"
setsid "$MZGRID" convert synthetic:3000x3000:500 big.zarr -q --threads 1 --streaming hdf5 --progress none >"$out" 2>"$err" &
victim=$!
for _ in $(seq 1200); do
    ls -d big.zarr*.part >/dev/null 2>&1 && break
    sleep .05
done
check "it is at work" eval 'ls -d big.zarr*.part >/dev/null 2>&1'
check "it started no other process, found '$(pgrep -s $victim | tr '\n' ' ')'" [ "$(pgrep -s $victim)" = $victim ]
kill -KILL $victim
wait $victim 2>/dev/null
check "nothing is left, found '$(pgrep -s $victim | tr '\n' ' ')'" [ -z "$(pgrep -s $victim)" ]
rm -rf big.* .big.*

# Processes that a launcher started together, but that MPI does not connect.
for variables in 'SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=2' 'PMI_RANK=0 PMI_SIZE=2' \
    'OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2'; do
    status=0
    last_run="with $variables"
    env $variables "$MZGRID" convert synthetic:6x5:50 out.zarr -q >"$out" 2>"$err" </dev/null || status=$?
    expect_status 1
    expect_error_line 'srun --mpi=pmix'
    check "no output" [ ! -e out.zarr ]
done

# What is left of a job in the environment of a script inside it.
for variables in 'SLURM_PROCID=0 SLURM_JOB_ID=7 SLURM_NTASKS=4' 'OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=1'; do
    status=0
    last_run="with $variables"
    env $variables "$MZGRID" convert synthetic:6x5:50 out.zarr -q --overwrite >"$out" 2>"$err" </dev/null || status=$?
    expect_status 0
done
rm -rf out.zarr*
expect_no_files
