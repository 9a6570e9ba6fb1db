/* The fewest pixels that are no chance, against binomial tails that scipy gives. */
#include <peaks/chance.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const struct {
    double rate;
    int64_t n_rows, n_bins, least;
} known[] = {{0.001, 1000, 100, 7},        {0.05, 1000, 50000, 89},           {0.3, 24, 133, 17},
             {0.3, 100000, 100000, 30756}, {0.5, 10000000, 1000000, 5008874}, {0.9, 200, 1000, 196},
             {1e-06, 1000000, 100000, 11}};

Test(chance, least_pixels_are_those_of_the_binomial_law)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        cr_expect(eq(i64, mzg_chance_least(known[i].rate, known[i].n_rows, known[i].n_bins), known[i].least));
}

Test(chance, is_excluded_from_the_least_pixels_on)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        for (int64_t more = -2; more <= 2; more++) {
            int64_t n = known[i].least + more;
            cr_expect(
                eq(int, mzg_chance_excludes(n, known[i].rate, known[i].n_rows, known[i].n_bins), more >= 0));
        }
}

Test(chance, of_a_rate_at_the_ends)
{
    cr_expect(eq(i64, mzg_chance_least(0, 100, 1000), 3));
    cr_expect(eq(int, mzg_chance_excludes(3, 0, 100, 1000), true));
    cr_expect(eq(int, mzg_chance_excludes(2, 0, 100, 1000), false));
    cr_expect(eq(i64, mzg_chance_least(1, 100, 1000), 101));
    cr_expect(eq(int, mzg_chance_excludes(100, 1, 100, 1000), false));
}
