/* How ranks that are too many for their node wait. */
#include <cli/nap.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* What is asked for at `now`, to the microsecond; it takes as long. */
static int microseconds(struct mzg_nap *nap, double now)
{
    double length = mzg_nap_length(nap, now);
    mzg_nap_end(nap, now + length);
    return (int)(length * 1e6 + 0.5);
}

/* Asks every 30 us from `begin` to `end`; returns the last length. */
static int ask(struct mzg_nap *nap, double begin, double end)
{
    int last = -1;
    double now = begin;
    while (now < end + 1e-9) {
        last = microseconds(nap, now);
        now += 30e-6 + last * 1e-6;
    }
    return last;
}

Test(nap, a_wait_begins_awake)
{
    struct mzg_nap nap = {0};
    cr_expect(eq(int, microseconds(&nap, 1000), 0));
    cr_expect(eq(int, microseconds(&nap, 1000 + 30e-6), 0));
    cr_expect(eq(int, microseconds(&nap, 1000 + 48e-6), 0));
}

Test(nap, and_is_slept_through_by_an_eighth_of_what_it_lasted)
{
    struct mzg_nap nap = {0};
    ask(&nap, 1000, 1000 + 30e-6);
    cr_expect(eq(int, microseconds(&nap, 1000 + 80e-6), 10));
    cr_expect(eq(int, microseconds(&nap, 1000 + 160e-6), 20));
    cr_expect(eq(int, microseconds(&nap, 1000 + 240e-6), 30));
}

Test(nap, but_never_longer_than_a_millisecond)
{
    struct mzg_nap nap = {0};
    cr_expect(eq(int, ask(&nap, 1000, 1000 + 1), 1000));
}

Test(nap, what_came_between_begins_a_new_wait)
{
    struct mzg_nap nap = {0};
    cr_assert(gt(int, ask(&nap, 1000, 1000 + 0.01), 100));
    cr_expect(eq(int, microseconds(&nap, 1000 + 0.02), 0));
    cr_expect(eq(int, microseconds(&nap, 1000 + 0.02 + 40e-6), 0));
    cr_expect(eq(int, microseconds(&nap, 1000 + 0.02 + 80e-6), 10));
}
