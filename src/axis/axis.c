/*
 * Building a mass axis. Its edges are T^-1(begin + k h) for whole k: with a bin width, begin is 0 and k
 * counts on from T = 0, one grid for all inputs; with a number of bins, begin is T(min_mz). All of it is
 * carried as double-doubles until an edge is rounded, once, to a double.
 */
#include <axis/law.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const double highest_mz = 1e6;

/* In bins: an end of the range that lies on an edge but for roundings gets no further bin. */
static const double edge_tolerance = 1e-9;

/* Bins are numbered by doubles, with halves for their centers. */
static const double most_positions = 0x1p51;

/* Where bins lie in T: bin k of the axis is [begin + (first + k) step, begin + (first + k + 1) step). */
struct grid {
    struct mzg_dd begin;
    struct mzg_dd step;
    double first;
    double bins;
};

const char *mzg_axis_type_name(enum mzg_axis_type type)
{
    return type == MZG_AXIS_NATIVE ? "native" : mzg_laws[type].name;
}

enum mzg_status mzg_axis_type_parse(const char *name, enum mzg_axis_type *type, struct mzg_error *err)
{
    err->status = MZG_OK;
    for (int i = 0; i < MZG_AXIS_TYPES; i++) {
        if (strcmp(name, mzg_axis_type_name((enum mzg_axis_type)i)) == 0) {
            *type = (enum mzg_axis_type)i;
            return MZG_OK;
        }
    }
    char names[256] = "";
    for (int i = 0; i < MZG_AXIS_TYPES; i++) {
        strncat(names, i ? ", " : "", sizeof names - strlen(names) - 1);
        strncat(names, mzg_axis_type_name((enum mzg_axis_type)i), sizeof names - strlen(names) - 1);
    }
    return mzg_fail(err, MZG_EUSAGE, "mass axis type '%s' is unknown; choose one of %s", name, names);
}

double mzg_axis_exponent(enum mzg_axis_type type)
{
    return type == MZG_AXIS_NATIVE ? NAN : mzg_laws[type].exponent;
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
    if (spec->type == MZG_AXIS_NATIVE)
        return mzg_fail(err, MZG_EUSAGE, "a native mass axis is made of the m/z of an input, not from a law");
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

/* The largest whole number that is not above x. */
static double dd_floor(struct mzg_dd x)
{
    double whole = floor(x.hi);
    return whole == x.hi && x.lo < 0.0 ? whole - 1.0 : whole;
}

/* The window of the endless grid T^-1(k h) that holds lo and hi, at least one bin. */
static void place_on_endless_grid(const struct mzg_axis_spec *spec, struct mzg_dd lo, struct mzg_dd hi,
                                  struct grid *grid)
{
    const struct mzg_law *law = &mzg_laws[spec->type];
    struct mzg_dd tolerance = dd_from(edge_tolerance);
    struct mzg_dd step = dd_div(dd_from(spec->bin_width), law->width(dd_from(spec->reference_mz), spec));
    double first = dd_floor(dd_add(dd_div(lo, step), tolerance));
    double last = -dd_floor(dd_sub(tolerance, dd_div(hi, step)));
    *grid = (struct grid){.step = step, .first = first, .bins = last > first ? last - first : 1.0};
}

static struct grid grid_of(const struct mzg_axis_spec *spec)
{
    const struct mzg_law *law = &mzg_laws[spec->type];
    struct mzg_dd lo = law->transform(dd_from(spec->min_mz), spec);
    struct mzg_dd hi = law->transform(dd_from(spec->max_mz), spec);
    struct grid grid = {.begin = lo, .bins = (double)spec->bins};
    if (spec->bins != 0)
        grid.step = dd_div(dd_sub(hi, lo), dd_from(grid.bins));
    else
        place_on_endless_grid(spec, lo, hi, &grid);
    return grid;
}

/* T^-1 at the lower end of the bin at `position`. */
static double mz_at(const struct mzg_axis_spec *spec, const struct grid *grid, double position)
{
    struct mzg_dd t = dd_add(grid->begin, dd_mul(dd_from(grid->first + position), grid->step));
    return mzg_laws[spec->type].inverse(t, spec).hi;
}

static enum mzg_status measure(const struct mzg_axis_spec *spec, struct mzg_axis *axis, struct grid *grid,
                               struct mzg_error *err)
{
    if (check_spec(spec, err) != MZG_OK)
        return err->status;
    struct grid found = grid_of(spec);
    const char *name = mzg_axis_type_name(spec->type);
    if (!(found.bins >= 1.0 && found.bins <= (double)INT32_MAX))
        return mzg_fail(err, MZG_ERANGE,
                        "mass axis %s from m/z %.10g to %.10g would have %.10g bins: expected 1 to %" PRId32
                        "; choose wider bins or a narrower range",
                        name, spec->min_mz, spec->max_mz, found.bins, INT32_MAX);
    if (!isfinite(found.step.hi) || !(found.step.hi > 0.0) || !(fabs(found.first) < most_positions))
        return mzg_fail(err, MZG_ERANGE,
                        "mass axis %s from m/z %.10g to %.10g: its bins are too narrow to tell apart", name,
                        spec->min_mz, spec->max_mz);
    *grid = found;
    *axis = (struct mzg_axis){.spec = *spec,
                              .first_edge = spec->bins != 0 ? spec->min_mz : mz_at(spec, grid, 0.0),
                              .t_min = dd_add(found.begin, dd_mul(dd_from(found.first), found.step)).hi,
                              .step = found.step.hi,
                              .n_bins = (int64_t)found.bins};
    return MZG_OK;
}

enum mzg_status mzg_axis_measure(const struct mzg_axis_spec *spec, struct mzg_axis *axis,
                                 struct mzg_error *err)
{
    err->status = MZG_OK;
    struct grid grid;
    return measure(spec, axis, &grid, err);
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
    err->status = MZG_OK;
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
    bool by_width = spec->bins == 0;
    built.edges[0] = by_width && built.first_edge < spec->min_mz ? built.first_edge : spec->min_mz;
    double last_edge = mz_at(spec, &grid, (double)n);
    built.edges[n] = by_width && last_edge > spec->max_mz ? last_edge : spec->max_mz;
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
