#include <run/decide.h>

#include <core/agree.h>
#include <core/log.h>
#include <core/memory.h>
#include <core/mpi.h>
#include <run/axis_broadcast.h>
#include <run/axis_choice.h>
#include <run/choices.h>
#include <run/native_mz.h>
#include <run/plan.h>
#include <run/range.h>
#include <run/sample.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* From so many m/z on, an axis of them may be what a memory limit has no room for. */
static const int64_t many_mz = 100000;

/* Bins that are so much narrower or wider than the distance of points in the data are warned of. */
static const double much_narrower = 4, much_wider = 2;

static const char *type_text(enum mzg_spectrum_type type)
{
    switch (type) {
    case MZG_SPECTRUM_CENTROID:
        return "centroid spectra";
    case MZG_SPECTRUM_PROFILE:
        return "profile spectra";
    case MZG_SPECTRUM_UNKNOWN:
        break;
    }
    return "spectra of unknown type";
}

/* What the spectra are, where nothing says it, or where they plainly are not what is said. */
static void decide_type(const struct mzg_convert_options *options, const struct mzg_dataset *dataset,
                        const struct mzg_sample *sample, struct mzg_log *log, struct mzg_decisions *d)
{
    struct mzg_type_evidence evidence = {.fit = sample->has_fit ? &sample->fit : NULL,
                                         .points_per_spectrum = sample->points_per_spectrum,
                                         .zeros = sample->zeros,
                                         .curved = sample->curved};
    bool is_asked = options->spectrum_type != MZG_SPECTRUM_UNKNOWN;
    char why[200];
    d->spectrum_type = is_asked ? options->spectrum_type : dataset->type;
    if (d->spectrum_type == MZG_SPECTRUM_UNKNOWN) {
        d->spectrum_type = mzg_sampling_type(&evidence, d->type_reason, sizeof d->type_reason);
        mzg_log_line(log, MZG_LOG_WARNING,
                     "mzgrid takes the spectra as %s, because %s; if they are not, give --spectrum-type",
                     type_text(d->spectrum_type), d->type_reason);
    } else if (!is_asked && d->spectrum_type == MZG_SPECTRUM_CENTROID &&
               mzg_sampling_is_plainly_profile(&evidence, why, sizeof why)) {
        d->spectrum_type = MZG_SPECTRUM_PROFILE;
        snprintf(d->type_reason, sizeof d->type_reason, "declared centroid, but %s", why);
        mzg_log_line(log, MZG_LOG_WARNING,
                     "the spectra are declared centroid, but are profiles: %s; mzgrid takes them as profile "
                     "spectra; --spectrum-type centroid keeps to what is declared",
                     why);
    }
    d->has_fit = sample->has_fit && d->spectrum_type != MZG_SPECTRUM_CENTROID;
    d->fit = sample->fit;
}

/* Whether so many m/z, which are `found` on rank 0, leave room for the rest of the run; `why_not` says if
 * not. Fewer are not what takes the memory. Collective. */
static bool has_room(const struct mzg_context *context, const struct mzg_convert_options *options,
                     const struct mzg_reader *reader, int64_t found, int64_t memory, char why_not[160])
{
    struct mzg_plan_request request = {.options = options,
                                       .reader = reader,
                                       .method = MZG_NEAREST_NEIGHBOR,
                                       .n_bins = found,
                                       .value_type = mzg_dtype_type(options->dtype),
                                       .memory_is_shared = true};
    MZG_MPI(MPI_Bcast(&request.n_bins, 1, MPI_INT64_T, 0, context->comm));
    if (request.n_bins < many_mz)
        return true;
    mzg_memory_give_back(); /* the plan to come does not count either what sample and gathering took */
    if (mzg_plan_has_room(context, &request))
        return true;
    snprintf(why_not, 160,
             "a conversion to the %" PRId64 " different m/z of the spectra takes more than the memory limit "
             "of %" PRId64 " MiB",
             request.n_bins, memory >> 20);
    return false;
}

/* A native axis where nobody asked for another one, or a width, and the spectra share their m/z. `why_not` is
 * "" if they do not seem to. Collective. */
static enum mzg_status try_native(const struct mzg_context *context,
                                  const struct mzg_convert_options *options, const struct mzg_reader *reader,
                                  const struct mzg_sample *sample, struct mzg_decisions *d,
                                  struct mzg_mz_set *native, char why_not[160], struct mzg_error *err)
{
    const struct mzg_dataset *dataset = &reader->dataset;
    bool fits = false;
    int64_t memory = mzg_plan_limit(context->comm, options->memory_limit);
    *native = mzg_native_set(context, options, memory);
    if (native->most > memory / mzg_axis_bytes_per_bin())
        native->most = memory / mzg_axis_bytes_per_bin();
    if (mzg_native_try(context, reader, sample->distinct, native, &fits, why_not, err) != MZG_OK)
        return err->status;
    if (!fits || !has_room(context, options, reader, native->n, memory, why_not)) {
        mzg_mz_set_clear(native);
        d->shares_mz = false;
        return MZG_OK;
    }
    d->axis.type = MZG_AXIS_NATIVE;
    if (dataset->shared_mz)
        snprintf(d->axis_reason, sizeof d->axis_reason, "all spectra share one m/z array");
    else
        snprintf(d->axis_reason, sizeof d->axis_reason,
                 "the spectra share their m/z: half of a sample of %lld has %lld of its %lld different ones",
                 (long long)sample->n_spectra, (long long)sample->half_distinct, (long long)sample->distinct);
    return MZG_OK;
}

/* Law and width, on rank 0, which has the metadata and the spacings. Collective. */
static enum mzg_status decide_law(const struct mzg_context *context,
                                  const struct mzg_convert_options *options,
                                  const struct mzg_dataset *dataset, const struct mzg_sample *sample,
                                  const char *why_not_native, struct mzg_decisions *d, struct mzg_error *err)
{
    if (!options->axis_type_auto)
        snprintf(d->axis_reason, sizeof d->axis_reason, "given");
    if (context->rank == 0)
        mzg_axis_choice_decide(options, dataset, sample, d, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    if (why_not_native[0] && context->rank == 0) {
        size_t n = strlen(d->axis_reason);
        snprintf(d->axis_reason + n, sizeof d->axis_reason - n, "; not native, because %s", why_not_native);
    }
    MZG_MPI(MPI_Bcast(d, sizeof *d, MPI_BYTE, 0, context->comm));
    return MZG_OK;
}

/* Collective. */
static enum mzg_status decide_range(const struct mzg_context *context,
                                    const struct mzg_convert_options *options,
                                    const struct mzg_reader *reader, struct mzg_decisions *d,
                                    struct mzg_error *err)
{
    struct mzg_range_found range;
    if (d->axis.type == MZG_AXIS_NATIVE) {
        snprintf(d->range_reason, sizeof d->range_reason, "the m/z of the spectra");
        return MZG_OK;
    }
    if (mzg_range_decide(context, options, reader, &range, err) != MZG_OK)
        return err->status;
    d->axis.min_mz = range.min_mz;
    d->axis.max_mz = range.max_mz;
    memcpy(d->range_reason, range.reason, sizeof d->range_reason);
    return MZG_OK;
}

/* With the sample at hand. Collective. */
static enum mzg_status decide_by_sample(const struct mzg_context *context,
                                        const struct mzg_convert_options *options,
                                        const struct mzg_reader *reader, const struct mzg_sample *sample,
                                        struct mzg_decisions *d, struct mzg_mz_set *native,
                                        struct mzg_error *err)
{
    char why_not[160] = "";
    const struct mzg_axis_spec *asked = &options->axis;
    bool may_be_native = options->axis_type_auto && asked->bin_width == 0 && asked->bins == 0 &&
                         options->bin_steps == 0 && !options->axis_file;
    decide_type(options, &reader->dataset, sample, context->log, d);
    d->shares_mz = reader->dataset.shared_mz || mzg_sample_shares_mz(sample);
    if (may_be_native && d->shares_mz &&
        try_native(context, options, reader, sample, d, native, why_not, err) != MZG_OK)
        return err->status;
    if (d->axis.type == MZG_AXIS_NATIVE && !may_be_native) {
        int64_t memory = mzg_plan_limit(context->comm, options->memory_limit);
        *native = mzg_native_set(context, options, memory);
        if (mzg_native_gather(context, reader, native, err) != MZG_OK)
            return err->status;
    }
    bool is_found = may_be_native && d->axis.type == MZG_AXIS_NATIVE;
    if (!is_found && decide_law(context, options, &reader->dataset, sample, why_not, d, err) != MZG_OK)
        return err->status;
    if (!options->axis_file)
        return decide_range(context, options, reader, d, err);
    snprintf(d->axis_reason, sizeof d->axis_reason, "from the axis file");
    snprintf(d->range_reason, sizeof d->range_reason, "from the axis file");
    d->width_reason[0] = '\0';
    return MZG_OK;
}

enum mzg_status mzg_decide_axis(const struct mzg_context *context, const struct mzg_convert_options *options,
                                const struct mzg_reader *reader, struct mzg_decisions *decisions,
                                struct mzg_mz_set *native, struct mzg_error *err)
{
    struct mzg_sample sample;
    *decisions = (struct mzg_decisions){.axis = options->axis};
    if (mzg_sample_draw(context, reader, &sample, err) == MZG_OK)
        decide_by_sample(context, options, reader, &sample, decisions, native, err);
    mzg_sample_destroy(&sample);
    mzg_memory_give_back(); /* what the sample took counts for the plan as long as the process keeps it */
    return err->status;
}

/* One line, with both numbers and what mends it. */
static void warn_of_width(const struct mzg_convert_options *options, const struct mzg_axis *axis,
                          const struct mzg_decisions *d, struct mzg_log *log)
{
    const int64_t bins[3] = {0, axis->n_bins / 2, axis->n_bins - 1};
    bool is_asked = options->axis.bin_width > 0 || options->axis.bins > 0 || options->axis_file;
    const char *what = d->step_kind == MZG_STEP_SAMPLING ? "the sampling step of the data"
                                                         : "the least distance of peaks in a spectrum";
    const char *mend = d->shares_mz ? "--mass-axis-type native takes their m/z as bins"
                       : d->step_kind == MZG_STEP_SAMPLING
                           ? "--bin-width 1step makes one bin a step"
                           : "without --bin-width and --bins the width follows them";
    double narrower[3], width[3], step[3];
    if (!is_asked || d->step_kind == MZG_STEP_UNKNOWN || axis->spec.type == MZG_AXIS_NATIVE)
        return;
    int finest = 0, widest = 0;
    for (int i = 0; i < 3; i++) {
        width[i] = axis->edges[bins[i] + 1] - axis->edges[bins[i]];
        step[i] = d->step.scale * pow(axis->centers[bins[i]], d->step.exponent);
        narrower[i] = step[i] / width[i];
        finest = narrower[i] < narrower[finest] ? i : finest;
        widest = narrower[i] < narrower[widest] ? i : widest;
    }
    if (narrower[finest] >= much_narrower)
        mzg_log_line(
            log, MZG_LOG_WARNING,
            "bins of %.3g at m/z %.6g are %.3g times narrower than %s, %.3g: the table has that many "
            "times more columns than the data need; %s",
            width[finest], axis->centers[bins[finest]], narrower[finest], what, step[finest], mend);
    else if (narrower[widest] <= 1 / much_wider)
        mzg_log_line(log, MZG_LOG_WARNING,
                     "bins of %.3g at m/z %.6g are %.3g times wider than %s, %.3g: points that the data "
                     "tell apart fall into one bin; %s",
                     width[widest], axis->centers[bins[widest]], 1 / narrower[widest], what, step[widest],
                     mend);
}

/* Why bins that nobody asked for are as wide as they are, and what mends it where that may be too wide. */
static void tell_width(const struct mzg_decisions *d, struct mzg_log *log)
{
    bool by_peaks = d->step_kind == MZG_STEP_PEAKS;
    mzg_log_line(
        log, MZG_LOG_INFO, "bins of %.4g at m/z %.6g: %s%s", d->axis.bin_width, d->axis.reference_mz,
        d->width_reason,
        by_peaks ? "; peaks of different pixels that lie closer share a bin, --bin-width makes narrower ones"
                 : "");
}

static void choose_method(const struct mzg_convert_options *options, const struct mzg_dataset *dataset,
                          const struct mzg_axis *axis, struct mzg_decisions *d)
{
    if (axis->spec.type == MZG_AXIS_NATIVE) {
        d->method = MZG_NEAREST_NEIGHBOR;
        snprintf(d->method_reason, sizeof d->method_reason,
                 "the bins are the m/z of the points: values are copied");
        return;
    }
    struct mzg_method_evidence evidence = {
        .is_centroid = d->spectrum_type == MZG_SPECTRUM_CENTROID,
        .is_profile = d->spectrum_type == MZG_SPECTRUM_PROFILE,
        .axis = axis,
        .fit = d->has_fit ? &d->fit : NULL,
        .high_accuracy = options->high_accuracy,
        .work = (double)dataset->n_points + (double)dataset->n_pixels * (double)axis->n_bins,
    };
    d->method = mzg_method_choose(&evidence, d->method_reason, sizeof d->method_reason);
}

/* Three steps for profiles whose zeros may have been trimmed away; SPEC of the gap rule in
 * docs/mathematics.md. */
static void decide_gap(const struct mzg_convert_options *options, const struct mzg_dataset *dataset,
                       struct mzg_log *log, struct mzg_decisions *d)
{
    bool trimmed = d->spectrum_type == MZG_SPECTRUM_PROFILE && !dataset->shared_mz;
    d->max_gap = options->max_gap >= 0 ? options->max_gap : trimmed ? 3 : 0;
    if (!mzg_method_interpolates(d->method) || (d->max_gap > 0 && !d->has_fit)) {
        if (options->max_gap > 0 && mzg_method_interpolates(d->method))
            mzg_log_line(log, MZG_LOG_WARNING,
                         "--max-gap has no effect: the spectra do not tell their sampling step");
        d->max_gap = 0;
    }
    if (d->max_gap > 0)
        mzg_log_line(
            log, MZG_LOG_INFO,
            "intervals above %g sampling steps are read as trimmed zeros (step %.4g at m/z 1000, growing as "
            "m^%.2f)",
            d->max_gap, d->fit.sampling.scale * pow(1000, d->fit.sampling.exponent),
            d->fit.sampling.exponent);
}

void mzg_decide_method(const struct mzg_convert_options *options, const struct mzg_dataset *dataset,
                       const struct mzg_axis *axis, struct mzg_log *log, struct mzg_decisions *decisions)
{
    bool is_asked = options->axis.bin_width > 0 || options->axis.bins > 0 || options->bin_steps > 0;
    decisions->method = options->method;
    if (!is_asked && decisions->width_reason[0])
        tell_width(decisions, log);
    warn_of_width(options, axis, decisions, log);
    if (options->method_auto || axis->spec.type == MZG_AXIS_NATIVE)
        choose_method(options, dataset, axis, decisions);
    else
        snprintf(decisions->method_reason, sizeof decisions->method_reason, "given");
    if (!options->method_auto && mzg_method_interpolates(decisions->method) &&
        decisions->spectrum_type == MZG_SPECTRUM_CENTROID)
        mzg_log_line(log, MZG_LOG_WARNING,
                     "--interpolation-method %s on centroid spectra invents a continuum between peaks; "
                     "nearest_neighbor does not",
                     mzg_method_name(decisions->method));
    mzg_log_line(log, MZG_LOG_INFO, "%s; method %s (%s)", type_text(decisions->spectrum_type),
                 mzg_method_name(decisions->method), decisions->method_reason);
    decide_gap(options, dataset, log, decisions);
}

bool mzg_decide_codec(const struct mzg_convert_options *options, const struct mzg_axis *axis,
                      struct mzg_log *log, struct mzg_codec *codec)
{
    struct mzg_error none = {0}; /* the name is known */
    if (options->compression || axis->spec.type != MZG_AXIS_NATIVE)
        return false;
    mzg_codec_parse("blosc-zstd:fast", codec, &none);
    mzg_log_line(log, MZG_LOG_DETAIL,
                 "numbers are compressed by blosc-zstd:fast, because the values of a native axis are copied; "
                 "--compression blosc-zstd may make the store smaller, and takes longer");
    return true;
}
