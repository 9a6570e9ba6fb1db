/* A sample of the input's spectra, spread over the run, to read its sampling step off. */
#ifndef MZG_RUN_SAMPLE_H
#define MZG_RUN_SAMPLE_H

#include <core/context.h>
#include <mzgrid/reader.h>
#include <mzgrid/sampling.h>

/* Fits the sampling step to a sample on rank 0. `*found` is false where the data do not tell; all ranks get
 * the same. Collective over context->comm. */
enum mzg_status mzg_sample_fit(const struct mzg_context *context, const struct mzg_reader *reader,
                               struct mzg_sampling_fit *fit, bool *found, struct mzg_error *err);

#endif
