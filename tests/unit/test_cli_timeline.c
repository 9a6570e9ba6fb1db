/* Points over time: evenly, however long a run is. */
#include <cli/timeline.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static void begin(struct mzg_timeline *timeline)
{
    mzg_timeline_begin(timeline, NULL, 100, 7);
}

Test(timeline, begins_with_a_point)
{
    struct mzg_timeline timeline;
    begin(&timeline);
    cr_expect(eq(int, timeline.n, 1));
    cr_expect(eq(dbl, timeline.points[0].seconds, 0));
    cr_expect(eq(i64, timeline.points[0].memory, 7));
}

Test(timeline, takes_a_point_when_it_is_time)
{
    struct mzg_timeline timeline;
    begin(&timeline);
    mzg_timeline_tell(&timeline, "resampling", 10, 100.01, 8);
    cr_expect(eq(int, timeline.n, 1));
    mzg_timeline_tell(&timeline, "resampling", 20, 100.5, 9);
    mzg_timeline_tell(&timeline, "writing", 3, 101, 10);
    mzg_timeline_tell(&timeline, "", 0, 101.01, 11);
    cr_assert(eq(int, timeline.n, 4));
    cr_expect(eq(dbl, timeline.points[1].seconds, 0.5));
    cr_expect(eq(i64, timeline.points[1].pixels, 20));
    cr_expect(eq(i64, timeline.points[2].pixels, 20)); /* parts of the store are no pixels */
    cr_expect(eq(i64, timeline.points[3].memory, 11)); /* the end, whenever it comes */
}

Test(timeline, a_long_run_has_no_more_points)
{
    struct mzg_timeline timeline;
    begin(&timeline);
    for (int i = 1; i <= 100000; i++)
        mzg_timeline_tell(&timeline, "resampling", i, 100 + i, 1);
    cr_expect(timeline.n <= MZG_TIMELINE_POINTS);
    cr_expect(timeline.n >= MZG_TIMELINE_POINTS / 2 - 1);
    cr_expect(eq(dbl, timeline.points[0].seconds, 0));
    for (int i = 2; i < timeline.n; i++)
        cr_expect(epsilon_eq(dbl, timeline.points[i].seconds - timeline.points[i - 1].seconds,
                             timeline.points[2].seconds - timeline.points[1].seconds, timeline.interval / 2));
}
