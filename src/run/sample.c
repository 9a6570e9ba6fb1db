#include <run/sample.h>

#include <core/agree.h>
#include <core/mpi.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE_SPECTRA = 48, SAMPLE_POINTS = 4 << 20 };

/* m/z arrays of the sample, copied: a decoder's own are gone with its next spectrum. */
struct drawn {
    struct mzg_spectrum spectra[SAMPLE_SPECTRA];
    int64_t n;
    int64_t n_points;
    int64_t n_zeros; /* intensities */
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
    for (int64_t i = 0; i < spectrum->n; i++)
        sample->n_zeros += spectrum->intensity[i] == 0;
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

static enum mzg_status draw(const struct mzg_reader *reader, struct drawn *sample, struct mzg_error *err)
{
    int64_t pixels = reader->dataset.n_pixels;
    int64_t wanted = reader->dataset.shared_mz ? 1 : SAMPLE_SPECTRA;
    int64_t n = pixels < wanted ? pixels : wanted;
    struct mzg_decoder *decoder = NULL;
    struct mzg_batch batch;
    mzg_batch_init(&batch);
    mzg_decoder_new(&decoder, err);
    for (int64_t i = 0; i < n && sample->n_points < SAMPLE_POINTS && err->status == MZG_OK; i++)
        add_pixel(reader, pixels * (2 * i + 1) / (2 * n), decoder, &batch, sample, err);
    mzg_decoder_free(decoder);
    mzg_batch_destroy(&batch);
    return err->status;
}

static void summarise(const struct drawn *drawn, struct mzg_sample *sample)
{
    struct mzg_error too_few = {0};
    sample->has_fit = mzg_sampling_fit(drawn->spectra, drawn->n, &sample->fit, &too_few) == MZG_OK;
    if (drawn->n_points == 0)
        return;
    sample->points_per_spectrum = (double)drawn->n_points / (double)drawn->n;
    sample->zeros = (double)drawn->n_zeros / (double)drawn->n_points;
}

enum mzg_status mzg_sample_draw(const struct mzg_context *context, const struct mzg_reader *reader,
                                struct mzg_sample *sample, struct mzg_error *err)
{
    struct drawn drawn = {.n = 0};
    *sample = (struct mzg_sample){0};
    if (context->rank == 0 && draw(reader, &drawn, err) == MZG_OK)
        summarise(&drawn, sample);
    for (int64_t i = 0; i < drawn.n; i++)
        free((double *)drawn.spectra[i].mz);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    MZG_MPI(MPI_Bcast(sample, sizeof *sample, MPI_BYTE, 0, context->comm));
    return MZG_OK;
}
