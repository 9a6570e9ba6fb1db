/*
 * Sorting rows that fill a good part of their columns, in one pass: a band of columns of all rows is spread
 * out as a tile with its gaps, column by column, and each column is written without them. A worker's tile
 * fits its core's cache, and what it writes goes on where it ended.
 *
 *     rows 0 to 3   a . b    |      tile   a c . d   gaps left out   a c d
 *                   c e .    |  ->         . e f .        ->         e f
 *                   . f .    |             b . . .                   b
 *                   d . .    |
 *
 * Where a band begins among all values is known from where it begins in each row.
 */
#ifndef MZG_STAGE_COLUMN_TILES_H
#define MZG_STAGE_COLUMN_TILES_H

#include <stage/rows.h>

struct mzg_pool;

/* What is sorted, and where to. */
struct mzg_column_tiles {
    const struct mzg_rows *rows; /* none of whose values is 0 */
    int64_t n_columns;
    int64_t value_size;
    int n_workers;
    bool plain; /* as on the plainest CPU: for tests */

    int bucket_shift; /* columns that a bucket has, as a power of 2 */
    int64_t *bucket_begins;
    uint16_t *column_counts;
    uint16_t *sorted_rows;
    void *sorted_values;
};

/* The bytes of scratch memory that sorting by tiles takes; 0: the rows are to be sorted otherwise, because
 * they are too many or have too few values. Local. */
int64_t mzg_column_tiles_memory(const struct mzg_column_tiles *tiles);

/* Sorts the rows. `scratch`: as many bytes, aligned to a line of the cache. Local. */
void mzg_column_tiles_sort(const struct mzg_column_tiles *tiles, void *scratch, struct mzg_pool *pool);

#endif
