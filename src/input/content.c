#include <input/content.h>
#include <resample/clean.h>

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static const struct {
    const char *name;
    const char *what; /* behind "3 m/z of 2 spectra" */
    const char *value;
} kinds[MZG_CONTENT_KINDS] = {
    [MZG_MZ_NOT_FINITE] = {"mz_not_finite", "are not finite", "m/z"},
    [MZG_MZ_NOT_POSITIVE] = {"mz_not_positive", "are 0 or below", "m/z"},
    [MZG_MZ_UNSORTED] = {"mz_unsorted", "are below their predecessor", "m/z"},
    [MZG_MZ_REPEATED] = {"mz_repeated", "are equal to their predecessor", "m/z"},
    [MZG_MZ_OUTSIDE] = {"mz_outside_range",
                        "are outside the lowest and highest observed m/z that the spectra state", "m/z"},
    [MZG_INTENSITY_NOT_FINITE] = {"intensity_not_finite", "are not finite", "intensities"},
    [MZG_INTENSITY_NEGATIVE] = {"intensity_negative", "are negative", "intensities"},
};

static void add(struct mzg_content *content, enum mzg_content_kind kind, const struct mzg_content_case *found)
{
    struct mzg_content_case *sum = &content->cases[kind];
    if (found->n_spectra > 0 && (sum->n_spectra == 0 || found->spectrum < sum->spectrum)) {
        sum->spectrum = found->spectrum;
        sum->point = found->point;
        sum->value = found->value;
    }
    sum->n_values += found->n_values;
    sum->n_spectra += found->n_spectra;
}

static void note(struct mzg_content_case *found, int64_t spectrum, int64_t point, double value)
{
    if (found->n_values++ > 0)
        return;
    *found = (struct mzg_content_case){1, 1, spectrum, point, value};
}

void mzg_content_check_mz(const double *mz, int64_t n, int64_t spectrum,
                          const struct mzg_content_range *range, struct mzg_content *content)
{
    /* Nearly all arrays ascend, and then their ends tell the rest. */
    if (n == 0 || (mzg_mz_is_clean(mz, n) && mz[0] >= range->min_mz && mz[n - 1] <= range->max_mz))
        return;
    struct mzg_content_case found[MZG_CONTENT_KINDS] = {0};
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(mz[i])) {
            note(&found[MZG_MZ_NOT_FINITE], spectrum, i, mz[i]);
            continue;
        }
        if (mz[i] <= 0)
            note(&found[MZG_MZ_NOT_POSITIVE], spectrum, i, mz[i]);
        else if (mz[i] < range->min_mz || mz[i] > range->max_mz)
            note(&found[MZG_MZ_OUTSIDE], spectrum, i, mz[i]);
        if (i == 0 || range->any_order || !isfinite(mz[i - 1]))
            continue;
        if (mz[i] < mz[i - 1])
            note(&found[MZG_MZ_UNSORTED], spectrum, i, mz[i]);
        else if (mz[i] == mz[i - 1])
            note(&found[MZG_MZ_REPEATED], spectrum, i, mz[i]);
    }
    for (int kind = MZG_MZ_NOT_FINITE; kind <= MZG_MZ_OUTSIDE; kind++)
        add(content, (enum mzg_content_kind)kind, &found[kind]);
}

void mzg_content_check_intensity(const double *intensity, int64_t n, int64_t spectrum,
                                 struct mzg_content *content)
{
    int64_t odd = 0;
    for (int64_t i = 0; i < n; i++)
        odd += !(intensity[i] >= 0 && intensity[i] <= DBL_MAX);
    if (odd == 0)
        return;
    struct mzg_content_case not_finite = {0}, negative = {0};
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(intensity[i]))
            note(&not_finite, spectrum, i, intensity[i]);
        else if (intensity[i] < 0)
            note(&negative, spectrum, i, intensity[i]);
    }
    add(content, MZG_INTENSITY_NOT_FINITE, &not_finite);
    add(content, MZG_INTENSITY_NEGATIVE, &negative);
}

void mzg_content_merge(const struct mzg_content *other, struct mzg_content *content)
{
    for (int kind = 0; kind < MZG_CONTENT_KINDS; kind++)
        add(content, (enum mzg_content_kind)kind, &other->cases[kind]);
}

const char *mzg_content_name(enum mzg_content_kind kind)
{
    return kinds[kind].name;
}

void mzg_content_describe(const struct mzg_content *content, enum mzg_content_kind kind, bool shared_mz,
                          char *text, size_t size)
{
    const struct mzg_content_case *found = &content->cases[kind];
    bool is_mz = kind <= MZG_MZ_OUTSIDE;
    if (is_mz && shared_mz)
        snprintf(text, size,
                 "%" PRId64 " %s of the array that all spectra share %s; first: m/z %.9g at point %" PRId64,
                 found->n_values, kinds[kind].value, kinds[kind].what, found->value, found->point + 1);
    else
        snprintf(text, size,
                 "%" PRId64 " %s of %" PRId64 " spectra %s; first: %s %.9g at point %" PRId64
                 " of spectrum %" PRId64,
                 found->n_values, kinds[kind].value, found->n_spectra, kinds[kind].what,
                 is_mz ? "m/z" : "intensity", found->value, found->point + 1, found->spectrum + 1);
}
