#!/bin/sh
# Usage: own_jobs.sh COMMAND...
#
# Runs COMMAND with a directory of its own for Open MPI: the one that all jobs of a user share is removed by the last of
# them, at times while another one begins. Its path is short, for sockets lie in it.
jobs=$(mktemp -d "${TMPDIR:-/tmp}/mzg-XXXXXX") || exit 1
trap 'rm -rf "$jobs"' EXIT
OMPI_MCA_orte_tmpdir_base=$jobs "$@"
