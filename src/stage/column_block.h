/*
 * Some consecutive rows as a block in the order of the columns, sorted as they come, while they lie in the
 * caches. From many such blocks the columns of the whole matrix are merged by copying runs of values
 * (stage/merge_columns.h), instead of looking for each column in each row.
 *
 * Rows are numbered within their block in two bytes. Columns are taken together in buckets, each of 2^shift
 * columns, of which a block says where it begins:
 *
 *     bucket_begins   0           3       ...
 *     column_counts   1  0  2  0  | 1  1  ...     of each column, buckets of 4
 *     rows            7  0  7     | 3  0  ...     of each value, ascending in each column
 *     values          .  .  .     | .  .  ...
 */
#ifndef MZG_STAGE_COLUMN_BLOCK_H
#define MZG_STAGE_COLUMN_BLOCK_H

#include <mzgrid/error.h>
#include <stage/rows.h>

struct mzg_pool;

/* The most rows that a block can have, so that their numbers and counts fit two bytes. */
enum { MZG_COLUMN_BLOCK_ROWS = UINT16_MAX };

struct mzg_column_block {
    int64_t n_columns;
    int64_t n_values;
    const int64_t *bucket_begins;  /* mzg_column_buckets() + 1 */
    const uint16_t *column_counts; /* n_columns */
    const uint16_t *rows;          /* n_values */
    const void *values;            /* n_values; float or double */
};

/* How many columns a bucket has, as a power of 2, and how many buckets there are. Local. */
int mzg_column_bucket_shift(int64_t n_columns);
int64_t mzg_column_buckets(int64_t n_columns);

/* Where column `column` of the block begins, in values. Local. */
int64_t mzg_column_block_begin(const struct mzg_column_block *block, int64_t column);

/* The block as rows again: `rows` has n_rows and row_counts, and gets bins and values, for which there is
 * room. `begins` is scratch space for n_rows numbers. Local. */
void mzg_column_block_to_rows(const struct mzg_column_block *block, bool wide, int64_t *begins,
                              struct mzg_rows *rows);

/* Of the values of the block in the order of rows only first .. first + n - 1, with their bins, for which
 * there is room. `begins`: of each row, where it begins among the block's values; overwritten. Local. */
void mzg_column_block_part(const struct mzg_column_block *block, bool wide, int64_t *begins, int64_t first,
                           int64_t n, int32_t *bins, void *values);

/* Where the rows and values of a block are to lie; aligned to their types. */
struct mzg_column_room {
    uint16_t *rows;
    void *values;
};

/* Sorts rows of n_columns columns, with values of `value_size` bytes (float or double), on n_workers workers.
 */
struct mzg_column_sorter;

enum mzg_status mzg_column_sorter_new(int64_t n_columns, int64_t value_size, int n_workers,
                                      struct mzg_column_sorter **sorter, struct mzg_error *err);
void mzg_column_sorter_free(struct mzg_column_sorter *sorter);

/* Sorts at most MZG_COLUMN_BLOCK_ROWS rows, none of whose values is 0, on the workers of the pool. The block
 * belongs to the sorter and is valid until the next sort. Local. */
enum mzg_status mzg_column_sort(struct mzg_column_sorter *sorter, const struct mzg_rows *rows,
                                struct mzg_pool *pool, struct mzg_column_block *block, struct mzg_error *err);

/* The same with the block's rows and values in `room`. Local. */
enum mzg_status mzg_column_sort_to(struct mzg_column_sorter *sorter, const struct mzg_rows *rows,
                                   struct mzg_pool *pool, const struct mzg_column_room *room,
                                   struct mzg_column_block *block, struct mzg_error *err);

/* Gives back memory, but for the last block; the next sort takes what it needs. Local. */
void mzg_column_sorter_trim(struct mzg_column_sorter *sorter);

/* The bytes that sorting takes for each value, and what a sorter takes for each column. Local. */
int64_t mzg_column_sort_per_value(int64_t value_size);
int64_t mzg_column_sort_per_column(int n_workers);

#endif
