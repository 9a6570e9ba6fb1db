/* A sample of the input's spectra, spread over the run: what it tells of their sampling step, of the
 * distances of their points, of the kind of spectra, and whether they share their m/z. */
#ifndef MZG_RUN_SAMPLE_H
#define MZG_RUN_SAMPLE_H

#include <axis/spacing.h>
#include <core/context.h>
#include <input/reader.h>
#include <mzgrid/sampling.h>

/* What a sample tells. */
struct mzg_sample {
    struct mzg_sampling_fit fit;
    bool has_fit; /* else the data do not tell */
    double points_per_spectrum;
    double zeros;                 /* share of the intensities that are exactly 0 */
    double curved;                /* share of those that are not 0 whose neighbours are not 0 either */
    int64_t n_spectra;            /* that have points */
    int64_t half_distinct;        /* different m/z in every second of them, */
    int64_t distinct;             /*  and in all */
    double middle_mz;             /* the geometric middle of their m/z; 0: there are none, */
    double ends[2];               /*  the least and the largest */
    struct mzg_spacings spacings; /* on rank 0; elsewhere none */
};

/* Draws a sample on rank 0; all ranks get what it tells. Release with mzg_sample_destroy(), also after a
 * failure. Collective over context->comm. */
enum mzg_status mzg_sample_draw(const struct mzg_context *context, const struct mzg_reader *reader,
                                struct mzg_sample *sample, struct mzg_error *err);

void mzg_sample_destroy(struct mzg_sample *sample);

/* Whether the spectra seem to share their m/z exactly: half of them have nearly all that the whole has.
 * Local. */
bool mzg_sample_shares_mz(const struct mzg_sample *sample);

#endif
