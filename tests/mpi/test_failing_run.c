/*
 * Steps of a conversion in which one rank is denied something: each request for memory, and each call on a
 * file, is refused once, on the last rank alone and on rank 0. All ranks end with the same error, none waits
 * for another for ever, and nothing is left.
 */
#include <core/agree.h>
#include <failing_calls.h>
#include <mpi_directory.h>
#include <run/axis_broadcast.h>
#include <run/decide.h>
#include <run/paths.h>
#include <run/plan.h>
#include <run/table.h>
#include <synthetic/synthetic.h>

#include <jansson.h>
#include <string.h>

enum { WIDTH = 6, HEIGHT = 4, POINTS = 40, BINS = 30 };

struct fixture {
    struct mzg_context context;
    char directory[256], input[300], output[300];
    struct mzg_reader *reader;
    struct mzg_convert_options options;
};

/* With an open input, in files of this kind. What Jansson asks for is counted, too. */
static void begin(struct fixture *f, enum mzg_synthetic_kind kind)
{
    struct mzg_synthetic_options tissue = {
        .width = WIDTH, .height = HEIGHT, .kind = kind, .points = POINTS, .seed = 1, .full = true};
    struct mzg_reader_options reading = {0};
    struct mzg_error err = {0};
    json_set_alloc_funcs(malloc, free);
    *f = (struct fixture){0};
    begin_directory(&f->context, 2, f->directory);
    snprintf(f->input, sizeof f->input, "%s/in.imzML", f->directory);
    snprintf(f->output, sizeof f->output, "%s/out.zarr", f->directory);
    mzg_convert_defaults(&f->options);
    f->options.input = f->input;
    f->options.output = f->output;
    cr_assert(eq(int, (int)mzg_synthetic_write(&f->context, f->input, &tissue, &err), MZG_OK), "%s",
              err.text);
    cr_assert(eq(int, (int)mzg_reader_open(&f->context, f->input, &reading, &f->reader, &err), MZG_OK), "%s",
              err.text);
}

static void end(struct fixture *f)
{
    mzg_reader_close(f->reader);
    end_directory(&f->context, f->directory);
}

static enum mzg_status try_to_open(void *fixture, struct mzg_error *err)
{
    struct fixture *f = fixture;
    struct mzg_reader_options reading = {0};
    struct mzg_reader *reader = NULL;
    enum mzg_status status = mzg_reader_open(&f->context, f->input, &reading, &reader, err);
    end_failing();
    cr_expect(eq(int, reader != NULL, status == MZG_OK));
    mzg_reader_close(reader);
    return status;
}

MPI_TEST(failing_run, that_cannot_open_its_input)
{
    struct fixture f;
    begin(&f, MZG_SYNTHETIC_CENTROID);
    fail_on_both(MEMORY, 60, try_to_open, &f, 0, 5);
    fail_on_both(FILES, 60, try_to_open, &f, 0, 2);
    end(&f);
}

static enum mzg_status try_to_decide(void *fixture, struct mzg_error *err)
{
    struct fixture *f = fixture;
    struct mzg_decisions decisions;
    struct mzg_mz_set native = {0};
    struct mzg_axis axis = {0};
    if (mzg_decide_axis(&f->context, &f->options, f->reader, &decisions, &native, err) == MZG_OK)
        mzg_axis_make(&f->context, &f->options, &decisions, &native, &axis, err);
    end_failing();
    cr_expect(eq(int, axis.edges != NULL, err->status == MZG_OK));
    mzg_mz_set_destroy(&native);
    mzg_axis_destroy(&axis);
    return err->status;
}

MPI_TEST(failing_run, that_cannot_decide_on_the_range)
{
    struct fixture f;
    begin(&f, MZG_SYNTHETIC_CENTROID);
    f.options.axis.bins = BINS;
    f.options.scan_range = true;
    cr_expect(ge(long, fail_each_call(MEMORY, mpi_size - 1, 60, try_to_decide, &f), 3));
    /* Arrays that cannot be read together are read one by one, and a limit is found without /proc, too. */
    cr_expect(eq(long, fail_each_call(FILES, mpi_size - 1, 60, try_to_decide, &f), 0));
    fail_on_both(MEMORY, 40, try_to_decide, &f, 0, 3);
    end(&f);
}

MPI_TEST(failing_run, that_cannot_decide_on_the_law)
{
    struct fixture f;
    begin(&f, MZG_SYNTHETIC_PROFILE);
    cr_expect(ge(long, fail_each_call(MEMORY, mpi_size - 1, 60, try_to_decide, &f), 3));
    fail_on_both(MEMORY, 40, try_to_decide, &f, 0, 3);
    end(&f);
}

/* The ranks hand their m/z to each other two by two; each of them may be the one without memory. */
MPI_TEST(failing_run, that_cannot_gather_a_native_axis)
{
    struct fixture f;
    begin(&f, MZG_SYNTHETIC_CENTROID);
    f.options.axis_type_auto = false;
    f.options.axis.type = MZG_AXIS_NATIVE;
    for (int rank = 0; rank < mpi_size; rank++)
        cr_expect(ge(long, fail_each_call(MEMORY, rank, 60, try_to_decide, &f), 5));
    end(&f);
}

static enum mzg_status try_to_claim(void *fixture, struct mzg_error *err)
{
    struct fixture *f = fixture;
    struct mzg_paths paths = {0};
    struct mzg_error left = {0};
    mzg_paths_make(&f->options, &paths, err);
    if (mzg_agree(MPI_COMM_WORLD, err) == MZG_OK)
        mzg_paths_claim(&f->context, &f->options, &paths, err);
    end_failing();
    cr_expect(eq(int, (int)mzg_paths_destroy(&paths, &left), MZG_OK));
    MPI_Barrier(MPI_COMM_WORLD);
    cr_expect(not(path_is_like(f->directory, "out.*")));
    MPI_Barrier(MPI_COMM_WORLD);
    return err->status;
}

MPI_TEST(failing_run, that_cannot_claim_its_files)
{
    struct fixture f;
    begin(&f, MZG_SYNTHETIC_CENTROID);
    cr_expect(ge(long, fail_each_call(MEMORY, mpi_size - 1, 60, try_to_claim, &f), 3));
    fail_on_both(FILES, 60, try_to_claim, &f, 0, 1);
    end(&f);
}

/* The last rank has many more threads than the others, whose memory the plan counts. Of some limits that is
 * too much, and all ranks have to say so. */
MPI_TEST(failing_run, whose_plan_has_no_memory_for_the_last_rank)
{
    struct fixture f;
    begin(&f, MZG_SYNTHETIC_CENTROID);
    struct mzg_error err = {0};
    mzg_pool_free(f.context.pool);
    int threads = mpi_rank == mpi_size - 1 ? 48 : 1;
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_WORLD, threads, &f.context.pool, &err), MZG_OK));
    struct mzg_plan_request request = {.options = &f.options,
                                       .reader = f.reader,
                                       .method = MZG_NEAREST_NEIGHBOR,
                                       .n_bins = 1 << 20,
                                       .value_type = MZG_FLOAT32,
                                       .memory_is_shared = true,
                                       .temporary_path = f.directory};
    int n_failed = 0, n_fit = 0;
    for (f.options.memory_limit = 128 << 20; f.options.memory_limit < (int64_t)4 << 30;
         f.options.memory_limit += f.options.memory_limit / 8) {
        struct mzg_plan plan;
        err = (struct mzg_error){0};
        int failed = mzg_plan_make(&f.context, &request, &plan, &err) != MZG_OK, most = failed;
        int64_t size = failed ? 0 : plan.chunk_size, most_size = size, bytes = failed ? 0 : plan.chunk_bytes,
                most_bytes = bytes;
        MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
        MPI_Allreduce(MPI_IN_PLACE, &most_size, 1, MPI_INT64_T, MPI_MAX, MPI_COMM_WORLD);
        MPI_Allreduce(MPI_IN_PLACE, &most_bytes, 1, MPI_INT64_T, MPI_MAX, MPI_COMM_WORLD);
        cr_expect(eq(int, failed, most), "limit of %lld MiB: %s", (long long)f.options.memory_limit >> 20,
                  err.text);
        cr_expect(eq(i64, size, most_size));
        cr_expect(eq(i64, bytes, most_bytes));
        n_failed += failed;
        n_fit += !failed;
    }
    cr_expect(ge(int, n_failed, 1));
    cr_expect(ge(int, n_fit, 1));
    end(&f);
}

/* On the last rank /proc/meminfo cannot be opened: a limit of nothing would refuse every input. */
MPI_TEST(failing_run, that_cannot_ask_for_the_memory_left)
{
    if (mpi_rank == mpi_size - 1)
        begin_failing(FILES, 1);
    int64_t limit = mzg_plan_limit(MPI_COMM_WORLD, 0);
    bool has_failed = end_failing();
    cr_expect(eq(int, has_failed, mpi_rank == mpi_size - 1));
    cr_expect(ge(i64, limit, 1 << 20));
}

/* What a table is made of. */
struct table_fixture {
    struct fixture base;
    struct mzg_axis axis;
    struct mzg_statistics statistics;
    struct mzg_stream_result stream;
    struct mzg_sdata_geometry geometry;
    struct mzg_decisions decisions;
};

static enum mzg_status try_to_build_table(void *fixture, struct mzg_error *err)
{
    struct table_fixture *f = fixture;
    struct mzg_table table = {0};
    struct mzg_table_source source = {.options = &f->base.options,
                                      .decisions = &f->decisions,
                                      .reader = f->base.reader,
                                      .axis = &f->axis,
                                      .statistics = &f->statistics,
                                      .stream = &f->stream,
                                      .geometry = &f->geometry,
                                      .region = "pixels"};
    enum mzg_status status = mzg_table_build(&f->base.context, &source, &table, err);
    end_failing();
    cr_expect(eq(int, table.mean_intensity != NULL, status == MZG_OK && mpi_rank == 0));
    cr_expect(eq(int, table.rows != NULL, status == MZG_OK));
    mzg_table_destroy(&table);
    return status;
}

MPI_TEST(failing_run, that_cannot_make_its_table)
{
    struct table_fixture f = {.decisions = {.method = MZG_NEAREST_NEIGHBOR}};
    struct mzg_axis_spec spec = {.type = MZG_AXIS_CONSTANT, .min_mz = 100, .max_mz = 1000, .bins = BINS};
    struct mzg_error err = {0};
    begin(&f.base, MZG_SYNTHETIC_CENTROID);
    mzg_axis_build(&spec, &f.axis, &err);
    mzg_statistics_init(BINS, MZG_FLOAT32, &f.statistics, &err);
    cr_assert(eq(int, err.status, MZG_OK), "%s", err.text);
    mzg_table_geometry(&f.base.options, &f.base.reader->dataset, &f.geometry);
    /* Columns of obs are no longer made here, but piece by piece where they are written (test_rows.c). */
    cr_expect(ge(long, fail_each_call(MEMORY, mpi_size - 1, 60, try_to_build_table, &f), 1));
    cr_expect(ge(long, fail_each_call(MEMORY, 0, 120, try_to_build_table, &f), 11));
    mzg_stream_result_destroy(&f.stream);
    mzg_statistics_destroy(&f.statistics);
    mzg_axis_destroy(&f.axis);
    end(&f.base);
}

/* After a failure nothing is left of the output. */
static enum mzg_status try_to_convert(void *fixture, struct mzg_error *err)
{
    struct fixture *f = fixture;
    struct mzg_convert_outcome outcome = {.size = sizeof outcome};
    enum mzg_status status = mzg_convert(&f->context, &f->options, NULL, &outcome, err);
    end_failing();
    MPI_Barrier(MPI_COMM_WORLD);
    if (status == MZG_OK)
        cr_expect(path_exists(f->directory, "out.zarr/zarr.json"));
    else
        cr_expect(not(path_is_like(f->directory, "*out*")), "left after: %s", err->text);
    MPI_Barrier(MPI_COMM_WORLD);
    struct mzg_error ignored = {0};
    if (mpi_rank == 0 && status == MZG_OK)
        mzg_remove_tree(f->output, &ignored);
    MPI_Barrier(MPI_COMM_WORLD);
    return status;
}

/* Some of its calls, because a run makes thousands of them; scripts/faults tries them all. */
static void fail_conversion(struct fixture *f, enum mzg_layout layout, enum mzg_streaming streaming)
{
    f->options.axis = (struct mzg_axis_spec){.type = MZG_AXIS_CONSTANT, .bins = BINS};
    f->options.axis_type_auto = false;
    f->options.layout = layout;
    f->options.streaming = streaming;
    fail_on_both(MEMORY, 4, try_to_convert, f, 0, 2);
    fail_on_both(FILES, 4, try_to_convert, f, 0, 1);
}

MPI_TEST(failing_run, of_a_whole_conversion_in_memory)
{
    struct fixture f;
    begin(&f, MZG_SYNTHETIC_CENTROID);
    fail_conversion(&f, MZG_LAYOUT_CSC, MZG_STREAMING_OFF);
    end(&f);
}

MPI_TEST(failing_run, of_a_whole_conversion_by_a_file)
{
    struct fixture f;
    begin(&f, MZG_SYNTHETIC_PROFILE);
    fail_conversion(&f, MZG_LAYOUT_CSR, MZG_STREAMING_HDF5);
    end(&f);
}

MPI_TEST(failing_run, of_a_whole_conversion_straight_into_the_store)
{
    struct fixture f;
    begin(&f, MZG_SYNTHETIC_CENTROID);
    fail_conversion(&f, MZG_LAYOUT_CSR, MZG_STREAMING_DIRECT);
    end(&f);
}
