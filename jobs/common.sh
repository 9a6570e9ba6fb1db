# What the job templates of this folder have in common. Sourced by them, not run.
#
# Settings from the environment, all optional (sbatch hands yours on; with qsub use -v, with bsub -env):
#   MZGRID        the program (default: mzgrid, from PATH)
#   MODULES       environment modules to load first, as in MODULES="openmpi hdf5": those that mzgrid was built with
#   CONTAINER     an image of Apptainer that holds mzgrid. The Open MPI of the host starts the ranks; the one in the
#                 image must be of the same major version. Apptainer shows the program your home, the folder of the job
#                 and /tmp; APPTAINER_BIND=/scratch,/data adds others, as input, output and TEMP_DIR need.
#   TEMP_DIR      where rows wait until all are resampled (default: beside the output). It needs about 8 bytes for each
#                 value of the result; `mzgrid convert --dry-run` says how much. Several nodes must all see it.
#   LAUNCHER      srun (default in a job of SLURM), or mpirun, as where Open MPI was built without PMIx
#   MPIRUN_FLAGS  more options of mpirun. If it knows nothing of PBS or LSF (`ompi_info | grep ' ras'` has neither tm nor
#                 lsf), it is given the job's list of hosts, and starts ranks on other nodes by ssh.
#
# shellcheck shell=bash
set -eu

mzg_die() {
    echo "${0##*/}: $*" >&2
    exit 2
}

# mzg_scheduler: in whose job this is.
mzg_scheduler() {
    if [ -n "${SLURM_JOB_ID-}" ]; then
        echo slurm
    elif [ -n "${PBS_JOBID-}" ]; then
        echo pbs
    elif [ -n "${LSB_JOBID-}" ]; then
        echo lsf
    else
        echo none
    fi
}

# The cores of each rank, as the scheduler gave them.
mzg_threads() {
    case $(mzg_scheduler) in
    slurm) echo "${SLURM_CPUS_PER_TASK:-1}" ;;
    pbs) echo "${OMP_NUM_THREADS:-1}" ;; # ompthreads= of the select line
    *) echo "${THREADS:-1}" ;;
    esac
}

# mzg_hostfile: the list of hosts that mpirun must be given, because it would not ask this scheduler. Without one all ranks
# would sit on the first node, as many as it has cores. None if MPIRUN_FLAGS name hosts.
mzg_hostfile() {
    local file='' component
    case " ${MPIRUN_FLAGS-} " in *' -H '* | *-host* | *-machinefile*) return 0 ;; esac
    case $(mzg_scheduler) in
    pbs) file=${PBS_NODEFILE-} component=tm ;;
    lsf) file=${LSB_DJOB_HOSTFILE-} component=lsf ;;
    esac
    [ -n "$file" ] && [ -r "$file" ] || return 0
    case $(ompi_info --parsable 2>/dev/null) in
    *mca:ras:$component:*) ;;
    *) echo "$file" ;;
    esac
}

# `module` is a function, which the shell of a job need not have.
mzg_load_modules() {
    local file
    set +u # it may use variables that are not set
    for file in "$LMOD_PKG/init/bash" "$MODULESHOME/init/bash" /etc/profile.d/lmod.sh /etc/profile.d/modules.sh; do
        ! type module >/dev/null 2>&1 || break
        # shellcheck disable=SC1090
        [ ! -r "$file" ] || . "$file" || true
    done
    type module >/dev/null 2>&1 || mzg_die "MODULES is '$MODULES', but this node has no command 'module'"
    # shellcheck disable=SC2086 # several names
    module load $MODULES || mzg_die "these modules cannot be loaded: $MODULES"
    set -u
}

# mzg_launch N_NODES COMMAND...: starts the ranks, on N_NODES of the job's nodes (0: on all of them), and gives back
# their exit status. A signal that reaches this shell is passed on as SIGUSR1, which srun and mpirun both hand to every
# rank; of SIGTERM mpirun kills the ranks a second after it told them.
mzg_launch() {
    local n_nodes=$1 threads hosts child status=0
    local -a launch
    shift
    [ -z "${MODULES-}" ] || mzg_load_modules
    threads=$(mzg_threads)
    case ${LAUNCHER:-$([ "$(mzg_scheduler)" = slurm ] && echo srun || echo mpirun)} in
    srun)
        # Of the two ways in which SLURM (seen with 22.05) lets ranks wait for each other at their start, the tree lets
        # some go too early: now and then, 1 in 75 times on two nodes, a rank dies of a message that it is not ready for.
        export SLURM_PMIX_FENCE=${SLURM_PMIX_FENCE:-ring}
        # srun does not take --cpus-per-task over from sbatch; a rank that dies ends the job.
        launch=(srun --mpi=pmix --cpus-per-task="$threads" --kill-on-bad-exit=1)
        [ "$n_nodes" = 0 ] || launch+=(--nodes="$n_nodes" --ntasks-per-node="${SLURM_NTASKS_PER_NODE:-1}"
            --ntasks=$((n_nodes * ${SLURM_NTASKS_PER_NODE:-1})))
        ;;
    mpirun)
        # Without a map all threads of a rank would share one core. Told to stop, ranks get 5 seconds to clean up.
        # So that mpirun adds nothing to what mzgrid says: its -q, which Open MPI 5 does not have.
        export OMPI_MCA_orte_execute_quiet=${OMPI_MCA_orte_execute_quiet-1}
        export PRTE_MCA_prte_execute_quiet=${PRTE_MCA_prte_execute_quiet-1}
        # shellcheck disable=SC2206 # options, apart at blanks
        launch=(mpirun --mca odls_base_sigkill_timeout 5 --map-by "slot:PE=$threads" --bind-to core ${MPIRUN_FLAGS-})
        hosts=$(mzg_hostfile)
        [ -z "$hosts" ] || launch+=(--hostfile "$hosts")
        [ "$n_nodes" = 0 ] || mzg_die "mpirun cannot be told to take some of the nodes; use LAUNCHER=srun"
        ;;
    *)
        mzg_die "LAUNCHER is '$LAUNCHER'; known are srun and mpirun"
        ;;
    esac
    [ -z "${CONTAINER-}" ] || launch+=(apptainer exec "$CONTAINER")

    "${launch[@]}" "$@" &
    child=$!
    trap 'kill -USR1 $child 2>/dev/null' TERM USR1 XCPU
    wait $child || status=$?
    while kill -0 $child 2>/dev/null; do # the signal ended the wait, and not the program
        status=0
        wait $child || status=$?
    done
    trap - TERM USR1 XCPU
    [ $status != 4 ] || mzg_tell_limit
    return $status
}

# Who looks at the log should see a time limit at once, and not take it for an input that cannot be read.
mzg_tell_limit() {
    local limit=
    case $(mzg_scheduler) in
    slurm) limit=$(squeue -h -j "$SLURM_JOB_ID" -o 'It ran for %M of %l. ' 2>/dev/null | head -n 1) ;;
    esac
    echo "${0##*/}: the job was told to stop before mzgrid was done: by its time limit, by a person, or because a node failed. $limit" \
        "Nothing is left of it, and the input is not to blame. mzgrid's message above says how far it was and how long" \
        "the phase takes in all; submit it again with more time (sbatch --time, qsub -l walltime, bsub -W) or more cores." >&2
}

# mzg_convert ARGUMENT...: mzgrid convert on all ranks of the job.
mzg_convert() {
    mzg_launch 0 "${MZGRID:-mzgrid}" convert "$@" --threads "$(mzg_threads)" ${TEMP_DIR:+--temp-dir "$TEMP_DIR"}
}
