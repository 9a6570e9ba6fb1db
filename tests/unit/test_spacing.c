/* How close points lie, what width of bins that allows, and what it tells of the law. */
#include <axis/spacing.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdlib.h>

enum { SPECTRA = 24, PEAKS = 300 };

static uint64_t state = 1;

static double uniform(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(state >> 11) * 0x1p-53;
}

static double points[SPECTRA][PEAKS];
static struct mzg_spectrum spectra[SPECTRA];

/* Peaks that are apart by `least` m^exponent at least, and up to so much more as makes few of them close. */
static void make_peaks(double exponent, double least)
{
    for (int s = 0; s < SPECTRA; s++) {
        double mz = 200.0 + uniform();
        for (int i = 0; i < PEAKS; i++) {
            points[s][i] = mz;
            mz += least * pow(mz, exponent) * (1.0 + 20.0 * uniform());
        }
        spectra[s] = (struct mzg_spectrum){.mz = points[s], .n = PEAKS};
    }
}

static struct mzg_spacings collect(void)
{
    struct mzg_spacings spacings = {0};
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_spacings_collect(spectra, SPECTRA, &spacings, &err), MZG_OK), "%s", err.text);
    return spacings;
}

/* The share of points that lie in one bin with the point before, on the grid of width h in T. */
static double swallowed(double exponent, double h)
{
    int64_t n = 0, all = 0;
    for (int s = 0; s < SPECTRA; s++)
        for (int i = 1; i < PEAKS; i++, all++) {
            double p = 1.0 - exponent, a = points[s][i - 1], b = points[s][i];
            double ta = p == 0.0 ? log(a) : pow(a, p) / p, tb = p == 0.0 ? log(b) : pow(b, p) / p;
            n += floor(ta / h) == floor(tb / h);
        }
    return (double)n / (double)all;
}

Test(spacing, the_width_keeps_points_apart_and_is_not_half_of_what_it_can_be)
{
    static const double least[] = {0.05, 2e-3, 1e-4, 5e-6, 2e-7};
    for (int law = 0; law < 5; law++) {
        make_peaks(0.5 * law, least[law]);
        struct mzg_spacings spacings = collect();
        struct mzg_axis_spec spec = {.type = (enum mzg_axis_type)law};
        struct mzg_error err = {0};
        double width, close;
        cr_assert(eq(i64, spacings.n, SPECTRA * (PEAKS - 1)));
        cr_assert(eq(int, mzg_spacings_width(&spacings, &spec, 500.0, &width, &close, &err), MZG_OK));
        double h = width / pow(500.0, 0.5 * law);
        cr_expect(ge(dbl, h, least[law]));
        cr_expect(lt(dbl, swallowed(0.5 * law, h), 1e-3));
        cr_expect(gt(dbl, swallowed(0.5 * law, 2.0 * h), 1e-3));
        cr_expect(lt(dbl, close / width, 2.0));
        mzg_spacings_destroy(&spacings);
    }
}

Test(spacing, the_exponent_is_that_of_the_least_distance)
{
    static const double least[] = {0.08, 5e-3, 3e-4, 2e-5, 8e-7};
    for (int law = 0; law < 5; law++) {
        make_peaks(0.5 * law, least[law]);
        struct mzg_spacings spacings = collect();
        struct mzg_error err = {0};
        double exponent;
        cr_assert(mzg_spacings_exponent(&spacings, &exponent, &err));
        cr_expect(lt(dbl, fabs(exponent - 0.5 * law), 0.25), "%g for %g", exponent, 0.5 * law);
        mzg_spacings_destroy(&spacings);
    }
}

Test(spacing, few_or_narrow_ones_tell_no_exponent)
{
    make_peaks(1.0, 1e-4);
    struct mzg_spacings spacings = collect();
    struct mzg_error err = {0};
    double exponent;
    spacings.n = MZG_SPACINGS_ENOUGH - 1;
    cr_expect(not(mzg_spacings_exponent(&spacings, &exponent, &err)));
    mzg_spacings_destroy(&spacings);
    make_peaks(1.0, 1e-6);
    spacings = collect();
    cr_expect(not(mzg_spacings_exponent(&spacings, &exponent, &err)));
    cr_expect(eq(int, err.status, MZG_OK));
    mzg_spacings_destroy(&spacings);
}

Test(spacing, points_at_random_have_no_least_distance)
{
    for (int s = 0; s < SPECTRA; s++) {
        double mz = 200.0;
        for (int i = 0; i < PEAKS; i++)
            points[s][i] = mz += -log(1.0 - uniform());
        spectra[s] = (struct mzg_spectrum){.mz = points[s], .n = PEAKS};
    }
    struct mzg_spacings spacings = collect();
    struct mzg_axis_spec spec = {.type = MZG_AXIS_CONSTANT};
    struct mzg_error err = {0};
    double width, close;
    cr_assert(eq(int, mzg_spacings_width(&spacings, &spec, 500.0, &width, &close, &err), MZG_OK));
    cr_expect(gt(dbl, close / width, 8.0));
    mzg_spacings_destroy(&spacings);
}

Test(spacing, what_is_no_distance_is_passed_over)
{
    const double odd[] = {NAN, -1.0, 0.0, 5.0, 5.0, 4.0, 6.0, INFINITY};
    struct mzg_spectrum one = {.mz = odd, .n = 8};
    struct mzg_spacings spacings = {0};
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_spacings_collect(&one, 1, &spacings, &err), MZG_OK));
    cr_assert(eq(i64, spacings.n, 1));
    cr_expect(eq(dbl, spacings.place[0], 5.0));
    cr_expect(eq(dbl, spacings.width[0], 2.0));
    mzg_spacings_destroy(&spacings);
    cr_assert(eq(int, mzg_spacings_collect(NULL, 0, &spacings, &err), MZG_OK));
    double width, close;
    const struct mzg_axis_spec spec = {.type = MZG_AXIS_CONSTANT};
    cr_assert(eq(int, mzg_spacings_width(&spacings, &spec, 500.0, &width, &close, &err), MZG_OK));
    cr_expect(eq(dbl, width, 0.0));
    mzg_spacings_destroy(&spacings);
}

Test(spacing, widths_are_rounded_down_to_two_digits)
{
    cr_expect(eq(dbl, mzg_width_rounded(0.0833333), 0.083));
    cr_expect(eq(dbl, mzg_width_rounded(0.05), 0.05));
    cr_expect(eq(dbl, mzg_width_rounded(0.00999), 0.0099));
    cr_expect(eq(dbl, mzg_width_rounded(1.99), 1.9));
    cr_expect(eq(dbl, mzg_width_rounded(0.1 + 0.2), 0.3));
    cr_expect(eq(dbl, mzg_width_rounded(0.29999999999999), 0.3));
    cr_expect(eq(dbl, mzg_width_rounded(123.0), 120.0));
}
