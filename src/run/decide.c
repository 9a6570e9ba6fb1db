#include <run/decide.h>

#include <core/agree.h>
#include <core/log.h>
#include <core/mpi.h>
#include <run/range.h>
#include <run/sample.h>

#include <jansson.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double default_width = 0.005, default_reference = 1000;
static const double default_linear_tof_width = 0.017, default_linear_tof_reference = 300;

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

/* The law, on rank 0, which has the input's metadata. */
static void choose_law(const struct mzg_dataset *dataset, struct mzg_decisions *d)
{
    enum { MOST_TERMS = 64 };
    const char *terms[MOST_TERMS], *names[MOST_TERMS];
    int64_t n = 0, n_names = 0;
    json_t *accessions = json_object_get(dataset->metadata, "instrument_accessions");
    for (size_t i = 0; i < json_array_size(accessions) && n < MOST_TERMS; i++)
        terms[n++] = json_string_value(json_array_get(accessions, i));
    json_t *named = json_object_get(dataset->metadata, "instrument_names");
    for (size_t i = 0; i < json_array_size(named) && n_names < MOST_TERMS; i++)
        names[n_names++] = json_string_value(json_array_get(named, i));
    struct mzg_axis_evidence evidence = {.terms = terms,
                                         .n_terms = n,
                                         .names = names,
                                         .n_names = n_names,
                                         .fit = d->has_fit ? &d->fit : NULL,
                                         .is_centroid = d->spectrum_type == MZG_SPECTRUM_CENTROID};
    d->axis.type = mzg_axis_choose(&evidence, d->axis_reason, sizeof d->axis_reason);
}

/* Collective. */
static void decide_law(const struct mzg_context *context, const struct mzg_convert_options *options,
                       const struct mzg_dataset *dataset, struct mzg_decisions *d)
{
    if (!options->axis_type_auto)
        snprintf(d->axis_reason, sizeof d->axis_reason, "given");
    else if (context->rank == 0)
        choose_law(dataset, d);
    MZG_MPI(MPI_Bcast(d, sizeof *d, MPI_BYTE, 0, context->comm));
}

static void decide_width(struct mzg_axis_spec *axis)
{
    if (axis->bin_width > 0 || axis->bins > 0)
        return;
    bool linear = axis->type == MZG_AXIS_LINEAR_TOF;
    axis->bin_width = linear ? default_linear_tof_width : default_width;
    axis->reference_mz = linear ? default_linear_tof_reference : default_reference;
}

/* The sampling step, and what spectra are where nothing says it. Collective. */
static enum mzg_status decide_by_sample(const struct mzg_context *context, const struct mzg_reader *reader,
                                        struct mzg_decisions *d, struct mzg_error *err)
{
    struct mzg_sample sample;
    if (mzg_sample_draw(context, reader, &sample, err) != MZG_OK)
        return err->status;
    if (d->spectrum_type == MZG_SPECTRUM_UNKNOWN) {
        struct mzg_type_evidence evidence = {.fit = sample.has_fit ? &sample.fit : NULL,
                                             .points_per_spectrum = sample.points_per_spectrum,
                                             .zeros = sample.zeros};
        d->spectrum_type = mzg_sampling_type(&evidence, d->type_reason, sizeof d->type_reason);
        mzg_log_line(context->log, MZG_LOG_WARNING,
                     "the spectra are taken as %s, for %s; --spectrum-type would decide it",
                     type_text(d->spectrum_type), d->type_reason);
    }
    d->has_fit = sample.has_fit && d->spectrum_type != MZG_SPECTRUM_CENTROID;
    d->fit = sample.fit;
    return MZG_OK;
}

enum mzg_status mzg_decide_axis(const struct mzg_context *context, const struct mzg_convert_options *options,
                                const struct mzg_reader *reader, struct mzg_decisions *decisions,
                                struct mzg_error *err)
{
    const struct mzg_dataset *dataset = &reader->dataset;
    *decisions = (struct mzg_decisions){.axis = options->axis, .spectrum_type = options->spectrum_type};
    if (decisions->spectrum_type == MZG_SPECTRUM_UNKNOWN)
        decisions->spectrum_type = dataset->type;
    if (decisions->spectrum_type != MZG_SPECTRUM_CENTROID &&
        decide_by_sample(context, reader, decisions, err) != MZG_OK)
        return err->status;
    if (options->axis_file) {
        snprintf(decisions->axis_reason, sizeof decisions->axis_reason, "from the axis file");
        snprintf(decisions->range_reason, sizeof decisions->range_reason, "from the axis file");
        return MZG_OK;
    }
    decide_law(context, options, dataset, decisions);
    if (decisions->axis.type == MZG_AXIS_NATIVE) {
        snprintf(decisions->range_reason, sizeof decisions->range_reason, "the m/z of the spectra");
        return MZG_OK;
    }
    decide_width(&decisions->axis);
    struct mzg_range_found range;
    if (mzg_range_decide(context, options, reader, &range, err) != MZG_OK)
        return err->status;
    decisions->axis.min_mz = range.min_mz;
    decisions->axis.max_mz = range.max_mz;
    memcpy(decisions->range_reason, range.reason, sizeof decisions->range_reason);
    return MZG_OK;
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
    decisions->method = options->method;
    if (options->method_auto || axis->spec.type == MZG_AXIS_NATIVE)
        choose_method(options, dataset, axis, decisions);
    else
        snprintf(decisions->method_reason, sizeof decisions->method_reason, "given");
    if (!options->method_auto && mzg_method_interpolates(decisions->method) &&
        decisions->spectrum_type == MZG_SPECTRUM_CENTROID)
        mzg_log_line(log, MZG_LOG_WARNING,
                     "--interpolation-method %s on centroid spectra invents a continuum between peaks; "
                     "nearest_neighbor would not",
                     mzg_method_name(decisions->method));
    mzg_log_line(log, MZG_LOG_INFO, "%s; method %s (%s)", type_text(decisions->spectrum_type),
                 mzg_method_name(decisions->method), decisions->method_reason);
    decide_gap(options, dataset, log, decisions);
}
