/* What lies outside the axis, added up over spectra and ranks, and judged. */
#include <stream/outside.h>

#include <core/log.h>
#include <mpi_test.h>

#include <float.h>
#include <math.h>

static const struct mzg_outside_axis axis = {.min_mz = 100, .max_mz = 200, .reason = "stated"};

static struct mzg_spectrum_summary spectrum(int64_t points, int64_t outside, double below, double above,
                                            double all)
{
    return (struct mzg_spectrum_summary){.clean_points = points,
                                         .outside_points = outside,
                                         .outside_intensity = {below, above},
                                         .intensity_size = all,
                                         .min_mz = points > 0 ? 50 + mpi_rank : 0,
                                         .max_mz = points > 0 ? 300 + mpi_rank : 0};
}

static enum mzg_status judge(const struct mzg_outside *outside, const struct mzg_outside_axis *on,
                             struct mzg_error *err)
{
    *err = (struct mzg_error){0};
    return mzg_outside_judge(outside, on, "in.imzML", 6, NULL, err);
}

/* Sizes from the largest double to the smallest come to a sum that no order of doubles would give. */
MPI_TEST(outside, sums_of_all_ranks_are_exact)
{
    struct mzg_outside outside = {0};
    struct mzg_spectrum_summary big = spectrum(2, 1, 0x1p100, 0, 0x1p101);
    struct mzg_spectrum_summary small = spectrum(3, 1, 1, 1e-300, 1);
    mzg_outside_add(&small, &outside);
    if (mpi_rank == mpi_size - 1) {
        mzg_outside_add(&big, &outside);
        mzg_outside_add(&(struct mzg_spectrum_summary){0}, &outside);
    }
    mzg_outside_reduce(&outside, MPI_COMM_WORLD);
    uint64_t wanted[MZG_EXACT_SUM_MAX_LIMBS] = {0};
    mzg_exact_sum_add_shifted(&mzg_exact_sum_float64, wanted, 1, 1074 + 100);
    mzg_exact_sum_add_shifted(&mzg_exact_sum_float64, wanted, mpi_size, 1074);
    cr_expect(memcmp(outside.sums[MZG_BELOW_AXIS], wanted, sizeof wanted) == 0);
    cr_expect(epsilon_eq(dbl, mzg_exact_sum_round(&mzg_exact_sum_float64, outside.sums[MZG_ABOVE_AXIS]),
                         mpi_size * 1e-300, 1e-310));
    cr_expect(eq(i64, outside.n_points, 3 * mpi_size + 2));
    cr_expect(eq(i64, outside.n_outside, mpi_size + 1));
    cr_expect(eq(dbl, outside.min_mz, 50));
    cr_expect(eq(dbl, outside.max_mz, 300 + mpi_size - 1));
}

MPI_TEST(outside, ranks_without_points_have_no_range)
{
    struct mzg_outside outside = {0};
    struct mzg_spectrum_summary one = spectrum(1, 0, 0, 0, 5), none = spectrum(0, 0, 0, 0, 0);
    mzg_outside_add(mpi_rank == mpi_size - 1 ? &one : &none, &outside);
    mzg_outside_reduce(&outside, MPI_COMM_WORLD);
    cr_expect(eq(dbl, outside.min_mz, 50 + mpi_size - 1));
    cr_expect(eq(dbl, outside.max_mz, 300 + mpi_size - 1));
    struct mzg_outside nothing = {0};
    struct mzg_error err;
    mzg_outside_reduce(&nothing, MPI_COMM_WORLD);
    cr_expect(eq(dbl, nothing.min_mz, 0));
    cr_expect(eq(int, (int)judge(&nothing, &axis, &err), MZG_OK), "spectra that are all empty are no error");
}

MPI_TEST(outside, more_than_a_thousandth_is_refused)
{
    struct mzg_outside outside = {0};
    struct mzg_error err;
    struct mzg_spectrum_summary fits = spectrum(5, 2, 0.5, 0.5, 1000), more = spectrum(1, 1, 0, 0x1p-40, 0);
    mzg_outside_add(&fits, &outside);
    cr_expect(eq(int, (int)judge(&outside, &axis, &err), MZG_OK), "%s", err.text);
    mzg_outside_add(&more, &outside);
    cr_expect(eq(int, (int)judge(&outside, &axis, &err), MZG_ERANGE));
    cr_expect(strstr(err.text, "3 points with 0.1 % of the intensity") != NULL, "%s", err.text);
    cr_expect(strstr(err.text, "--scan-range") != NULL, "%s", err.text);
    struct mzg_outside_axis asked = axis;
    asked.asked[0] = true;
    cr_expect(eq(int, (int)judge(&outside, &asked, &err), MZG_OK), "the upper end alone lost half as much");
    asked.asked[1] = true;
    cr_expect(eq(int, (int)judge(&outside, &asked, &err), MZG_OK));
}

MPI_TEST(outside, an_axis_without_points_is_refused)
{
    struct mzg_outside outside = {0};
    struct mzg_outside_axis asked = axis;
    struct mzg_error err;
    struct mzg_spectrum_summary all = spectrum(4, 4, 0, 0, 0);
    asked.asked[0] = asked.asked[1] = true;
    mzg_outside_add(&all, &outside);
    cr_expect(eq(int, (int)judge(&outside, &asked, &err), MZG_ERANGE), "also where all intensities are 0");
    cr_expect(strstr(err.text, "none of its 4 points") != NULL, "%s", err.text);
}

/* Beyond what a double holds, or below: shares stay shares. */
MPI_TEST(outside, sizes_that_overflow)
{
    struct mzg_outside outside = {0};
    struct mzg_error err;
    struct mzg_spectrum_summary huge = spectrum(3, 1, INFINITY, 0, INFINITY);
    mzg_outside_add(&huge, &outside);
    mzg_outside_add(&huge, &outside);
    cr_expect(eq(int, (int)judge(&outside, &axis, &err), MZG_ERANGE));
}
