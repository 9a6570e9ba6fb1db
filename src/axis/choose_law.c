/*
 * The law of a mass axis when the user names none. The data come first, for what they show needs no belief:
 * the sampling step of profiles, the least distance of centroids. Then analysers, the one of the highest
 * resolution among them, for a hybrid records images with it; a TOF only where it is clear whether with
 * reflectron.
 */
#include <axis/instruments.h>
#include <mzgrid/sampling.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool has_term(const struct mzg_axis_evidence *evidence, const char *accession)
{
    for (int64_t i = 0; i < evidence->n_terms; i++)
        if (strcmp(evidence->terms[i], accession) == 0)
            return true;
    return false;
}

/* An analyser term, together with another one where it needs one to tell. */
struct rule {
    const char *term;
    const char *with; /* NULL: none needed */
    enum mzg_axis_type type;
    const char *analyser;
};

static const struct rule rules[] = {
    {"MS:1000079", NULL, MZG_AXIS_FTICR, "FT-ICR"},
    {"MS:1000484", NULL, MZG_AXIS_ORBITRAP, "orbitrap"},
    {"MS:1000084", "MS:1000106", MZG_AXIS_REFLECTOR_TOF, "time-of-flight with its reflectron on"},
    {"MS:1000084", "MS:1000105", MZG_AXIS_LINEAR_TOF, "time-of-flight with its reflectron off"},
    {"MS:1000084", "MS:1000081", MZG_AXIS_REFLECTOR_TOF, "time-of-flight behind a quadrupole"},
    {"MS:1000081", NULL, MZG_AXIS_CONSTANT, "quadrupole"},
    {"MS:1000264", NULL, MZG_AXIS_CONSTANT, "ion trap"},
    {"MS:1000082", NULL, MZG_AXIS_CONSTANT, "quadrupole ion trap"},
    {"MS:1000291", NULL, MZG_AXIS_CONSTANT, "linear ion trap"},
    {"MS:1000083", NULL, MZG_AXIS_CONSTANT, "radial ejection linear ion trap"},
    {"MS:1000078", NULL, MZG_AXIS_CONSTANT, "axial ejection linear ion trap"},
};

/* Without a reflectron term, a TOF may follow either law, and what stands beside it does not tell. */
static const struct rule *find_rule(const struct mzg_axis_evidence *evidence)
{
    bool is_tof = has_term(evidence, "MS:1000084");
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        bool is_weaker = is_tof && rules[i].type == MZG_AXIS_CONSTANT;
        if (!is_weaker && has_term(evidence, rules[i].term) &&
            (!rules[i].with || has_term(evidence, rules[i].with)))
            return &rules[i];
    }
    return NULL;
}

enum mzg_spectrum_type mzg_sampling_type(const struct mzg_type_evidence *evidence, char *reason, size_t size)
{
    /* The real sets whose type is known lie far to either side: profiles above 0.94 in agreement, lists of
     * peaks below 0.3, or up to 0.7 without zeros between them where peaks were aligned to a grid. */
    const double least_points = 32, regular = 0.8, somewhat_regular = 0.6, least_zeros = 0.05;
    if (evidence->points_per_spectrum <= 0) {
        snprintf(reason, size, "the spectra sampled have no points");
        return MZG_SPECTRUM_UNKNOWN;
    }
    if (evidence->points_per_spectrum < least_points || !evidence->fit) {
        snprintf(reason, size, "spectra of %.0f points on average are lists of peaks",
                 evidence->points_per_spectrum);
        return MZG_SPECTRUM_CENTROID;
    }
    double agreement = evidence->fit->agreement;
    bool is_profile =
        agreement >= regular || (agreement >= somewhat_regular && evidence->zeros >= least_zeros);
    snprintf(reason, size, "%.0f %% of the m/z steps are regular and %.0f %% of the intensities are 0",
             100.0 * agreement, 100.0 * evidence->zeros);
    return is_profile ? MZG_SPECTRUM_PROFILE : MZG_SPECTRUM_CENTROID;
}

bool mzg_sampling_is_plainly_profile(const struct mzg_type_evidence *evidence, char *reason, size_t size)
{
    /* A list of peaks that was put on a grid is regular, too, but its peaks are single points. */
    const double least_points = 100, regular = 0.9, least_curved = 0.5;
    if (!evidence->fit || evidence->points_per_spectrum < least_points ||
        evidence->fit->agreement < regular || evidence->curved < least_curved)
        return false;
    snprintf(reason, size,
             "%.0f %% of the m/z steps are regular, and %.0f %% of the points above 0 lie beside others",
             100.0 * evidence->fit->agreement, 100.0 * evidence->curved);
    return true;
}

/* By what the input says of its instrument. */
static bool choose_by_terms(const struct mzg_axis_evidence *evidence, enum mzg_axis_type *type, char *reason,
                            size_t size)
{
    const struct rule *rule = find_rule(evidence);
    if (rule) {
        snprintf(reason, size, "analyser %s (%s)", rule->analyser, rule->term);
        *type = rule->type;
        return true;
    }
    for (int64_t i = 0; i < evidence->n_terms; i++) {
        const struct mzg_instrument *instrument = mzg_instrument_find(evidence->terms[i]);
        if (instrument) {
            snprintf(reason, size, "instrument model %.100s (%s)", instrument->model, evidence->terms[i]);
            *type = instrument->type;
            return true;
        }
    }
    for (int64_t i = 0; i < evidence->n_names; i++) {
        const struct mzg_instrument *instrument = mzg_instrument_named(evidence->names[i]);
        if (instrument) {
            snprintf(reason, size, "instrument model %.100s, by its name", instrument->model);
            *type = instrument->type;
            return true;
        }
    }
    return false;
}

/* The law of the exponent, by the data. The close spacing is not as sharp as a sampling step: where the
 * instrument's own law is as near as the next one, that one is taken. */
static bool choose_by_data(const struct mzg_axis_evidence *evidence, enum mzg_axis_type *type, char *reason,
                           size_t size)
{
    static const double nearly_as_near = 0.3;
    char said[160];
    enum mzg_axis_type named;
    if (evidence->fit && mzg_sampling_law(evidence->fit, type)) {
        snprintf(reason, size, "the sampling step grows as m^%.3f in %.0f %% of the spacings",
                 evidence->fit->sampling.exponent, 100.0 * evidence->fit->agreement);
        return true;
    }
    if (!evidence->close_exponent)
        return false;
    struct mzg_sampling_fit close = {.sampling.exponent = *evidence->close_exponent, .agreement = 1.0};
    if (choose_by_terms(evidence, &named, said, sizeof said) &&
        fabs(mzg_axis_exponent(named) - *evidence->close_exponent) <= nearly_as_near) {
        *type = named;
        snprintf(reason, size, "the least distance of peaks grows as m^%.2f, as befits %s",
                 *evidence->close_exponent, said);
        return true;
    }
    if (!mzg_sampling_law(&close, type))
        return false;
    snprintf(reason, size, "the least distance of peaks grows as m^%.2f", *evidence->close_exponent);
    return true;
}

enum mzg_axis_type mzg_axis_choose(const struct mzg_axis_evidence *evidence, char *reason, size_t size)
{
    enum mzg_axis_type type;
    if (choose_by_data(evidence, &type, reason, size) || choose_by_terms(evidence, &type, reason, size))
        return type;
    snprintf(reason, size, "%s, and neither sampling nor analyser nor instrument tell more",
             evidence->is_centroid ? "centroid spectra" : "spectra not known as centroids");
    return evidence->is_centroid ? MZG_AXIS_REFLECTOR_TOF : MZG_AXIS_CONSTANT;
}
