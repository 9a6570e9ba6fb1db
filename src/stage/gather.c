/*
 * The columns that a rank wants are made part by part, each part small enough that its memory is used again
 * and again. For each part all rows are passed once; a cursor remembers where in each row the part begins,
 * which is where the part before ended, so that nothing is searched and a row's values are each read once, in
 * order:
 *
 *     row 0   ....|......|.......|..        part 1 begins at the cursor and leaves it where part 2 begins
 *     row 1   ..|........|...|......
 *     row 2   ......|....|......|...
 *             part 0   part 1   part 2
 *
 * Each worker has a share of the rows. Its values of a column come behind those of the workers before it, so
 * it counts them first.
 *
 * Values go to as many places at once as there are columns, each on another page: far more than a processor
 * remembers pages. So the entries of a column wait until they fill a cache line, in a buffer of one line a
 * column, and go to their place together, past the caches. The columns of a part are taken in slices whose
 * lines fit a core's cache.
 *
 *     buffer   |ab......|abcdefgh|abc.....|      one line for each column of the slice
 *     part     ...|abcdefgh|........|..|abcdefgh|abcdefgh|........|
 */
#include <stage/gather.h>

#include <core/memory.h>
#include <core/pool.h>

#include <stdlib.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
    SLICE_COLUMNS = 4096, /* whose lines fill half the second-level cache of a core */
    LINE_BYTES = 64,
    ROWS_AHEAD = 8 /* of whose values the first are asked for, so that memory is never waited for */
};

/* What one worker places. */
struct lane {
    int64_t first_block, end_block;
    uint32_t *firsts; /* of each column of the part: where the lane's first value goes in the part, */
    uint32_t *places; /*  and its next one; modulo 2^32 where it is the share of another part: columns and
                       *  parts have fewer than 2^31 values, so that the two never meet */
    char *lines;
};

struct gathering {
    const struct mzg_stage *stage;
    const struct mzg_transpose_options *options;
    const struct mzg_stage_block *blocks;
    int64_t n_blocks;
    int32_t *cursors; /* where in each row the slice under way begins */
    struct mzg_column_values part;
    struct mzg_column_range columns; /* of the part */
    int64_t next_column;             /* with which the next part begins */
    void *entries;
    int n_lanes;
    struct lane *lanes;
    uint32_t *lane_places; /* in which those of all lanes lie */
};

/* Writes a line past the caches: it will not be needed before the whole part is there. */
static inline void stream_line(void *to, const void *from)
{
#ifdef __SSE2__
    for (int i = 0; i < LINE_BYTES / 16; i++)
        _mm_stream_si128((__m128i *)to + i, _mm_load_si128((const __m128i *)from + i));
#else
    memcpy(to, from, LINE_BYTES);
#endif
}

/* Moves the entries from a line to the part, up to that at `place`; those that are the lane's own, where the
 * line began before its first one, at `first`. */
static inline void move_line(const struct gathering *g, const char *line, uint32_t first, uint32_t place,
                             uint32_t entry_size)
{
    uint32_t per_line = LINE_BYTES / entry_size;
    uint32_t begin = place / per_line * per_line;
    uint32_t skip = begin < first && first <= place ? first - begin : 0;
    char *to = (char *)g->entries + (size_t)begin * entry_size;
    if (skip == 0 && place - begin == per_line - 1)
        stream_line(to, line);
    else
        memcpy(to + (size_t)skip * entry_size, line + (size_t)skip * entry_size,
               (size_t)(place - begin + 1 - skip) * entry_size);
}

/* Places the values of one row that fall into the slice, from number `i` on; returns behind the last. */
static inline int64_t place_row(const struct gathering *g, const struct lane *lane,
                                struct mzg_column_range slice, int64_t row, int64_t i, int64_t n,
                                const int32_t *bins, const void *values, bool wide)
{
    const uint32_t entry_size = wide ? sizeof(struct mzg_wide_column_entry) : sizeof(struct mzg_column_entry);
    const uint32_t per_line = LINE_BYTES / entry_size;
    uint32_t n_part = (uint32_t)g->part.n;
    for (; i < n && bins[i] < slice.end; i++) {
        int64_t column = bins[i] - g->columns.first;
        uint32_t place = lane->places[column]++;
        if (place >= n_part)
            continue; /* the share of another part in a column at the border */
        char *line = lane->lines + (bins[i] - slice.first) * LINE_BYTES;
        if (wide)
            ((struct mzg_wide_column_entry *)line)[place % per_line] =
                (struct mzg_wide_column_entry){.row = (int32_t)row, .value = mzg_value_at(values, i, wide)};
        else
            ((struct mzg_column_entry *)line)[place % per_line] =
                (struct mzg_column_entry){(int32_t)row, (float)mzg_value_at(values, i, wide)};
        if (place % per_line == per_line - 1)
            move_line(g, line, lane->firsts[column], place, entry_size);
    }
    return i;
}

/* Places the rows of one block in a slice; compiled for each type of values (stage/rows.h). */
static inline void place_block(const struct gathering *g, const struct lane *lane,
                               struct mzg_column_range slice, const struct mzg_stage_block *block, bool wide)
{
    int64_t value_size = wide ? (int64_t)sizeof(double) : (int64_t)sizeof(float);
    bool is_last = slice.end == g->columns.end;
    const int32_t *bins = block->bins, *ahead_bins = bins;
    const char *values = block->values, *ahead_values = values;
    int32_t *cursors = g->cursors + block->first_row;
    int64_t ahead = 0;
    for (int64_t r = 0; r < block->n_rows; r++) {
        for (; ahead < block->n_rows && ahead <= r + ROWS_AHEAD; ahead++) {
            __builtin_prefetch(ahead_bins + cursors[ahead]);
            __builtin_prefetch(ahead_bins + cursors[ahead] + LINE_BYTES / 4);
            __builtin_prefetch(ahead_values + cursors[ahead] * value_size);
            __builtin_prefetch(ahead_values + cursors[ahead] * value_size + LINE_BYTES);
            ahead_bins += block->row_counts[ahead];
            ahead_values += block->row_counts[ahead] * value_size;
        }
        int64_t n = block->row_counts[r];
        int64_t end = place_row(g, lane, slice, block->first_row + r, cursors[r], n, bins, values, wide);
        if (is_last && end > 0 && bins[end - 1] >= g->next_column)
            end--; /* of a column that the next part shares */
        cursors[r] = (int32_t)end;
        bins += n;
        values += n * value_size;
    }
}

/* Moves what still waits in the lines of a slice whose rows are all placed. */
static void move_rest(const struct gathering *g, const struct lane *lane, struct mzg_column_range slice)
{
    uint32_t entry_size = (uint32_t)mzg_stage_column_entry_size(g->stage);
    uint32_t per_line = LINE_BYTES / entry_size;
    for (int64_t column = slice.first; column < slice.end; column++) {
        int64_t i = column - g->columns.first;
        int64_t first = (int32_t)lane->firsts[i], end = first + (uint32_t)(lane->places[i] - lane->firsts[i]);
        first = first > 0 ? first : 0;
        end = end < g->part.n ? end : g->part.n;
        if (end > first && end % per_line != 0)
            move_line(g, lane->lines + (column - slice.first) * LINE_BYTES, (uint32_t)first,
                      (uint32_t)(end - 1), entry_size);
    }
#ifdef __SSE2__
    _mm_sfence();
#endif
}

/* A worker's task: places the rows of a lane in all columns of the part. */
static void place_lane(void *context, int64_t item, int worker)
{
    (void)worker;
    const struct gathering *g = context;
    const struct lane *lane = &g->lanes[item];
    bool wide = g->stage->value_type == MZG_FLOAT64;
    struct mzg_column_range slice = {.end = g->columns.first};
    while (slice.end < g->columns.end) {
        slice.first = slice.end;
        slice.end =
            slice.first + SLICE_COLUMNS < g->columns.end ? slice.first + SLICE_COLUMNS : g->columns.end;
        for (int64_t b = lane->first_block; b < lane->end_block; b++) {
            if (wide)
                place_block(g, lane, slice, &g->blocks[b], true);
            else
                place_block(g, lane, slice, &g->blocks[b], false);
        }
        move_rest(g, lane, slice);
    }
}

/* A worker's task: counts the values of a lane in each column of the part, into its places. */
static void count_lane(void *context, int64_t item, int worker)
{
    (void)worker;
    const struct gathering *g = context;
    const struct lane *lane = &g->lanes[item];
    memset(lane->places, 0, (size_t)(g->columns.end - g->columns.first) * sizeof *lane->places);
    for (int64_t b = lane->first_block; b < lane->end_block; b++) {
        const struct mzg_stage_block *block = &g->blocks[b];
        const int32_t *bins = block->bins;
        for (int64_t r = 0; r < block->n_rows; r++) {
            for (int64_t i = g->cursors[block->first_row + r];
                 i < block->row_counts[r] && bins[i] < g->columns.end; i++)
                lane->places[bins[i] - g->columns.first]++;
            bins += block->row_counts[r];
        }
    }
}

/* A worker's task: sets the cursors of the item-th block to where this rank's first column begins. The rows
 * of a group are searched side by side, for each step of a search waits for memory. */
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
                left[r] = below ? left[r] - half : half - (half > 0);
            }
        }
        for (int r = 0; r < n_rows; r++)
            g->cursors[block->first_row + first + r] = (int32_t)(low[r] - begin[r]);
    }
}

/* Where each lane's values begin in each column of the part. */
static void set_places(struct gathering *g)
{
    size_t n_columns = (size_t)(g->columns.end - g->columns.first);
    for (int i = 0; i < g->n_lanes; i++) {
        g->lanes[i].firsts = g->lane_places + 2 * (size_t)i * n_columns;
        g->lanes[i].places = g->lanes[i].firsts + n_columns;
    }
    if (g->n_lanes > 1)
        mzg_pool_run(g->stage->context->pool, g->n_lanes, count_lane, g);
    for (size_t k = 0; k < n_columns; k++) {
        uint32_t place = (uint32_t)(g->options->column_begins[g->columns.first + (int64_t)k] - g->part.first);
        for (int i = 0; i < g->n_lanes; i++) {
            struct lane *lane = &g->lanes[i];
            uint32_t count = g->n_lanes > 1 ? lane->places[k] : 0;
            lane->firsts[k] = lane->places[k] = place;
            place += count;
        }
    }
}

/* Makes values first .. first + n - 1 the part under way. */
static enum mzg_status begin_part(struct gathering *g, int64_t first, int64_t n, struct mzg_error *err)
{
    const int64_t *column_begins = g->options->column_begins;
    g->part = (struct mzg_column_values){.first = first, .n = n, .entries = g->entries};
    g->columns = mzg_columns_of_values(column_begins, g->stage->n_columns, first, n);
    g->next_column = column_begins[g->columns.end] > first + n ? g->columns.end - 1 : g->columns.end;
    size_t n_columns = (size_t)(g->columns.end - g->columns.first);
    free(g->lane_places);
    g->lane_places = malloc(2 * (size_t)g->n_lanes * n_columns * sizeof *g->lane_places);
    if (!g->lane_places)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the places of %zu columns", n_columns);
    if (first == g->options->first)
        mzg_pool_run(g->stage->context->pool, g->n_blocks, set_cursors, g);
    set_places(g);
    return MZG_OK;
}

/* Deals the blocks to the lanes, so that each has about the same number of values. */
static void deal_blocks(struct gathering *g)
{
    int64_t b = 0;
    for (int i = 0; i < g->n_lanes; i++) {
        int64_t end = (int64_t)((double)g->stage->n_values * (i + 1) / g->n_lanes);
        g->lanes[i].first_block = b;
        while (b < g->n_blocks && (i == g->n_lanes - 1 || g->blocks[b].first_value < end))
            b++;
        g->lanes[i].end_block = b;
    }
}

static enum mzg_status allocate(struct gathering *g, struct mzg_error *err)
{
    const struct mzg_transpose_options *o = g->options;
    int64_t n = o->n < o->most_values ? o->n : o->most_values;
    g->entries = mzg_memory_large(n * mzg_stage_column_entry_size(g->stage));
    g->cursors = malloc((size_t)(g->stage->n_rows + 1) * sizeof *g->cursors);
    g->lanes = calloc((size_t)g->n_lanes, sizeof *g->lanes);
    bool all = g->entries && g->cursors && g->lanes;
    for (int i = 0; i < g->n_lanes && all; i++)
        all = (g->lanes[i].lines = aligned_alloc(LINE_BYTES, (size_t)LINE_BYTES * SLICE_COLUMNS)) != NULL;
    if (!all)
        return mzg_fail(err, MZG_ENOMEM, "no memory for %lld values of the matrix in column order",
                        (long long)n);
    return MZG_OK;
}

static void release(struct gathering *g)
{
    for (int i = 0; g->lanes && i < g->n_lanes; i++)
        free(g->lanes[i].lines);
    free(g->lanes);
    free(g->lane_places);
    free(g->cursors);
    free(g->entries);
}

enum mzg_status mzg_gather_columns(const struct mzg_stage *stage, const struct mzg_transpose_options *options,
                                   mzg_take_columns_fn *take, void *context, struct mzg_error *err)
{
    struct gathering g = {.stage = stage, .options = options, .n_lanes = mzg_pool_size(stage->context->pool)};
    g.n_blocks = mzg_stage_blocks(stage, &g.blocks);
    if (options->n > 0 && allocate(&g, err) == MZG_OK)
        deal_blocks(&g);
    for (int64_t done = 0; done < options->n && err->status == MZG_OK; done += options->most_values) {
        int64_t left = options->n - done;
        int64_t n = left < options->most_values ? left : options->most_values;
        if (begin_part(&g, options->first + done, n, err) != MZG_OK)
            break;
        mzg_pool_run(stage->context->pool, g.n_lanes, place_lane, &g);
        take(context, &g.part, err);
    }
    release(&g);
    return err->status;
}

int64_t mzg_gather_memory(const struct mzg_stage *stage)
{
    int64_t lanes = mzg_pool_size(stage->context->pool);
    return (int64_t)sizeof(int32_t) * stage->n_rows +
           lanes * (2 * (int64_t)sizeof(uint32_t) * stage->n_columns + (int64_t)LINE_BYTES * SLICE_COLUMNS);
}
