#!/bin/sh
# Usage: own_jobs.sh COMMAND...
#
# Runs COMMAND with a directory of its own for Open MPI: the one that all jobs of a user share is removed by the last of
# them, at times while another one begins. Its path is short, for sockets lie in it.
#
# A test whose ranks are killed, as they are if one of them fails, leaves the socket of Criterion, which lies in /tmp and
# bears the number of its process: it is removed, too.
jobs=$(mktemp -d "${TMPDIR:-/tmp}/mzg-XXXXXX") || exit 1

# environment NUMBER TEXT: whether that process is at work and has TEXT in its environment.
environment() {
    grep -qsF -- "$2" "/proc/$1/environ"
}

remove_left() {
    for socket in $(find /tmp -maxdepth 1 -name 'criterion_*.sock' -user "$(id -u)" -newer "$jobs.begin" 2>/dev/null); do
        number=${socket#*_}
        number=${number%.sock}
        tries=0
        while [ $tries -lt 100 ] && environment "$number" "$jobs"; do # until the kernel is done with it
            sleep 0.05
            tries=$((tries + 1))
        done
        environment "$number" = || rm -f "$socket"
    done
    rm -rf "$jobs" "$jobs.begin"
}

: >"$jobs.begin"
trap remove_left EXIT
OMPI_MCA_orte_tmpdir_base=$jobs "$@"
