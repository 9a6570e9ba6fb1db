/* Foreign readers: what callbacks give arrives, and what they fail with is known to all ranks. */
#include <core/block.h>
#include <mpi_test.h>
#include <mzgrid/mzgrid.h>
#include <temp_files.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 5, N = 20, AT_ONCE = 3 };

/* What a reader does wrong, on the last rank only. */
enum sin {
    NONE,
    BAD_NAME,
    NOT_JSON,
    NO_OPEN,
    MANY_LINES,
    NO_TYPE,
    NO_SIZE,
    NO_READ,
    NO_LATER_READ,
    TOO_MANY,
    ENDLESS_READ,
    NO_POSITIONS,
    FAR_POSITIONS,
    BACKWARDS,
    NO_MZ,
    FEWER,
    CHANGED,
    ENDLESS,
    UNKNOWN /* the reader is not registered */
};

/* An input of N spectra on a grid, of which spectrum i has i % 4 points; 7 is at the place of 6, 11 is
 * faulty. */
struct grid {
    enum sin sin;
    int n_open, n_released;
    int64_t n_given;
    int32_t positions[3 * AT_ONCE];
    int64_t begin[AT_ONCE + 1];
    double mz[4 * AT_ONCE], intensity[4 * AT_ONCE];
    const char *faults[AT_ONCE];
};

static int64_t points_of(int64_t i)
{
    return i == 11 ? 0 : i % 4;
}

static double mz_of(int64_t i, int64_t k)
{
    return 100.0 + (double)i + 10.0 * (double)k;
}

static const char *words(struct mzg_foreign_input *input)
{
    const struct grid *grid = input->data;
    return grid->sin == MANY_LINES ? "one\ntwo\x1b[31m"
           : grid->sin == NO_OPEN  ? "the door is shut"
                                   : "the well is dry";
}

static void let_go(struct mzg_foreign_input *input)
{
    ((struct grid *)input->data)->n_released++;
}

static int give(struct mzg_foreign_input *input, int64_t first, int64_t n, struct mzg_spectra *spectra)
{
    struct grid *grid = input->data;
    bool is_later = grid->n_given >= mzg_block_of(N, mpi_size, mpi_rank).count; /* the index is made */
    cr_expect(first >= 0 && n > 0 && first + n <= input->n_spectra && spectra->n == 0);
    if (grid->sin == NO_READ || (grid->sin == NO_LATER_READ && is_later))
        return 1;
    int64_t given = n < AT_ONCE ? n : AT_ONCE, at = 0;
    grid->n_given += given;
    for (int64_t i = 0; i < given; i++) {
        int64_t number = first + i, place = number == 7 ? 6 : number;
        grid->positions[3 * i] = (int32_t)(1 + place % WIDTH);
        grid->positions[3 * i + 1] = (int32_t)(1 + place / WIDTH);
        grid->positions[3 * i + 2] = 1;
        grid->begin[i] = at;
        grid->faults[i] = number == 11 ? "not to be had" : NULL;
        for (int64_t k = 0; k < points_of(number); k++, at++) {
            grid->mz[at] = mz_of(number, k);
            grid->intensity[at] = 1 + (double)k;
        }
    }
    grid->begin[given] = at;
    if (grid->sin == CHANGED && is_later)
        grid->positions[0]++;
    if (grid->sin == FAR_POSITIONS)
        grid->positions[0] = first % 2 == 0 ? INT32_MAX : INT32_MIN + 1;
    if (grid->sin == BACKWARDS)
        grid->begin[given] = -1;
    bool is_second = grid->n_given > given;
    *spectra = (struct mzg_spectra){.n = grid->sin == TOO_MANY                    ? n + 1
                                         : grid->sin == ENDLESS_READ && is_second ? INT64_MAX
                                                                                  : given,
                                    .positions = grid->sin == NO_POSITIONS ? NULL : grid->positions,
                                    .begin = grid->begin,
                                    .mz = grid->sin == NO_MZ ? NULL : grid->mz,
                                    .intensity = grid->intensity,
                                    .faults = grid->faults};
    return 0;
}

static int open_grid(void *data, const char *path, struct mzg_foreign_input *input)
{
    struct grid *grid = data;
    cr_expect(eq(str, (char *)path, (char *)"a:b"));
    cr_expect(eq(sz, input->size, sizeof *input));
    grid->n_open++;
    input->data = grid;
    input->last_error = words;
    input->release = let_go;
    input->read = give;
    input->n_spectra = grid->sin == ENDLESS ? INT64_MAX : grid->sin == FEWER ? N - 1 : N;
    input->type = grid->sin == NO_TYPE ? (enum mzg_spectrum_type)17 : MZG_SPECTRUM_CENTROID;
    input->pixel_size[0] = grid->sin == NO_SIZE ? NAN : 0;
    input->metadata = grid->sin == BAD_NAME   ? "{\"a\": [{\"../b\": 1}]}"
                      : grid->sin == NOT_JSON ? "[1]"
                                              : "{\"operator\": \"nobody\"}";
    return grid->sin == NO_OPEN || grid->sin == MANY_LINES;
}

static struct mzg_context *context_with(struct grid *grid, enum sin sin)
{
    struct mzg_context *context = NULL;
    struct mzg_error err;
    struct mzg_context_options options = {.size = sizeof options, .threads = 2};
    struct mzg_foreign_reader reader = {
        .size = sizeof reader, .name = "grid", .open = open_grid, .data = grid};
    *grid = (struct grid){.sin = mpi_rank == mpi_size - 1 ? sin : NONE};
    cr_assert(eq(int, (int)mzg_context_new(MPI_COMM_WORLD, &options, &context, &err), MZG_OK), "%s",
              err.text);
    if (grid->sin != UNKNOWN)
        cr_assert(eq(int, (int)mzg_foreign_register(context, &reader, &err), MZG_OK), "%s", err.text);
    return context;
}

MPI_TEST(foreign, spectra_arrive_as_they_were_given)
{
    struct grid grid;
    struct mzg_error err;
    struct mzg_spectra spectra;
    struct mzg_spectra_facts facts = {.size = sizeof facts};
    struct mzg_spectra_reader *reader = NULL;
    struct mzg_context *context = context_with(&grid, NONE);
    cr_assert(eq(int, (int)mzg_spectra_open(context, "grid:a:b", NULL, &reader, &err), MZG_OK), "%s",
              err.text);
    mzg_spectra_facts(reader, &facts, &err);
    cr_expect(eq(i64, facts.n_spectra, N));
    cr_expect(eq(i64, facts.n_pixels, N - 1));
    cr_expect(eq(i64, facts.n_points, 30 - 3)); /* 5 (0 + 1 + 2 + 3) without those of spectrum 11 */
    cr_expect(eq(int, facts.max[0], WIDTH));
    cr_expect(eq(int, facts.max[1], N / WIDTH));
    cr_assert(eq(int, (int)mzg_spectra_read(reader, 0, N - 1, &spectra, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(i64, spectra.n, N));
    for (int64_t i = 0; i < N; i++) {
        cr_expect(eq(i64, spectra.begin[i + 1] - spectra.begin[i], points_of(i)));
        for (int64_t k = 0; k < points_of(i); k++)
            cr_expect(eq(dbl, spectra.mz[spectra.begin[i] + k], mz_of(i, k)));
        cr_expect(eq(int, spectra.faults[i] != NULL, i == 11));
    }
    cr_expect(eq(str, (char *)spectra.faults[11], (char *)"not to be had"));
    cr_expect(eq(int, spectra.positions[3 * 7], 1 + 6 % WIDTH));
    mzg_spectra_close(reader);
    cr_expect(eq(int, grid.n_open, 1));
    cr_expect(eq(int, grid.n_released, 1));
    mzg_context_free(context);
}

MPI_TEST(foreign, a_region_of_it)
{
    struct grid grid;
    struct mzg_error err;
    struct mzg_spectra spectra;
    struct mzg_spectra_options options = {.size = sizeof options,
                                          .region = {.given = true, .min = {2, 2, 1}, .max = {3, 2, 1}}};
    struct mzg_spectra_facts facts = {.size = sizeof facts};
    struct mzg_spectra_reader *reader = NULL;
    struct mzg_context *context = context_with(&grid, NONE);
    cr_assert(eq(int, (int)mzg_spectra_open(context, "grid:a:b", &options, &reader, &err), MZG_OK), "%s",
              err.text);
    mzg_spectra_facts(reader, &facts, &err);
    cr_expect(eq(i64, facts.n_pixels, 1)); /* 6 and 7 */
    cr_assert(eq(int, (int)mzg_spectra_read(reader, 0, 1, &spectra, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(i64, spectra.n, 2));
    cr_expect(eq(dbl, spectra.mz[0], mz_of(6, 0)));
    mzg_spectra_close(reader);
    mzg_context_free(context);
}

/* Converts with a sin of the last rank; all ranks get the same error. */
static void expect_failure(enum sin sin, enum mzg_status status, const char *text)
{
    struct grid grid;
    struct mzg_error err, first;
    struct mzg_convert_options options;
    struct mzg_convert_outcome outcome = {.size = sizeof outcome, .pixels = 77};
    struct mzg_context *context = context_with(&grid, sin);
    char directory[256] = "", output[300];
    if (mpi_rank == 0)
        make_temp_directory(directory);
    MPI_Bcast(directory, sizeof directory, MPI_CHAR, 0, MPI_COMM_WORLD);
    snprintf(output, sizeof output, "%s/out.zarr", directory);
    mzg_convert_defaults(&options);
    options.input = "grid:a:b";
    options.output = output;
    options.axis_type_auto = false;
    options.axis =
        (struct mzg_axis_spec){.type = MZG_AXIS_CONSTANT, .min_mz = 100, .max_mz = 200, .bins = 100};
    cr_expect(eq(int, (int)mzg_convert(context, &options, NULL, &outcome, &err), (int)status), "%s",
              err.text);
    first = err;
    MPI_Bcast(&first, sizeof first, MPI_BYTE, 0, MPI_COMM_WORLD);
    if (status != MZG_OK) {
        cr_expect_not_null(strstr(err.text, text), "%s", err.text);
        cr_expect(eq(str, first.text, err.text));
        cr_expect(eq(i64, outcome.pixels, 77), "untouched");
    } else {
        cr_expect(eq(i64, outcome.pixels, 18)); /* of 19, one is faulty */
        cr_expect(eq(i64, outcome.skipped, 1));
    }
    cr_expect(path_exists(directory, "out.zarr") == (status == MZG_OK));
    cr_expect(eq(int, grid.n_open, grid.n_released));
    MPI_Barrier(MPI_COMM_WORLD);
    mzg_context_free(context);
}

MPI_TEST(foreign, a_conversion)
{
    expect_failure(NONE, MZG_OK, "");
}

MPI_TEST(foreign, an_input_that_the_last_rank_cannot_open)
{
    expect_failure(NO_OPEN, MZG_EIO, "grid:a:b: cannot open: the door is shut");
}

MPI_TEST(foreign, spectra_that_the_last_rank_cannot_read)
{
    expect_failure(NO_READ, MZG_EIO, "the well is dry");
}

MPI_TEST(foreign, spectra_that_the_last_rank_cannot_read_again)
{
    expect_failure(NO_LATER_READ, MZG_EIO, "the well is dry");
}

MPI_TEST(foreign, spectra_that_are_others_the_second_time)
{
    expect_failure(CHANGED, MZG_EIO, "differently before");
}

MPI_TEST(foreign, ranks_that_see_different_inputs)
{
    if (mpi_size > 1)
        expect_failure(FEWER, MZG_EFORMAT, "19 spectra on one rank and 20 on another");
}

MPI_TEST(foreign, spectra_that_cannot_be)
{
    expect_failure(TOO_MANY, MZG_EFORMAT, "were asked for");
    expect_failure(NO_POSITIONS, MZG_EFORMAT, "without positions");
    expect_failure(ENDLESS_READ, MZG_EFORMAT, "gave 9223372036854775807 spectra");
    expect_failure(BACKWARDS, MZG_EFORMAT, " to -1");
    expect_failure(NO_MZ, MZG_EFORMAT, "points without m/z");
    expect_failure(FAR_POSITIONS, MZG_ERANGE, "cells (x, y, z), more than 2^32");
}

MPI_TEST(foreign, inputs_that_cannot_be)
{
    expect_failure(NO_TYPE, MZG_EFORMAT, "a spectrum type or polarity that mzgrid does not know");
    expect_failure(NO_SIZE, MZG_EFORMAT, "a pixel size that is negative or not a number");
    expect_failure(MANY_LINES, MZG_EIO, "cannot open: one\\ntwo\\x1b[31m");
    expect_failure(UNKNOWN, MZG_EIO, "grid:a:b");
}

/* The bytes of its index cannot be counted in 64 bits. */
MPI_TEST(foreign, more_spectra_than_there_is_memory)
{
    if (mpi_size == 1)
        expect_failure(ENDLESS, MZG_ENOMEM, "takes 8796093022207 MiB while it is made");
}

/* Rank 0 reads them; here it is the last. */
MPI_TEST(foreign, metadata_that_would_leave_the_store)
{
    if (mpi_size == 1)
        expect_failure(BAD_NAME, MZG_EFORMAT, "a name in the metadata");
    if (mpi_size == 1)
        expect_failure(NOT_JSON, MZG_EFORMAT, "are not a JSON object");
}

MPI_TEST(foreign, names_that_are_none)
{
    struct grid grid;
    struct mzg_error err;
    struct mzg_context *context = context_with(&grid, NONE);
    struct mzg_foreign_reader reader = {.size = sizeof reader, .open = open_grid};
    static const char *const bad[] = {
        "", "A", "a:b", "a b", "synthetic", "grid", "abcdefghijklmnopqrstuvwxyz012345"};
    cr_expect(eq(int, (int)mzg_foreign_register(context, &reader, &err), MZG_EUSAGE));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        reader.name = bad[i];
        cr_expect(eq(int, (int)mzg_foreign_register(context, &reader, &err), MZG_EUSAGE), "'%s'", bad[i]);
    }
    reader.name = "abcdefghijklmnopqrstuvwxyz01234";
    cr_expect(eq(int, (int)mzg_foreign_register(context, &reader, &err), MZG_OK), "%s", err.text);
    reader.name = "other";
    reader.open = NULL;
    cr_expect(eq(int, (int)mzg_foreign_register(context, &reader, &err), MZG_EUSAGE));
    reader.size = 8;
    cr_expect(eq(int, (int)mzg_foreign_register(context, &reader, &err), MZG_EUSAGE));
    mzg_context_free(context);
}
