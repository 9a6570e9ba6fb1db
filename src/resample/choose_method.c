/*
 * The method when the user names none. Looking a curve up at points is right where there are at least as many
 * looks as samples: a wider bin would miss what lies between its centre and the next, and a bin width that
 * grows otherwise than the sampling step does would weigh one end of the axis more than the other. There
 * overlap, which conserves area, takes over.
 */
#include <mzgrid/resample.h>

#include <math.h>
#include <stdio.h>

static const double most_exponents_apart = 0.1;
static const double most_steps_per_bin = 2.0;

static double bin_width(const struct mzg_axis *axis, int64_t bin)
{
    return axis->edges[bin + 1] - axis->edges[bin];
}

/* The exponent of the law; for one without, the one between the ends. */
static double axis_exponent(const struct mzg_axis *axis)
{
    double exponent = mzg_axis_exponent(axis->spec.type);
    int64_t last = axis->n_bins - 1;
    if (!isnan(exponent))
        return exponent;
    return log(bin_width(axis, last) / bin_width(axis, 0)) / log(axis->centers[last] / axis->centers[0]);
}

/* Sampling steps in bin `bin`. */
static double steps_in(const struct mzg_axis *axis, const struct mzg_sampling *sampling, int64_t bin)
{
    return bin_width(axis, bin) / (sampling->scale * pow(axis->centers[bin], sampling->exponent));
}

static enum mzg_method choose_for_profile(const struct mzg_method_evidence *evidence, char *reason,
                                          size_t size)
{
    enum mzg_axis_type type;
    if (!evidence->fit || !mzg_sampling_law(evidence->fit, &type)) {
        snprintf(reason, size, "profile spectra whose sampling step is not known: areas are conserved");
        return MZG_OVERLAP;
    }
    const struct mzg_axis *axis = evidence->axis;
    const struct mzg_sampling *sampling = &evidence->fit->sampling;
    double exponent = axis_exponent(axis);
    if (!(fabs(sampling->exponent - exponent) < most_exponents_apart)) {
        snprintf(reason, size,
                 "profile spectra sampled as m^%.3f, bins as m^%.3f: points of the curve would distort peak "
                 "ratios, "
                 "areas are conserved",
                 sampling->exponent, exponent);
        return MZG_OVERLAP;
    }
    double steps = fmax(steps_in(axis, sampling, 0), steps_in(axis, sampling, axis->n_bins - 1));
    if (!(steps < most_steps_per_bin)) {
        snprintf(reason, size,
                 "profile spectra in bins of %.3g sampling steps: points of the curve would lose signal, "
                 "areas are "
                 "conserved",
                 steps);
        return MZG_OVERLAP;
    }
    bool is_small = evidence->work <= MZG_HIGH_ACCURACY_WORK;
    snprintf(reason, size,
             "profile spectra sampled as m^%.3f, in bins of %.3g sampling steps: heights on the curve%s",
             sampling->exponent, steps,
             !evidence->high_accuracy ? ""
             : is_small               ? ", high accuracy"
                                      : ", too much work for high accuracy");
    return evidence->high_accuracy && is_small ? MZG_PCHIP : MZG_LINEAR;
}

enum mzg_method mzg_method_choose(const struct mzg_method_evidence *evidence, char *reason, size_t size)
{
    if (evidence->is_profile)
        return choose_for_profile(evidence, reason, size);
    snprintf(reason, size, "%s: values are sums of the points in a bin",
             evidence->is_centroid ? "centroid spectra" : "spectra not known as profiles");
    return MZG_NEAREST_NEIGHBOR;
}
