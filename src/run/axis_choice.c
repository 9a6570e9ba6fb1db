#include <run/axis_choice.h>

#include <run/native_mz.h>

#include <jansson.h>

#include <math.h>
#include <stdio.h>

static const double default_width = 0.005, default_reference = 1000;
static const double default_linear_tof_width = 0.017, default_linear_tof_reference = 300;

/* A fit that fewer spacings than this follow describes no sampling. */
static const double least_agreement = 0.5;

/* Bins are at least this share of a step of profiles, whatever lies closer together. */
static const double least_share_of_step = 0.5;

/* Where the spacing of centroids comes closer than this share of its 2 % quantile, it has no least one: the
 * peaks are too few to tell what the instrument tells apart. */
static const double least_share_of_close = 0.25;

/* What the data tell of the distance of points, for one law. */
struct found_width {
    double width; /* in Da at the default reference; 0: they tell nothing */
    bool is_step; /* the sampling step of profiles; else the least distance of peaks */
};

static bool has_step(const struct mzg_decisions *d)
{
    return d->has_fit && d->fit.agreement >= least_agreement;
}

/* The width, at the default reference, of bins that are nowhere wider than the sampling step. */
static double step_under(const struct mzg_sampling *sampling, const struct mzg_sample *sample,
                         const struct mzg_axis_spec *law)
{
    const double places[3] = {sample->ends[0], sample->middle_mz, sample->ends[1]};
    double least = INFINITY;
    for (int i = 0; i < 3; i++)
        least =
            fmin(least, sampling->scale * pow(places[i], sampling->exponent) / mzg_law_shape(law, places[i]));
    return least * mzg_law_shape(law, default_reference);
}

static enum mzg_status find_width(const struct mzg_sample *sample, const struct mzg_decisions *d,
                                  const struct mzg_axis_spec *law, struct found_width *found,
                                  struct mzg_error *err)
{
    double width, close;
    *found = (struct found_width){0};
    if (mzg_spacings_width(&sample->spacings, law, default_reference, &width, &close, err) != MZG_OK ||
        sample->distinct == 0)
        return err->status;
    if (has_step(d)) {
        double step = step_under(&d->fit.sampling, sample, law);
        *found = (struct found_width){fmax(fmin(width, step), least_share_of_step * step), true};
    } else if (sample->spacings.n >= MZG_SPACINGS_ENOUGH && width >= least_share_of_close * close) {
        *found = (struct found_width){width, false};
    }
    return MZG_OK;
}

/* Whether the least distance of peaks tells an exponent. */
static bool find_exponent(const struct mzg_sample *sample, const struct mzg_decisions *d, double *exponent,
                          struct mzg_error *err)
{
    struct found_width found;
    struct mzg_axis_spec law = {.type = MZG_AXIS_CONSTANT};
    if (has_step(d) || !mzg_spacings_exponent(&sample->spacings, exponent, err))
        return false;
    for (int type = 0; type < MZG_AXIS_LAWS; type++) {
        law.type = (enum mzg_axis_type)type;
        if (type == MZG_AXIS_TOF || fabs(mzg_axis_exponent(law.type) - *exponent) > 0.5)
            continue;
        if (find_width(sample, d, &law, &found, err) == MZG_OK && found.width > 0)
            return true;
    }
    return false;
}

static enum mzg_status choose_law(const struct mzg_dataset *dataset, const struct mzg_sample *sample,
                                  struct mzg_decisions *d, struct mzg_error *err)
{
    enum { MOST_TERMS = 64 };
    const char *terms[MOST_TERMS], *names[MOST_TERMS];
    int64_t n = 0, n_names = 0;
    double exponent;
    json_t *accessions = json_object_get(dataset->metadata, "instrument_accessions");
    for (size_t i = 0; i < json_array_size(accessions) && n < MOST_TERMS; i++)
        terms[n++] = json_string_value(json_array_get(accessions, i));
    json_t *named = json_object_get(dataset->metadata, "instrument_names");
    for (size_t i = 0; i < json_array_size(named) && n_names < MOST_TERMS; i++)
        names[n_names++] = json_string_value(json_array_get(named, i));
    bool has_exponent = find_exponent(sample, d, &exponent, err);
    struct mzg_axis_evidence evidence = {.terms = terms,
                                         .n_terms = n,
                                         .names = names,
                                         .n_names = n_names,
                                         .fit = has_step(d) ? &d->fit : NULL,
                                         .close_exponent = has_exponent ? &exponent : NULL,
                                         .is_centroid = d->spectrum_type == MZG_SPECTRUM_CENTROID};
    d->axis.type = mzg_axis_choose(&evidence, d->axis_reason, sizeof d->axis_reason);
    return err->status;
}

/* What bins are compared with, whatever axis is asked for. */
static void note_step(const struct found_width *found, const struct mzg_axis_spec *law,
                      struct mzg_decisions *d)
{
    if (found->width == 0)
        return;
    d->step_kind = found->is_step ? MZG_STEP_SAMPLING : MZG_STEP_PEAKS;
    if (found->is_step) {
        d->step = d->fit.sampling;
        return;
    }
    double exponent = law->type == MZG_AXIS_TOF ? 1 : mzg_axis_exponent(law->type);
    d->step = (struct mzg_sampling){found->width / pow(default_reference, exponent), exponent};
}

/* Bins of a width that nobody named are no more than a native axis may have. */
static bool makes_too_many(const struct mzg_sample *sample, const struct mzg_axis_spec *axis)
{
    struct mzg_axis_spec spec = *axis;
    struct mzg_axis measured;
    struct mzg_error err = {0};
    spec.min_mz = sample->ends[0];
    spec.max_mz = sample->ends[1];
    return mzg_axis_measure(&spec, &measured, &err) != MZG_OK || measured.n_bins > MZG_NATIVE_MOST;
}

static void take_default_width(const char *why, struct mzg_decisions *d)
{
    bool linear = d->axis.type == MZG_AXIS_LINEAR_TOF;
    d->axis.bin_width = linear ? default_linear_tof_width : default_width;
    d->axis.reference_mz = linear ? default_linear_tof_reference : default_reference;
    snprintf(d->width_reason, sizeof d->width_reason, "the default, for %s", why);
}

static enum mzg_status decide_width(const struct mzg_convert_options *options,
                                    const struct mzg_sample *sample, const struct found_width *found,
                                    struct mzg_decisions *d, struct mzg_error *err)
{
    double steps = options->bin_steps > 0 ? options->bin_steps : 1;
    if (options->bin_steps > 0 && !found->is_step)
        return mzg_fail(err, MZG_EUSAGE,
                        "--bin-width %gstep: the data do not tell a sampling step, which profile spectra "
                        "have; give the width in Da, mDa or ppm",
                        options->bin_steps);
    if (found->width == 0) {
        take_default_width("the data do not tell how close their points can lie", d);
        return MZG_OK;
    }
    d->axis.bin_width = mzg_width_rounded(steps * found->width);
    d->axis.reference_mz = default_reference;
    if (options->bin_steps == 0 && makes_too_many(sample, &d->axis)) {
        take_default_width("points so close together are no measure of an axis", d);
        d->step_kind = MZG_STEP_UNKNOWN;
        return MZG_OK;
    }
    if (options->bin_steps > 0)
        snprintf(d->width_reason, sizeof d->width_reason, "%g sampling steps, as asked for", steps);
    else if (found->is_step)
        snprintf(d->width_reason, sizeof d->width_reason, "one bin a sampling step of the data");
    else
        snprintf(d->width_reason, sizeof d->width_reason,
                 "the least distance of peaks of one spectrum, by %lld distances", (long long)d->n_spacings);
    return MZG_OK;
}

enum mzg_status mzg_axis_choice_decide(const struct mzg_convert_options *options,
                                       const struct mzg_dataset *dataset, const struct mzg_sample *sample,
                                       struct mzg_decisions *d, struct mzg_error *err)
{
    struct found_width found;
    bool has_width = options->axis.bin_width > 0 || options->axis.bins > 0;
    d->n_spacings = sample->spacings.n;
    if (d->axis.type == MZG_AXIS_NATIVE)
        return MZG_OK;
    if (options->axis_type_auto && choose_law(dataset, sample, d, err) != MZG_OK)
        return err->status;
    if (find_width(sample, d, &d->axis, &found, err) != MZG_OK)
        return err->status;
    note_step(&found, &d->axis, d);
    if (!has_width)
        return decide_width(options, sample, &found, d, err);
    snprintf(d->width_reason, sizeof d->width_reason, "given");
    return MZG_OK;
}
