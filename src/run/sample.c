#include <run/sample.h>

#include <axis/mz_set.h>
#include <core/agree.h>
#include <core/mpi.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEAST_SPECTRA = 4,
    SAMPLE_SPECTRA = 48,
    MOST_SPECTRA = 240,      /* where they have few points */
    ENOUGH_POINTS = 1 << 15, /* that many spectra as have so many points, */
    USUAL_POINTS = 1 << 21,  /*  and fewer where they have more than so many, */
    MOST_POINTS = 1 << 22,   /*  whatever a few of them have */
    SHARED_SPECTRA = 5       /* of one m/z array, for their intensities */
};

/* Half of the sample has this share of all its m/z if they are shared. */
static const double nearly_all = 0.98;

/* m/z arrays of the sample, copied: a decoder's own are gone with its next spectrum. */
struct drawn {
    struct mzg_spectrum spectra[MOST_SPECTRA];
    int64_t n;
    int64_t n_points;
    int64_t n_zeros;  /* intensities */
    int64_t n_curved; /* intensities above or below 0 between two such */
};

static int compare(const void *a, const void *b)
{
    double p = *(const double *)a, q = *(const double *)b;
    if (isnan(p) || isnan(q))
        return isnan(p) - isnan(q);
    return (p > q) - (p < q);
}

/* Sorts m/z where they are out of order, and so many that their steps tell nothing; what is no m/z stays out
 * of the way at the end. */
static void sort_mz(double *mz, int64_t n)
{
    int64_t steps_back = 0;
    for (int64_t i = 1; i < n; i++)
        steps_back += mz[i] < mz[i - 1];
    if (steps_back > n / 4)
        qsort(mz, (size_t)n, sizeof *mz, compare);
}

static enum mzg_status keep_mz(struct drawn *sample, const struct mzg_spectrum *spectrum,
                               struct mzg_error *err)
{
    double *mz = malloc((size_t)(spectrum->n + 1) * sizeof *mz);
    if (!mz)
        return mzg_fail(err, MZG_ENOMEM, "no memory for a sample of the spectra");
    memcpy(mz, spectrum->mz, (size_t)spectrum->n * sizeof *mz);
    sort_mz(mz, spectrum->n);
    sample->spectra[sample->n++] = (struct mzg_spectrum){.mz = mz, .n = spectrum->n};
    sample->n_points += spectrum->n;
    for (int64_t i = 0; i < spectrum->n; i++) {
        const double *y = spectrum->intensity + i;
        sample->n_zeros += y[0] == 0;
        sample->n_curved += i > 0 && i + 1 < spectrum->n && y[-1] != 0 && y[0] != 0 && y[1] != 0;
    }
    return MZG_OK;
}

/* Adds the first spectrum of a pixel; one that cannot be read is passed over. */
static enum mzg_status add_pixel(const struct mzg_reader *reader, int64_t pixel, struct mzg_decoder *decoder,
                                 struct mzg_batch *batch, struct drawn *sample, struct mzg_error *err)
{
    struct mzg_spectrum spectrum;
    struct mzg_fault fault = {0};
    if (mzg_reader_fetch(reader, pixel, 1, batch, err) != MZG_OK)
        return err->status;
    if (batch->n_spectra > 0 && mzg_reader_decode(reader, batch, 0, decoder, &spectrum, &fault))
        return keep_mz(sample, &spectrum, err);
    return mzg_fault_check(&fault, err);
}

static int64_t spectra_wanted(const struct mzg_dataset *dataset)
{
    int64_t pixels = dataset->n_pixels, each = dataset->n_points / (pixels > 0 ? pixels : 1) + 1;
    int64_t n = SAMPLE_SPECTRA;
    if (dataset->shared_mz)
        n = SHARED_SPECTRA;
    else if (ENOUGH_POINTS / each > n)
        n = ENOUGH_POINTS / each < MOST_SPECTRA ? ENOUGH_POINTS / each : MOST_SPECTRA;
    if (USUAL_POINTS / each < n)
        n = USUAL_POINTS / each > LEAST_SPECTRA ? USUAL_POINTS / each : LEAST_SPECTRA;
    return n < pixels ? n : pixels;
}

static enum mzg_status draw(const struct mzg_reader *reader, struct drawn *sample, struct mzg_error *err)
{
    int64_t pixels = reader->dataset.n_pixels;
    int64_t n = spectra_wanted(&reader->dataset);
    struct mzg_decoder *decoder = NULL;
    struct mzg_batch batch;
    mzg_batch_init(&batch);
    mzg_decoder_new(&decoder, err);
    for (int64_t i = 0; i < n && sample->n_points < MOST_POINTS && err->status == MZG_OK; i++)
        add_pixel(reader, pixels * (2 * i + 1) / (2 * n), decoder, &batch, sample, err);
    mzg_decoder_free(decoder);
    mzg_batch_destroy(&batch);
    return err->status;
}

/* Adds every second spectrum that has points, from the first or the second on. */
static enum mzg_status add_half(const struct drawn *drawn, int from, struct mzg_mz_set *set,
                                struct mzg_error *err)
{
    int64_t number = 0;
    for (int64_t i = 0; i < drawn->n && err->status == MZG_OK; i++)
        if (drawn->spectra[i].n > 0 && number++ % 2 == from)
            mzg_mz_set_add(set, drawn->spectra[i].mz, drawn->spectra[i].n, err);
    return err->status == MZG_OK ? mzg_mz_set_settle(set, err) : err->status;
}

static enum mzg_status count_distinct(const struct drawn *drawn, struct mzg_sample *sample,
                                      struct mzg_error *err)
{
    struct mzg_mz_set set = {.low = 0, .high = 1e6, .most = INT64_MAX};
    if (add_half(drawn, 0, &set, err) == MZG_OK) {
        sample->half_distinct = set.n;
        add_half(drawn, 1, &set, err);
        sample->distinct = set.n;
    }
    if (set.n > 0) {
        sample->ends[0] = set.mz[0];
        sample->ends[1] = set.mz[set.n - 1];
        sample->middle_mz = sqrt(set.mz[0]) * sqrt(set.mz[set.n - 1]);
    }
    mzg_mz_set_destroy(&set);
    return err->status;
}

/* Few points that happen to lie evenly are no sampling: the range of a profile has many steps. */
static bool has_steps(const struct mzg_sample *sample)
{
    static const double least_steps = 32;
    const struct mzg_sampling *step = &sample->fit.sampling;
    return sample->ends[1] - sample->ends[0] >=
           least_steps * step->scale * pow(sample->middle_mz, step->exponent);
}

static enum mzg_status summarise(const struct drawn *drawn, struct mzg_sample *sample, struct mzg_error *err)
{
    struct mzg_error too_few = {0};
    sample->has_fit = mzg_sampling_fit(drawn->spectra, drawn->n, &sample->fit, &too_few) == MZG_OK;
    if (drawn->n_points == 0)
        return MZG_OK;
    for (int64_t i = 0; i < drawn->n; i++)
        sample->n_spectra += drawn->spectra[i].n > 0;
    int64_t n_filled = drawn->n_points - drawn->n_zeros;
    sample->points_per_spectrum = (double)drawn->n_points / (double)drawn->n;
    sample->zeros = (double)drawn->n_zeros / (double)drawn->n_points;
    sample->curved = n_filled > 0 ? (double)drawn->n_curved / (double)n_filled : 0;
    if (count_distinct(drawn, sample, err) != MZG_OK)
        return err->status;
    sample->has_fit = sample->has_fit && has_steps(sample);
    return mzg_spacings_collect(drawn->spectra, drawn->n, &sample->spacings, err);
}

enum mzg_status mzg_sample_draw(const struct mzg_context *context, const struct mzg_reader *reader,
                                struct mzg_sample *sample, struct mzg_error *err)
{
    struct drawn drawn = {.n = 0};
    *sample = (struct mzg_sample){0};
    if (context->rank == 0 && draw(reader, &drawn, err) == MZG_OK)
        summarise(&drawn, sample, err);
    for (int64_t i = 0; i < drawn.n; i++)
        free((double *)drawn.spectra[i].mz);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    struct mzg_spacings spacings = sample->spacings;
    MZG_MPI(MPI_Bcast(sample, sizeof *sample, MPI_BYTE, 0, context->comm));
    sample->spacings = spacings;
    return MZG_OK;
}

void mzg_sample_destroy(struct mzg_sample *sample)
{
    mzg_spacings_destroy(&sample->spacings);
}

bool mzg_sample_shares_mz(const struct mzg_sample *sample)
{
    return sample->n_spectra > 1 && sample->distinct > 0 &&
           (double)sample->half_distinct >= nearly_all * (double)sample->distinct;
}
