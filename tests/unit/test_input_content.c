/* What is odd about values: each kind counted, the first case named, whatever the order of looking. */
#include <input/content.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <string.h>

static const struct mzg_content_range anywhere = {.min_mz = -INFINITY, .max_mz = INFINITY};

static struct mzg_content of_mz(const double *mz, int64_t n, const struct mzg_content_range *range)
{
    struct mzg_content content = {0};
    mzg_content_check_mz(mz, n, 4, range, &content);
    return content;
}

static void expect_case(const struct mzg_content *content, enum mzg_content_kind kind, int64_t n_values,
                        int64_t point)
{
    const struct mzg_content_case *found = &content->cases[kind];
    cr_expect(eq(i64, found->n_values, n_values), "%s", mzg_content_name(kind));
    cr_expect(eq(i64, found->n_spectra, n_values > 0), "%s", mzg_content_name(kind));
    cr_expect(n_values == 0 || (found->spectrum == 4 && found->point == point), "%s", mzg_content_name(kind));
}

Test(content, sound_arrays_have_nothing_odd)
{
    static const double mz[] = {100, 200.5, 200.75}, intensity[] = {0, 1e30, 5};
    static const struct mzg_content_range exact = {.min_mz = 100, .max_mz = 200.75};
    struct mzg_content content = of_mz(mz, 3, &exact), none = {0};
    mzg_content_check_intensity(intensity, 3, 4, &content);
    mzg_content_check_mz(mz, 0, 4, &exact, &content);
    mzg_content_check_intensity(intensity, 0, 4, &content);
    cr_expect(memcmp(&content, &none, sizeof none) == 0);
}

Test(content, each_kind_of_mz)
{
    static const double mz[] = {NAN, 100, 99, 99, 0, -3, INFINITY, 300, 301, 2000};
    static const struct mzg_content_range range = {.min_mz = 99, .max_mz = 1000};
    struct mzg_content content = of_mz(mz, 10, &range);
    expect_case(&content, MZG_MZ_NOT_FINITE, 2, 0);
    expect_case(&content, MZG_MZ_NOT_POSITIVE, 2, 4);
    expect_case(&content, MZG_MZ_UNSORTED, 3, 2); /* 99, 0, -3; beside no number there is no order */
    expect_case(&content, MZG_MZ_REPEATED, 1, 3);
    expect_case(&content, MZG_MZ_OUTSIDE, 1, 9);
}

Test(content, order_does_not_matter_where_mz_repeat_for_each_mobility)
{
    static const double mz[] = {100, 200, 100, 200, 200};
    struct mzg_content_range range = anywhere;
    range.any_order = true;
    struct mzg_content content = of_mz(mz, 5, &range);
    expect_case(&content, MZG_MZ_UNSORTED, 0, 0);
    expect_case(&content, MZG_MZ_REPEATED, 0, 0);
}

Test(content, each_kind_of_intensity)
{
    static const double intensity[] = {1, -0.0, -2, NAN, -INFINITY, -1e-300};
    struct mzg_content content = {0};
    mzg_content_check_intensity(intensity, 6, 4, &content);
    expect_case(&content, MZG_INTENSITY_NEGATIVE, 2, 2);
    expect_case(&content, MZG_INTENSITY_NOT_FINITE, 2, 3);
}

Test(content, merging_keeps_the_first_spectrum_in_any_order)
{
    static const double odd[3][2] = {{2, 1}, {4, 3}, {6, 5}};
    static const int orders[2][3] = {{0, 1, 2}, {2, 0, 1}};
    for (int o = 0; o < 2; o++) {
        struct mzg_content sum = {0};
        for (int i = 0; i < 3; i++) {
            struct mzg_content one = {0};
            mzg_content_check_mz(odd[orders[o][i]], 2, 10 + orders[o][i], &anywhere, &one);
            mzg_content_merge(&one, &sum);
        }
        char text[240];
        mzg_content_describe(&sum, MZG_MZ_UNSORTED, false, text, sizeof text);
        cr_expect(
            eq(str, text,
               "3 m/z of 3 spectra are below their predecessor; first: m/z 1 at point 2 of spectrum 11"));
    }
}
