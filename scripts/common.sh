# What the scripts share; sourced, never run. Each script starts in the top folder of the checkout.
#
# Settings, all optional:
#   PYTHON        the Python that makes the virtual environment (default: Debian's, /usr/bin/python3)
#   MZGRID_VENV   where that environment lies (default: .venv in the checkout)

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
root=$PWD
venv=${MZGRID_VENV:-$root/.venv}

# Without a terminal nothing may wait for an answer.
export DEBIAN_FRONTEND=noninteractive

say() {
    printf '%s\n' "$*"
}

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

is_root() {
    [ "$(id -u)" = 0 ]
}

# Open MPI refuses to start as root unless told twice. Containers often know no other user; on a machine with users
# the refusal is right, so mzgrid itself never sets these.
allow_mpi_as_root() {
    is_root || return 0
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    say "Note: running as root, as in a container: Open MPI is told to allow it (OMPI_ALLOW_RUN_AS_ROOT). On a"
    say "      machine with users, run this as an ordinary user."
}

# More ranks than cores must run too, and unbound, or ranks share one core. Open MPI 5 has no -q: the variables of
# versions 4 and 5 do the same.
mpirun_here() {
    OMPI_MCA_orte_execute_quiet=1 PRTE_MCA_prte_execute_quiet=1 mpirun --oversubscribe --bind-to none "$@"
}

cores() {
    nproc
}
