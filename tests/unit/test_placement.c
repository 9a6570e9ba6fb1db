/* Where threads are put, on machines that are not here: two sockets of eight cores with two hardware threads
 * each. */
#include <core/placement.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

/* Places `threads` of rank `share` of `ranks`, which was given the list `given` (NULL: all), and lists where
 * each thread runs, as "0 2 4". Hardware threads are numbered core by core: 2c and 2c + 1 are on core c. */
static void expect(const char *machine, const char *given, int share, int ranks, int threads,
                   const char *places)
{
    struct mzg_error err = {0};
    struct mzg_placement *p = calloc(1, sizeof *p);
    char text[6000] = "";
    size_t used = 0;
    cr_assert(eq(int, hwloc_topology_init(&p->topology), 0));
    cr_assert(eq(int, hwloc_topology_set_synthetic(p->topology, machine), 0));
    cr_assert(eq(int, hwloc_topology_load(p->topology), 0));
    p->given = hwloc_bitmap_dup(hwloc_topology_get_topology_cpuset(p->topology));
    if (given)
        hwloc_bitmap_list_sscanf(p->given, given);
    p->is_shared = ranks > 1;
    p->node_ranks = ranks;
    cr_assert(eq(int, (int)mzg_placement_assign(p, share, threads, &err), MZG_OK));
    for (int i = 0; i < p->size; i++) {
        char list[100];
        hwloc_bitmap_list_snprintf(list, sizeof list, p->threads[i]);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? " " : "", list);
    }
    cr_expect(eq(str, text, (char *)places), "%s, given %s, rank %d of %d, %d threads", machine,
              given ? given : "all", share, ranks, threads);
    mzg_placement_free(p);
}

static const char two_sockets[] = "pack:2 core:8 pu:2";

Test(placement, a_core_for_each_thread_and_its_second_hardware_thread_last)
{
    expect(two_sockets, NULL, 0, 1, 0, "0 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30");
    expect(two_sockets, NULL, 0, 1, 2, "0 16");
    expect(two_sockets, "0-15", 0, 1, 0, "0 2 4 6 8 10 12 14");
    expect(two_sockets, "0-15", 0, 1, 16, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15");
    expect(two_sockets, "0-1", 0, 1, 0, "0");
    expect(two_sockets, "0-1", 0, 1, 2, "0 1");
    expect(two_sockets, "1,3,5", 0, 1, 0, "1 3 5"); /* as a batch system may give them */
    expect(two_sockets, "0-3,5", 0, 1, 0, "0 2 5");
}

Test(placement, ranks_that_see_the_same_share_it)
{
    expect(two_sockets, NULL, 0, 2, 0, "0 2 4 6 8 10 12 14");
    expect(two_sockets, NULL, 1, 2, 0, "16 18 20 22 24 26 28 30");
    expect(two_sockets, NULL, 1, 4, 0, "8 10 12 14");
    expect(two_sockets, NULL, 3, 16, 0, "6");
    expect("pack:1 core:2 pu:1", NULL, 1, 2, 2, "1 1");
}

/* Fills `text` with n numbers, `step` apart from `first` on. */
static char *list(char *text, size_t size, int first, int step, int n, const char *between)
{
    size_t used = 0;
    for (int i = 0; i < n; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%d", i ? between : "", first + i * step);
    return text;
}

/* More cores than 256, which was as many as were looked at: the first hardware threads of cores are no larger
 * object of hwloc, so that each of them counts. */
Test(placement, many_cores_with_two_hardware_threads_each)
{
    static const char many[] = "pack:2 core:160 pu:2";
    char places[6000], given[6000];
    expect(many, NULL, 0, 1, 0, list(places, sizeof places, 0, 2, 320, " "));
    expect(many, NULL, 1, 2, 0, list(places, sizeof places, 320, 2, 160, " "));
    list(given, sizeof given, 1, 2, 320, ","); /* the second of each core: no two are neighbours */
    expect(many, given, 0, 1, 0, list(places, sizeof places, 1, 2, 320, " "));
    expect(many, given, 1, 2, 0, list(places, sizeof places, 321, 2, 160, " "));
    expect("pack:2 core:256 pu:4", NULL, 3, 4, 0, list(places, sizeof places, 1536, 4, 128, " "));
}
