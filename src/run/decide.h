/*
 * What mzgrid decides when the user leaves it open: the range of the axis, its law, the method, each with the
 * reason, for the log and the output; and the codec.
 */
#ifndef MZG_RUN_DECIDE_H
#define MZG_RUN_DECIDE_H

#include <axis/mz_set.h>
#include <core/context.h>
#include <input/reader.h>
#include <mzgrid/convert.h>
#include <zarr/zarr.h>

/* What the distance of points in the data is, to which bins are compared. */
enum mzg_step_kind { MZG_STEP_UNKNOWN, MZG_STEP_SAMPLING, MZG_STEP_PEAKS };

struct mzg_decisions {
    enum mzg_spectrum_type spectrum_type;
    char type_reason[240]; /* "" if the input or the user says it */
    bool has_fit;          /* the sampling step could be read off the data */
    struct mzg_sampling_fit fit;
    bool shares_mz; /* the spectra, or those of a sample */
    enum mzg_step_kind step_kind;
    struct mzg_sampling step;  /* of profiles the sampling step, of centroids the least distance of peaks */
    int64_t n_spacings;        /* that tell it */
    struct mzg_axis_spec axis; /* complete */
    enum mzg_method method;
    double max_gap; /* as struct mzg_resampler_options wants it */
    char range_reason[160];
    char axis_reason[416];
    char width_reason[160]; /* "" for native axes and those of a file */
    char method_reason[320];
};

/* Decides the axis, scanning the input's m/z where nothing else tells the range. Where it is native, `native`
 * of rank 0, zeroed before, gets the m/z; release it with mzg_mz_set_destroy(), also after a failure. All
 * ranks get the same decisions and status. Collective over context->comm. */
enum mzg_status mzg_decide_axis(const struct mzg_context *context, const struct mzg_convert_options *options,
                                const struct mzg_reader *reader, struct mzg_decisions *decisions,
                                struct mzg_mz_set *native, struct mzg_error *err);

/* Decides the method, given the axis, and warns of one that does not suit the data. The same on all ranks.
 * Local. */
void mzg_decide_method(const struct mzg_convert_options *options, const struct mzg_dataset *dataset,
                       const struct mzg_axis *axis, struct mzg_log *log, struct mzg_decisions *decisions);

/* Whether another codec than the usual one suits the axis better, and nobody asked for one. The same on all
 * ranks. Local. */
bool mzg_decide_codec(const struct mzg_convert_options *options, const struct mzg_axis *axis,
                      struct mzg_log *log, struct mzg_codec *codec);

#endif
