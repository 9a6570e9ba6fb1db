/*
 * Validation reads as a conversion does, in rounds of one part of the pixels per rank, and only looks. While
 * the workers decode one batch, the main thread fetches the next; a thread of the reader hashes the ibd
 * meanwhile.
 */
#include <run/runs.h>

#include <core/agree.h>
#include <core/mpi.h>
#include <core/pool.h>
#include <core/stop.h>
#include <run/check.h>
#include <run/plan.h>
#include <run/validation.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH_BYTES = 16 << 20,  /* fetched at a time, of which two are held */
    ROUND_BYTES = 128 << 20, /* about as much as a rank reads between two looks at context->stop */
    ROUND_PIXELS = 1 << 20,
    GROUP = 16 /* spectra of one task */
};

struct worker {
    struct mzg_decoder *decoder;
    struct mzg_validation validation;
    struct mzg_error err;
};

struct run {
    const struct mzg_context *context;
    struct mzg_reader *reader;
    struct mzg_content_range range;
    const double *shared_mz;
    struct mzg_batch batches[2]; /* one is decoded, the other fetched */
    struct mzg_batch *at_work;
    struct worker *workers;
    int n_workers;
};

static void check_spectrum(struct run *run, int64_t pixel, int64_t entry, struct worker *worker)
{
    struct mzg_validation *validation = &worker->validation;
    struct mzg_spectrum spectrum;
    struct mzg_skip skip = {.pixel = pixel};
    int64_t ordinal = run->at_work->spectra[entry];
    if (!mzg_reader_decode(run->reader, run->at_work, entry, worker->decoder, &spectrum, &skip.fault)) {
        /* Bytes that cannot be read end a conversion, but are among what validation is to find. */
        if (skip.fault.reason == MZG_FAULT_READ || mzg_fault_check(&skip.fault, &worker->err) == MZG_OK)
            mzg_validation_add_fault(validation, &skip, &worker->err);
        return;
    }
    validation->n_points += spectrum.n;
    validation->n_empty += spectrum.n == 0;
    if (!run->shared_mz)
        mzg_content_check_mz(spectrum.mz, spectrum.n, ordinal, &run->range, &validation->content);
    mzg_content_check_intensity(spectrum.intensity, spectrum.n, ordinal, &validation->content);
}

/* A worker's task: the item-th group of pixels of the batch at work. */
static void check_group(void *context, int64_t item, int number)
{
    struct run *run = context;
    const struct mzg_batch *batch = run->at_work;
    struct worker *worker = &run->workers[number];
    int64_t end = (item + 1) * GROUP < batch->n_pixels ? (item + 1) * GROUP : batch->n_pixels;
    for (int64_t p = item * GROUP; p < end; p++)
        for (int64_t e = batch->pixel_begin[p]; e < batch->pixel_begin[p + 1]; e++)
            if (worker->err.status == MZG_OK)
                check_spectrum(run, batch->first_pixel + p, e, worker);
}

/* As many pixels from `first` on as a batch may hold: at least one. */
static int64_t pixels_of_batch(const struct run *run, int64_t first, int64_t end)
{
    int64_t n = 0, sum = 0;
    while (first + n < end) {
        int64_t bytes, points;
        mzg_reader_measure(run->reader, first + n, 1, &bytes, &points);
        if (n > 0 && sum + bytes > BATCH_BYTES)
            break;
        sum += bytes;
        n++;
    }
    return n;
}

/* Checks this rank's pixels of one round. */
static enum mzg_status check_pixels(struct run *run, int64_t first, int64_t end, struct mzg_error *err)
{
    struct mzg_pool *pool = run->context->pool;
    bool working = false;
    for (int turn = 0; first < end && err->status == MZG_OK; turn = 1 - turn) {
        struct mzg_batch *batch = &run->batches[turn];
        int64_t n = pixels_of_batch(run, first, end);
        mzg_reader_fetch(run->reader, first, n, batch, err);
        if (working)
            mzg_pool_wait(pool);
        working = err->status == MZG_OK;
        run->at_work = batch;
        if (working)
            mzg_pool_start(pool, (n + GROUP - 1) / GROUP, check_group, run);
        first += n;
    }
    if (working)
        mzg_pool_wait(pool);
    for (int w = 0; w < run->n_workers && err->status == MZG_OK; w++)
        *err = run->workers[w].err;
    return err->status;
}

/* All rounds. Collective. */
static enum mzg_status check_all(struct run *run, const struct mzg_progress *progress, struct mzg_error *err)
{
    const struct mzg_context *context = run->context;
    const struct mzg_dataset *dataset = &run->reader->dataset;
    int64_t share = ROUND_BYTES / (dataset->n_bytes / dataset->n_pixels + 1);
    share = share < 1 ? 1 : share < ROUND_PIXELS ? share : ROUND_PIXELS;
    int64_t round = share * context->size;
    for (int64_t done = 0; done < dataset->n_pixels; done += round) {
        int64_t first = done + context->rank * share;
        int64_t end = first + share < dataset->n_pixels ? first + share : dataset->n_pixels;
        check_pixels(run, first, end, err);
        mzg_check_stop(context->stop, err);
        if (mzg_agree(context->comm, err) != MZG_OK)
            return err->status;
        if (context->rank == 0 && progress && progress->update)
            progress->update(progress->context, "validating",
                             done + round < dataset->n_pixels ? done + round : dataset->n_pixels,
                             dataset->n_pixels);
    }
    return MZG_OK;
}

/* The m/z array that all spectra share is looked at once, as that of the first of them. That it cannot be
 * decoded is a finding: `broken`. Collective. */
static enum mzg_status check_shared_mz(struct run *run, struct mzg_validation *validation,
                                       struct mzg_error *broken, struct mzg_error *err)
{
    int64_t n = 0;
    if (!run->reader->dataset.shared_mz)
        return MZG_OK;
    enum mzg_status status = mzg_reader_shared_mz(run->reader, &run->shared_mz, &n, broken);
    if (status != MZG_OK && status != MZG_EFORMAT)
        *err = *broken;
    if (status == MZG_OK && run->context->rank == 0)
        mzg_content_check_mz(run->shared_mz, n, 0, &run->range, &validation->content);
    return mzg_agree(run->context->comm, err);
}

static enum mzg_status prepare(struct run *run, struct mzg_error *err)
{
    const struct mzg_dataset *dataset = &run->reader->dataset;
    run->range = (struct mzg_content_range){.min_mz = -INFINITY, .max_mz = INFINITY};
    if (dataset->has_mz_range)
        run->range =
            (struct mzg_content_range){.min_mz = dataset->stated_mz[0], .max_mz = dataset->stated_mz[1]};
    run->range.any_order = dataset->has_mobility;
    run->n_workers = mzg_pool_size(run->context->pool);
    run->workers = calloc((size_t)run->n_workers, sizeof *run->workers);
    if (!run->workers)
        mzg_fail(err, MZG_ENOMEM, "no memory for %d workers", run->n_workers);
    for (int w = 0; w < run->n_workers && err->status == MZG_OK; w++)
        mzg_decoder_new(&run->workers[w].decoder, err);
    return mzg_agree(run->context->comm, err);
}

static void release(struct run *run)
{
    for (int w = 0; run->workers && w < run->n_workers; w++) {
        mzg_decoder_free(run->workers[w].decoder);
        mzg_validation_destroy(&run->workers[w].validation);
    }
    free(run->workers);
    mzg_batch_destroy(&run->batches[0]);
    mzg_batch_destroy(&run->batches[1]);
    mzg_reader_close(run->reader);
}

/* The verdict on rank 0, from what all workers of all ranks counted. Collective. */
static enum mzg_status conclude(struct run *run, struct mzg_validation *validation,
                                const struct mzg_error *shared_mz, struct json_t **verdict, bool *valid,
                                struct mzg_error *err)
{
    const struct mzg_context *context = run->context;
    for (int w = 0; w < run->n_workers && err->status == MZG_OK; w++)
        mzg_validation_merge(&run->workers[w].validation, validation, err);
    if (mzg_agree(context->comm, err) != MZG_OK || mzg_validation_gather(context, validation, err) != MZG_OK)
        return err->status;
    int found_nothing = 0;
    mzg_reader_verify(context, run->reader, err);
    if (mzg_agree(context->comm, err) != MZG_OK ||
        mzg_reader_check_unchanged(context, run->reader, err) != MZG_OK)
        return err->status;
    if (context->rank == 0) {
        mzg_validation_verdict(validation, run->reader, shared_mz, verdict, valid, err);
        found_nothing = *valid;
    }
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    MZG_MPI(MPI_Bcast(&found_nothing, 1, MPI_INT, 0, context->comm));
    *valid = found_nothing;
    return MZG_OK;
}

enum mzg_status mzg_run_validate(const struct mzg_context *context, const char *path, int64_t memory_limit,
                                 const struct mzg_progress *progress, struct json_t **verdict, bool *valid,
                                 struct mzg_error *err)
{
    /* Truncated XML is a finding among others, and an ion mobility array is none; every spectrum is looked
     * at. */
    const struct mzg_reader_options options = {.memory_limit = mzg_plan_limit(context->comm, memory_limit),
                                               .verify = true,
                                               .allow_truncated = true,
                                               .mobility_sum = true,
                                               .all_kinds = true};
    struct run run = {.context = context};
    struct mzg_validation validation = {0};
    struct mzg_error shared_mz = {0};
    *verdict = NULL;
    *valid = false;
    mzg_batch_init(&run.batches[0]);
    mzg_batch_init(&run.batches[1]);
    if (mzg_reader_open(context, path, &options, &run.reader, err) == MZG_OK &&
        prepare(&run, err) == MZG_OK && check_shared_mz(&run, &validation, &shared_mz, err) == MZG_OK &&
        check_all(&run, progress, err) == MZG_OK)
        conclude(&run, &validation, &shared_mz, verdict, valid, err);
    if (err->status != MZG_OK)
        mzg_check_changed(context, run.reader, err);
    mzg_validation_destroy(&validation);
    release(&run);
    return err->status;
}
