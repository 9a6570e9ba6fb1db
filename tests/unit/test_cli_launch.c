/* What the environment says of who started a process. */
#include <cli/launch.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const variables[] = {"OMPI_COMM_WORLD_RANK",
                                        "OMPI_COMM_WORLD_SIZE",
                                        "PMIX_RANK",
                                        "PMI_RANK",
                                        "PMI_SIZE",
                                        "SLURM_PROCID",
                                        "SLURM_STEP_NUM_TASKS",
                                        "SLURM_PTY_PORT",
                                        "OMPI_MCA_ess",
                                        "OMPI_MCA_ess_singleton_isolated"};

/* An environment of "NAME=VALUE NAME=VALUE ..." and nothing else of launchers. */
static struct mzg_launch launch_with(const char *text)
{
    char copy[256], *rest = NULL;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    strcpy(copy, text);
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');
        *value++ = '\0';
        setenv(word, value, 1);
    }
    return mzg_launch_read();
}

/* Whether such a process, which MPI takes for `size`, may work. */
static bool may_work(const char *text, int size)
{
    struct mzg_error err = {0};
    struct mzg_launch launch = launch_with(text);
    return mzg_launch_check(&launch, size, &err) == MZG_OK;
}

Test(launch, a_plain_process_is_alone)
{
    struct mzg_launch launch = launch_with("");
    cr_expect(not(launch.launched));
    cr_expect(eq(int, launch.rank, 0));
    cr_expect(eq(int, launch.size, 0));
    cr_expect(may_work("", 1));
}

Test(launch, ranks_and_sizes_are_known)
{
    struct mzg_launch launch = launch_with("OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=3 PMIX_RANK=1");
    cr_expect(launch.launched);
    cr_expect(eq(int, launch.rank, 1));
    cr_expect(eq(int, launch.size, 3));
    cr_expect(eq(int, launch_with("PMI_RANK=2 PMI_SIZE=4").rank, 2));
    cr_expect(eq(int, launch_with("PMIX_RANK=5").rank, 5));
    launch = launch_with("SLURM_PROCID=3 SLURM_STEP_NUM_TASKS=4");
    cr_expect(not(launch.launched));
    cr_expect(eq(int, launch.rank, 3));
}

Test(launch, processes_that_mpi_does_not_connect_are_refused)
{
    cr_expect(not(may_work("OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2", 1)));
    cr_expect(not(may_work("PMI_RANK=0 PMI_SIZE=2", 1)));
    cr_expect(not(may_work("PMIX_RANK=1", 1)));
    cr_expect(not(may_work("PMIX_RANK=0 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=2", 1)));
    cr_expect(not(may_work("SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=2", 1)));
}

Test(launch, what_only_looks_like_several_is_not_refused)
{
    cr_expect(may_work("OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=2", 2));
    cr_expect(may_work("SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=2", 2), "srun --mpi=pmix");
    cr_expect(may_work("SLURM_PROCID=0", 1), "a batch script");
    cr_expect(may_work("SLURM_STEP_NUM_TASKS=4", 1), "no process of a step");
    cr_expect(may_work("SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=4 SLURM_PTY_PORT=1", 1), "a terminal of srun");
    cr_expect(
        may_work("OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=1 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=2", 1),
        "mpirun -n 1, whose daemon srun started on each of two nodes");
    cr_expect(may_work("PMI_RANK=x PMI_SIZE=", 1), "no numbers");
}

Test(launch, only_a_process_that_nobody_launched_is_isolated)
{
    static const struct {
        const char *environment, *isolated; /* NULL: not set */
    } cases[] = {{"", "1"},
                 {"SLURM_PROCID=0", "1"},
                 {"PMIX_RANK=0", NULL},
                 {"OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=1", NULL},
                 {"OMPI_MCA_ess=singleton", NULL},
                 {"OMPI_MCA_ess_singleton_isolated=0", "0"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mzg_launch launch = launch_with(cases[i].environment);
        mzg_launch_alone(&launch);
        const char *found = getenv("OMPI_MCA_ess_singleton_isolated");
        const char *wanted = cases[i].isolated;
        cr_expect(eq(str, (char *)(found ? found : "not set"), (char *)(wanted ? wanted : "not set")), "%s",
                  cases[i].environment);
    }
}
