/*
 * One chunk of consecutive pixels on its way: the stored bytes as fetched (batch), then, after the workers
 * decoded and resampled them, its rows, one record per pixel, and the faults met.
 */
#ifndef MZG_STREAM_CHUNK_H
#define MZG_STREAM_CHUNK_H

#include <core/context.h>
#include <core/frame.h>
#include <input/reader.h>
#include <mzgrid/resample.h>
#include <stage/rows.h>
#include <stream/intensities.h>
#include <stream/outside.h>

/* What becomes of one pixel: the source of obs. */
struct mzg_pixel_record {
    int64_t first_spectrum; /* ordinal of the first spectrum used; -1: none could be, the pixel is skipped */
    int64_t n_spectra;      /* used */
    int64_t n_points;
    int64_t dropped_points;
    double tic;
    struct mzg_intensities intensities; /* of all points of its spectra together */
    double base_peak_mz;
    double base_peak_intensity;
};

/* A spectrum that could not be used. */
struct mzg_skip {
    int64_t pixel;
    struct mzg_fault fault;
};

/* Counted over spectra and values, for the warnings at the end. */
enum mzg_count {
    MZG_COUNT_OUTSIDE_POINTS, /* beyond the axis */
    MZG_COUNT_DROPPED_POINTS, /* not finite, or m/z <= 0 */
    MZG_COUNT_NEGATIVE_POINTS,
    MZG_COUNT_UNSORTED,   /* spectra */
    MZG_COUNT_MERGED,     /* spectra with an m/z more than once */
    MZG_COUNT_BY_NEAREST, /* spectra for which tic_preserving fell back to nearest_neighbor */
    MZG_COUNT_CLAMPED,    /* values beyond what the stored type holds */
    MZG_COUNTS
};

struct mzg_chunk {
    struct mzg_batch batch; /* free for the next bytes once the chunk is finished */
    int64_t n_pixels;
    int64_t bytes_read; /* from the input */
    struct mzg_rows rows;
    struct mzg_pixel_record *records; /* n_pixels */
    int64_t n_skips;
    struct mzg_skip *skips; /* by spectrum */
    int64_t counts[MZG_COUNTS];
    int64_t first[MZG_COUNTS]; /* the lowest spectrum that was counted; INT64_MAX: none was */
    struct mzg_outside outside;

    struct mzg_pixel_values *pixels; /* where each pixel's values wait until their row is known */
    struct mzg_row_place *row_places;
    int64_t pixel_capacity;
    int64_t value_capacity;
    int64_t skip_capacity;
};

/* How chunks are resampled; the same for all of a run. */
struct mzg_chunk_options {
    const struct mzg_reader *reader;
    const struct mzg_resampler *resampler;
    enum mzg_type value_type; /* as which values are stored: MZG_FLOAT32 or MZG_FLOAT64 */
    double min_intensity;     /* values below are not stored; 0: all but zeros are */
    bool first_only;          /* of several spectra at a pixel use the first */
};

/* The workers' scratch space, kept from chunk to chunk. */
struct mzg_chunk_workers;

enum mzg_status mzg_chunk_workers_new(const struct mzg_chunk_options *options, int n_workers,
                                      struct mzg_chunk_workers **workers, struct mzg_error *err);
void mzg_chunk_workers_free(struct mzg_chunk_workers *workers);

void mzg_chunk_init(struct mzg_chunk *chunk);
void mzg_chunk_destroy(struct mzg_chunk *chunk);

/* Starts to decode and resample chunk->batch on the pool, and returns at once; on failure nothing is started.
 * Local. */
enum mzg_status mzg_chunk_start(struct mzg_chunk *chunk, struct mzg_chunk_workers *workers,
                                struct mzg_pool *pool, struct mzg_error *err);

/* Waits for the workers and puts rows, skips and counts in order. Always waits, whatever fails. `in_place`:
 * the values of the rows stay where they are (rows.places), until the workers begin the next chunk. Local. */
enum mzg_status mzg_chunk_finish(struct mzg_chunk *chunk, struct mzg_chunk_workers *workers, bool in_place,
                                 struct mzg_pool *pool, struct mzg_error *err);

/* Gives back the memory of what is not needed: the bytes of `resampled`, which is finished, the rows of
 * `delivered`, which were handed over, and the buffers of the workers. All grow again. Local, while the pool
 * is idle. */
void mzg_chunk_trim(struct mzg_chunk *resampled, struct mzg_chunk *delivered,
                    struct mzg_chunk_workers *workers);

#endif
