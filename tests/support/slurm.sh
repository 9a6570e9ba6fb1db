# What the scripts in tests/slurm share; sourced after faults.sh: a SLURM of its own for the test, of `nodes` virtual nodes
# of `cpus` CPUs, that ends with it. $house is the checkout, $MZGRID the program for the templates.
house=$(cd "$(dirname "$0")/../.." && pwd)
sandbox=$house/scripts/slurm-sandbox
[ "$(id -u)" = 0 ] || skip "the SLURM sandbox needs root"
for needed in slurmctld slurmd munged sbatch srun; do
    command -v $needed >/dev/null || skip "SLURM is not installed; scripts/setup --slurm installs it"
done
export MZGRID=$program

# start_slurm NODES: starts it.
start_slurm() {
    export SLURM_SANDBOX=$work/slurm SLURM_SANDBOX_NODES=$1 SLURM_SANDBOX_CPUS=2
    trap '"$sandbox" stop >/dev/null; rm -rf "$work" "$jobs"' EXIT
    "$sandbox" start || exit 1
    source "$SLURM_SANDBOX/env"
}
