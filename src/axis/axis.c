/*
 * Building a mass axis. Everything follows from T(min_mz) and h, which are carried as double-doubles until an
 * edge is rounded, once, to a double.
 */
#include <axis/law.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const double highest_mz = 1e6;

/* A range that fills its last bin but for roundings gets no further bin. */
static const double bin_tolerance = 1e-9;

/* Where bins begin and how long they are, in T. */
struct grid {
    struct mzg_dd t_min;
    struct mzg_dd step;
};

const char *mzg_axis_type_name(enum mzg_axis_type type)
{
    return mzg_laws[type].name;
}

enum mzg_status mzg_axis_type_parse(const char *name, enum mzg_axis_type *type, struct mzg_error *err)
{
    for (int i = 0; i < MZG_AXIS_TYPES; i++) {
        if (strcmp(name, mzg_laws[i].name) == 0) {
            *type = (enum mzg_axis_type)i;
            return MZG_OK;
        }
    }
    char names[256] = "";
    for (int i = 0; i < MZG_AXIS_TYPES; i++) {
        strncat(names, i ? ", " : "", sizeof names - strlen(names) - 1);
        strncat(names, mzg_laws[i].name, sizeof names - strlen(names) - 1);
    }
    return mzg_fail(err, MZG_EUSAGE, "mass axis type '%s' is unknown; choose one of %s", name, names);
}

double mzg_axis_exponent(enum mzg_axis_type type)
{
    return mzg_laws[type].exponent;
}

double mzg_axis_transform(const struct mzg_axis_spec *spec, double mz)
{
    return mzg_laws[spec->type].transform(dd_from(mz), spec).hi;
}

double mzg_axis_inverse(const struct mzg_axis_spec *spec, double t)
{
    return mzg_laws[spec->type].inverse(dd_from(t), spec).hi;
}

static enum mzg_status check_spec(const struct mzg_axis_spec *spec, struct mzg_error *err)
{
    if ((int)spec->type < 0 || spec->type >= MZG_AXIS_TYPES)
        return mzg_fail(err, MZG_EUSAGE, "mass axis type %d does not exist", (int)spec->type);
    if (!(spec->min_mz > 0.0) || !(spec->max_mz <= highest_mz) || !(spec->min_mz <= spec->max_mz))
        return mzg_fail(
            err, MZG_EUSAGE,
            "mass axis from m/z %.10g to %.10g: expected a range inside (0, %g], its lower end first",
            spec->min_mz, spec->max_mz, highest_mz);
    if (spec->bin_width != 0.0 && spec->bins != 0)
        return mzg_fail(err, MZG_EUSAGE,
                        "mass axis with both a bin width (%.10g Da) and a number of bins (%" PRId64
                        "): give one of them",
                        spec->bin_width, spec->bins);
    if (spec->bin_width == 0.0 && spec->bins == 0)
        return mzg_fail(err, MZG_EUSAGE,
                        "mass axis without a bin width or a number of bins: give one of them");
    if (spec->bins == 0 && (!(spec->bin_width > 0.0) || !isfinite(spec->bin_width)))
        return mzg_fail(err, MZG_EUSAGE, "bin width of %.10g Da: expected a number above 0", spec->bin_width);
    if (spec->bins == 0 && !(spec->reference_mz > 0.0 && spec->reference_mz <= highest_mz))
        return mzg_fail(err, MZG_EUSAGE, "reference m/z %.10g of the bin width: expected one in (0, %g]",
                        spec->reference_mz, highest_mz);
    if (spec->type == MZG_AXIS_TOF &&
        (!(spec->tof_a > 0.0) || !(spec->tof_b > 0.0) || !isfinite(spec->tof_a) || !isfinite(spec->tof_b)))
        return mzg_fail(err, MZG_EUSAGE,
                        "mass axis type tof with A = %.10g and B = %.10g: expected both above 0", spec->tof_a,
                        spec->tof_b);
    return MZG_OK;
}

/* ceil(extent / step - tolerance), at least 1; 0 where that is no number of bins. */
static double count_bins(struct mzg_dd extent, struct mzg_dd step)
{
    struct mzg_dd quotient = dd_sub(dd_div(extent, step), dd_from(bin_tolerance));
    if (!isfinite(quotient.hi))
        return 0.0;
    double count = ceil(quotient.hi);
    if (count == quotient.hi && quotient.lo > 0.0)
        count += 1.0;
    return count > 1.0 ? count : 1.0;
}

static enum mzg_status measure(const struct mzg_axis_spec *spec, struct mzg_axis *axis, struct grid *grid,
                               struct mzg_error *err)
{
    if (check_spec(spec, err) != MZG_OK)
        return err->status;
    const struct mzg_law *law = &mzg_laws[spec->type];
    struct mzg_dd t_min = law->transform(dd_from(spec->min_mz), spec);
    struct mzg_dd extent = dd_sub(law->transform(dd_from(spec->max_mz), spec), t_min);
    struct mzg_dd step;
    double bins;
    if (spec->bins != 0) {
        bins = (double)spec->bins;
        step = dd_div(extent, dd_from(bins));
    } else {
        step = dd_div(dd_from(spec->bin_width), law->width(dd_from(spec->reference_mz), spec));
        bins = count_bins(extent, step);
    }
    if (!(bins >= 1.0 && bins <= (double)INT32_MAX)) {
        double count = spec->bins != 0 ? bins : dd_div(extent, step).hi;
        return mzg_fail(err, MZG_ERANGE,
                        "mass axis %s from m/z %.10g to %.10g would have %.10g bins: expected 1 to %" PRId32
                        "; choose wider bins or a narrower range",
                        law->name, spec->min_mz, spec->max_mz, count, INT32_MAX);
    }
    if (!isfinite(t_min.hi) || !isfinite(step.hi) || !(step.hi > 0.0))
        return mzg_fail(err, MZG_ERANGE,
                        "mass axis %s from m/z %.10g to %.10g: its bins are too narrow to tell apart",
                        law->name, spec->min_mz, spec->max_mz);
    *grid = (struct grid){.t_min = t_min, .step = step};
    *axis = (struct mzg_axis){.spec = *spec, .t_min = t_min.hi, .step = step.hi, .n_bins = (int64_t)bins};
    return MZG_OK;
}

enum mzg_status mzg_axis_measure(const struct mzg_axis_spec *spec, struct mzg_axis *axis,
                                 struct mzg_error *err)
{
    struct grid grid;
    return measure(spec, axis, &grid, err);
}

/* T^-1(T(min_mz) + position h). */
static double mz_at(const struct mzg_axis_spec *spec, const struct grid *grid, double position)
{
    struct mzg_dd t = dd_add(grid->t_min, dd_mul(dd_from(position), grid->step));
    return mzg_laws[spec->type].inverse(t, spec).hi;
}

static enum mzg_status check_increasing(const struct mzg_axis *axis, struct mzg_error *err)
{
    for (int64_t k = 0; k < axis->n_bins; k++) {
        bool edges_increase = axis->edges[k] < axis->edges[k + 1];
        bool centers_increase = k == 0 || axis->centers[k - 1] < axis->centers[k];
        if (!edges_increase || !centers_increase)
            return mzg_fail(err, MZG_ERANGE,
                            "mass axis %s from m/z %.10g to %.10g: bin %" PRId64 " of %" PRId64
                            " at m/z %.17g is too narrow for double precision; choose wider bins",
                            mzg_axis_type_name(axis->spec.type), axis->spec.min_mz, axis->spec.max_mz, k,
                            axis->n_bins, axis->edges[k]);
    }
    if (!isfinite(axis->edges[axis->n_bins]) || !isfinite(axis->centers[axis->n_bins - 1]))
        return mzg_fail(
            err, MZG_ERANGE,
            "mass axis %s from m/z %.10g to %.10g: its last bin has no upper end; choose narrower bins",
            mzg_axis_type_name(axis->spec.type), axis->spec.min_mz, axis->spec.max_mz);
    return MZG_OK;
}

enum mzg_status mzg_axis_build(const struct mzg_axis_spec *spec, struct mzg_axis *axis, struct mzg_error *err)
{
    struct mzg_axis built = {0};
    struct grid grid;
    if (measure(spec, &built, &grid, err) != MZG_OK)
        return err->status;

    int64_t n = built.n_bins;
    built.edges = malloc((size_t)(n + 1) * sizeof *built.edges);
    built.centers = malloc((size_t)n * sizeof *built.centers);
    if (!built.edges || !built.centers) {
        mzg_fail(err, MZG_ENOMEM, "no memory for a mass axis of %" PRId64 " bins (%" PRId64 " bytes)", n,
                 (2 * n + 1) * (int64_t)sizeof(double));
        goto cleanup;
    }
    for (int64_t k = 0; k < n; k++) {
        built.edges[k] = mz_at(spec, &grid, (double)k);
        built.centers[k] = mz_at(spec, &grid, (double)k + 0.5);
    }
    built.edges[0] = spec->min_mz;
    double formula = mz_at(spec, &grid, (double)n);
    built.edges[n] = spec->bins == 0 && formula > spec->max_mz ? formula : spec->max_mz;
    if (check_increasing(&built, err) != MZG_OK)
        goto cleanup;
    *axis = built;
    return MZG_OK;

cleanup:
    mzg_axis_destroy(&built);
    return err->status;
}

void mzg_axis_destroy(struct mzg_axis *axis)
{
    free(axis->edges);
    free(axis->centers);
    *axis = (struct mzg_axis){0};
}
