#!/bin/bash
# The job templates for PBS and LSF, which cannot be had here: their bodies with the variables that these schedulers set,
# and what their directives ask for, against itself.
source "$(dirname "$0")/../support/faults.sh"
house=$(cd "$(dirname "$0")/../.." && pwd)
export MZGRID=$program MZGRID_JOBS=$house/jobs
unset SLURM_JOB_ID

mzgrid 1 convert synthetic:20x20:50 "$work/alone.zarr" -q
[ $status = 0 ] || { cat "$work/stderr"; echo "cannot convert the sample"; exit 1; }

# A mpirun that notes how it was called, and starts $RANKS ranks in its own way; one without MPI's help, to be quick.
mkdir "$work/bin"
real=$(command -v mpirun)
cat >"$work/bin/mpirun" <<END
#!/bin/bash
printf '%s\n' "\$*" >>"$work/called"
while [ "\$1" != "$program" ]; do shift; done
[ "\${RANKS-1}" != 1 ] || exec "\$@"
exec "$real" -q -n "\$RANKS" "\$@"
END
# An Open MPI with what \$COMPONENTS says.
printf '#!/bin/sh\nprintf "%%s\\n" $COMPONENTS\n' >"$work/bin/ompi_info"
# One environment module there is, if there are any at all.
mkdir -p "$work/lmod/init"
cat >"$work/lmod/init/bash" <<'END'
module() { [ "$*" = "load openmpi hdf5" ] && export LOADED=$unset_variable$*; }
END
chmod +x "$work/bin/"*
printf 'localhost\nlocalhost\n' >"$work/hosts"

# run TEMPLATE NAME=VALUE...: its body in a shell of the scheduler, which keeps little else. Leaves $status, $work/log and
# how mpirun was called, $called.
run() {
    local template=$1
    local -a environment=(INPUT=synthetic:20x20:50 OUTPUT="$work/out.zarr" OPTIONS="-q --overwrite" TEMP_DIR="$work")
    shift
    case $template in
    *.pbs) environment+=(PBS_JOBID=7.server PBS_O_WORKDIR="$work" PBS_NODEFILE="$work/hosts" OMP_NUM_THREADS=2) ;;
    *.lsf) environment+=(LSB_JOBID=7 LS_SUBCWD="$work" LSB_DJOB_HOSTFILE="$work/hosts") ;;
    esac
    rm -rf "$work/out.zarr" "$work/called"
    # Both run a copy in a folder of their own.
    cp "$house/jobs/$template" "$work/7.server.SC"
    (cd / && PATH=$work/bin:$PATH timeout --kill-after=5 60 env "${environment[@]}" "$@" bash "$work/7.server.SC") >"$work/log" 2>&1
    status=$?
    called=$(cat "$work/called" 2>/dev/null)
}

converts() {
    [ $status = 0 ] || { cat "$work/log"; fail "exit status $status"; }
    diff -r "$work/alone.zarr" "$work/out.zarr" >/dev/null || fail "the store differs"
}

has() {
    [[ " $called " = *" $1 "* ]] || fail "mpirun was called as '$called', without '$1'"
}

for template in one-node.pbs many-nodes.pbs one-node.lsf many-nodes.lsf; do
    begin_case "$template"
    run $template RANKS=2
    converts
    case $template in *.pbs) cores=2 ;; *) cores=4 ;; esac
    has "--map-by slot:PE=$cores --bind-to core"
    has "--threads $cores"
    # Open MPI of Debian, conda or PyPI does not ask the scheduler for the hosts.
    has "--hostfile $work/hosts"
done

begin_case "an Open MPI that asks the scheduler for the hosts"
run many-nodes.pbs COMPONENTS="mca:ras:simulator:version mca:ras:tm:version"
converts
[[ $called != *hostfile* ]] || fail "mpirun was called as '$called'"
run many-nodes.lsf COMPONENTS="mca:ras:lsf:version" THREADS=3
converts
[[ $called != *hostfile* ]] || fail "mpirun was called as '$called'"
has "--map-by slot:PE=3"
for flags in "--hostfile mine" "-q -H mine"; do
    run many-nodes.pbs MPIRUN_FLAGS="$flags"
    converts
    has "$flags"
    [[ $called != *"$work/hosts"* ]] || fail "mpirun was called as '$called'"
done

begin_case "modules, in a shell that has not the command"
run one-node.lsf MODULES="openmpi hdf5" LMOD_PKG="$work/lmod"
converts
run one-node.lsf MODULES="openmpi hdf6" LMOD_PKG="$work/lmod"
[ $status = 2 ] || fail "exit status $status of a module that is not there"
grep -q 'cannot be loaded: openmpi hdf6' "$work/log" || fail "the log is: $(cat "$work/log")"

begin_case "a container"
printf '#!/bin/sh\n[ "$1 $2" = "exec image.sif" ] && shift 2 && exec "$@"\n' >"$work/bin/apptainer"
chmod +x "$work/bin/apptainer"
run one-node.pbs CONTAINER=image.sif
converts
has "apptainer exec image.sif $program convert"

begin_case "no input"
run one-node.pbs INPUT=
[ $status != 0 ] || fail "exit status 0"
grep -q 'usage: qsub' "$work/log" || fail "the log is: $(cat "$work/log")"

# What is asked for is what is used: cores are ranks times threads, and the form is the manual's.
begin_case "directives"
for template in one-node.pbs many-nodes.pbs; do
    file=$house/jobs/$template
    [ "$(grep -c '^#PBS -l select=' "$file")" = 1 ] || fail "$template has not one select"
    if ! [[ $(sed -n 's/^#PBS -l select=//p' "$file") =~ ^[0-9]+:ncpus=([0-9]+):mpiprocs=([0-9]+):ompthreads=([0-9]+):mem=[0-9]+gb$ ]]; then
        fail "$template: $(grep select= "$file")"
    elif [ "${BASH_REMATCH[1]}" != $((BASH_REMATCH[2] * BASH_REMATCH[3])) ]; then
        fail "$template asks for ${BASH_REMATCH[1]} cores, and uses others"
    fi
    grep '^#PBS' "$file" | grep -vE '^#PBS -(N [A-Za-z][A-Za-z0-9_-]{0,14}|l select=.*|l walltime=[0-9]{2}:[0-9]{2}:[0-9]{2}|j oe|r y)$' &&
        fail "$template has a directive of an unknown form"
done
for template in one-node.lsf many-nodes.lsf; do
    file=$house/jobs/$template
    cores=$(sed -n 's/^#BSUB -R.*affinity\[core(\([0-9]*\))\].*/\1/p' "$file")
    [ -n "$cores" ] && grep -qF "THREADS=\${THREADS:-$cores}" "$file" || fail "$template: THREADS are not the $cores cores of a rank"
    grep '^#BSUB' "$file" | grep -vE '^#BSUB -(J [a-z]+|n [0-9]+|R "span\[(hosts|ptile)=1\] affinity\[core\([0-9]+\)\] rusage\[mem=[0-9]+GB\]"|W [0-9]+:[0-9]{2}|o mzgrid-%J\.log|r|wt 2 -wa TERM)$' &&
        fail "$template has a directive of an unknown form"
done

# The signal reaches the shell alone here, which has to hand it on. Both schedulers send it to mpirun and the ranks as well.
begin_case "the time limit"
run_long() {
    exec env PATH="$work/bin:$PATH" LSB_JOBID=7 LS_SUBCWD="$work" LSB_DJOB_HOSTFILE= INPUT=synthetic:2000x2000:1500 RANKS=2 \
        OUTPUT="$work/long.zarr" OPTIONS="--chunk-size 100 --bins 20000" THREADS=1 bash "$house/jobs/one-node.lsf"
}
run_long >"$work/log" 2>&1 &
shell=$!
for _ in $(seq 600); do
    ! compgen -G "$work/long.zarr.*.part" >/dev/null || break
    sleep .05
done
compgen -G "$work/long.zarr.*.part" >/dev/null || fail "nothing was written within 30 s"
kill $shell
wait $shell
[ $? = 4 ] || { cat "$work/log"; fail "the exit status is not 4"; }
grep -q 'bsub -W' "$work/log" || fail "the template did not name the limit: $(cat "$work/log")"
! compgen -G "$work/long.zarr*" >/dev/null || fail "left: $(echo "$work"/long.zarr*)"

finish
