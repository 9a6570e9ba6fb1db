/* What the memory that ranks see says of their chunks. Limit: 1000. */
#include <stream/watch.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { LIMIT = 1000, RANKS = 2 };

/* Of two ranks: on one node, or on one each. */
static enum mzg_watch_cause judge(int n_nodes, struct mzg_watch_sight a, struct mzg_watch_sight b)
{
    int64_t used, left;
    struct mzg_watch watch = {.limit = LIMIT, .n_nodes = n_nodes};
    struct mzg_watch_sight nodes[RANKS] = {mzg_watch_no_sight, mzg_watch_no_sight};
    mzg_watch_merge(&a, &nodes[0]);
    mzg_watch_merge(&b, &nodes[n_nodes - 1]);
    enum mzg_watch_cause cause = mzg_watch_judge(&watch, nodes, &used, &left);
    cr_expect(eq(i64, used, n_nodes == 1 ? a.pss + b.pss : a.pss));
    cr_expect(eq(i64, left, n_nodes == 1 && b.left < a.left ? b.left : a.left));
    return cause;
}

static struct mzg_watch_sight sees(int64_t pss, int64_t left, bool waits)
{
    return (struct mzg_watch_sight){.pss = pss, .left = left, .waits = waits};
}

Test(watch, the_sum_of_a_node_counts_against_the_limit)
{
    cr_expect(eq(int, judge(1, sees(500, 9000, false), sees(450, 9000, false)), MZG_WATCH_LIMIT));
    cr_expect(eq(int, judge(2, sees(500, 9000, false), sees(450, 9000, false)), MZG_WATCH_CALM));
    cr_expect(eq(int, judge(2, sees(5, 9000, false), sees(950, 9000, false)), MZG_WATCH_LIMIT));
}

Test(watch, a_node_that_comes_to_its_end)
{
    cr_expect(eq(int, judge(2, sees(5, 9000, false), sees(5, 49, false)), MZG_WATCH_NODE));
}

Test(watch, waiting_far_below_the_limit_is_a_neighbours)
{
    cr_expect(eq(int, judge(1, sees(25, 9000, true), sees(24, 9000, true)), MZG_WATCH_CALM));
    cr_expect(eq(int, judge(1, sees(300, 9000, true), sees(250, 9000, false)), MZG_WATCH_WAITS));
    cr_expect(eq(int, judge(1, sees(25, 200, false), sees(24, 200, true)), MZG_WATCH_WAITS));
}

Test(watch, between_calm_and_near_nothing_changes)
{
    cr_expect(eq(int, judge(1, sees(400, 9000, false), sees(300, 9000, false)), MZG_WATCH_FAIR));
    cr_expect(eq(int, judge(1, sees(5, 400, false), sees(5, 400, false)), MZG_WATCH_FAIR));
}
