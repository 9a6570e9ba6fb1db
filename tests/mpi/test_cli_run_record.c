/* The run record: what it holds, and that it appears complete or not at all. */
#include <cli/options.h>
#include <cli/run_record.h>
#include <core/context.h>
#include <core/pool.h>

#include <fcntl.h>
#include <glob.h>
#include <mpi_test.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct mzg_option bins = {.kind = MZG_OPTION_TEXT, .name = "bins"};
static const struct mzg_option strict = {.kind = MZG_OPTION_FLAG, .name = "strict"};

/* A record made of known numbers, by all ranks; rank 0 gets it. */
static json_t *make_record(void)
{
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    struct mzg_error err = {0};
    mzg_pool_new(MPI_COMM_WORLD, 2, &context.pool, &err);
    json_t *hosts = NULL;
    cr_expect(eq(int, mzg_hosts_gather(&context, &hosts, &err), MZG_OK));
    mzg_pool_free(context.pool);
    cr_expect(eq(int, hosts != NULL, mpi_rank == 0));
    if (mpi_rank != 0)
        return NULL;

    char *argv[] = {"mzgrid", "convert", "in", "out\xff"};
    struct mzg_argument given[] = {{.option = &bins, .text = "100", .place = "MZGRID_BINS"},
                                   {.option = &strict, .origin = MZG_FROM_COMMAND_LINE}};
    struct mzg_arguments arguments = {
        .argc = 4, .argv = argv, .n_given = 2, .given = given, .operands = {"in", "out\xff"}};
    struct mzg_convert_outcome outcome = {.pixels = 90,
                                          .skipped = 3,
                                          .skipped_too_many = true,
                                          .bins = 100,
                                          .non_zeros = 5000000000,
                                          .seconds = 2.5,
                                          .seconds_finish = 0.25};
    json_t *record = mzg_run_record_new(&context, &arguments, 86400, hosts, &outcome);
    json_decref(hosts);
    return record;
}

static json_int_t integer_at(const json_t *record, const char *object, const char *name)
{
    return json_integer_value(json_object_get(json_object_get(record, object), name));
}

MPI_TEST(cli_run_record, holds_what_was_asked_and_what_came_of_it)
{
    json_t *record = make_record();
    if (mpi_rank != 0)
        return;
    cr_assert(record != NULL);
    cr_expect(eq(i64, integer_at(record, "report", "pixels"), 90));
    cr_expect(eq(i64, integer_at(record, "report", "non_zeros"), 5000000000));
    cr_expect(
        eq(int, json_is_true(json_object_get(json_object_get(record, "report"), "skipped_too_many")), 1));
    const json_t *seconds = json_object_get(json_object_get(record, "report"), "seconds");
    cr_expect(eq(dbl, json_real_value(json_object_get(seconds, "total")), 2.5));
    cr_expect(eq(dbl, json_real_value(json_object_get(seconds, "finish")), 0.25));

    cr_expect(eq(str, (char *)json_string_value(json_object_get(record, "started")), "1970-01-02T00:00:00Z"));
    cr_expect(eq(str, (char *)json_string_value(json_object_get(record, "output")), "out\\xff"));
    cr_expect(eq(i64, (int64_t)json_array_size(json_object_get(record, "command_line")), 4));
    const json_t *options = json_object_get(record, "options");
    cr_expect(eq(str, (char *)json_string_value(json_object_get(options, "bins")), "100"));
    cr_expect(eq(int, json_is_true(json_object_get(options, "strict")), 1));
    const json_t *from = json_object_get(record, "options_from");
    cr_expect(eq(str, (char *)json_string_value(json_object_get(from, "bins")), "MZGRID_BINS"));
    cr_expect(eq(str, (char *)json_string_value(json_object_get(from, "strict")), "command line"));

    json_int_t ranks = 0, threads = 0;
    const char *host;
    json_t *place;
    json_object_foreach(json_object_get(record, "hosts"), host, place)
    {
        ranks += json_integer_value(json_object_get(place, "ranks"));
        threads += json_integer_value(json_object_get(place, "threads"));
    }
    cr_expect(eq(i64, ranks, mpi_size));
    cr_expect(eq(i64, threads, 2 * mpi_size));
    json_decref(record);
}

MPI_TEST(cli_run_record, replaces_a_file_or_leaves_it_alone)
{
    json_t *record = make_record();
    if (mpi_rank != 0)
        return;
    char directory[] = "/tmp/test_cli_run_record_XXXXXX";
    cr_assert(mkdtemp(directory) != NULL);
    char path[64], part[64];
    glob_t found;
    snprintf(path, sizeof path, "%s/out.run.json", directory);
    snprintf(part, sizeof part, "%s/out.run.json.*.part", directory);
    close(open(path, O_CREAT | O_WRONLY, 0600));

    struct mzg_error err = {0};
    cr_expect(eq(int, mzg_run_record_write(path, record, &err), MZG_OK), "%s", err.text);
    json_t *read = json_load_file(path, 0, NULL);
    cr_expect(eq(int, json_equal(read, record), 1));
    cr_expect(eq(int, glob(part, 0, NULL, &found), GLOB_NOMATCH));
    json_decref(read);
    json_decref(record);

    /* A directory in the way of the final name: renaming fails, and nothing else is left. */
    unlink(path);
    mkdir(path, 0700);
    record = json_object();
    cr_expect(eq(int, mzg_run_record_write(path, record, &err), MZG_EIO));
    cr_expect(strstr(err.text, path) != NULL);
    cr_expect(eq(int, glob(part, 0, NULL, &found), GLOB_NOMATCH));
    err = (struct mzg_error){0};
    cr_expect(eq(int, mzg_run_record_write("/nonexistent/out.run.json", record, &err), MZG_EIO));
    json_decref(record);
    rmdir(path);
    rmdir(directory);
}
