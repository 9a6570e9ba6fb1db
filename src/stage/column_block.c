/*
 * A sort in two passes, each of which writes to few places at a time. The first deals the values to buckets,
 * row by row; each worker has a share of the rows, whose values come behind those of the workers before it.
 * The second sorts the values of one bucket, which fit a core's cache, into its columns. How many values each
 * column has is counted before both: along a row columns ascend, so that a processor fetches the counts ahead
 * and never waits for the one that it has just raised.
 *
 * Rows that fill a good part of their columns are sorted in one pass (stage/column_tiles.h).
 */
#include <stage/column_block.h>

#include <core/memory.h>
#include <core/pool.h>
#include <stage/column_tiles.h>

#include <stdlib.h>
#include <string.h>

/* So many buckets are dealt to at once: their ends fit the nearest cache and the memory of pages. A column's
 * number within its bucket fits two bytes. */
enum { BUCKETS = 256, WIDEST_SHIFT = 16 };

enum { AHEAD = 8 }; /* values: a line of the cache or more */

/* The rows of one worker. */
struct lane {
    int64_t first_row, end_row;
    int64_t first_value;
    uint16_t *counts; /* of each column: its values in these rows */
    int64_t *places;  /* of each bucket: where its next value goes */
};

/* A value dealt to its bucket. */
struct dealt_float {
    uint32_t key; /* column within the bucket << 16 | row */
    float value;
};
struct dealt_double {
    uint32_t key;
    double value;
};

struct mzg_column_sorter {
    int64_t n_columns, value_size;
    int shift;
    int64_t n_buckets;
    int n_workers;
    int64_t *bucket_begins;
    uint16_t *column_counts;
    struct lane *lanes;
    uint16_t *lane_counts; /* in which those of all lanes lie */
    int64_t *lane_places;
    uint32_t *column_places; /* of each worker: those of one bucket's columns */
    const struct mzg_rows *rows;
    int64_t capacity;
    void *dealt;                 /* struct dealt_float or dealt_double */
    struct mzg_column_room room; /* of the block, and */
    struct mzg_column_room own;  /*  that of blocks that lie nowhere else */
    int64_t own_capacity;
};

int mzg_column_bucket_shift(int64_t n_columns)
{
    int shift = 0;
    while (shift < WIDEST_SHIFT && n_columns >> shift >= BUCKETS)
        shift++;
    return shift;
}

int64_t mzg_column_buckets(int64_t n_columns)
{
    int shift = mzg_column_bucket_shift(n_columns);
    return (n_columns + (INT64_C(1) << shift) - 1) >> shift;
}

int64_t mzg_column_block_begin(const struct mzg_column_block *block, int64_t column)
{
    int shift = mzg_column_bucket_shift(block->n_columns);
    int64_t bucket = column >> shift;
    int64_t begin = block->bucket_begins[bucket];
    for (int64_t c = bucket << shift; c < column; c++)
        begin += block->column_counts[c];
    return begin;
}

/* Compiled for each type of values (stage/rows.h). */
static inline void place_part(const struct mzg_column_block *block, int64_t *begins, int64_t first, int64_t n,
                              int32_t *bins, void *values, bool wide)
{
    for (int64_t column = 0, i = 0; column < block->n_columns; column++) {
        for (int64_t end = i + block->column_counts[column]; i < end; i++) {
            int64_t place = begins[block->rows[i]]++ - first;
            if (place < 0 || place >= n)
                continue;
            bins[place] = (int32_t)column;
            if (wide)
                ((double *)values)[place] = ((const double *)block->values)[i];
            else
                ((float *)values)[place] = ((const float *)block->values)[i];
        }
    }
}

void mzg_column_block_part(const struct mzg_column_block *block, bool wide, int64_t *begins, int64_t first,
                           int64_t n, int32_t *bins, void *values)
{
    if (wide)
        place_part(block, begins, first, n, bins, values, true);
    else
        place_part(block, begins, first, n, bins, values, false);
}

void mzg_column_block_to_rows(const struct mzg_column_block *block, bool wide, int64_t *begins,
                              struct mzg_rows *rows)
{
    rows->n_values = block->n_values;
    for (int64_t row = 0, begin = 0; row < rows->n_rows; row++) {
        begins[row] = begin;
        begin += rows->row_counts[row];
    }
    mzg_column_block_part(block, wide, begins, 0, block->n_values, rows->bins, rows->values);
}

static int64_t dealt_size(int64_t value_size)
{
    return value_size == sizeof(double) ? sizeof(struct dealt_double) : sizeof(struct dealt_float);
}

/* The columns of a bucket: the first, and the end. */
static int64_t first_of_bucket(const struct mzg_column_sorter *s, int64_t bucket, int64_t *end)
{
    int64_t first = bucket << s->shift;
    *end = first + (INT64_C(1) << s->shift);
    if (*end > s->n_columns)
        *end = s->n_columns;
    return first;
}

/* A worker's task: counts the values of a lane in each column, and in each bucket, into its places. */
static void count_lane(void *context, int64_t item, int worker)
{
    (void)worker;
    const struct mzg_column_sorter *s = context;
    const struct lane *lane = &s->lanes[item];
    uint16_t *counts = lane->counts;
    memset(counts, 0, (size_t)s->n_columns * sizeof *counts);
    for (int64_t row = lane->first_row, first = lane->first_value; row < lane->end_row; row++) {
        const int32_t *bins = mzg_rows_place(s->rows, row, first, s->value_size).bins;
        int64_t n = s->rows->row_counts[row];
        for (int64_t i = 0; i < n; i++)
            counts[bins[i]]++;
        first += n;
    }
    for (int64_t bucket = 0; bucket < s->n_buckets; bucket++) {
        int64_t end;
        uint32_t sum = 0;
        for (int64_t c = first_of_bucket(s, bucket, &end); c < end; c++)
            sum += counts[c];
        lane->places[bucket] = sum;
    }
}

/* Deals the values of a lane to the buckets; compiled for each type of values (stage/rows.h). No processor
 * foresees where so many buckets go on, so each asks for the memory behind its end ahead of time. */
static inline void deal_values(const struct mzg_column_sorter *s, const struct lane *lane, bool wide)
{
    int64_t *places = lane->places;
    void *dealt = s->dealt;
    int shift = s->shift;
    uint32_t mask = (UINT32_C(1) << shift) - 1;
    int64_t first = lane->first_value;
    for (int64_t row = lane->first_row; row < lane->end_row; row++) {
        struct mzg_row_place from = mzg_rows_place(s->rows, row, first, s->value_size);
        const int32_t *bins = from.bins;
        const void *values = from.values;
        int64_t n = s->rows->row_counts[row];
        first += n;
        for (int64_t i = 0; i < n; i++) {
            int64_t place = places[bins[i] >> shift]++;
            uint32_t key = ((uint32_t)bins[i] & mask) << 16 | (uint32_t)row;
            if (wide) {
                struct dealt_double *to = (struct dealt_double *)dealt + place;
                __builtin_prefetch(to + AHEAD, 1);
                *to = (struct dealt_double){key, ((const double *)values)[i]};
            } else {
                struct dealt_float *to = (struct dealt_float *)dealt + place;
                __builtin_prefetch(to + AHEAD, 1);
                *to = (struct dealt_float){key, ((const float *)values)[i]};
            }
        }
    }
}

/* A worker's task. */
static void deal_lane(void *context, int64_t item, int worker)
{
    (void)worker;
    const struct mzg_column_sorter *s = context;
    if (s->value_size == sizeof(double))
        deal_values(s, &s->lanes[item], true);
    else
        deal_values(s, &s->lanes[item], false);
}

/* Sorts the values of a bucket into its columns, of which `places` tells where the next value goes; compiled
 * for each type of values. */
static inline void place_values(const struct mzg_column_sorter *s, int64_t begin, int64_t end,
                                uint32_t *places, bool wide)
{
    uint16_t *rows = s->room.rows + begin;
    char *values = (char *)s->room.values + begin * s->value_size;
    for (int64_t i = begin; i < end; i++) {
        if (wide) {
            struct dealt_double dealt = ((const struct dealt_double *)s->dealt)[i];
            uint32_t place = places[dealt.key >> 16]++;
            rows[place] = (uint16_t)dealt.key;
            ((double *)values)[place] = dealt.value;
        } else {
            struct dealt_float dealt = ((const struct dealt_float *)s->dealt)[i];
            uint32_t place = places[dealt.key >> 16]++;
            rows[place] = (uint16_t)dealt.key;
            ((float *)values)[place] = dealt.value;
        }
    }
}

/* A worker's task: the item-th bucket. */
static void sort_bucket(void *context, int64_t item, int worker)
{
    const struct mzg_column_sorter *s = context;
    int64_t begin = s->bucket_begins[item], end = s->bucket_begins[item + 1];
    uint32_t *places = s->column_places + ((int64_t)worker << s->shift);
    uint32_t place = 0;
    int64_t end_column;
    int64_t first = first_of_bucket(s, item, &end_column);
    for (int64_t column = first; column < end_column; column++) {
        uint32_t count = 0;
        for (int i = 0; i < s->n_workers; i++)
            count += s->lanes[i].counts[column];
        s->column_counts[column] = (uint16_t)count;
        places[column - first] = place;
        place += count;
    }
    if (s->value_size == sizeof(double))
        place_values(s, begin, end, places, true);
    else
        place_values(s, begin, end, places, false);
}

/* Deals the rows to the lanes, so that each has about the same number of values. */
static void deal_rows(struct mzg_column_sorter *s)
{
    const struct mzg_rows *rows = s->rows;
    int64_t row = 0, value = 0;
    for (int i = 0; i < s->n_workers; i++) {
        struct lane *lane = &s->lanes[i];
        int64_t share = rows->n_values / s->n_workers * (i + 1);
        bool is_last = i == s->n_workers - 1;
        lane->first_row = row;
        lane->first_value = value;
        for (; row < rows->n_rows && (is_last || value < share); row++)
            value += rows->row_counts[row];
        lane->end_row = row;
    }
}

/* Turns the lanes' counts into places: bucket by bucket, lane by lane. */
static void set_places(struct mzg_column_sorter *s)
{
    int64_t place = 0;
    for (int64_t bucket = 0; bucket < s->n_buckets; bucket++) {
        s->bucket_begins[bucket] = place;
        for (int i = 0; i < s->n_workers; i++) {
            int64_t count = s->lanes[i].places[bucket];
            s->lanes[i].places[bucket] = place;
            place += count;
        }
    }
    s->bucket_begins[s->n_buckets] = place;
}

/* Gives back the last block. */
static void drop_block(struct mzg_column_sorter *s)
{
    free(s->own.rows);
    free(s->own.values);
    s->own = (struct mzg_column_room){0};
    s->own_capacity = 0;
}

void mzg_column_sorter_trim(struct mzg_column_sorter *sorter)
{
    free(sorter->dealt);
    sorter->dealt = NULL;
    sorter->capacity = 0;
}

/* Makes room for the next block in place of the last. */
static enum mzg_status reserve_room(struct mzg_column_sorter *s, int64_t n, struct mzg_error *err)
{
    if (n <= s->own_capacity)
        return MZG_OK;
    int64_t capacity = n + n / 8;
    drop_block(s);
    s->own.rows = mzg_memory_large(capacity * (int64_t)sizeof *s->own.rows);
    s->own.values = mzg_memory_large(capacity * s->value_size);
    if (!s->own.rows || !s->own.values)
        return mzg_fail(err, MZG_ENOMEM, "no memory to sort %lld values by column", (long long)n);
    s->own_capacity = capacity;
    return MZG_OK;
}

static enum mzg_status reserve(struct mzg_column_sorter *s, int64_t n, struct mzg_error *err)
{
    if (n <= s->capacity)
        return MZG_OK;
    int64_t capacity = n + n / 8;
    mzg_column_sorter_trim(s);
    s->dealt = mzg_memory_large(capacity * dealt_size(s->value_size));
    if (!s->dealt)
        return mzg_fail(err, MZG_ENOMEM, "no memory to sort %lld values by column", (long long)n);
    s->capacity = capacity;
    return MZG_OK;
}

/* Whether the rows have so many values that they can be, in the memory that there is. */
static bool sort_by_tiles(const struct mzg_column_sorter *s, struct mzg_pool *pool)
{
    struct mzg_column_tiles tiles = {.rows = s->rows,
                                     .n_columns = s->n_columns,
                                     .value_size = s->value_size,
                                     .n_workers = s->n_workers,
                                     .bucket_shift = s->shift,
                                     .bucket_begins = s->bucket_begins,
                                     .column_counts = s->column_counts,
                                     .sorted_rows = s->room.rows,
                                     .sorted_values = s->room.values};
    int64_t bytes = mzg_column_tiles_memory(&tiles);
    if (bytes == 0 || bytes > s->capacity * dealt_size(s->value_size))
        return false;
    mzg_column_tiles_sort(&tiles, s->dealt, pool);
    return true;
}

static void sort_by_buckets(struct mzg_column_sorter *s, struct mzg_pool *pool)
{
    deal_rows(s);
    mzg_pool_run(pool, s->n_workers, count_lane, s);
    set_places(s);
    mzg_pool_run(pool, s->n_workers, deal_lane, s);
    mzg_pool_run(pool, s->n_buckets, sort_bucket, s);
}

enum mzg_status mzg_column_sort_to(struct mzg_column_sorter *sorter, const struct mzg_rows *rows,
                                   struct mzg_pool *pool, const struct mzg_column_room *room,
                                   struct mzg_column_block *block, struct mzg_error *err)
{
    if (rows->n_rows > MZG_COLUMN_BLOCK_ROWS)
        return mzg_fail(err, MZG_EUSAGE, "%lld rows are more than the %d that can be sorted at once",
                        (long long)rows->n_rows, MZG_COLUMN_BLOCK_ROWS);
    if (reserve(sorter, rows->n_values, err) != MZG_OK)
        return err->status;
    sorter->rows = rows;
    sorter->room = *room;
    if (!sort_by_tiles(sorter, pool))
        sort_by_buckets(sorter, pool);
    *block = (struct mzg_column_block){.n_columns = sorter->n_columns,
                                       .n_values = rows->n_values,
                                       .bucket_begins = sorter->bucket_begins,
                                       .column_counts = sorter->column_counts,
                                       .rows = room->rows,
                                       .values = room->values};
    return MZG_OK;
}

enum mzg_status mzg_column_sort(struct mzg_column_sorter *sorter, const struct mzg_rows *rows,
                                struct mzg_pool *pool, struct mzg_column_block *block, struct mzg_error *err)
{
    return reserve_room(sorter, rows->n_values, err) == MZG_OK
               ? mzg_column_sort_to(sorter, rows, pool, &sorter->own, block, err)
               : err->status;
}

enum mzg_status mzg_column_sorter_new(int64_t n_columns, int64_t value_size, int n_workers,
                                      struct mzg_column_sorter **sorter, struct mzg_error *err)
{
    struct mzg_column_sorter *made = calloc(1, sizeof *made);
    if (!made)
        return mzg_fail(err, MZG_ENOMEM, "no memory to sort rows by column");
    *made = (struct mzg_column_sorter){.n_columns = n_columns,
                                       .value_size = value_size,
                                       .shift = mzg_column_bucket_shift(n_columns),
                                       .n_buckets = mzg_column_buckets(n_columns),
                                       .n_workers = n_workers};
    size_t workers = (size_t)n_workers, buckets = (size_t)made->n_buckets;
    made->bucket_begins = calloc(buckets + 1, sizeof *made->bucket_begins);
    made->column_counts = calloc((size_t)n_columns + 1, sizeof *made->column_counts);
    made->lanes = calloc(workers, sizeof *made->lanes);
    made->lane_counts = calloc(workers * (size_t)n_columns, sizeof *made->lane_counts);
    made->lane_places = calloc(workers * buckets, sizeof *made->lane_places);
    made->column_places = calloc(workers << made->shift, sizeof *made->column_places);
    if (!made->bucket_begins || !made->column_counts || !made->lanes || !made->lane_counts ||
        !made->lane_places || !made->column_places) {
        mzg_column_sorter_free(made);
        return mzg_fail(err, MZG_ENOMEM, "no memory to sort rows of %lld columns", (long long)n_columns);
    }
    for (size_t i = 0; i < workers; i++) {
        made->lanes[i].counts = made->lane_counts + i * (size_t)n_columns;
        made->lanes[i].places = made->lane_places + i * buckets;
    }
    *sorter = made;
    return MZG_OK;
}

void mzg_column_sorter_free(struct mzg_column_sorter *sorter)
{
    if (!sorter)
        return;
    mzg_column_sorter_trim(sorter);
    drop_block(sorter);
    free(sorter->bucket_begins);
    free(sorter->column_counts);
    free(sorter->lanes);
    free(sorter->lane_counts);
    free(sorter->lane_places);
    free(sorter->column_places);
    free(sorter);
}

int64_t mzg_column_sort_per_value(int64_t value_size)
{
    return dealt_size(value_size) + (int64_t)sizeof(uint16_t) + value_size;
}

int64_t mzg_column_sort_per_column(int n_workers)
{
    return (int64_t)sizeof(uint16_t) * (n_workers + 1);
}
