/*
 * What streaming tells all ranks, when one of them is denied memory or a file: metrics, skipped spectra, what
 * memory is watched, and the pipeline as a whole. All ranks end with the same error and nothing is left.
 */
#include <failing_calls.h>
#include <mpi_directory.h>
#include <stream/metrics.h>
#include <stream/skips.h>
#include <stream/stream.h>

#include <core/agree.h>
#include <jansson.h>
#include <mzgrid/axis.h>

#include <string.h>

enum { BINS = 50, SKIPS = 3 };

static const char *const input = "synthetic:12x8:40:centroid:5:full";

struct fixture {
    struct mzg_context context;
    char directory[256], path[300];
    struct mzg_reader *reader;
    struct mzg_axis axis;
    struct mzg_resampler *resampler;
    bool in_memory;
};

static void begin(struct fixture *f, const char *name)
{
    struct mzg_error err = {0};
    struct mzg_reader_options reading = {0};
    struct mzg_axis_spec spec = {.type = MZG_AXIS_CONSTANT, .min_mz = 100, .max_mz = 1000, .bins = BINS};
    struct mzg_resampler_options resampling = {.size = sizeof resampling, .method = MZG_NEAREST_NEIGHBOR};
    json_set_alloc_funcs(malloc, free); /* so that its memory is counted, too */
    *f = (struct fixture){0};
    begin_directory(&f->context, 2, f->directory);
    snprintf(f->path, sizeof f->path, "%s/%s", f->directory, name);
    cr_assert(eq(int, (int)mzg_reader_open(&f->context, input, &reading, &f->reader, &err), MZG_OK));
    cr_assert(eq(int, (int)mzg_axis_build(&spec, &f->axis, &err), MZG_OK));
    cr_assert(eq(int, (int)mzg_resampler_new(&resampling, &f->axis, &f->resampler, &err), MZG_OK));
}

static void end(struct fixture *f)
{
    mzg_resampler_free(f->resampler);
    mzg_axis_destroy(&f->axis);
    mzg_reader_close(f->reader);
    end_directory(&f->context, f->directory);
}

static void remove_file(const struct fixture *f)
{
    MPI_Barrier(MPI_COMM_WORLD);
    if (mpi_rank == 0)
        unlink(f->path);
    MPI_Barrier(MPI_COMM_WORLD);
}

/* Once they are open, metrics that cannot be written end by themselves and the run goes on. */
static enum mzg_status try_to_measure(void *fixture, struct mzg_error *err)
{
    struct fixture *f = fixture;
    struct mzg_metrics *metrics = NULL;
    enum mzg_status status = mzg_metrics_open(&f->context, f->path, false, &metrics, err);
    cr_expect(eq(int, metrics != NULL, status == MZG_OK));
    mzg_metrics_count(metrics, 1, 0);
    mzg_metrics_round(metrics, "stream", 0, 1);
    mzg_metrics_phase(metrics, "stream");
    end_failing();
    mzg_metrics_close(metrics);
    remove_file(f);
    return status;
}

MPI_TEST(failing_stream, whose_metrics_cannot_be_written)
{
    struct fixture f;
    begin(&f, "metrics");
    fail_on_both(MEMORY, 0, try_to_measure, &f, 1, 2);
    fail_each_call(FILES, 0, 0, try_to_measure, &f); /* what opens it tries again */
    end(&f);
}

MPI_TEST(failing_stream, whose_metrics_have_no_directory)
{
    struct fixture f;
    struct mzg_error err = {0};
    struct mzg_metrics *metrics = NULL;
    begin(&f, "gone/metrics");
    cr_expect(eq(int, (int)mzg_metrics_open(&f.context, f.path, false, &metrics, &err), MZG_EIO));
    cr_expect(strstr(err.text, f.path) != NULL, "%s", err.text);
    cr_expect(metrics == NULL);
    end(&f);
}

/* The last rank skipped spectra; those of all go to rank 0. */
static enum mzg_status try_to_list_skips(void *fixture, struct mzg_error *err)
{
    struct fixture *f = fixture;
    struct mzg_skip found[SKIPS] = {{.pixel = 2, .fault = {.spectrum = 2, .text = "first"}},
                                    {.pixel = 5, .fault = {.spectrum = 5, .text = "second"}},
                                    {.pixel = 9, .fault = {.spectrum = 9, .text = "third"}}};
    struct mzg_chunk chunk = {.n_skips = mpi_rank == mpi_size - 1 ? SKIPS : 0, .skips = found};
    struct mzg_skips skips;
    mzg_skips_init(&skips, &f->context, f->reader, err);
    if (mzg_agree(MPI_COMM_WORLD, err) == MZG_OK)
        mzg_skips_keep(&skips, &chunk, err);
    if (mzg_agree(MPI_COMM_WORLD, err) == MZG_OK)
        mzg_skips_gather(&skips, chunk.n_skips, SKIPS, err);
    end_failing();
    if (err->status == MZG_OK && mpi_rank == 0)
        cr_expect(
            eq(int, memcmp(skips.list.texts, "first\0second\0third", sizeof "first\0second\0third"), 0));
    mzg_skips_destroy(&skips);
    return err->status;
}

MPI_TEST(failing_stream, that_cannot_list_what_it_skipped)
{
    struct fixture f;
    begin(&f, "none");
    fail_on_both(MEMORY, 0, try_to_list_skips, &f, 1, 2);
    end(&f);
}

static enum mzg_status try_to_stream(void *fixture, struct mzg_error *err)
{
    struct fixture *f = fixture;
    struct mzg_statistics statistics = {0};
    struct mzg_stream_result result = {0};
    struct mzg_sink *sink = NULL;
    struct mzg_stream_options options = {
        .chunk = {.reader = f->reader, .resampler = f->resampler, .value_type = MZG_FLOAT32},
        .chunk_size = 8,
        .chunk_bytes = 1 << 24,
        .weight = {.n_bins = BINS, .per_value = 30},
        .memory_limit = 1 << 30};
    struct mzg_sink_spec spec = {.context = &f->context,
                                 .n_columns = BINS,
                                 .value_type = MZG_FLOAT32,
                                 .by_column = true,
                                 .path = f->path};
    mzg_statistics_init(BINS, MZG_FLOAT32, &statistics, err);
    if (mzg_agree(MPI_COMM_WORLD, err) == MZG_OK &&
        mzg_sink_open(f->in_memory ? &mzg_memory_sink : &mzg_hdf5_sink, &spec, &sink, err) == MZG_OK)
        mzg_stream(&f->context, &options, &sink, &statistics, &result, err);
    end_failing();
    mzg_sink_close(sink);
    mzg_stream_result_destroy(&result);
    mzg_statistics_destroy(&statistics);
    remove_file(f);
    return err->status;
}

MPI_TEST(failing_stream, into_memory)
{
    struct fixture f;
    begin(&f, "stage.h5");
    f.in_memory = true;
    fail_on_both(MEMORY, 60, try_to_stream, &f, 8, 8);
    end(&f);
}

MPI_TEST(failing_stream, into_a_file)
{
    struct fixture f;
    begin(&f, "stage.h5");
    cr_expect(ge(long, fail_each_call(MEMORY, mpi_size - 1, 60, try_to_stream, &f), 8));
    fail_on_both(FILES, 40, try_to_stream, &f, 3, 3);
    end(&f);
}
