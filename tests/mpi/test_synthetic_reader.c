/* Spectra made in memory against the same spectra read from the files that `mzgrid generate` writes. */
#include <input/reader.h>
#include <mpi_test.h>

#include <core/context.h>
#include <core/pool.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <synthetic/synthetic.h>
#include <temp_files.h>

enum { NAME = 300 };

/* A reader of its own on each rank, or one of all ranks. */
static struct mzg_reader *open_one(MPI_Comm comm, const char *path)
{
    struct mzg_context context = {.comm = comm};
    struct mzg_reader_options options = {0};
    struct mzg_reader *reader = NULL;
    struct mzg_error err = {0};
    MPI_Comm_rank(comm, &context.rank);
    MPI_Comm_size(comm, &context.size);
    cr_assert(eq(int, (int)mzg_pool_new(comm, 2, &context.pool, &err), MZG_OK));
    cr_assert(eq(int, (int)mzg_reader_open(&context, path, &options, &reader, &err), MZG_OK), "%s", err.text);
    mzg_pool_free(context.pool);
    return reader;
}

/* Both readers of the same tissue, the one of the files on this rank alone. */
struct pair {
    struct mzg_reader *made;
    struct mzg_reader *read;
};

static struct pair open_both(const struct mzg_synthetic_options *options)
{
    char directory[256], path[NAME], description[NAME];
    make_temp_directory(directory);
    snprintf(path, sizeof path, "%s/a.imzML", directory);
    struct mzg_context context = {.comm = MPI_COMM_SELF, .size = 1};
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_SELF, 1, &context.pool, &err), MZG_OK));
    cr_assert(eq(int, (int)mzg_synthetic_write(&context, path, options, &err), MZG_OK), "%s", err.text);
    mzg_pool_free(context.pool);

    snprintf(description, sizeof description, "synthetic:%dx%d:%d:%s:%d%s", (int)options->width,
             (int)options->height, (int)options->points, mzg_synthetic_kind_name(options->kind),
             (int)options->seed, options->full ? ":full" : "");
    struct pair pair = {.made = open_one(MPI_COMM_WORLD, description), .read = open_one(MPI_COMM_SELF, path)};
    unlink(path);
    snprintf(path, sizeof path, "%s/a.ibd", directory);
    unlink(path); /* open still */
    rmdir(directory);
    return pair;
}

static void close_both(struct pair *pair)
{
    mzg_reader_close(pair->made);
    mzg_reader_close(pair->read);
}

static void expect_same_dataset(const struct mzg_dataset *made, const struct mzg_dataset *read)
{
    cr_expect(eq(i64, made->n_spectra, read->n_spectra));
    cr_expect(eq(i64, made->n_pixels, read->n_pixels));
    cr_expect(eq(i64, made->n_duplicate_pixels, 0));
    cr_expect(eq(i64, made->n_points, read->n_points));
    cr_expect(lt(i64, made->n_bytes, read->n_bytes));
    cr_expect(eq(int, (int)made->type, (int)read->type));
    cr_expect(eq(int, made->shared_mz, read->shared_mz));
    cr_expect(eq(int, made->has_mz_range, read->has_mz_range));
    cr_expect(eq(dbl, made->min_mz, read->min_mz));
    cr_expect(eq(dbl, made->max_mz, read->max_mz));
    for (int d = 0; d < 3; d++) {
        cr_expect(eq(i32, made->min[d], read->min[d]));
        cr_expect(eq(i32, made->max[d], read->max[d]));
    }
    cr_expect(eq(dbl, made->pixel_size[0], read->pixel_size[0]));
    cr_expect(eq(dbl, made->pixel_size[1], read->pixel_size[1]));
}

static void expect_same_pixels(const struct pair *pair, int64_t first, int64_t n)
{
    int64_t bytes, promised, points = 0;
    for (int64_t i = first; i < first + n; i++) {
        int32_t position[2][3];
        int64_t spectrum[2], count[2];
        mzg_reader_pixel(pair->made, i, position[0], &spectrum[0], &count[0]);
        mzg_reader_pixel(pair->read, i, position[1], &spectrum[1], &count[1]);
        cr_expect(memcmp(position[0], position[1], sizeof position[0]) == 0, "pixel %d", (int)i);
        cr_expect(eq(i64, spectrum[0], spectrum[1]));
        cr_expect(eq(i64, count[0], 1));
    }
    mzg_reader_measure(pair->read, first, n, &bytes, &points);
    mzg_reader_measure(pair->made, first, n, &bytes, &promised);
    cr_expect(ge(i64, promised, points));
    if (pair->made->dataset.type == MZG_SPECTRUM_CENTROID)
        cr_expect(eq(i64, promised, points));
    cr_expect(ge(i64, bytes, 24 * n));
}

/* Fetches pixels first .. first + n - 1 from both and compares their arrays bit by bit. Returns the bytes
 * that the one in memory counted. */
static int64_t expect_same_spectra(const struct pair *pair, int64_t first, int64_t n)
{
    struct mzg_reader *readers[2] = {pair->made, pair->read};
    struct mzg_batch batches[2];
    struct mzg_decoder *decoders[2];
    struct mzg_spectrum spectra[2];
    struct mzg_fault fault;
    struct mzg_error err = {0};
    for (int r = 0; r < 2; r++) {
        mzg_batch_init(&batches[r]);
        cr_assert(eq(int, (int)mzg_decoder_new(&decoders[r], &err), MZG_OK));
        cr_assert(eq(int, (int)mzg_reader_fetch(readers[r], first, n, &batches[r], &err), MZG_OK));
    }
    cr_assert(eq(i64, batches[0].n_spectra, n));
    cr_assert(eq(i64, batches[0].first_pixel, first));
    for (int64_t i = 0; i < n; i++) {
        for (int r = 0; r < 2; r++)
            cr_assert(mzg_reader_decode(readers[r], &batches[r], i, decoders[r], &spectra[r], &fault));
        cr_assert(eq(i64, spectra[0].n, spectra[1].n));
        size_t size = (size_t)spectra[0].n * sizeof(double);
        cr_expect(memcmp(spectra[0].mz, spectra[1].mz, size) == 0, "spectrum %d", (int)(first + i));
        cr_expect(memcmp(spectra[0].intensity, spectra[1].intensity, size) == 0);
        cr_expect(eq(i64, batches[0].spectra[i], first + i));
    }
    int64_t bytes = batches[0].bytes_read;
    for (int r = 0; r < 2; r++) {
        mzg_decoder_free(decoders[r]);
        mzg_batch_destroy(&batches[r]);
    }
    return bytes;
}

static void expect_same_range(const struct pair *pair, int64_t first, int64_t n)
{
    struct mzg_reader *readers[2] = {pair->made, pair->read};
    struct mzg_mz_scan scans[2] = {MZG_MZ_SCAN_NOTHING, MZG_MZ_SCAN_NOTHING};
    struct mzg_decoder *decoder;
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)mzg_decoder_new(&decoder, &err), MZG_OK));
    for (int r = 0; r < 2; r++)
        mzg_reader_scan_mz(readers[r], first, n, true, decoder, &scans[r], &err);
    cr_expect(eq(dbl, scans[0].min_mz, scans[1].min_mz));
    cr_expect(eq(dbl, scans[0].max_mz, scans[1].max_mz));
    mzg_decoder_free(decoder);
}

static void compare(const struct mzg_synthetic_options *options)
{
    struct pair pair = open_both(options);
    const struct mzg_dataset *dataset = &pair.made->dataset;
    int64_t n = dataset->n_pixels, bytes = 0;
    expect_same_dataset(dataset, &pair.read->dataset);
    cr_assert(eq(i64, n, pair.read->dataset.n_pixels));
    expect_same_pixels(&pair, 0, n);
    expect_same_range(&pair, 0, n);
    for (int64_t i = 0; i < n; i += 7)
        expect_same_range(&pair, i, 1);
    for (int64_t first = 0, count = 1; first < n; first += count, count = 2 * count + 1)
        bytes += expect_same_spectra(&pair, first, first + count < n ? count : n - first);
    cr_expect(eq(i64, bytes, dataset->n_bytes));
    cr_expect(eq(i64, mzg_reader_count_faulty(pair.made), 0));
    if (dataset->shared_mz) {
        const double *mz;
        int64_t n_mz;
        struct mzg_error err = {0};
        cr_expect(eq(int, (int)mzg_reader_shared_mz(pair.made, &mz, &n_mz, &err), MZG_OK));
        cr_expect(eq(i64, n_mz, options->points));
    }
    close_both(&pair);
}

MPI_TEST(synthetic_reader, spectra_are_those_of_the_files)
{
    static const struct mzg_synthetic_options cases[] = {
        /* With some empty spectra, so that the files state no range; without any. */
        {.width = 70, .height = 21, .points = 60, .seed = 7},
        {.width = 9, .height = 7, .points = 3, .seed = 2, .full = true},
        {.width = 9, .height = 7, .points = 1, .seed = 3},
        {.width = 33, .height = 12, .kind = MZG_SYNTHETIC_PROFILE, .points = 700, .seed = 3},
        /* Single peaks, and none. */
        {.width = 20, .height = 20, .kind = MZG_SYNTHETIC_PROFILE, .points = 9, .seed = 4, .full = true},
        {.width = 25, .height = 12, .kind = MZG_SYNTHETIC_CONTINUOUS, .points = 500, .seed = 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        compare(&cases[i]);
}

MPI_TEST(synthetic_reader, every_rank_sees_the_same)
{
    struct mzg_reader *reader = open_one(MPI_COMM_WORLD, "synthetic:90x40:100:profile:5");
    struct mzg_reader *alone = open_one(MPI_COMM_SELF, "synthetic:90x40:100:profile:5");
    expect_same_dataset(&reader->dataset, &(struct mzg_dataset){.n_bytes = INT64_MAX,
                                                                .n_spectra = alone->dataset.n_spectra,
                                                                .n_pixels = alone->dataset.n_pixels,
                                                                .n_points = alone->dataset.n_points,
                                                                .type = MZG_SPECTRUM_PROFILE,
                                                                .has_mz_range = true,
                                                                .min_mz = alone->dataset.min_mz,
                                                                .max_mz = alone->dataset.max_mz,
                                                                .min = {1, 1, 1},
                                                                .max = {90, 40, 1},
                                                                .pixel_size = {50, 50}});
    cr_expect(eq(int, json_is_object(reader->dataset.metadata), mpi_rank == 0));
    if (mpi_rank == 0)
        cr_expect(
            eq(str, (char *)json_string_value(json_object_get(reader->dataset.metadata, "kind")), "profile"));
    mzg_reader_close(reader);
    mzg_reader_close(alone);
}

/* Five terabytes; nothing is made before it is asked for. */
MPI_TEST(synthetic_reader, sizes_beyond_any_disk)
{
    struct mzg_reader *reader = open_one(MPI_COMM_WORLD, "synthetic:4000x1000:1000000:continuous:1:full");
    cr_expect(eq(i64, reader->dataset.n_points, INT64_C(4000000000000)));
    cr_expect(eq(i64, reader->dataset.n_index_bytes, 0));
    mzg_reader_close(reader);
}

MPI_TEST(synthetic_reader, a_bad_description_on_the_last_rank_reaches_all)
{
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    struct mzg_reader_options options = {0};
    struct mzg_reader *reader = NULL;
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_WORLD, 1, &context.pool, &err), MZG_OK));
    const char *path = mpi_rank == mpi_size - 1 ? "synthetic:5x5:none" : "synthetic:5x5:10";
    cr_expect(eq(int, (int)mzg_reader_open(&context, path, &options, &reader, &err), MZG_EUSAGE));
    cr_expect(strstr(err.text, "'none' is not a number of points") != NULL, "%s", err.text);
    cr_expect(eq(ptr, reader, NULL));
    mzg_pool_free(context.pool);
}
