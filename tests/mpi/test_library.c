/* The doors of the library: contexts, options of other sizes, errors as a user meets them, outputs on
 * failure. */
#include <comma_locale.h>
#include <imzml_pair.h>
#include <mzgrid/mzgrid.h>

#include <hdf5.h>
#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static char lines[20][300];
static int n_lines;

static void take(void *log_data, enum mzg_log_level level, const char *text)
{
    cr_expect(log_data == lines && level <= MZG_LOG_DETAIL);
    if (n_lines < 20)
        snprintf(lines[n_lines++], sizeof lines[0], "%s", text);
}

static struct mzg_context *context_with_log(void)
{
    struct mzg_context *context = NULL;
    struct mzg_error err;
    memset(&err, 0xff, sizeof err); /* need not be set */
    struct mzg_context_options options = {
        .size = sizeof options, .threads = 2, .log = take, .log_data = lines, .log_level = MZG_LOG_INFO};
    cr_assert(eq(int, (int)mzg_context_new(MPI_COMM_WORLD, &options, &context, &err), MZG_OK), "%s",
              err.text);
    return context;
}

static void write_input(void)
{
    begin(SAMPLE_CONTENT SAMPLE_CV("MS:1000127", "", ""), 4);
    for (int i = 0; i < 4; i++)
        add_processed(1 + i % 2, 1 + i / 2, mz3, intensity3, 3);
    write_pair();
}

static struct mzg_convert_options ask(char output[300])
{
    struct mzg_convert_options options;
    mzg_convert_defaults(&options);
    snprintf(output, 300, "%s/out.zarr", directory);
    options.input = imzml;
    options.output = output;
    options.axis_type_auto = false;
    options.axis =
        (struct mzg_axis_spec){.type = MZG_AXIS_CONSTANT, .min_mz = 100, .max_mz = 400, .bins = 30};
    return options;
}

MPI_TEST(library, a_context_knows_its_ranks_and_a_conversion_its_numbers)
{
    char output[300];
    struct mzg_context *context = context_with_log();
    cr_expect(eq(int, mzg_context_rank(context), mpi_rank));
    cr_expect(eq(int, mzg_context_size(context), mpi_size));
    write_input();
    struct mzg_convert_options options = ask(output);
    struct mzg_convert_outcome outcome = {.size = sizeof outcome};
    struct mzg_error err;
    memset(&err, 0xff, sizeof err);
    cr_expect(eq(int, (int)mzg_convert(context, &options, NULL, &outcome, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(i64, outcome.pixels, 4));
    cr_expect(eq(i64, outcome.bins, 30));
    cr_expect(path_exists(directory, "out.zarr"));
    cr_expect(mpi_rank == 0 ? n_lines > 0 : n_lines == 0, "%d lines", n_lines);
    mzg_context_free(context);
}

/* What an older program does not know has its default, and is not written to. */
MPI_TEST(library, options_and_outcomes_of_other_sizes)
{
    struct mzg_error err;
    struct mzg_convert_options options;
    struct mzg_convert_outcome outcome;
    struct mzg_context *context = context_with_log();
    char output[300];
    write_input();
    const size_t older = offsetof(struct mzg_convert_options, metrics);
    memset(&options, 0x55, sizeof options);
    cr_expect(eq(int, (int)mzg_convert_options_init(&options, older, &err), MZG_OK));
    cr_expect(eq(sz, options.size, older));
    cr_expect(eq(int, ((unsigned char *)&options)[older], 0x55));
    memset(&options, 0x55, sizeof options);
    cr_expect(eq(int, (int)mzg_convert_options_init(&options, sizeof options + 8, &err), MZG_EUSAGE));
    cr_expect(eq(int, (int)mzg_convert_options_init(&options, older + 1, &err), MZG_EUSAGE),
              "no struct ends there");
    cr_expect(eq(int, ((unsigned char *)&options)[0], 0x55), "untouched");

    options = ask(output);
    if (mpi_rank == mpi_size - 1) /* alone */
        options.size = 16;
    memset(&outcome, 0x55, sizeof outcome);
    outcome.size = sizeof outcome;
    cr_expect(eq(int, (int)mzg_convert(context, &options, NULL, &outcome, &err), MZG_EUSAGE));
    cr_expect_not_null(strstr(err.text, "sizeof(struct mzg_convert_options)"), "%s", err.text);
    cr_expect(eq(i64, outcome.pixels, 0x5555555555555555), "untouched");

    options = ask(output);
    outcome.size = 8;
    cr_expect(eq(int, (int)mzg_convert(context, &options, NULL, &outcome, &err), MZG_EUSAGE));
    cr_expect_not_null(strstr(err.text, "sizeof(struct mzg_convert_outcome)"), "%s", err.text);

    options = ask(output);
    options.size = older;
    options.metrics = "/nowhere/metrics"; /* beyond the end of an older struct */
    outcome.size = offsetof(struct mzg_convert_outcome, bins);
    outcome.bins = 77;
    cr_expect(eq(int, (int)mzg_convert(context, &options, NULL, &outcome, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(i64, outcome.pixels, 4));
    cr_expect(eq(i64, outcome.bins, 77), "untouched");
    mzg_context_free(context);
}

MPI_TEST(library, errors_speak_of_parameters)
{
    char output[300];
    struct mzg_error err = {.status = MZG_EIO};
    struct mzg_convert_outcome outcome = {.size = sizeof outcome};
    struct mzg_context *context = context_with_log();
    write_input();
    struct mzg_convert_options options = ask(output);
    options.min_intensity = -1;
    cr_expect(eq(int, (int)mzg_convert_check(&options, &err), MZG_EUSAGE));
    cr_expect(eq(str, err.text, "min_intensity must be 0 or more, not -1"));
    options = ask(output);
    options.layout = (enum mzg_layout)17;
    cr_expect(eq(int, (int)mzg_convert_check(&options, &err), MZG_EUSAGE));
    cr_expect(eq(str, err.text, "layout must be from 0 to 3, not 17"));
    options = ask(output);
    cr_expect(eq(int, (int)mzg_convert(context, &options, NULL, &outcome, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(int, (int)mzg_convert(context, &options, NULL, &outcome, &err), MZG_EIO));
    cr_expect_not_null(strstr(err.text, "use overwrite"), "%s", err.text);
    cr_expect_null(strstr(err.text, "--"), "%s", err.text);
    for (int i = 0; i < n_lines; i++)
        cr_expect_null(strstr(lines[i], "--"), "%s", lines[i]);
    mzg_context_free(context);
}

/* Numbers that the command line does not let through. */
MPI_TEST(library, numbers_that_make_no_sense)
{
    struct mzg_error err;
    struct mzg_convert_options options;
    char output[300];
    const struct {
        size_t at;
        double value;
        const char *text;
    } numbers[] = {{offsetof(struct mzg_convert_options, pixel_size), NAN, "pixel_size"},
                   {offsetof(struct mzg_convert_options, z_spacing), INFINITY, "z_spacing"},
                   {offsetof(struct mzg_convert_options, max_gap), NAN, "max_gap"},
                   {offsetof(struct mzg_convert_options, axis.min_mz), NAN, "axis.min_mz"}};
    const struct {
        size_t at;
        int64_t value;
        const char *text;
    } counts[] = {{offsetof(struct mzg_convert_options, ms_level), -3, "ms_level must be from 0 to"},
                  {offsetof(struct mzg_convert_options, memory_limit), -1, "memory_limit must be 0 or more"},
                  {offsetof(struct mzg_convert_options, max_skipped), -7, "max_skipped must be -1 or more"}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        options = ask(output);
        memcpy((char *)&options + numbers[i].at, &numbers[i].value, sizeof numbers[i].value);
        cr_expect(eq(int, (int)mzg_convert_check(&options, &err), MZG_EUSAGE), "%s", numbers[i].text);
        cr_expect_not_null(strstr(err.text, numbers[i].text), "%s", err.text);
    }
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        options = ask(output);
        memcpy((char *)&options + counts[i].at, &counts[i].value, sizeof counts[i].value);
        cr_expect(eq(int, (int)mzg_convert_check(&options, &err), MZG_EUSAGE), "%s", counts[i].text);
        cr_expect_not_null(strstr(err.text, counts[i].text), "%s", err.text);
    }
    options = ask(output);
    options.compression = "zip";
    cr_expect(eq(int, (int)mzg_convert_check(&options, &err), MZG_EUSAGE));
    struct mzg_context *context = context_with_log();
    const struct mzg_spectra_options part = {.size = sizeof part, .memory_limit = -1};
    struct mzg_spectra_reader *reader = NULL;
    char *verdict = NULL;
    bool valid;
    write_input();
    cr_expect(eq(int, (int)mzg_spectra_open(context, imzml, &part, &reader, &err), MZG_EUSAGE));
    cr_expect(eq(int, (int)mzg_validate(context, imzml, -1, NULL, &verdict, &valid, &err), MZG_EUSAGE));
    cr_expect(reader == NULL && verdict == NULL);
    mzg_context_free(context);
}

MPI_TEST(library, decisions_and_verdicts_are_texts)
{
    char output[300], *text = (char *)"untouched";
    bool valid = true;
    struct mzg_error err;
    struct mzg_context *context = context_with_log();
    write_input();
    struct mzg_convert_options options = ask(output);
    cr_expect(eq(int, (int)mzg_convert_preview(context, &options, &text, &err), MZG_OK), "%s", err.text);
    cr_expect(mpi_rank == 0 ? text[0] == '{' : text == NULL);
    mzg_free(text);
    cr_expect(eq(int, (int)mzg_validate(context, imzml, 0, NULL, &text, &valid, &err), MZG_OK), "%s",
              err.text);
    cr_expect(mpi_rank == 0 ? strstr(text, "\"spectra\":4") != NULL : text == NULL);
    mzg_free(text);
    text = (char *)"untouched";
    valid = true;
    cr_expect(eq(int, (int)mzg_validate(context, "/nowhere.imzML", 0, NULL, &text, &valid, &err), MZG_EIO));
    cr_expect(eq(str, text, (char *)"untouched"));
    cr_expect(valid);
    mzg_context_free(context);
}

MPI_TEST(library, one_axis_serves_several_inputs)
{
    char output[300];
    struct mzg_error err;
    struct mzg_axis axis = {.n_bins = 77};
    struct mzg_context *context = context_with_log();
    write_input();
    const char *const inputs[] = {imzml, imzml};
    struct mzg_convert_options options = ask(output);
    cr_expect(eq(int, (int)mzg_convert_axis(context, &options, inputs, 0, &axis, &err), MZG_EUSAGE));
    cr_expect(eq(i64, axis.n_bins, 77), "untouched");
    options.axis = (struct mzg_axis_spec){.type = MZG_AXIS_NATIVE};
    cr_assert(eq(int, (int)mzg_convert_axis(context, &options, inputs, 2, &axis, &err), MZG_OK), "%s",
              err.text);
    cr_expect(eq(i64, axis.n_bins, 3));
    for (int k = 0; k < 3; k++)
        cr_expect(eq(dbl, axis.centers[k], mz3[k]));
    mzg_axis_destroy(&axis);
    mzg_context_free(context);
}

MPI_TEST(library, a_stop_ends_all_ranks_until_it_is_taken_back)
{
    char output[300];
    struct mzg_error err;
    struct mzg_convert_outcome outcome = {.size = sizeof outcome};
    struct mzg_context *context = context_with_log();
    write_input();
    struct mzg_convert_options options = ask(output);
    if (mpi_rank == mpi_size - 1)
        mzg_context_stop(context);
    cr_expect(eq(int, (int)mzg_convert(context, &options, NULL, &outcome, &err), MZG_EINTERRUPTED));
    cr_expect(eq(int, path_exists(directory, "out.zarr"), 0));
    mzg_context_resume(context);
    cr_expect(eq(int, (int)mzg_convert(context, &options, NULL, &outcome, &err), MZG_OK), "%s", err.text);
    mzg_context_free(context);
}

MPI_TEST(library, rank_0_shares_what_it_knows_unless_a_rank_failed)
{
    struct mzg_context *context = context_with_log();
    struct mzg_error err = {0};
    int64_t known[2] = {mpi_rank == 0 ? 41 : -1, mpi_rank == 0 ? 42 : -1};
    cr_expect(eq(int, (int)mzg_context_share(context, known, sizeof known, &err), MZG_OK));
    cr_expect(known[0] == 41 && known[1] == 42);

    int64_t untouched = mpi_rank;
    if (mpi_rank == mpi_size - 1)
        mzg_fail(&err, MZG_EIO, "the well is dry");
    cr_expect(eq(int, (int)mzg_context_share(context, &untouched, sizeof untouched, &err), MZG_EIO));
    cr_expect(eq(str, err.text, (char *)"the well is dry"));
    cr_expect(eq(i64, untouched, mpi_rank));
    mzg_context_free(context);
}

static struct mzg_context *running;

static void stop_running(int signal_number)
{
    (void)signal_number;
    mzg_context_stop(running);
}

static void raise_one(void *context, const char *phase, int64_t done, int64_t total)
{
    (void)context;
    (void)phase;
    (void)done;
    (void)total;
    raise(SIGUSR1);
}

/* Readers of two contexts side by side, and a signal that ends what runs with one of them. */
MPI_TEST(library, two_contexts_do_not_disturb_each_other)
{
    char output[300];
    struct mzg_error err;
    struct mzg_spectra_reader *readers[2] = {NULL};
    struct mzg_spectra spectra[2];
    struct mzg_convert_outcome outcome = {.size = sizeof outcome};
    const struct mzg_progress progress = {.update = raise_one};
    struct mzg_context *contexts[2] = {context_with_log(), context_with_log()};
    write_input();
    for (int i = 0; i < 2; i++)
        cr_assert(eq(int, (int)mzg_spectra_open(contexts[i], imzml, NULL, &readers[i], &err), MZG_OK));
    for (int i = 0; i < 2; i++)
        cr_assert(eq(int, (int)mzg_spectra_read(readers[i], i, 2, &spectra[i], &err), MZG_OK));
    cr_expect(eq(int, spectra[0].positions[3], 2));
    cr_expect(eq(int, spectra[1].positions[3], 1));
    running = contexts[0];
    signal(SIGUSR1, stop_running);
    struct mzg_convert_options options = ask(output);
    cr_expect(eq(int, (int)mzg_convert(contexts[0], &options, &progress, &outcome, &err), MZG_EINTERRUPTED));
    cr_expect(eq(int, path_exists(directory, "out.zarr"), 0));
    mzg_spectra_close(readers[0]);
    mzg_context_free(contexts[0]);
    cr_expect(eq(int, (int)mzg_convert(contexts[1], &options, NULL, &outcome, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(int, (int)mzg_spectra_read(readers[1], 3, 1, &spectra[1], &err), MZG_OK), "%s", err.text);
    mzg_spectra_close(readers[1]);
    mzg_context_free(contexts[1]);
}

/* A file of the store whose path is like `pattern`, to be freed. */
static unsigned char *read_like(const char *pattern, size_t *size)
{
    char path[600];
    glob_t found;
    snprintf(path, sizeof path, "%s/%s", directory, pattern);
    cr_assert(eq(int, glob(path, 0, NULL, &found), 0), "%s", pattern);
    cr_assert(eq(sz, (size_t)found.gl_pathc, 1));
    unsigned char *bytes = read_whole_file(directory, found.gl_pathv[0] + strlen(directory) + 1, size);
    globfree(&found);
    return bytes;
}

/* Names of bins are texts, and the metadata of a store have numbers. */
MPI_TEST(library, a_comma_in_the_locale_changes_no_byte)
{
    static const char *const patterns[] = {"out.zarr/zarr.json", "out.zarr/tables/*/var/_index/c/0"};
    char output[300], own[600];
    struct mzg_error err;
    struct mzg_convert_outcome outcome = {.size = sizeof outcome};
    struct mzg_context *context = context_with_log();
    unsigned char *before[2];
    size_t sizes[2], size;
    write_input();
    struct mzg_convert_options options = ask(output);
    options.axis = (struct mzg_axis_spec){.type = MZG_AXIS_NATIVE};
    options.overwrite = true;
    options.compression = "none";
    cr_assert(eq(int, (int)mzg_convert(context, &options, NULL, &outcome, &err), MZG_OK), "%s", err.text);
    for (int i = 0; i < 2; i++)
        before[i] = read_like(patterns[i], &sizes[i]);
    cr_expect_not_null(memmem(before[1], sizes[1], "300.125", 7));
    MPI_Barrier(MPI_COMM_WORLD);
    snprintf(own, sizeof own, "%s/%d", directory, mpi_rank);
    cr_assert(eq(int, mkdir(own, 0700), 0));
    choose_comma_locale(own);
    cr_assert(eq(int, (int)mzg_convert(context, &options, NULL, &outcome, &err), MZG_OK), "%s", err.text);
    for (int i = 0; i < 2; i++) {
        unsigned char *after = read_like(patterns[i], &size);
        cr_assert(eq(sz, size, sizes[i]), "%s", patterns[i]);
        cr_expect(memcmp(after, before[i], size) == 0, "%s", patterns[i]);
        free(after);
        free(before[i]);
    }
    mzg_context_free(context);
}

static herr_t own_printer(hid_t stack, void *data)
{
    (void)stack;
    (void)data;
    return 0;
}

/* HDF5 prints for its program as before. */
MPI_TEST(library, hdf5_speaks_as_before)
{
    char output[300];
    struct mzg_error err;
    struct mzg_convert_outcome outcome = {.size = sizeof outcome};
    struct mzg_context *context = context_with_log();
    write_input();
    struct mzg_convert_options options = ask(output);
    options.streaming = MZG_STREAMING_HDF5;
    H5Eset_auto2(H5E_DEFAULT, own_printer, lines);
    cr_expect(eq(int, (int)mzg_convert(context, &options, NULL, &outcome, &err), MZG_OK), "%s", err.text);
    H5E_auto2_t printer = NULL;
    void *data = NULL;
    H5Eget_auto2(H5E_DEFAULT, &printer, &data);
    cr_expect(printer == own_printer && data == lines);
    mzg_context_free(context);
}

MPI_TEST(library, contexts_that_cannot_be)
{
    struct mzg_context *context = NULL;
    struct mzg_error err;
    struct mzg_context_options options = {.size = sizeof options};
    if (mpi_rank == mpi_size - 1)
        options.threads = -1;
    cr_expect(eq(int, (int)mzg_context_new(MPI_COMM_WORLD, &options, &context, &err), MZG_EUSAGE));
    cr_expect_not_null(strstr(err.text, "threads"), "%s", err.text);
    options = (struct mzg_context_options){.size = 4};
    cr_expect(eq(int, (int)mzg_context_new(MPI_COMM_WORLD, &options, &context, &err), MZG_EUSAGE));
    cr_expect(eq(int, (int)mzg_context_new(MPI_COMM_NULL, NULL, &context, &err), MZG_EUSAGE));
    cr_expect_null(context);
    cr_expect(
        eq(int, (int)mzg_context_new_f((int)MPI_Comm_c2f(MPI_COMM_WORLD), NULL, &context, &err), MZG_OK),
        "%s", err.text);
    cr_expect(eq(int, mzg_context_size(context), mpi_size));
    mzg_context_free(context);
    mzg_context_free(NULL);
}

MPI_TEST(library, spectra_are_read_in_pieces)
{
    struct mzg_spectra_facts facts = {.size = sizeof facts};
    struct mzg_spectra_reader *reader = NULL;
    struct mzg_spectra spectra;
    struct mzg_error err;
    struct mzg_context *context = context_with_log();
    char *metadata = NULL;
    write_input();
    cr_assert(eq(int, (int)mzg_spectra_open(context, imzml, NULL, &reader, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(int, (int)mzg_spectra_facts(reader, &facts, &err), MZG_OK));
    cr_expect(eq(i64, facts.n_pixels, 4));
    cr_expect(eq(i64, facts.most_points, 3));
    cr_expect(eq(int, (int)mzg_spectra_read(reader, 1, 2, &spectra, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(i64, spectra.n, 2));
    cr_expect(eq(int, spectra.positions[0], 2));
    cr_expect(eq(int, spectra.positions[4], 2));
    cr_expect(eq(i64, spectra.begin[2], 6));
    for (int i = 0; i < 6; i++) {
        cr_expect(eq(dbl, spectra.mz[i], mz3[i % 3]));
        cr_expect(eq(dbl, spectra.intensity[i], (double)intensity3[i % 3]));
    }
    cr_expect_null(spectra.faults[0]);
    cr_expect(eq(int, (int)mzg_spectra_read(reader, 3, 2, &spectra, &err), MZG_EUSAGE));
    cr_expect(eq(i64, spectra.n, 2), "untouched");
    cr_expect(eq(int, (int)mzg_spectra_metadata(reader, &metadata, &err), MZG_OK));
    cr_expect(mpi_rank == 0 ? metadata[0] == '{' : metadata == NULL);
    mzg_free(metadata);
    mzg_spectra_close(reader);
    mzg_context_free(context);
}
