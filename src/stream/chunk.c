/*
 * Workers take groups of pixels in any order and leave each pixel's values, already as they will be stored,
 * in a buffer of their own. When all are done the length of every row is known, and a second pass copies the
 * values to their final places:
 *
 *     buffer of worker 0:  pixel 0 | pixel 1 | pixel 4           rows:  0 | 1 | 2 | 3 | 4
 *     buffer of worker 1:  pixel 2 | pixel 3
 *
 * A single worker leaves them in order: its buffer becomes the rows, and takes the place of theirs. Rows that
 * are sorted by column next stay where they are.
 */
#include <stream/chunk.h>

#include <core/array.h>
#include <core/memory.h>
#include <core/pool.h>
#include <resample/workspace.h>
#include <stream/compact.h>
#include <stream/intensities.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_PIXELS = 4 }; /* so few that workers are done at the same time */

/* Where the values of one pixel wait, and where they go. */
struct mzg_pixel_values {
    int worker;
    int64_t begin;
    int64_t n;
    int64_t final_begin;
};

struct worker {
    struct mzg_decoder *decoder;
    struct mzg_workspace *workspace;

    int32_t *bins; /* values of the pixels that this worker did in this chunk */
    void *values;
    int64_t n, capacity;

    int32_t *sum_bins[2]; /* rows of a pixel with several spectra, added up; the two take turns */
    double *sum_values[2];
    int64_t sum_capacity[2];

    struct mzg_intensity_pool intensities;

    struct mzg_skip *skips;
    int64_t n_skips, skip_capacity;
    int64_t counts[MZG_COUNTS];
    int64_t first[MZG_COUNTS]; /* as struct mzg_chunk */
    struct mzg_outside outside;
    struct mzg_error err;
};

struct mzg_chunk_workers {
    struct mzg_chunk_options options;
    int n;
    struct mzg_chunk *chunk; /* under way */
    struct worker each[];
};

/* Room for `wanted` bins and the values of `value_size` bytes beside them. */
static enum mzg_status grow_row(int32_t **bins, void *values, int64_t value_size, int64_t wanted,
                                int64_t *capacity, struct mzg_error *err)
{
    const struct mzg_array arrays[] = {{bins, sizeof **bins}, {values, value_size}};
    return mzg_arrays_grow(arrays, 2, wanted, capacity, "resampled values; use a smaller --chunk-size", err);
}

static enum mzg_status note_skip(struct worker *worker, int64_t pixel, const struct mzg_fault *fault)
{
    if (mzg_array_grow(&worker->skips, sizeof *worker->skips, worker->n_skips + 1, &worker->skip_capacity,
                       "faulty spectra", &worker->err) != MZG_OK)
        return worker->err.status;
    worker->skips[worker->n_skips++] = (struct mzg_skip){.pixel = pixel, .fault = *fault};
    return MZG_OK;
}

/* Adds `row` to the sum in buffer `from` and leaves the result in buffer 1 - from. */
static enum mzg_status add_row(struct worker *worker, int from, const struct mzg_sparse_row *row,
                               struct mzg_sparse_row *sum)
{
    int to = 1 - from;
    if (grow_row(&worker->sum_bins[to], &worker->sum_values[to], sizeof(double), sum->n + row->n,
                 &worker->sum_capacity[to], &worker->err) != MZG_OK)
        return worker->err.status;
    int32_t *bins = worker->sum_bins[to];
    double *values = worker->sum_values[to];
    int64_t a = 0, b = 0, n = 0;
    while (a < sum->n || b < row->n) {
        bool take_a = b == row->n || (a < sum->n && sum->bins[a] <= row->bins[b]);
        bool take_b = a == sum->n || (b < row->n && row->bins[b] <= sum->bins[a]);
        bins[n] = take_a ? sum->bins[a] : row->bins[b];
        values[n++] = (take_a ? sum->values[a] : 0) + (take_b ? row->values[b] : 0);
        a += take_a;
        b += take_b;
    }
    *sum = (struct mzg_sparse_row){.bins = bins, .values = values, .n = n};
    return MZG_OK;
}

static void count(struct worker *worker, enum mzg_count kind, int64_t n, int64_t spectrum)
{
    worker->counts[kind] += n;
    if (n > 0 && spectrum < worker->first[kind])
        worker->first[kind] = spectrum;
}

static void add_summary(const struct mzg_spectrum_summary *summary, int64_t spectrum,
                        struct mzg_pixel_record *record, struct worker *worker)
{
    bool has_points = summary->n_points > summary->dropped_points;
    bool had_points = record->n_points > record->dropped_points;
    if (record->n_spectra++ == 0)
        record->first_spectrum = spectrum;
    if (has_points && (!had_points || summary->base_peak_intensity > record->base_peak_intensity)) {
        record->base_peak_mz = summary->base_peak_mz;
        record->base_peak_intensity = summary->base_peak_intensity;
    }
    record->n_points += summary->n_points;
    record->dropped_points += summary->dropped_points;
    record->tic += summary->tic;
    mzg_outside_add(summary, &worker->outside);
    count(worker, MZG_COUNT_OUTSIDE_POINTS, summary->outside_points, spectrum);
    count(worker, MZG_COUNT_DROPPED_POINTS, summary->dropped_points, spectrum);
    count(worker, MZG_COUNT_NEGATIVE_POINTS, summary->negative_points, spectrum);
    count(worker, MZG_COUNT_UNSORTED, summary->unsorted, spectrum);
    count(worker, MZG_COUNT_MERGED, summary->merged, spectrum);
    count(worker, MZG_COUNT_BY_NEAREST, summary->by_nearest, spectrum);
}

/* mzg_compactor.keep() of values that are stored as double, which none is too large for but by a sum. */
static int64_t keep_doubles(const struct mzg_sparse_row *row, double min_intensity, int32_t *bins,
                            double *values, int64_t *n_clamped)
{
    const int all = min_intensity <= 0;
    int64_t n = 0;
    for (int64_t i = 0; i < row->n; i++) {
        double value = row->values[i];
        if (isinf(value)) {
            value = value > 0 ? DBL_MAX : -DBL_MAX;
            (*n_clamped)++;
        }
        bins[n] = row->bins[i];
        values[n] = value;
        n += (value != 0) & (all | (value >= min_intensity));
    }
    return n;
}

/* Appends the values of `row`, of the pixel that begins with `spectrum`, that are to be stored to the
 * worker's buffer. */
static enum mzg_status keep_row(struct worker *worker, const struct mzg_sparse_row *row,
                                const struct mzg_chunk_options *options, int64_t spectrum)
{
    int64_t size = mzg_type_size(options->value_type);
    if (grow_row(&worker->bins, &worker->values, size, worker->n + row->n, &worker->capacity, &worker->err) !=
        MZG_OK)
        return worker->err.status;
    int32_t *bins = worker->bins + worker->n;
    void *values = (char *)worker->values + worker->n * size;
    int64_t n_clamped = 0;
    worker->n += options->value_type == MZG_FLOAT64
                     ? keep_doubles(row, options->min_intensity, bins, values, &n_clamped)
                     : mzg_compactor_of_cpu()->keep(row, options->min_intensity, bins, values, &n_clamped);
    count(worker, MZG_COUNT_CLAMPED, n_clamped, spectrum);
    return MZG_OK;
}

/* Decodes, resamples and adds up the spectra of pixel `i` of the chunk. */
static enum mzg_status resample_pixel(struct mzg_chunk_workers *workers, int64_t i, int number)
{
    const struct mzg_chunk_options *options = &workers->options;
    struct worker *worker = &workers->each[number];
    struct mzg_chunk *chunk = workers->chunk;
    const struct mzg_batch *batch = &chunk->batch;
    struct mzg_pixel_record *record = &chunk->records[i];
    struct mzg_sparse_row sum = {0};
    int buffer = 0;

    worker->intensities.n = 0;
    *record = (struct mzg_pixel_record){.first_spectrum = -1};
    int64_t end = options->first_only ? batch->pixel_begin[i] + 1 : batch->pixel_begin[i + 1];
    for (int64_t entry = batch->pixel_begin[i]; entry < end; entry++) {
        struct mzg_spectrum spectrum;
        struct mzg_spectrum_summary summary;
        struct mzg_sparse_row row;
        struct mzg_fault fault = {0};
        if (!mzg_reader_decode(options->reader, batch, entry, worker->decoder, &spectrum, &fault)) {
            if (mzg_fault_check(&fault, &worker->err) != MZG_OK ||
                note_skip(worker, batch->first_pixel + i, &fault) != MZG_OK)
                return worker->err.status;
            continue;
        }
        bool is_alone = end - batch->pixel_begin[i] == 1;
        /* Before resampling: afterwards the row is what is in the nearest cache. */
        if (is_alone && mzg_intensity_pool_measure(&worker->intensities, spectrum.intensity, spectrum.n,
                                                   &record->intensities, &worker->err) != MZG_OK)
            return worker->err.status;
        if (mzg_resample(options->resampler, worker->workspace, &spectrum, &summary, &row, &worker->err) !=
            MZG_OK)
            return worker->err.status;
        add_summary(&summary, batch->spectra[entry], record, worker);
        if (is_alone) {
            sum = row;
        } else {
            if (add_row(worker, buffer, &row, &sum) != MZG_OK ||
                mzg_intensity_pool_add(&worker->intensities, spectrum.intensity, spectrum.n, &worker->err) !=
                    MZG_OK)
                return worker->err.status;
            buffer = 1 - buffer;
        }
    }
    if (worker->intensities.n > 0 &&
        mzg_intensity_pool_measure(&worker->intensities, worker->intensities.all, worker->intensities.n,
                                   &record->intensities, &worker->err) != MZG_OK)
        return worker->err.status;
    chunk->pixels[i] = (struct mzg_pixel_values){.worker = number, .begin = worker->n};
    if (keep_row(worker, &sum, options, record->first_spectrum) != MZG_OK)
        return worker->err.status;
    chunk->pixels[i].n = worker->n - chunk->pixels[i].begin;
    return MZG_OK;
}

static int64_t groups_of(const struct mzg_chunk *chunk)
{
    return (chunk->n_pixels + GROUP_PIXELS - 1) / GROUP_PIXELS;
}

/* A worker's task: the item-th group of pixels. */
static void resample_group(void *context, int64_t item, int number)
{
    struct mzg_chunk_workers *workers = context;
    int64_t first = item * GROUP_PIXELS;
    int64_t end = first + GROUP_PIXELS;
    if (end > workers->chunk->n_pixels)
        end = workers->chunk->n_pixels;
    for (int64_t i = first; i < end && workers->each[number].err.status == MZG_OK; i++)
        resample_pixel(workers, i, number);
}

/* A worker's task: copies the values of the item-th group of pixels into their rows. */
static void copy_group(void *context, int64_t item, int number)
{
    (void)number;
    struct mzg_chunk_workers *workers = context;
    struct mzg_chunk *chunk = workers->chunk;
    int64_t size = mzg_type_size(workers->options.value_type);
    int64_t first = item * GROUP_PIXELS;
    int64_t end = first + GROUP_PIXELS;
    if (end > chunk->n_pixels)
        end = chunk->n_pixels;
    for (int64_t i = first; i < end; i++) {
        const struct mzg_pixel_values *pixel = &chunk->pixels[i];
        const struct worker *worker = &workers->each[pixel->worker];
        if (pixel->n == 0)
            continue;
        memcpy(chunk->rows.bins + pixel->final_begin, worker->bins + pixel->begin,
               (size_t)pixel->n * sizeof *worker->bins);
        memcpy((char *)chunk->rows.values + pixel->final_begin * size,
               (const char *)worker->values + pixel->begin * size, (size_t)(pixel->n * size));
    }
}

static enum mzg_status check_workers(const struct mzg_chunk_workers *workers, struct mzg_error *err)
{
    for (int w = 0; w < workers->n && err->status == MZG_OK; w++)
        *err = workers->each[w].err;
    return err->status;
}

/* Gives every pixel that is kept its row, and every row its place behind the one before. */
static void place_rows(struct mzg_chunk *chunk, const struct mzg_chunk_workers *workers)
{
    struct mzg_rows *rows = &chunk->rows;
    int64_t size = mzg_type_size(workers->options.value_type);
    rows->n_rows = rows->n_values = 0;
    for (int64_t i = 0; i < chunk->n_pixels; i++) {
        struct mzg_pixel_values *pixel = &chunk->pixels[i];
        if (chunk->records[i].first_spectrum < 0) {
            pixel->n = 0;
            continue;
        }
        const struct worker *worker = &workers->each[pixel->worker];
        pixel->final_begin = rows->n_values;
        chunk->row_places[rows->n_rows] =
            (struct mzg_row_place){.bins = worker->bins + pixel->begin,
                                   .values = (const char *)worker->values + pixel->begin * size};
        rows->row_counts[rows->n_rows++] = pixel->n;
        rows->n_values += pixel->n;
    }
}

/* The buffer of the only worker becomes the rows. */
static void swap_values(struct mzg_chunk *chunk, struct worker *worker)
{
    struct mzg_rows *rows = &chunk->rows;
    int32_t *bins = rows->bins;
    void *values = rows->values;
    int64_t capacity = chunk->value_capacity;
    rows->bins = worker->bins;
    rows->values = worker->values;
    chunk->value_capacity = worker->capacity;
    worker->bins = bins;
    worker->values = values;
    worker->capacity = capacity;
}

/* Moves the values from the workers' buffers to their rows. */
static enum mzg_status move_values(struct mzg_chunk *chunk, struct mzg_chunk_workers *workers,
                                   struct mzg_pool *pool, struct mzg_error *err)
{
    struct mzg_rows *rows = &chunk->rows;
    if (workers->n == 1)
        swap_values(chunk, &workers->each[0]);
    else if (grow_row(&rows->bins, &rows->values, mzg_type_size(workers->options.value_type), rows->n_values,
                      &chunk->value_capacity, err) == MZG_OK)
        mzg_pool_run(pool, groups_of(chunk), copy_group, workers);
    return err->status;
}

/* By pixel, then by spectrum: the order that chunks of any size have among themselves. */
static int compare_skips(const void *a, const void *b)
{
    const struct mzg_skip *first = a;
    const struct mzg_skip *second = b;
    if (first->pixel != second->pixel)
        return first->pixel < second->pixel ? -1 : 1;
    return (first->fault.spectrum > second->fault.spectrum) -
           (first->fault.spectrum < second->fault.spectrum);
}

/* Moves what the workers noted beside the values into the chunk. */
static enum mzg_status collect_notes(struct mzg_chunk *chunk, struct mzg_chunk_workers *workers,
                                     struct mzg_error *err)
{
    memset(chunk->counts, 0, sizeof chunk->counts);
    chunk->outside = (struct mzg_outside){0};
    for (int i = 0; i < MZG_COUNTS; i++)
        chunk->first[i] = INT64_MAX;
    int64_t n_skips = 0;
    for (int w = 0; w < workers->n; w++)
        n_skips += workers->each[w].n_skips;
    if (mzg_array_reserve(&chunk->skips, sizeof *chunk->skips, n_skips, &chunk->skip_capacity,
                          "faulty spectra", err) != MZG_OK)
        return err->status;

    chunk->n_skips = 0;
    for (int w = 0; w < workers->n; w++) {
        const struct worker *worker = &workers->each[w];
        if (worker->n_skips > 0)
            memcpy(chunk->skips + chunk->n_skips, worker->skips,
                   (size_t)worker->n_skips * sizeof *worker->skips);
        chunk->n_skips += worker->n_skips;
        mzg_outside_merge(&worker->outside, &chunk->outside);
        for (int i = 0; i < MZG_COUNTS; i++) {
            chunk->counts[i] += worker->counts[i];
            if (worker->first[i] < chunk->first[i])
                chunk->first[i] = worker->first[i];
        }
    }
    qsort(chunk->skips, (size_t)chunk->n_skips, sizeof *chunk->skips, compare_skips);
    return MZG_OK;
}

static void reset_workers(struct mzg_chunk_workers *workers)
{
    for (int w = 0; w < workers->n; w++) {
        workers->each[w].n = 0;
        workers->each[w].n_skips = 0;
        workers->each[w].outside = (struct mzg_outside){0};
        memset(workers->each[w].counts, 0, sizeof workers->each[w].counts);
        for (int i = 0; i < MZG_COUNTS; i++)
            workers->each[w].first[i] = INT64_MAX;
    }
}

enum mzg_status mzg_chunk_start(struct mzg_chunk *chunk, struct mzg_chunk_workers *workers,
                                struct mzg_pool *pool, struct mzg_error *err)
{
    int64_t n = chunk->batch.n_pixels;
    const struct mzg_array arrays[] = {{&chunk->records, sizeof *chunk->records},
                                       {&chunk->pixels, sizeof *chunk->pixels},
                                       {&chunk->row_places, sizeof *chunk->row_places},
                                       {&chunk->rows.row_counts, sizeof *chunk->rows.row_counts}};
    if (mzg_arrays_grow(arrays, 4, n, &chunk->pixel_capacity, "pixels of a chunk; use a smaller --chunk-size",
                        err) != MZG_OK)
        return err->status;
    chunk->n_pixels = n;
    chunk->bytes_read = chunk->batch.bytes_read;
    reset_workers(workers);
    workers->chunk = chunk;
    mzg_pool_start(pool, groups_of(chunk), resample_group, workers);
    return MZG_OK;
}

enum mzg_status mzg_chunk_finish(struct mzg_chunk *chunk, struct mzg_chunk_workers *workers, bool in_place,
                                 struct mzg_pool *pool, struct mzg_error *err)
{
    mzg_pool_wait(pool);
    if (err->status != MZG_OK || check_workers(workers, err) != MZG_OK ||
        collect_notes(chunk, workers, err) != MZG_OK)
        return err->status;
    place_rows(chunk, workers);
    chunk->rows.places = in_place ? chunk->row_places : NULL;
    return in_place ? MZG_OK : move_values(chunk, workers, pool, err);
}

void mzg_chunk_init(struct mzg_chunk *chunk)
{
    *chunk = (struct mzg_chunk){0};
    mzg_batch_init(&chunk->batch);
}

void mzg_chunk_destroy(struct mzg_chunk *chunk)
{
    mzg_batch_destroy(&chunk->batch);
    free(chunk->rows.row_counts);
    free(chunk->rows.bins);
    free(chunk->rows.values);
    free(chunk->records);
    free(chunk->skips);
    free(chunk->pixels);
    free(chunk->row_places);
    *chunk = (struct mzg_chunk){0};
}

void mzg_chunk_trim(struct mzg_chunk *resampled, struct mzg_chunk *delivered,
                    struct mzg_chunk_workers *workers)
{
    mzg_batch_destroy(&resampled->batch);
    mzg_batch_init(&resampled->batch);
    free(delivered->rows.bins);
    free(delivered->rows.values);
    delivered->rows.bins = NULL;
    delivered->rows.values = NULL;
    delivered->value_capacity = 0;
    for (int w = 0; w < workers->n; w++) {
        struct worker *worker = &workers->each[w];
        free(worker->bins);
        free(worker->values);
        worker->bins = NULL;
        worker->values = NULL;
        worker->capacity = 0;
    }
    mzg_memory_give_back(); /* else the process keeps it */
}

enum mzg_status mzg_chunk_workers_new(const struct mzg_chunk_options *options, int n_workers,
                                      struct mzg_chunk_workers **workers, struct mzg_error *err)
{
    struct mzg_chunk_workers *made = calloc(1, sizeof *made + (size_t)n_workers * sizeof made->each[0]);
    if (!made)
        return mzg_fail(err, MZG_ENOMEM, "no memory for %d workers", n_workers);
    made->options = *options;
    made->n = n_workers;
    for (int w = 0; w < n_workers && err->status == MZG_OK; w++) {
        mzg_decoder_new(&made->each[w].decoder, err);
        if (err->status == MZG_OK)
            mzg_workspace_new(&made->each[w].workspace, err);
        if (err->status == MZG_OK)
            made->each[w].workspace->lends_points =
                true; /* a row is kept before the next spectrum is decoded */
    }
    if (err->status != MZG_OK)
        mzg_chunk_workers_free(made);
    else
        *workers = made;
    return err->status;
}

void mzg_chunk_workers_free(struct mzg_chunk_workers *workers)
{
    if (!workers)
        return;
    for (int w = 0; w < workers->n; w++) {
        struct worker *worker = &workers->each[w];
        mzg_decoder_free(worker->decoder);
        mzg_workspace_free(worker->workspace);
        free(worker->bins);
        free(worker->values);
        for (int i = 0; i < 2; i++) {
            free(worker->sum_bins[i]);
            free(worker->sum_values[i]);
        }
        mzg_intensity_pool_destroy(&worker->intensities);
        free(worker->skips);
    }
    free(workers);
}
