/*
 * The kind of input "synthetic": spectra that `mzgrid generate` would write, made in memory where they are
 * decoded, so that the engine can be driven past the size of any disk.
 *
 *     fetch     notes positions, 8 bytes a spectrum
 *     decode    makes the spectrum there (tissue.h), the same on any thread of any rank
 *
 * There are no bytes on a disk. Where bytes are counted they are those that the arrays would take in the ibd:
 * 12 for a point, or 4 behind one m/z array that all spectra share. Of the positions the reader holds at most
 * a bit each.
 */
#include <core/agree.h>
#include <core/array.h>
#include <core/block.h>
#include <core/context.h>
#include <core/json_text.h>
#include <core/memory.h>
#include <core/mpi.h>
#include <core/pool.h>
#include <core/stop.h>
#include <input/decoder.h>
#include <input/stored_array.h>
#include <input/synthetic_kind.h>
#include <input/text.h>
#include <synthetic/tissue.h>

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SURVEY_SPECTRA = 1024 }; /* that a worker looks at in one go */

struct synthetic_reader {
    struct mzg_reader base;
    char *path;
    struct mzg_tissue *tissue;
};

/* Where the spectra of a batch are to be made. */
struct position {
    int32_t x, y;
};

struct storage {
    struct position *positions;
    int64_t capacity; /* of them and what the batch has of each spectrum */
};

static const struct synthetic_reader *of(const struct mzg_reader *base)
{
    return (const struct synthetic_reader *)base;
}

static void synthetic_close(struct mzg_reader *base)
{
    struct synthetic_reader *reader = (struct synthetic_reader *)base;
    json_decref(base->dataset.metadata);
    mzg_tissue_free(reader->tissue);
    free(reader->path);
    free(reader);
}

/* What is known of spectra once all have been looked at, none of them made. */
struct survey {
    int64_t n_points, n_empty;
    int64_t box[4]; /* the least of x, y, -x, -y */
    double ends[2]; /* the least of m/z, -m/z */
};

static const struct survey nothing = {.box = {INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX},
                                      .ends = {INFINITY, INFINITY}};

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void join(const struct survey *other, struct survey *survey)
{
    survey->n_points += other->n_points;
    survey->n_empty += other->n_empty;
    for (int i = 0; i < 4; i++)
        survey->box[i] = least(survey->box[i], other->box[i]);
    for (int i = 0; i < 2; i++)
        survey->ends[i] = fmin(survey->ends[i], other->ends[i]);
}

/* A rank's share of the survey, and what each worker has found. */
struct surveying {
    const struct mzg_tissue *tissue;
    struct mzg_block spectra;
    struct survey *workers;
    const atomic_int *stop;
};

static void survey_spectrum(const struct mzg_tissue *tissue, int32_t x, int32_t y, struct survey *survey)
{
    double ends[2];
    struct survey one = {
        .n_points = mzg_tissue_points(tissue, x, y), .box = {x, y, -x, -y}, .ends = {INFINITY, INFINITY}};
    one.n_empty = one.n_points == 0;
    if (one.n_points > 0 && mzg_tissue_ends(tissue, x, y, ends)) {
        one.ends[0] = ends[0];
        one.ends[1] = -ends[1];
    }
    join(&one, survey);
}

static void survey_group(void *context, int64_t item, int worker)
{
    const struct surveying *surveying = context;
    const struct mzg_tissue *tissue = surveying->tissue;
    int64_t begin = item * SURVEY_SPECTRA;
    int64_t end = least(begin + SURVEY_SPECTRA, surveying->spectra.count);
    int32_t x, y;
    if (mzg_is_stopped(surveying->stop))
        return;
    mzg_tissue_position(tissue, surveying->spectra.first + begin, &x, &y);
    for (int64_t i = begin; i < end; i++) {
        survey_spectrum(tissue, x, y, &surveying->workers[worker]);
        if (i + 1 < end)
            mzg_tissue_next(tissue, &x, &y);
    }
}

/* All spectra, by the workers of all ranks. Collective. */
static enum mzg_status survey_all(const struct mzg_context *context, const struct synthetic_reader *reader,
                                  struct survey *found, struct mzg_error *err)
{
    int n = mzg_pool_size(context->pool);
    struct surveying surveying = {.tissue = reader->tissue,
                                  .spectra =
                                      mzg_block_of(reader->tissue->n_spectra, context->size, context->rank),
                                  .workers = malloc((size_t)n * sizeof *surveying.workers),
                                  .stop = context->stop};
    if (!surveying.workers)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to survey its spectra", reader->path);
    *found = nothing;
    if (surveying.workers) {
        for (int w = 0; w < n; w++)
            surveying.workers[w] = nothing;
        mzg_pool_run(context->pool, (surveying.spectra.count + SURVEY_SPECTRA - 1) / SURVEY_SPECTRA,
                     survey_group, &surveying);
        for (int w = 0; w < n; w++)
            join(&surveying.workers[w], found);
        free(surveying.workers);
    }
    mzg_check_stop(context->stop, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    int64_t sums[2] = {found->n_points, found->n_empty};
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_INT64_T, MPI_SUM, context->comm));
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, found->box, 4, MPI_INT64_T, MPI_MIN, context->comm));
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, found->ends, 2, MPI_DOUBLE, MPI_MIN, context->comm));
    found->n_points = sums[0];
    found->n_empty = sums[1];
    return MZG_OK;
}

static enum mzg_spectrum_type type_of(enum mzg_synthetic_kind kind)
{
    return kind == MZG_SYNTHETIC_CENTROID ? MZG_SPECTRUM_CENTROID : MZG_SPECTRUM_PROFILE;
}

/* An m/z as the generated imzML states it, widened `times` half a unit of its last digit, and of a double. */
static double stated_mz(double mz, int times)
{
    static const char digits[] = "0.000000";
    double printed = floor(mz * 1e6 + 0.5) / 1e6;
    double half_digit = mzg_text_half_digit((struct mzg_text){digits, sizeof digits - 1});
    return printed + times * (half_digit + mzg_array_rounding(MZG_ARRAY_FLOAT64, printed));
}

/* The facts, as those of the pair of files that `mzgrid generate` would write. */
static void settle(struct synthetic_reader *reader, const struct survey *survey)
{
    const struct mzg_tissue *tissue = reader->tissue;
    struct mzg_dataset *dataset = &reader->base.dataset;
    bool shared = tissue->shared_mz != NULL;
    dataset->path = reader->path;
    dataset->n_spectra = dataset->n_pixels = tissue->n_spectra;
    dataset->n_points = survey->n_points;
    dataset->n_bytes = survey->n_points * (shared ? 4 : 12) + (shared ? tissue->n_samples * 8 : 0);
    dataset->n_index_bytes = mzg_tissue_bytes(tissue);
    dataset->type = type_of(tissue->options.kind);
    dataset->shared_mz = shared;
    for (int d = 0; d < 2; d++) {
        dataset->min[d] = (int32_t)survey->box[d];
        dataset->max[d] = (int32_t)-survey->box[2 + d];
        dataset->pixel_size[d] = MZG_SYNTHETIC_PIXEL_SIZE;
    }
    dataset->min[2] = dataset->max[2] = 1;
    dataset->has_mz_range = !shared && survey->n_empty < tissue->n_spectra;
    if (dataset->has_mz_range) {
        dataset->min_mz = stated_mz(survey->ends[0], -1);
        dataset->max_mz = stated_mz(-survey->ends[1], 1);
        dataset->stated_mz[0] = stated_mz(survey->ends[0], -2);
        dataset->stated_mz[1] = stated_mz(-survey->ends[1], 2);
    }
}

/* What both the metadata and the description tell. The instrument is that of the generated imzML. */
static json_t *tell(const struct synthetic_reader *reader)
{
    const struct mzg_synthetic_options *options = &reader->tissue->options;
    return json_pack("{s:s, s:s, s:[I, I], s:I, s:I, s:b, s:[s, s, s, s]}", "format", "synthetic", "kind",
                     mzg_synthetic_kind_name(options->kind), "size", (json_int_t)options->width,
                     (json_int_t)options->height, "points", (json_int_t)options->points, "seed",
                     (json_int_t)options->seed, "full", options->full, "instrument_accessions", "MS:1000075",
                     "MS:1000084", "MS:1000106", "MS:1000114");
}

/* NULL on failure. */
static struct synthetic_reader *new_reader(const char *path, struct mzg_error *err)
{
    struct mzg_synthetic_options options;
    if (mzg_synthetic_parse(path, &options, err) != MZG_OK)
        return NULL;
    struct synthetic_reader *reader = calloc(1, sizeof *reader);
    if (reader)
        reader->path = strdup(path);
    if (!reader || !reader->path) {
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for a reader", path);
    } else if (mzg_tissue_new(&options, &reader->tissue, err) == MZG_OK) {
        reader->base.kind = &mzg_synthetic_kind;
        return reader;
    }
    if (reader)
        synthetic_close(&reader->base);
    return NULL;
}

static enum mzg_status synthetic_open(const struct mzg_context *context, const char *path,
                                      const struct mzg_reader_options *options, struct mzg_reader **opened,
                                      struct mzg_error *err)
{
    /* Nothing here contradicts itself or ends early. */
    struct survey survey;
    struct synthetic_reader *reader = new_reader(path, err);
    if (reader && context->rank == 0) {
        reader->base.dataset.metadata = tell(reader);
        if (!reader->base.dataset.metadata)
            mzg_fail(err, MZG_ENOMEM, "%s: no memory for the metadata", path);
        else if (options->ms_level > 1 || options->polarity != MZG_POLARITY_UNKNOWN)
            mzg_fail(err, MZG_EUSAGE,
                     "%s: synthetic spectra are of ms level 1 and of no polarity: leave out --ms-level and "
                     "--polarity",
                     path);
    }
    mzg_agree(context->comm, err);
    if (!reader)
        return err->status;
    if (err->status != MZG_OK || survey_all(context, reader, &survey, err) != MZG_OK) {
        synthetic_close(&reader->base);
        return err->status;
    }
    settle(reader, &survey);
    *opened = &reader->base;
    return MZG_OK;
}

static void synthetic_pixel(const struct mzg_reader *base, int64_t pixel, int32_t position[3],
                            int64_t *first_spectrum, int64_t *n_spectra)
{
    mzg_tissue_position(of(base)->tissue, pixel, &position[0], &position[1]);
    position[2] = 1;
    *first_spectrum = pixel;
    *n_spectra = 1;
}

static void synthetic_measure(const struct mzg_reader *base, int64_t first_pixel, int64_t n_pixels,
                              int64_t *bytes, int64_t *points)
{
    const struct mzg_tissue *tissue = of(base)->tissue;
    int32_t x = 0, y = 0;
    *points = 0;
    for (int64_t i = 0; i < n_pixels; i++) {
        if (i == 0)
            mzg_tissue_position(tissue, first_pixel, &x, &y);
        else
            mzg_tissue_next(tissue, &x, &y);
        *points += mzg_tissue_points_at_most(tissue, x, y);
    }
    *bytes = (n_pixels + 1) * 8 + n_pixels * (int64_t)(8 + sizeof(struct position));
}

static int64_t synthetic_count_faulty(const struct mzg_reader *base)
{
    (void)base;
    return 0;
}

static enum mzg_status synthetic_shared_mz(struct mzg_reader *base, const double **mz, int64_t *n,
                                           struct mzg_error *err)
{
    const struct mzg_tissue *tissue = of(base)->tissue;
    if (!tissue->shared_mz)
        return mzg_fail(err, MZG_EUSAGE, "%s: its spectra do not share one m/z array", base->dataset.path);
    *mz = tissue->shared_mz;
    *n = tissue->n_samples;
    return MZG_OK;
}

static void free_storage(void *pointer)
{
    struct storage *storage = pointer;
    free(storage->positions);
    free(storage);
}

/* Room for n pixels of one spectrum each. */
static enum mzg_status prepare(struct mzg_batch *batch, int64_t n, struct mzg_error *err)
{
    if (!batch->storage) {
        batch->storage = calloc(1, sizeof(struct storage));
        batch->free_storage = free_storage;
    }
    struct storage *storage = batch->storage;
    if (!storage)
        return mzg_fail(err, MZG_ENOMEM, "no memory for a batch of spectra");
    const struct mzg_array arrays[] = {{&batch->pixel_begin, sizeof *batch->pixel_begin},
                                       {&batch->spectra, sizeof *batch->spectra},
                                       {&storage->positions, sizeof *storage->positions}};
    return mzg_arrays_reserve(arrays, 3, n + 1, &storage->capacity,
                              "spectra of a batch; use a smaller --chunk-size", err);
}

/* The share of the first n pixels in the bytes of all: batches add up to the whole, and need not look at
 * their spectra. */
static int64_t bytes_before(const struct mzg_dataset *dataset, int64_t n)
{
    return (int64_t)((double)dataset->n_bytes * ((double)n / (double)dataset->n_pixels));
}

static enum mzg_status synthetic_fetch(const struct mzg_reader *base, int64_t first_pixel, int64_t n_pixels,
                                       struct mzg_batch *batch, struct mzg_error *err)
{
    const struct mzg_tissue *tissue = of(base)->tissue;
    if (prepare(batch, n_pixels, err) != MZG_OK)
        return err->status;
    struct storage *storage = batch->storage;
    struct position at = {0, 0};
    for (int64_t i = 0; i < n_pixels; i++) {
        if (i == 0)
            mzg_tissue_position(tissue, first_pixel, &at.x, &at.y);
        else
            mzg_tissue_next(tissue, &at.x, &at.y);
        storage->positions[i] = at;
        batch->pixel_begin[i] = i;
        batch->spectra[i] = first_pixel + i;
    }
    batch->pixel_begin[n_pixels] = n_pixels;
    batch->first_pixel = first_pixel;
    batch->n_pixels = batch->n_spectra = n_pixels;
    batch->bytes_read =
        bytes_before(&base->dataset, first_pixel + n_pixels) - bytes_before(&base->dataset, first_pixel);
    return MZG_OK;
}

static bool synthetic_decode(const struct mzg_reader *base, const struct mzg_batch *batch, int64_t entry,
                             struct mzg_decoder *decoder, struct mzg_spectrum *spectrum,
                             struct mzg_fault *fault)
{
    const struct mzg_tissue *tissue = of(base)->tissue;
    struct position at = ((const struct storage *)batch->storage)->positions[entry];
    size_t room = (size_t)mzg_tissue_points_at_most(tissue, at.x, at.y);
    double *mz = tissue->shared_mz ? tissue->shared_mz : mzg_decoder_buffer(decoder, 0, room * sizeof *mz);
    double *intensity = mzg_decoder_buffer(decoder, 1, room * sizeof *intensity);
    float *counts = mzg_decoder_buffer(decoder, 2, room * sizeof *counts);
    *fault = (struct mzg_fault){.spectrum = batch->spectra[entry]};
    if (!mz || !intensity || !counts) {
        fault->reason = MZG_FAULT_NO_MEMORY;
        snprintf(fault->text, sizeof fault->text, "no memory for its %zu points", room);
        return false;
    }
    int64_t n = mzg_synthetic_spectrum(tissue, at.x, at.y, mz, counts);
    for (int64_t i = 0; i < n; i++)
        intensity[i] = (double)counts[i];
    *spectrum = (struct mzg_spectrum){mz, intensity, n};
    return true;
}

/* Hands the m/z of all spectra to the one who takes them. */
static enum mzg_status give_mz(const struct mzg_reader *base, int64_t first_pixel, int64_t n_pixels,
                               struct mzg_decoder *decoder, struct mzg_mz_scan *scan, struct mzg_error *err)
{
    const struct mzg_tissue *tissue = of(base)->tissue;
    struct mzg_batch batch;
    struct mzg_spectrum spectrum;
    struct mzg_fault fault;
    if (tissue->shared_mz)
        return n_pixels > 0 ? scan->take(scan->taker, tissue->shared_mz, tissue->options.points, err)
                            : MZG_OK;
    mzg_batch_init(&batch);
    synthetic_fetch(base, first_pixel, n_pixels, &batch, err);
    for (int64_t i = 0; i < batch.n_spectra && err->status == MZG_OK; i++)
        if (!synthetic_decode(base, &batch, i, decoder, &spectrum, &fault))
            mzg_fail(err, MZG_ENOMEM, "%s: %s", base->dataset.path, fault.text);
        else
            scan->take(scan->taker, spectrum.mz, spectrum.n, err);
    mzg_batch_destroy(&batch);
    return err->status;
}

/* The m/z of a spectrum increase, so that its ends stand for all of them, `full` or not. */
static enum mzg_status synthetic_scan_mz(const struct mzg_reader *base, int64_t first_pixel, int64_t n_pixels,
                                         bool full, struct mzg_decoder *decoder, struct mzg_mz_scan *scan,
                                         struct mzg_error *err)
{
    (void)full;
    const struct mzg_tissue *tissue = of(base)->tissue;
    int32_t x = 0, y = 0;
    double ends[2];
    for (int64_t i = 0; i < n_pixels; i++) {
        if (i == 0)
            mzg_tissue_position(tissue, first_pixel, &x, &y);
        else
            mzg_tissue_next(tissue, &x, &y);
        if (mzg_tissue_ends(tissue, x, y, ends)) {
            scan->min_mz = fmin(scan->min_mz, ends[0]);
            scan->max_mz = fmax(scan->max_mz, ends[1]);
        }
    }
    return scan->take ? give_mz(base, first_pixel, n_pixels, decoder, scan, err) : MZG_OK;
}

static enum mzg_status synthetic_describe(const char *path, json_t **description, struct mzg_error *err)
{
    struct synthetic_reader *reader = new_reader(path, err);
    if (!reader)
        return err->status;
    const struct mzg_synthetic_options *options = &reader->tissue->options;
    int64_t points = mzg_size_product(reader->tissue->n_spectra, options->points);
    bool shared = reader->tissue->shared_mz != NULL;
    json_t *facts =
        json_pack("{s:o, s:s, s:s, s:I, s:[I, I], s:[f, f], s:I, s:I}", "path", mzg_json_text(path), "mode",
                  shared ? "continuous" : "processed", "spectrum_type",
                  type_of(options->kind) == MZG_SPECTRUM_CENTROID ? "centroid" : "profile", "spectra",
                  (json_int_t)reader->tissue->n_spectra, "grid", (json_int_t)options->width,
                  (json_int_t)options->height, "pixel_size_um", (double)MZG_SYNTHETIC_PIXEL_SIZE,
                  (double)MZG_SYNTHETIC_PIXEL_SIZE, "points_estimate", (json_int_t)points, "bytes_estimate",
                  (json_int_t)(points * (shared ? 4 : 12) + (shared ? options->points * 8 : 0)));
    json_t *object = tell(reader);
    if (!facts || !object || json_object_update(object, facts) != 0) {
        json_decref(object);
        object = NULL;
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for its description", path);
    }
    json_decref(facts);
    synthetic_close(&reader->base);
    *description = object;
    return err->status;
}

const struct mzg_reader_kind mzg_synthetic_kind = {.name = "synthetic",
                                                   .metadata_key = "synthetic",
                                                   .claims = mzg_synthetic_claims,
                                                   .open = synthetic_open,
                                                   .close = synthetic_close,
                                                   .pixel = synthetic_pixel,
                                                   .measure = synthetic_measure,
                                                   .count_faulty = synthetic_count_faulty,
                                                   .shared_mz = synthetic_shared_mz,
                                                   .fetch = synthetic_fetch,
                                                   .decode = synthetic_decode,
                                                   .scan_mz = synthetic_scan_mz,
                                                   .describe = synthetic_describe};
