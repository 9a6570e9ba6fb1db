/*
 * A sort in two passes, each of which writes to few places at a time. The first deals the values to panels,
 * row by row; each worker has a share of the rows, whose values come behind those of the workers before it.
 * The second sorts the values of one panel, which fit a core's cache, into its columns.
 */
#include <stage/column_block.h>

#include <core/pool.h>

#include <stdlib.h>
#include <string.h>

/* So many panels are dealt to at once: their ends fit the nearest cache and the memory of pages. A column's
 * number within its panel fits two bytes. */
enum { PANELS = 256, WIDEST_SHIFT = 16 };

/* The rows of one worker. */
struct lane {
    int64_t first_row, end_row;
    int64_t first_value, end_value;
    int64_t *places; /* of each panel: where its next value goes */
};

struct mzg_column_sorter {
    int64_t n_columns, value_size;
    int shift;
    int64_t n_panels;
    int n_workers;
    int64_t *panel_begins;
    uint16_t *column_counts;
    struct lane *lanes;
    int64_t *lane_places;    /* in which those of all lanes lie */
    uint32_t *column_places; /* of each worker: those of one panel's columns */
    const struct mzg_rows *rows;
    int64_t capacity;
    uint32_t *keys; /* of the values dealt to panels: column within the panel << 16 | row */
    void *dealt_values;
    uint16_t *sorted_rows;
    void *sorted_values;
};

int mzg_column_panel_shift(int64_t n_columns)
{
    int shift = 0;
    while (shift < WIDEST_SHIFT && n_columns >> shift >= PANELS)
        shift++;
    return shift;
}

int64_t mzg_column_panels(int64_t n_columns)
{
    int shift = mzg_column_panel_shift(n_columns);
    return (n_columns + (INT64_C(1) << shift) - 1) >> shift;
}

int64_t mzg_column_block_begin(const struct mzg_column_block *block, int64_t column)
{
    int shift = mzg_column_panel_shift(block->n_columns);
    int64_t panel = column >> shift;
    int64_t begin = block->panel_begins[panel];
    for (int64_t c = panel << shift; c < column; c++)
        begin += block->column_counts[c];
    return begin;
}

void mzg_column_block_to_rows(const struct mzg_column_block *block, bool wide, int64_t *begins,
                              struct mzg_rows *rows)
{
    rows->n_values = block->n_values;
    for (int64_t row = 0, begin = 0; row < rows->n_rows; row++) {
        begins[row] = begin;
        begin += rows->row_counts[row];
    }
    for (int64_t column = 0, i = 0; column < block->n_columns; column++) {
        for (int64_t end = i + block->column_counts[column]; i < end; i++) {
            int64_t place = begins[block->rows[i]]++;
            rows->bins[place] = (int32_t)column;
            if (wide)
                ((double *)rows->values)[place] = ((const double *)block->values)[i];
            else
                ((float *)rows->values)[place] = ((const float *)block->values)[i];
        }
    }
}

/* A worker's task: counts the values of a lane in each panel, into its places. */
static void count_lane(void *context, int64_t item, int worker)
{
    (void)worker;
    const struct mzg_column_sorter *s = context;
    const struct lane *lane = &s->lanes[item];
    const int32_t *bins = s->rows->bins;
    int shift = s->shift;
    memset(lane->places, 0, (size_t)s->n_panels * sizeof *lane->places);
    for (int64_t i = lane->first_value; i < lane->end_value; i++)
        lane->places[bins[i] >> shift]++;
}

/* Deals the values of a lane to the panels; compiled for each type of values (stage/rows.h). */
static inline void deal_values(const struct mzg_column_sorter *s, const struct lane *lane, bool wide)
{
    const int32_t *bins = s->rows->bins;
    const void *values = s->rows->values;
    int64_t *places = lane->places;
    uint32_t *keys = s->keys;
    void *dealt = s->dealt_values;
    int shift = s->shift;
    uint32_t mask = (UINT32_C(1) << shift) - 1;
    int64_t i = lane->first_value;
    for (int64_t row = lane->first_row; row < lane->end_row; row++) {
        for (int64_t end = i + s->rows->row_counts[row]; i < end; i++) {
            int64_t place = places[bins[i] >> shift]++;
            keys[place] = ((uint32_t)bins[i] & mask) << 16 | (uint32_t)row;
            if (wide)
                ((double *)dealt)[place] = ((const double *)values)[i];
            else
                ((float *)dealt)[place] = ((const float *)values)[i];
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

/* Sorts the values of a panel into its columns, of which `places` tells where the next value goes; compiled
 * for each type of values. */
static inline void place_values(const struct mzg_column_sorter *s, int64_t begin, int64_t end,
                                uint32_t *places, bool wide)
{
    const uint32_t *keys = s->keys;
    uint16_t *rows = s->sorted_rows + begin;
    char *values = (char *)s->sorted_values + begin * s->value_size;
    for (int64_t i = begin; i < end; i++) {
        uint32_t place = places[keys[i] >> 16]++;
        rows[place] = (uint16_t)keys[i];
        if (wide)
            ((double *)values)[place] = ((const double *)s->dealt_values)[i];
        else
            ((float *)values)[place] = ((const float *)s->dealt_values)[i];
    }
}

/* A worker's task: the item-th panel. */
static void sort_panel(void *context, int64_t item, int worker)
{
    const struct mzg_column_sorter *s = context;
    int64_t begin = s->panel_begins[item], end = s->panel_begins[item + 1];
    int64_t first = item << s->shift, width = INT64_C(1) << s->shift;
    uint32_t *places = s->column_places + ((int64_t)worker << s->shift);
    if (first + width > s->n_columns)
        width = s->n_columns - first;
    memset(places, 0, (size_t)width * sizeof *places);
    for (int64_t i = begin; i < end; i++)
        places[s->keys[i] >> 16]++;
    uint32_t place = 0;
    for (int64_t c = 0; c < width; c++) {
        uint32_t count = places[c];
        s->column_counts[first + c] = (uint16_t)count;
        places[c] = place;
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
        lane->end_value = value;
    }
}

/* Turns the lanes' counts into places: panel by panel, lane by lane. */
static void set_places(struct mzg_column_sorter *s)
{
    int64_t place = 0;
    for (int64_t panel = 0; panel < s->n_panels; panel++) {
        s->panel_begins[panel] = place;
        for (int i = 0; i < s->n_workers; i++) {
            int64_t count = s->lanes[i].places[panel];
            s->lanes[i].places[panel] = place;
            place += count;
        }
    }
    s->panel_begins[s->n_panels] = place;
}

void mzg_column_sorter_trim(struct mzg_column_sorter *sorter)
{
    free(sorter->keys);
    free(sorter->dealt_values);
    sorter->keys = NULL;
    sorter->dealt_values = NULL;
    sorter->capacity = 0;
}

/* Gives back the last block. */
static void drop_block(struct mzg_column_sorter *sorter)
{
    free(sorter->sorted_rows);
    free(sorter->sorted_values);
    sorter->sorted_rows = NULL;
    sorter->sorted_values = NULL;
}

static enum mzg_status reserve(struct mzg_column_sorter *s, int64_t n, struct mzg_error *err)
{
    if (n <= s->capacity)
        return MZG_OK;
    int64_t capacity = n + n / 8;
    mzg_column_sorter_trim(s);
    drop_block(s);
    s->keys = malloc((size_t)capacity * sizeof *s->keys);
    s->dealt_values = malloc((size_t)(capacity * s->value_size));
    s->sorted_rows = malloc((size_t)capacity * sizeof *s->sorted_rows);
    s->sorted_values = malloc((size_t)(capacity * s->value_size));
    if (!s->keys || !s->dealt_values || !s->sorted_rows || !s->sorted_values)
        return mzg_fail(err, MZG_ENOMEM, "no memory to sort %lld values by column", (long long)n);
    s->capacity = capacity;
    return MZG_OK;
}

enum mzg_status mzg_column_sort(struct mzg_column_sorter *sorter, const struct mzg_rows *rows,
                                struct mzg_pool *pool, struct mzg_column_block *block, struct mzg_error *err)
{
    if (rows->n_rows > MZG_COLUMN_BLOCK_ROWS)
        return mzg_fail(err, MZG_EUSAGE, "%lld rows are more than the %d that can be sorted at once",
                        (long long)rows->n_rows, MZG_COLUMN_BLOCK_ROWS);
    if (reserve(sorter, rows->n_values, err) != MZG_OK)
        return err->status;
    sorter->rows = rows;
    deal_rows(sorter);
    mzg_pool_run(pool, sorter->n_workers, count_lane, sorter);
    set_places(sorter);
    mzg_pool_run(pool, sorter->n_workers, deal_lane, sorter);
    mzg_pool_run(pool, sorter->n_panels, sort_panel, sorter);
    *block = (struct mzg_column_block){.n_columns = sorter->n_columns,
                                       .n_values = rows->n_values,
                                       .panel_begins = sorter->panel_begins,
                                       .column_counts = sorter->column_counts,
                                       .rows = sorter->sorted_rows,
                                       .values = sorter->sorted_values};
    return MZG_OK;
}

enum mzg_status mzg_column_sorter_new(int64_t n_columns, int64_t value_size, int n_workers,
                                      struct mzg_column_sorter **sorter, struct mzg_error *err)
{
    struct mzg_column_sorter *made = calloc(1, sizeof *made);
    if (!made)
        return mzg_fail(err, MZG_ENOMEM, "no memory to sort rows by column");
    *made = (struct mzg_column_sorter){.n_columns = n_columns,
                                       .value_size = value_size,
                                       .shift = mzg_column_panel_shift(n_columns),
                                       .n_panels = mzg_column_panels(n_columns),
                                       .n_workers = n_workers};
    size_t workers = (size_t)n_workers, panels = (size_t)made->n_panels;
    made->panel_begins = calloc(panels + 1, sizeof *made->panel_begins);
    made->column_counts = calloc((size_t)n_columns + 1, sizeof *made->column_counts);
    made->lanes = calloc(workers, sizeof *made->lanes);
    made->lane_places = calloc(workers * panels, sizeof *made->lane_places);
    made->column_places = calloc(workers << made->shift, sizeof *made->column_places);
    if (!made->panel_begins || !made->column_counts || !made->lanes || !made->lane_places ||
        !made->column_places) {
        mzg_column_sorter_free(made);
        return mzg_fail(err, MZG_ENOMEM, "no memory to sort rows of %lld columns", (long long)n_columns);
    }
    for (size_t i = 0; i < workers; i++)
        made->lanes[i].places = made->lane_places + i * panels;
    *sorter = made;
    return MZG_OK;
}

void mzg_column_sorter_free(struct mzg_column_sorter *sorter)
{
    if (!sorter)
        return;
    mzg_column_sorter_trim(sorter);
    drop_block(sorter);
    free(sorter->panel_begins);
    free(sorter->column_counts);
    free(sorter->lanes);
    free(sorter->lane_places);
    free(sorter->column_places);
    free(sorter);
}

int64_t mzg_column_sort_per_value(int64_t value_size)
{
    return (int64_t)(sizeof(uint32_t) + sizeof(uint16_t)) + 2 * value_size;
}
