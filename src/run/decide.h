/*
 * What mzgrid decides when the user leaves it open: the range of the axis, its law, the method; each with the
 * reason, for the log and the output.
 */
#ifndef MZG_RUN_DECIDE_H
#define MZG_RUN_DECIDE_H

#include <core/context.h>
#include <mzgrid/convert.h>
#include <mzgrid/reader.h>

struct mzg_decisions {
    enum mzg_spectrum_type spectrum_type;
    char type_reason[240]; /* "" where the input or the user says it */
    bool has_fit;          /* the sampling step could be read off the data */
    struct mzg_sampling_fit fit;
    struct mzg_axis_spec axis; /* complete */
    enum mzg_method method;
    double max_gap; /* as struct mzg_resampler_options wants it */
    char range_reason[160];
    char axis_reason[256];
    char method_reason[320];
};

/* Decides the axis, scanning the input's m/z where nothing else tells the range. All ranks get the same
 * decisions and status. Collective over context->comm. */
enum mzg_status mzg_decide_axis(const struct mzg_context *context, const struct mzg_convert_options *options,
                                const struct mzg_reader *reader, struct mzg_decisions *decisions,
                                struct mzg_error *err);

/* Decides the method, given the axis. The same on all ranks. Local. */
void mzg_decide_method(const struct mzg_convert_options *options, const struct mzg_dataset *dataset,
                       const struct mzg_axis *axis, struct mzg_log *log, struct mzg_decisions *decisions);

#endif
