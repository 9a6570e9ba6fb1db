/*
 * What the program does with all ranks before and behind the work itself: options from elsewhere, log and
 * threads, where these run, which hosts took part, and synthetic data. One rank is denied memory or a file
 * (failing_calls.h): all ranks end with the same error, and nothing is left.
 */
#include <cli/job_places.h>
#include <cli/options.h>
#include <cli/prepare.h>
#include <cli/run_record.h>
#include <cli/sources.h>
#include <failing_calls.h>
#include <mpi_directory.h>
#include <synthetic/synthetic.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
    struct mzg_context context;
    char directory[256], path[300];
};

static void begin(struct fixture *f, const char *name)
{
    json_set_alloc_funcs(malloc, free); /* so that its memory is counted, too */
    *f = (struct fixture){0};
    begin_directory(&f->context, 2, f->directory);
    snprintf(f->path, sizeof f->path, "%s/%s", f->directory, name);
}

static void end(struct fixture *f)
{
    end_directory(&f->context, f->directory);
}

static const struct mzg_option options[] = {
    {.kind = MZG_OPTION_TEXT, .name = "bins"}, {.kind = MZG_OPTION_TEXT, .name = "region"}, {0}};
static const struct mzg_command command = {.name = "convert", .options = options};
static const struct mzg_command *const commands[] = {&command, NULL};

/* A file of options, and a variable, that rank 0 alone sees. */
static enum mzg_status try_to_add_sources(void *fixture, struct mzg_error *err)
{
    const struct fixture *f = fixture;
    struct mzg_arguments arguments = {.command = &command, .config = mpi_rank == 0 ? f->path : NULL};
    enum mzg_status status = mzg_sources_add(&f->context, commands, &arguments, err);
    end_failing();
    if (status == MZG_OK) {
        cr_expect(eq(int, arguments.n_given, 2));
        cr_expect(eq(str, (char *)arguments.given[0].text, "1:5"));
        cr_expect(eq(str, (char *)arguments.given[1].text, "100"));
    }
    mzg_arguments_destroy(&arguments);
    return status;
}

MPI_TEST(failing_program, that_cannot_take_options_from_elsewhere)
{
    struct fixture f;
    begin(&f, "options.toml");
    if (mpi_rank == 0) {
        FILE *file = fopen(f.path, "w");
        cr_assert_not_null(file);
        fputs("[convert]\nregion = \"1:5\"\n", file);
        cr_assert(eq(int, fclose(file), 0));
        setenv("MZGRID_BINS", "100", 1);
    }
    fail_on_both(MEMORY, 0, try_to_add_sources, &f, 2, 2);
    cr_expect(ge(long, fail_each_call(FILES, 0, 0, try_to_add_sources, &f), 1));
    end(&f);
}

static enum mzg_status try_to_prepare(void *fixture, struct mzg_error *err)
{
    const struct fixture *f = fixture;
    struct mzg_context own = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    enum mzg_status status = mzg_prepare(&own, MZG_LOG_ERROR, f->path, 2, err);
    end_failing();
    cr_expect(eq(int, own.pool != NULL, status == MZG_OK));
    mzg_pool_free(own.pool);
    mzg_log_free(own.log);
    return status;
}

MPI_TEST(failing_program, that_gets_neither_log_nor_threads)
{
    struct fixture f;
    begin(&f, "run.log");
    fail_on_both(MEMORY, 0, try_to_prepare, &f, 3, 3);
    cr_expect(ge(long, fail_each_call(THREADS, mpi_size - 1, 0, try_to_prepare, &f), 2));
    snprintf(f.path, sizeof f.path, "%s/none/run.log", f.directory); /* which only rank 0 opens */
    struct mzg_error err = {0};
    cr_expect(eq(int, (int)try_to_prepare(&f, &err), MZG_EIO));
    cr_expect_not_null(strstr(err.text, "none/run.log: cannot be written"), "%s", err.text);
    end(&f);
}

static enum mzg_status try_to_gather_places(void *fixture, struct mzg_error *err)
{
    const struct fixture *f = fixture;
    json_t *places = NULL;
    enum mzg_status status = mzg_places_gather(&f->context, true, &places, err);
    end_failing();
    cr_expect(eq(int, places != NULL, status == MZG_OK && mpi_rank == 0));
    if (places)
        cr_expect(eq(sz, json_array_size(places), (size_t)mpi_size));
    json_decref(places);
    return status;
}

MPI_TEST(failing_program, that_cannot_tell_where_its_threads_run)
{
    struct fixture f;
    begin(&f, "");
    fail_on_both(MEMORY, 20, try_to_gather_places, &f, 5, 5);
    end(&f);
}

static enum mzg_status try_to_gather_hosts(void *fixture, struct mzg_error *err)
{
    const struct fixture *f = fixture;
    json_t *hosts = NULL;
    enum mzg_status status = mzg_hosts_gather(&f->context, &hosts, err);
    end_failing();
    cr_expect(eq(int, hosts != NULL, status == MZG_OK && mpi_rank == 0));
    json_decref(hosts);
    return status;
}

/* Rank 0 alone makes the list; what went wrong on the last rank before that is told by all. */
MPI_TEST(failing_program, that_cannot_list_its_hosts)
{
    struct fixture f;
    struct mzg_error err = {0};
    begin(&f, "");
    if (mpi_rank == mpi_size - 1)
        mzg_fail(&err, MZG_EIO, "the last rank");
    cr_expect(eq(int, (int)try_to_gather_hosts(&f, &err), MZG_EIO));
    cr_expect(eq(str, err.text, "the last rank"));
    cr_expect(ge(long, fail_each_call(MEMORY, 0, 0, try_to_gather_hosts, &f), 3));
    end(&f);
}

static enum mzg_status try_to_generate(void *fixture, struct mzg_error *err)
{
    const struct fixture *f = fixture;
    const struct mzg_synthetic_options tissue = {
        .width = 6, .height = 4, .points = 40, .seed = 1, .full = true};
    enum mzg_status status = mzg_synthetic_write(&f->context, f->path, &tissue, err);
    end_failing();
    MPI_Barrier(MPI_COMM_WORLD);
    cr_expect(eq(int, path_exists(f->directory, "in.imzML"), status == MZG_OK), "%s", err->text);
    cr_expect(eq(int, path_exists(f->directory, "in.ibd"), status == MZG_OK), "%s", err->text);
    cr_expect(not(path_is_like(f->directory, "*.part")), "left after: %s", err->text);
    MPI_Barrier(MPI_COMM_WORLD);
    char ibd[300];
    snprintf(ibd, sizeof ibd, "%s/in.ibd", f->directory);
    if (mpi_rank == 0 && status == MZG_OK) {
        unlink(f->path);
        unlink(ibd);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    return status;
}

MPI_TEST(failing_program, that_cannot_write_synthetic_data)
{
    struct fixture f;
    begin(&f, "in.imzML");
    fail_on_both(MEMORY, 12, try_to_generate, &f, 5, 5);
    fail_on_both(FILES, 12, try_to_generate, &f, 2, 2);
    end(&f);
}
