#include <cli/launch.h>
#include <cli/versions.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { MOST_ANCESTORS = 64 };

/* Of one launcher. Where several stand, as inside a step of SLURM in which mpirun starts ranks, the innermost
 * holds, which are the first. */
struct traces {
    const char *rank, *size; /* variables; NULL: it has none */
    bool connects;           /* with others; SLURM alone does not */
};

static const struct traces launchers[] = {
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", true}, /* mpirun of Open MPI */
    {"PMIX_RANK", NULL, true},                              /* any with PMIx, as srun --mpi=pmix */
    {"PMI_RANK", "PMI_SIZE", true},                         /* MPICH and its like, srun --mpi=pmi2 */
    {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", false},        /* srun */
};

/* The number in a variable; -1 if it holds none. */
static int number_of(const char *variable)
{
    const char *text = variable ? getenv(variable) : NULL;
    if (!text || text[0] < '0' || text[0] > '9')
        return -1;
    char *end;
    long number = strtol(text, &end, 10);
    return *end == '\0' && number <= INT_MAX ? (int)number : -1;
}

struct mzg_launch mzg_launch_read(void)
{
    struct mzg_launch launch = {0};
    bool has_rank = false;
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
        int rank = number_of(launchers[i].rank), size = number_of(launchers[i].size);
        if (rank < 0)
            continue;
        if (!has_rank)
            launch.rank = rank;
        has_rank = true;
        launch.launched = launch.launched || launchers[i].connects;
        if (!launch.by && size > 0) {
            launch.size = size;
            launch.by = launchers[i].size;
        }
    }
    /* In a terminal that srun opened only the first task does anything. */
    if (launch.by && strcmp(launch.by, "SLURM_STEP_NUM_TASKS") == 0 && getenv("SLURM_PTY_PORT")) {
        launch.size = 0;
        launch.by = NULL;
    }
    return launch;
}

void mzg_launch_alone(const struct mzg_launch *launch)
{
    if (launch->launched || getenv("OMPI_MCA_ess"))
        return;
    setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
    /* All isolated processes of a user have one directory of that name below TMPDIR: when one ends it takes
     * it away from another that begins. A process alone needs none. */
    setenv("OMPI_MCA_orte_create_session_dirs", "0", 0);
}

/* Name and parent of a process; false if it cannot be seen. */
static bool look_at(pid_t process, char name[static 64], pid_t *parent)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)process);
    FILE *file = fopen(path, "r");
    int number = 0;
    bool known = file && fscanf(file, "%*d (%63[^)]) %*c %d", name, &number) == 2;
    if (file)
        fclose(file);
    *parent = (pid_t)number;
    return known;
}

static bool starts_ranks(const char *name)
{
    static const char *const names[] = {"mpirun",  "mpiexec", "orterun",    "orted", "prun",
                                        "prterun", "prted",   "slurmstepd", "hydra"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* Whether this process numbers its own processes, and was started from outside. */
static bool is_apart(void)
{
    static const char first[] = "pid:[4026531836]"; /* the namespace of the machine itself */
    char name[64] = "", link[64] = "";
    if (getppid() == 0)
        return true;
    if (readlink("/proc/self/ns/pid", link, sizeof link - 1) < 0 || strcmp(link, first) == 0)
        return false;
    pid_t parent = getppid();
    for (int i = 0; i < MOST_ANCESTORS && parent > 0; i++) {
        pid_t process = parent;
        if (!look_at(process, name, &parent) || starts_ranks(name))
            return false;
    }
    return true;
}

enum mzg_status mzg_launch_check_numbers(const struct mzg_launch *launch, struct mzg_error *err)
{
    if (!launch->launched || launch->size == 1 || getenv("OMPI_MCA_btl") || !is_apart())
        return MZG_OK;
    return mzg_fail(err, MZG_EIO,
                    "the ranks run in PID namespaces of their own, as containers have, and Open MPI would "
                    "confuse their memory and crash; let them share one, as 'docker run "
                    "--pid=host' or apptainer without --pid do, or start mpirun inside one container");
}

enum mzg_status mzg_launch_check(const struct mzg_launch *launch, int size, struct mzg_error *err)
{
    if (size > 1 || (launch->size <= 1 && launch->rank == 0))
        return MZG_OK;
    struct mzg_library libraries[MZG_LIBRARIES];
    mzg_version_libraries(libraries);
    const struct mzg_library *mpi = &libraries[0];
    if (!launch->by)
        return mzg_fail(
            err, MZG_EIO,
            "PMIX_RANK says that this is process %d of several, but MPI connects it with none: "
            "each would do all of the work; use 'srun --mpi=pmix', or mpirun of %s %s, with which this "
            "mzgrid runs, or build mzgrid with the MPI of this launcher",
            launch->rank, mpi->name, mpi->version);
    return mzg_fail(err, MZG_EIO,
                    "%d processes were started (%s), but MPI connects none of them: each would do all of the "
                    "work; use 'srun --mpi=pmix', or mpirun of %s %s, with which this mzgrid runs, or build "
                    "mzgrid with the MPI of this launcher; if each has an input of its own, unset %s",
                    launch->size, launch->by, mpi->name, mpi->version, launch->by);
}
