/* A sample of the input's spectra, spread over the run, to read its sampling step off. */
#ifndef MZG_RUN_SAMPLE_H
#define MZG_RUN_SAMPLE_H

#include <core/context.h>
#include <mzgrid/reader.h>
#include <mzgrid/sampling.h>

/* What a sample tells. */
struct mzg_sample {
    struct mzg_sampling_fit fit;
    bool has_fit; /* else the data do not tell */
    double points_per_spectrum;
    double zeros; /* share of the intensities that are exactly 0 */
};

/* Draws a sample on rank 0; all ranks get what it tells. Collective over context->comm. */
enum mzg_status mzg_sample_draw(const struct mzg_context *context, const struct mzg_reader *reader,
                                struct mzg_sample *sample, struct mzg_error *err);

#endif
