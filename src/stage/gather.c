/*
 * The columns that a rank wants are made part by part, each part small enough to be used again and again while
 * the caches know it. For each part all rows are passed once; a cursor remembers where in each row the part
 * begins, which is where the part before ended, so that nothing is searched and a row's values are each read
 * once, in order:
 *
 *     row 0   ....|......|.......|..        part 1 begins at the cursor and leaves it where part 2 begins
 *     row 1   ..|........|...|......
 *     row 2   ......|....|......|...
 *             part 0   part 1   part 2
 *
 * A part is cut into slices of columns, one for a task. A slice writes to as many places at once as it has
 * columns: these lines and the next places of a few thousand columns stay in the cache of a core. Each slice
 * finds its beginning in a row from the cursor, and the last one moves the cursor on.
 */
#include <stage/gather.h>

#include <core/memory.h>
#include <core/pool.h>

#include <stdlib.h>
#include <string.h>

enum {
    SLICE_COLUMNS = 4096,
    ROWS_AHEAD = 8 /* of whose values the first are asked for, so that memory is never waited for */
};

struct gathering {
    const struct mzg_stage *stage;
    const struct mzg_transpose_options *options;
    const struct mzg_stage_block *blocks;
    int64_t n_blocks;
    int32_t *cursors; /* where in each row the part under way begins */
    int32_t *next_cursors; /* and the next one; the same array where one worker does all slices in order */
    struct mzg_column_values part;
    struct mzg_column_range columns; /* of the part */
    int64_t next_column;             /* with which the next part begins */
    uint32_t *places; /* of each column: where its next value goes in the part, modulo 2^32 where it is another
                       * part's: columns and parts have fewer than 2^31 values, so the two never meet */
    void *entries;
    int64_t n_slices;
};

static struct mzg_column_range slice_of(const struct gathering *g, int64_t item)
{
    int64_t n = g->columns.end - g->columns.first;
    return (struct mzg_column_range){g->columns.first + n * item / g->n_slices,
                                     g->columns.first + n * (item + 1) / g->n_slices};
}

/* The first bin from number `i` on that is not below `bin`, with ever longer steps: it is seldom far. */
static int64_t search_from(const int32_t *bins, int64_t i, int64_t n, int64_t bin)
{
    int64_t step = 1;
    while (i + step <= n && bins[i + step - 1] < bin) {
        i += step;
        step *= 2;
    }
    int64_t left = n - i < step ? n - i : step;
    return i + mzg_bins_lower_bound(bins + i, left, bin);
}

/* Places the values of one row that fall into the slice, from number `i` on; returns behind the last. */
static inline int64_t place_row(const struct gathering *g, int64_t row, int64_t i, int64_t n,
                                const int32_t *bins, const void *values, int64_t end, bool wide)
{
    int64_t first = g->columns.first;
    uint32_t n_part = (uint32_t)g->part.n;
    for (; i < n && bins[i] < end; i++) {
        uint32_t place = g->places[bins[i] - first]++;
        if (place >= n_part)
            continue; /* the share of another part in a column at the border */
        if (wide)
            ((struct mzg_wide_column_entry *)g->entries)[place] =
                (struct mzg_wide_column_entry){.row = (int32_t)row, .value = mzg_value_at(values, i, wide)};
        else
            ((struct mzg_column_entry *)g->entries)[place] =
                (struct mzg_column_entry){(int32_t)row, (float)mzg_value_at(values, i, wide)};
    }
    return i;
}

/* Places the rows of one block in a slice; compiled for each type of values (stage/rows.h). */
static inline void place_block(const struct gathering *g, const struct mzg_stage_block *block,
                               struct mzg_column_range slice, bool is_first, bool is_last, bool wide)
{
    int64_t value_size = wide ? (int64_t)sizeof(double) : (int64_t)sizeof(float);
    const int32_t *bins = block->bins, *ahead_bins = bins;
    const char *values = block->values, *ahead_values = values;
    const int32_t *cursors = g->cursors + block->first_row;
    int64_t ahead = 0;
    for (int64_t r = 0; r < block->n_rows; r++) {
        for (; ahead < block->n_rows && ahead <= r + ROWS_AHEAD; ahead++) {
            __builtin_prefetch(ahead_bins + cursors[ahead]);
            __builtin_prefetch(ahead_values + cursors[ahead] * value_size);
            ahead_bins += block->row_counts[ahead];
            ahead_values += block->row_counts[ahead] * value_size;
        }
        int64_t n = block->row_counts[r];
        int64_t begin = is_first ? cursors[r] : search_from(bins, cursors[r], n, slice.first);
        int64_t end = place_row(g, block->first_row + r, begin, n, bins, values, slice.end, wide);
        if (is_last) /* a column that the next part shares is not passed by */
            g->next_cursors[block->first_row + r] =
                (int32_t)(end > 0 && bins[end - 1] >= g->next_column ? end - 1 : end);
        bins += n;
        values += n * value_size;
    }
}

/* A worker's task: places all rows in the item-th slice. */
static void place_slice(void *context, int64_t item, int worker)
{
    (void)worker;
    const struct gathering *g = context;
    struct mzg_column_range slice = slice_of(g, item);
    bool wide = g->stage->value_type == MZG_FLOAT64;
    bool is_first = item == 0, is_last = item == g->n_slices - 1;
    for (int64_t b = 0; b < g->n_blocks; b++) {
        if (wide)
            place_block(g, &g->blocks[b], slice, is_first, is_last, true);
        else
            place_block(g, &g->blocks[b], slice, is_first, is_last, false);
    }
}

/* A worker's task: sets the cursors of the item-th block to where this rank's first column begins. The rows of a
 * group are searched side by side, for each step of a search waits for memory. */
static void set_cursors(void *context, int64_t item, int worker)
{
    (void)worker;
    enum { GROUP = 16 };
    const struct gathering *g = context;
    const struct mzg_stage_block *block = &g->blocks[item];
    int64_t column = g->columns.first;
    const int32_t *bins = block->bins;
    for (int64_t first = 0; first < block->n_rows; first += GROUP) {
        int n_rows = (int)(block->n_rows - first < GROUP ? block->n_rows - first : GROUP);
        const int32_t *low[GROUP], *begin[GROUP];
        int32_t left[GROUP], longest = 0;
        for (int r = 0; r < n_rows; r++) {
            low[r] = begin[r] = bins;
            left[r] = block->row_counts[first + r];
            longest = left[r] > longest ? left[r] : longest;
            bins += left[r];
        }
        for (; longest > 0; longest /= 2) {
            for (int r = 0; r < n_rows; r++) {
                int32_t half = (left[r] + 1) / 2;
                bool below = left[r] > 0 && low[r][half - 1] < column;
                low[r] += below ? half : 0;
                left[r] = below ? left[r] - half : half - 1;
            }
        }
        for (int r = 0; r < n_rows; r++)
            g->cursors[block->first_row + first + r] = (int32_t)(low[r] - begin[r]);
    }
}

/* Makes values first .. first + n - 1 the part under way. */
static enum mzg_status begin_part(struct gathering *g, int64_t first, int64_t n, struct mzg_error *err)
{
    const int64_t *column_begins = g->options->column_begins;
    g->part = (struct mzg_column_values){.first = first, .n = n, .entries = g->entries};
    g->columns = mzg_columns_of_values(column_begins, g->stage->n_columns, first, n);
    g->next_column =
        column_begins[g->columns.end] > first + n ? g->columns.end - 1 : g->columns.end;
    int64_t n_columns = g->columns.end - g->columns.first;
    free(g->places);
    g->places = malloc((size_t)n_columns * sizeof *g->places);
    if (!g->places)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the places of %lld columns", (long long)n_columns);
    for (int64_t i = 0; i < n_columns; i++)
        g->places[i] = (uint32_t)(column_begins[g->columns.first + i] - first);
    int64_t workers = mzg_pool_size(g->stage->context->pool);
    g->n_slices = n_columns / SLICE_COLUMNS;
    if (g->n_slices < workers)
        g->n_slices = workers;
    return MZG_OK;
}

static enum mzg_status allocate(struct gathering *g, struct mzg_error *err)
{
    const struct mzg_transpose_options *o = g->options;
    int64_t n = o->n < o->most_values ? o->n : o->most_values;
    size_t rows = (size_t)g->stage->n_rows;
    g->entries = mzg_memory_large(n * mzg_stage_column_entry_size(g->stage));
    g->cursors = calloc(rows, sizeof *g->cursors);
    g->next_cursors = mzg_pool_size(g->stage->context->pool) > 1 ? calloc(rows, sizeof *g->cursors) : g->cursors;
    if (!g->entries || !g->cursors || !g->next_cursors)
        return mzg_fail(err, MZG_ENOMEM, "no memory for %lld values of the matrix in column order",
                        (long long)n);
    return MZG_OK;
}

enum mzg_status mzg_gather_columns(const struct mzg_stage *stage, const struct mzg_transpose_options *options,
                                   mzg_take_columns_fn *take, void *context, struct mzg_error *err)
{
    struct gathering g = {.stage = stage, .options = options};
    g.n_blocks = mzg_stage_blocks(stage, &g.blocks);
    if (options->n > 0)
        allocate(&g, err);
    for (int64_t done = 0; done < options->n && err->status == MZG_OK; done += options->most_values) {
        int64_t left = options->n - done;
        int64_t n = left < options->most_values ? left : options->most_values;
        if (begin_part(&g, options->first + done, n, err) != MZG_OK)
            break;
        if (done == 0)
            mzg_pool_run(stage->context->pool, g.n_blocks, set_cursors, &g);
        mzg_pool_run(stage->context->pool, g.n_slices, place_slice, &g);
        int32_t *cursors = g.cursors;
        g.cursors = g.next_cursors;
        g.next_cursors = cursors;
        take(context, &g.part, err);
    }
    if (g.next_cursors != g.cursors)
        free(g.next_cursors);
    free(g.cursors);
    free(g.places);
    free(g.entries);
    return err->status;
}

int64_t mzg_gather_memory(const struct mzg_stage *stage)
{
    int64_t arrays = mzg_pool_size(stage->context->pool) > 1 ? 2 : 1;
    return arrays * (int64_t)sizeof(int32_t) * stage->n_rows + (int64_t)sizeof(uint32_t) * stage->n_columns;
}
