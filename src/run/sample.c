#include <run/sample.h>

#include <core/agree.h>

#include <stdlib.h>
#include <string.h>

enum { SAMPLE_SPECTRA = 48, SAMPLE_POINTS = 4 << 20 };

/* m/z arrays of the sample, copied: a decoder's own are gone with its next spectrum. */
struct sample {
    struct mzg_spectrum spectra[SAMPLE_SPECTRA];
    int64_t n;
    int64_t n_points;
};

static enum mzg_status keep_mz(struct sample *sample, const struct mzg_spectrum *spectrum,
                               struct mzg_error *err)
{
    double *mz = malloc((size_t)(spectrum->n + 1) * sizeof *mz);
    if (!mz)
        return mzg_fail(err, MZG_ENOMEM, "no memory for a sample of the spectra");
    memcpy(mz, spectrum->mz, (size_t)spectrum->n * sizeof *mz);
    sample->spectra[sample->n++] = (struct mzg_spectrum){.mz = mz, .n = spectrum->n};
    sample->n_points += spectrum->n;
    return MZG_OK;
}

/* Adds the first spectrum of a pixel; one that cannot be read is passed over. */
static enum mzg_status add_pixel(const struct mzg_reader *reader, int64_t pixel, struct mzg_decoder *decoder,
                                 struct mzg_batch *batch, struct sample *sample, struct mzg_error *err)
{
    struct mzg_spectrum spectrum;
    struct mzg_fault fault = {0};
    if (mzg_reader_fetch(reader, pixel, 1, batch, err) != MZG_OK)
        return err->status;
    if (batch->n_spectra > 0 && mzg_reader_decode(reader, batch, 0, decoder, &spectrum, &fault))
        return keep_mz(sample, &spectrum, err);
    return MZG_OK;
}

static enum mzg_status draw(const struct mzg_reader *reader, struct sample *sample, struct mzg_error *err)
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

enum mzg_status mzg_sample_fit(const struct mzg_context *context, const struct mzg_reader *reader,
                               struct mzg_sampling_fit *fit, bool *found, struct mzg_error *err)
{
    struct sample sample = {.n = 0};
    int fitted = 0;
    if (context->rank == 0 && draw(reader, &sample, err) == MZG_OK) {
        struct mzg_error too_few = {0};
        fitted = mzg_sampling_fit(sample.spectra, sample.n, fit, &too_few) == MZG_OK;
    }
    for (int64_t i = 0; i < sample.n; i++)
        free((double *)sample.spectra[i].mz);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    MPI_Bcast(&fitted, 1, MPI_INT, 0, context->comm);
    MPI_Bcast(fit, sizeof *fit, MPI_BYTE, 0, context->comm);
    *found = fitted;
    return MZG_OK;
}
