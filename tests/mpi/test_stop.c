/* What takes long ends soon after a stop, although only the last rank was asked: all ranks with
 * MZG_EINTERRUPTED, and nothing is left. Streaming and validation have tests of their own. */
#include <imzml/ibd_checksum.h>
#include <input/reader.h>
#include <mpi_directory.h>
#include <run/runs.h>
#include <stage/sink.h>
#include <stage/transpose.h>
#include <synthetic/synthetic.h>

#include <dirent.h>
#include <sys/stat.h>

static atomic_int stop;

static void begin(struct mzg_context *context, char directory[256])
{
    begin_directory(context, 2, directory);
    stop = mpi_rank == mpi_size - 1;
    context->stop = &stop;
}

static void expect_interrupted(enum mzg_status status, const struct mzg_error *err)
{
    cr_expect(eq(int, (int)status, MZG_EINTERRUPTED), "%s", err->text);
    cr_expect(strstr(err->text, "interrupted") != NULL, "%s", err->text);
}

static void expect_empty(const char *directory)
{
    MPI_Barrier(MPI_COMM_WORLD);
    DIR *entries = opendir(directory);
    cr_assert_not_null(entries);
    for (const struct dirent *entry; (entry = readdir(entries));)
        cr_expect(entry->d_name[0] == '.', "%s is left", entry->d_name);
    closedir(entries);
}

MPI_TEST(stop, the_scan_for_the_range_of_mz)
{
    struct mzg_context context;
    char directory[256];
    static const char *const input = "synthetic:20x20:50";
    struct mzg_convert_options options;
    struct mzg_axis axis = {0};
    struct mzg_error err = {0};
    begin(&context, directory);
    mzg_convert_defaults(&options);
    options.scan_range = true;
    expect_interrupted(mzg_run_axis(&context, &options, &input, 1, &axis, &err), &err);
    end_directory(&context, directory);
}

MPI_TEST(stop, a_conversion)
{
    struct mzg_context context;
    char directory[256], output[300];
    struct mzg_convert_options options;
    struct mzg_convert_outcome outcome;
    struct mzg_error err = {0};
    begin(&context, directory);
    snprintf(output, sizeof output, "%s/out.zarr", directory);
    mzg_convert_defaults(&options);
    options.input = "synthetic:20x20:50";
    options.output = output;
    options.keep_hdf5 = true;
    options.axis =
        (struct mzg_axis_spec){.type = MZG_AXIS_CONSTANT, .min_mz = 100, .max_mz = 900, .bins = 100};
    expect_interrupted(mzg_run_convert(&context, &options, NULL, &outcome, &err), &err);
    expect_empty(directory);
    end_directory(&context, directory);
}

MPI_TEST(stop, the_writing_of_synthetic_files)
{
    struct mzg_context context;
    char directory[256], path[300];
    struct mzg_synthetic_options options = {.width = 20, .height = 20, .points = 50, .seed = 1};
    struct mzg_error err = {0};
    begin(&context, directory);
    snprintf(path, sizeof path, "%s/a.imzML", directory);
    expect_interrupted(mzg_synthetic_write(&context, path, &options, &err), &err);
    expect_empty(directory);
    end_directory(&context, directory);
}

/* At 10^8 spectra it takes minutes. */
MPI_TEST(stop, the_survey_of_synthetic_spectra)
{
    struct mzg_context context;
    char directory[256];
    struct mzg_reader_options reading = {0};
    struct mzg_reader *reader = NULL;
    struct mzg_error err = {0};
    begin(&context, directory);
    expect_interrupted(mzg_reader_open(&context, "synthetic:20x20:50", &reading, &reader, &err), &err);
    cr_expect(reader == NULL);
    end_directory(&context, directory);
}

/* Whichever rank has the only slice of the file. */
MPI_TEST(stop, the_index_and_the_checksum)
{
    struct mzg_context context;
    char directory[256], path[300], hex[65];
    struct mzg_synthetic_options options = {.width = 2, .height = 2, .points = 50, .seed = 1, .full = true};
    struct mzg_reader_options reading = {0};
    struct mzg_reader *reader = NULL;
    struct mzg_ibd ibd;
    struct mzg_error err = {0};
    begin(&context, directory);
    stop = 0;
    snprintf(path, sizeof path, "%s/a.imzML", directory);
    cr_assert(eq(int, (int)mzg_synthetic_write(&context, path, &options, &err), MZG_OK), "%s", err.text);
    MPI_Barrier(MPI_COMM_WORLD);

    stop = 1;
    expect_interrupted(mzg_reader_open(&context, path, &reading, &reader, &err), &err);
    cr_expect(reader == NULL);
    snprintf(path, sizeof path, "%s/a.ibd", directory);
    err = (struct mzg_error){0};
    cr_assert(eq(int, (int)mzg_ibd_open(path, &ibd, &err), MZG_OK), "%s", err.text);
    expect_interrupted(mzg_ibd_checksum(&ibd, "SHA-1", &stop, hex, &err), &err);
    mzg_ibd_close(&ibd);
    end_directory(&context, directory);
}

enum { ROWS = 4, COLUMNS = 6 };

/* A stage in which each rank put ROWS full rows. */
static struct mzg_staged *full_stage(const struct mzg_context *context, const char *path)
{
    struct mzg_sink *sink = NULL;
    struct mzg_staged *staged = NULL;
    struct mzg_sink_spec spec = {
        .context = context, .n_columns = COLUMNS, .value_type = MZG_FLOAT32, .path = path};
    struct mzg_error err = {0};
    int64_t counts[ROWS];
    int32_t bins[ROWS * COLUMNS];
    float values[ROWS * COLUMNS];
    struct mzg_rows rows = {
        .n_rows = ROWS, .n_values = ROWS * COLUMNS, .row_counts = counts, .bins = bins, .values = values};
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        counts[i / COLUMNS] = COLUMNS;
        bins[i] = i % COLUMNS;
        values[i] = 1;
    }
    mzg_sink_open(&mzg_hdf5_sink, &spec, &sink, &err);
    cr_assert(eq(int, (int)err.status, MZG_OK), "%s", err.text);
    cr_assert(eq(int, (int)mzg_sink_append(sink, &rows, &err), MZG_OK), "%s", err.text);
    cr_assert(eq(int, (int)mzg_sink_seal(&sink, &staged, &err), MZG_OK), "%s", err.text);
    mzg_sink_close(sink);
    return staged;
}

static enum mzg_status count_values(void *context, const struct mzg_column_values *part,
                                    struct mzg_error *err)
{
    *(int64_t *)context += part->n;
    return err->status;
}

static void expect_nameless(int fd)
{
    struct stat status;
    cr_assert(eq(int, fstat(fd, &status), 0));
    cr_expect(eq(int, (int)status.st_nlink, 0));
    close(fd);
}

static enum mzg_status stop_at_value(void *context, const struct mzg_column_values *part,
                                     struct mzg_error *err)
{
    stop = mpi_rank == mpi_size - 1;
    return count_values(context, part, err);
}

/* Before the first panel is taken, or another after it; the temporary file has no name, and stays with the
 * caller. */
MPI_TEST(stop, rows_that_become_columns)
{
    struct mzg_context context;
    char directory[256], path[300], scratch[320];
    struct mzg_error err = {0};
    begin(&context, directory);
    snprintf(path, sizeof path, "%s/stage.h5", directory);
    snprintf(scratch, sizeof scratch, "%s.columns-%d", path, mpi_rank);
    struct mzg_staged *staged = full_stage(&context, path);
    int64_t column_begins[COLUMNS + 1], taken = 0, n = (int64_t)ROWS * mpi_size * COLUMNS;
    for (int i = 0; i <= COLUMNS; i++)
        column_begins[i] = n / COLUMNS * i;
    int fd = -1;
    struct mzg_transpose_options options = {.column_begins = column_begins,
                                            .n = n,
                                            .part_values = 4,
                                            .most_values = 4,
                                            .scratch_path = scratch,
                                            .scratch_fd = &fd};
    expect_interrupted(mzg_staged_transpose(staged, &options, count_values, &taken, &err), &err);
    cr_expect(eq(i64, taken, 0));
    expect_nameless(fd);

    stop = 0;
    err = (struct mzg_error){0};
    expect_interrupted(mzg_staged_transpose(staged, &options, stop_at_value, &taken, &err), &err);
    cr_expect(eq(i64, taken, mpi_rank == mpi_size - 1 ? options.part_values : n));
    expect_nameless(fd);

    stop = 0;
    taken = 0;
    err = (struct mzg_error){0};
    cr_expect(eq(int, (int)mzg_staged_transpose(staged, &options, count_values, &taken, &err), MZG_OK));
    cr_expect(eq(i64, taken, n));
    expect_nameless(fd);
    mzg_staged_close(staged);
    end_directory(&context, directory);
}
