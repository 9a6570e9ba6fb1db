/*
 * The values of a column are those of the first block, then those of the second, and so on. A few columns, a
 * tile, are merged together: of each block their values lie side by side and are read in one go, and go to as
 * many places as the tile has columns.
 *
 *     block 0   .. a a b c c c ..          column a   a a|a|a a a
 *     block 1   .. a b b c ..       ->            b   b|b b|b
 *     block 2   .. a a a b c c ..                 c   c c c|c|c c
 *
 * Each task of a worker makes a range of the values, which may begin and end within a column.
 */
#include <stage/merge_columns.h>

#include <core/memory.h>
#include <core/pool.h>

#include <stdlib.h>

enum {
    TILE_COLUMNS = 32,
    TASK_VALUES = 1 << 20,
    /* What is given back at once of a block, because each call takes a while: so many values, a few pages,
     * and such a share of what this rank takes of it, which is little if there are many. */
    WORTH_FORGETTING = 1 << 13,
    SHARE_WORTH_FORGETTING = 16
};

struct merging {
    struct mzg_staged *staged;
    const int64_t *column_begins;
    const struct mzg_stage_block *blocks;
    int64_t n_blocks;
    int64_t share;                 /* of a block that is worth giving back: one in so many values */
    int64_t *cursors;              /* of each worker: where in each block the tile begins, in values */
    struct mzg_stage_taken *taken; /* of each block */
    struct mzg_column_values part; /* under way, */
    int32_t *rows;                 /*  and what it will have */
    void *values;
};

/* Where the next value of a tile's columns goes, counted from the first value of the task. */
struct tile {
    int64_t first, n;
    int64_t places[TILE_COLUMNS];
};

/* Copies the values of one block to the tile's columns, those that are among the task's n values; returns how
 * many the block has. Compiled for each type of values (stage/rows.h). */
static inline int64_t merge_block(const struct mzg_stage_block *block, int64_t cursor, struct tile *tile,
                                  int64_t n, int32_t *restrict rows, void *restrict values, bool wide)
{
    const uint16_t *counts = block->by_column.column_counts + tile->first;
    const uint16_t *block_rows = block->by_column.rows;
    const void *block_values = block->by_column.values;
    int32_t first_row = (int32_t)block->first_row;
    int64_t begin = cursor;
    for (int64_t c = 0; c < tile->n; c++) {
        int64_t place = tile->places[c], count = counts[c];
        int64_t skip = place < 0 ? -place : 0;
        int64_t end = place + count <= n ? count : n - place;
        for (int64_t i = skip; i < end; i++) {
            rows[place + i] = first_row + block_rows[cursor + i];
            if (wide)
                ((double *)values)[place + i] = ((const double *)block_values)[cursor + i];
            else
                ((float *)values)[place + i] = ((const float *)block_values)[cursor + i];
        }
        tile->places[c] = place + count;
        cursor += count;
    }
    return cursor - begin;
}

/* Merges values first .. first + n - 1 of the matrix into `rows` and `values`. */
static void merge_values(const struct merging *m, int64_t first, int64_t n, int64_t *cursors, int32_t *rows,
                         void *values)
{
    bool wide = m->staged->value_type == MZG_FLOAT64;
    struct mzg_column_range columns = mzg_columns_of_values(m->column_begins, m->staged->n_columns, first, n);
    for (int64_t b = 0; b < m->n_blocks; b++)
        cursors[b] = mzg_column_block_begin(&m->blocks[b].by_column, columns.first);
    struct tile tile = {.first = columns.first};
    for (; tile.first < columns.end; tile.first += tile.n) {
        tile.n = columns.end - tile.first < TILE_COLUMNS ? columns.end - tile.first : TILE_COLUMNS;
        for (int64_t c = 0; c < tile.n; c++)
            tile.places[c] = m->column_begins[tile.first + c] - first;
        for (int64_t b = 0; b < m->n_blocks; b++) {
            if (b + 1 < m->n_blocks) {
                const struct mzg_column_block *next = &m->blocks[b + 1].by_column;
                int64_t cursor = cursors[b + 1];
                __builtin_prefetch(next->column_counts + tile.first);
                __builtin_prefetch(next->rows + cursor);
                __builtin_prefetch((const char *)next->values + cursor * (wide ? 8 : 4));
            }
            if (wide)
                cursors[b] += merge_block(&m->blocks[b], cursors[b], &tile, n, rows, values, true);
            else
                cursors[b] += merge_block(&m->blocks[b], cursors[b], &tile, n, rows, values, false);
        }
    }
}

/* A worker's task: the item-th TASK_VALUES values of the part. */
static void merge_task(void *context, int64_t item, int worker)
{
    const struct merging *m = context;
    int64_t first = item * TASK_VALUES;
    int64_t n = m->part.n - first < TASK_VALUES ? m->part.n - first : TASK_VALUES;
    merge_values(m, m->part.first + first, n, m->cursors + worker * m->n_blocks, m->rows + first,
                 (char *)m->values + first * mzg_staged_value_size(m->staged));
}

/* Gives back what the part was merged from; of columns that it shares with the parts around it nothing. */
static void forget_part(const struct merging *m)
{
    struct mzg_column_range columns =
        mzg_columns_of_values(m->column_begins, m->staged->n_columns, m->part.first, m->part.n);
    for (int64_t b = 0; b < m->n_blocks; b++) {
        struct mzg_stage_taken *taken = &m->taken[b];
        const struct mzg_column_block *block = &m->blocks[b].by_column;
        int64_t end = mzg_column_block_begin(block, columns.end - 1);
        if (taken->first < 0)
            taken->first = taken->forgotten = mzg_column_block_begin(block, columns.first + 1);
        int64_t waiting = end - taken->forgotten;
        if (waiting < WORTH_FORGETTING || waiting < block->n_values / m->share)
            continue;
        mzg_staged_forget(m->staged, b, taken, end);
        taken->forgotten = end;
    }
}

enum mzg_status mzg_merge_columns(struct mzg_staged *staged, const struct mzg_transpose_options *options,
                                  mzg_take_columns_fn *take, void *context, struct mzg_error *err)
{
    struct merging m = {.staged = staged, .column_begins = options->column_begins};
    struct mzg_pool *pool = staged->context->pool;
    m.n_blocks = staged->n_blocks;
    m.blocks = staged->blocks;
    m.share = SHARE_WORTH_FORGETTING * (options->n > 0 ? staged->n_values / options->n : 1);
    int64_t most = options->n < options->part_values ? options->n : options->part_values;
    m.cursors = calloc((size_t)(mzg_pool_size(pool) * m.n_blocks), sizeof *m.cursors);
    m.taken = malloc((size_t)(m.n_blocks + 1) * sizeof *m.taken);
    m.rows = mzg_memory_large((most + 1) * (int64_t)sizeof *m.rows);
    m.values = mzg_memory_large((most + 1) * mzg_staged_value_size(staged));
    if (!m.cursors || !m.taken || !m.rows || !m.values)
        mzg_fail(err, MZG_ENOMEM, "no memory for %lld values of the matrix in column order", (long long)most);
    for (int64_t b = 0; m.taken && b < m.n_blocks; b++)
        m.taken[b] = (struct mzg_stage_taken){.first = -1};
    for (int64_t done = 0; done < options->n && err->status == MZG_OK; done += m.part.n) {
        m.part = (struct mzg_column_values){.first = options->first + done,
                                            .n = options->n - done < most ? options->n - done : most,
                                            .rows = m.rows,
                                            .values = m.values};
        mzg_pool_run(pool, (m.part.n + TASK_VALUES - 1) / TASK_VALUES, merge_task, &m);
        if (take(context, &m.part, err) == MZG_OK && options->is_last)
            forget_part(&m);
    }
    free(m.values);
    free(m.rows);
    free(m.taken);
    free(m.cursors);
    return err->status;
}

int64_t mzg_merge_memory(const struct mzg_staged *staged)
{
    int64_t of_block = (int64_t)sizeof(int64_t) * mzg_pool_size(staged->context->pool) +
                       (int64_t)sizeof(struct mzg_stage_taken);
    return of_block * staged->n_blocks;
}
