/*
 * Cells are dealt into 256 piles by a byte of their key, in place, and each pile by the next byte, until
 * it is so small that comparing is quicker. Merge sort, which qsort() is, goes through all cells once for
 * each doubling of their number, and takes their memory again.
 */
#include <spatialdata/cells.h>

#include <string.h>

enum {
    PILES = 256,
    FEW = 24,                   /* cells that are sorted by comparing */
    BYTES = 4 + 8 + 4,          /* of a key: z, code, label */
    MOST_RANGES = BYTES * PILES /* that wait: those beside each one that is being dealt */
};

/* Cells that have the first `byte` bytes of their keys in common. */
struct range {
    struct mzg_cell *cells;
    int64_t n;
    int byte;
};

/* A byte of the key, from the highest. */
static unsigned byte_of(const struct mzg_cell *cell, int byte)
{
    if (byte < 4)
        return cell->z >> (8 * (3 - byte)) & 255;
    if (byte < 12)
        return (unsigned)(cell->code >> (8 * (11 - byte))) & 255;
    return ((uint32_t)cell->label ^ UINT32_C(1) << 31) >> (8 * (15 - byte)) & 255;
}

static bool is_before(const struct mzg_cell *a, const struct mzg_cell *b)
{
    if (a->z != b->z)
        return a->z < b->z;
    return a->code != b->code ? a->code < b->code : a->label < b->label;
}

static void insert(struct mzg_cell *cells, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        struct mzg_cell cell = cells[i];
        int64_t at = i;
        for (; at > 0 && is_before(&cell, &cells[at - 1]); at--)
            cells[at] = cells[at - 1];
        cells[at] = cell;
    }
}

/* Deals the cells into piles; ends[b] becomes where pile b ends. False: all are in one. */
static bool deal(const struct range *range, int64_t ends[PILES])
{
    int64_t next[PILES];
    memset(ends, 0, PILES * sizeof *ends);
    for (int64_t i = 0; i < range->n; i++)
        ends[byte_of(&range->cells[i], range->byte)]++;
    if (ends[byte_of(range->cells, range->byte)] == range->n)
        return false;
    for (int64_t b = 0, at = 0; b < PILES; b++) {
        next[b] = at;
        ends[b] = at += ends[b];
    }
    for (int b = 0; b < PILES; b++)
        while (next[b] < ends[b]) {
            struct mzg_cell cell = range->cells[next[b]];
            unsigned its = byte_of(&cell, range->byte);
            while (its != (unsigned)b) { /* each swap brings one cell home */
                struct mzg_cell other = range->cells[next[its]];
                range->cells[next[its]++] = cell;
                cell = other;
                its = byte_of(&cell, range->byte);
            }
            range->cells[next[b]++] = cell;
        }
    return true;
}

void mzg_cells_sort(struct mzg_cell *cells, int64_t n)
{
    struct range ranges[MOST_RANGES];
    int n_ranges = 0;
    int64_t ends[PILES];
    ranges[n_ranges++] = (struct range){cells, n, 0};
    while (n_ranges > 0) {
        struct range range = ranges[--n_ranges];
        if (range.n <= FEW) {
            insert(range.cells, range.n);
            continue;
        }
        while (range.byte < BYTES && !deal(&range, ends))
            range.byte++;
        if (range.byte == BYTES) /* all are the same */
            continue;
        for (int64_t b = 0, at = 0; b < PILES; at = ends[b++])
            if (ends[b] - at > 1)
                ranges[n_ranges++] = (struct range){range.cells + at, ends[b] - at, range.byte + 1};
    }
}
