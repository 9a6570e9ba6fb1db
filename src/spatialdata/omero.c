/*
 * The quantile is a value of the image, not one between two: so no rounding can make it differ. It is found
 * byte by byte, from the highest of a number that is ordered as the values are, in passes that count how many
 * values have each byte: a billion pixels need no more memory than one.
 */
#include <spatialdata/omero.h>

#include <core/mpi.h>

#include <string.h>

/* A number for each value, ordered as they are: negative ones count backwards. */
static uint32_t order_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 31 ? ~bits : bits | UINT32_C(1) << 31;
}

static float value_of(uint32_t order)
{
    uint32_t bits = order >> 31 ? order & ~(UINT32_C(1) << 31) : ~order;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Adds up what all ranks have. */
static void add_up(MPI_Comm comm, int64_t *counts, int n)
{
    if (comm != MPI_COMM_NULL)
        MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, counts, n, MPI_INT64_T, MPI_SUM, comm));
}

/* The value of all ranks that `rank` others, or equal ones, come before. */
static float value_of_rank(MPI_Comm comm, const struct mzg_cell *cells, int64_t n, int64_t rank)
{
    uint32_t found = 0, known = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        int64_t counts[256] = {0};
        for (int64_t i = 0; i < n; i++) {
            uint32_t order = order_of(cells[i].value);
            if ((order & known) == found)
                counts[order >> shift & 255]++;
        }
        add_up(comm, counts, 256);
        uint32_t byte = 0;
        for (; rank >= counts[byte]; byte++)
            rank -= counts[byte];
        found |= byte << shift;
        known |= UINT32_C(255) << shift;
    }
    return value_of(found);
}

struct mzg_omero_window mzg_omero_window_of(MPI_Comm comm, const struct mzg_cell *cells, int64_t n)
{
    struct mzg_omero_window window = {0};
    int64_t all = n;
    add_up(comm, &all, 1);
    if (all > 0) {
        double least = (double)value_of_rank(comm, cells, n, 0);
        double most = (double)value_of_rank(comm, cells, n, all - 1);
        window.min = least < 0 ? least : 0;
        window.max = most > 0 ? most : 0;
        window.end = (double)value_of_rank(comm, cells, n, (995 * all + 999) / 1000 - 1);
    }
    if (!(window.end > 0))
        window.end = window.max;
    if (!(window.end > 0))
        window.end = window.max = 1;
    return window;
}

json_t *mzg_omero_attributes(const char *name, const struct mzg_omero_window *window)
{
    json_t *range = json_pack("{s:f, s:f, s:f, s:f}", "min", window->min, "max", window->max, "start",
                              window->start, "end", window->end);
    return json_pack("{s:[{s:s, s:s, s:b, s:o}]}", "channels", "label", name, "color", "FFFFFF", "active", 1,
                     "window", range);
}
