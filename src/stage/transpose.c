/*
 * Rows that every rank sees in memory are gathered from there (stage/merge_columns.h). All others come in
 * rounds: every rank meets the rows of the columns it wants in their order (stage/exchange.h), so each value
 * goes straight to its final place:
 *
 *     place = column_begins[column] + how many values of that column came before
 *
 * A rank that cannot hold all it wants at once cuts it into panels, ranges of columns: the rows are sorted
 * into panels on disk in one pass (stage/panels.h), and then each panel is put in column order by itself.
 * Every staged byte is so read at most twice, whatever the size.
 *
 * Placing is done by the workers, each for its own range of columns, so they never write to the same place. A
 * column at the border of two parts belongs to both; each keeps its own share.
 */
#include <stage/transpose.h>

#include <core/agree.h>
#include <core/memory.h>
#include <core/mpi.h>
#include <core/pool.h>
#include <core/stop.h>
#include <stage/exchange.h>
#include <stage/merge_columns.h>

#include <stdlib.h>
#include <string.h>

/* A slice's next places, one cache line for each column, stay in the cache of a core. */
enum { SLICES_PER_WORKER = 4, SLICE_COLUMNS = 4096, SPLIT_VALUES = 1 << 16 };

/* A value and its row, for each of the types that values have: side by side, so that placing one touches one
 * cache line. */
struct column_entry {
    int32_t row;
    float value;
};
struct wide_column_entry {
    double value;
    int32_t row;
};

/* Values that are put in order together. */
struct ordering {
    int64_t first, n;
    void *entries; /* wide where the stage's values are double */
};

struct transposition {
    struct mzg_staged *staged;
    const struct mzg_transpose_options *options;
    struct mzg_column_range *wanted; /* of each rank */
    struct mzg_exchange *exchange;

    struct ordering ordering; /* under way */
    struct mzg_column_range columns;
    int64_t *places;  /* of each of its columns: where the next value goes */
    int64_t n_slices; /* of the columns, one for each task of a worker */

    struct mzg_column_values part; /* of the ordering, on its way to who takes it: */
    int32_t *rows;
    void *values;

    const struct mzg_row_piece *pieces; /* to place, or to sort into panels */
    int64_t n_pieces;

    int64_t n_panels;
    struct mzg_panels *panels;
    struct mzg_column_range *panel_columns;
    struct mzg_error *panel_errors;
    struct mzg_panel_cursor piece_of_panel; /* to place */
};

static bool is_wide(const struct transposition *t)
{
    return t->staged->value_type == MZG_FLOAT64;
}

/* The columns that the item-th task places. */
static struct mzg_column_range slice_of(const struct transposition *t, int64_t item)
{
    int64_t n = t->columns.end - t->columns.first;
    return (struct mzg_column_range){t->columns.first + n * item / t->n_slices,
                                     t->columns.first + n * (item + 1) / t->n_slices};
}

static inline void place_value(const struct transposition *t, int64_t row, int64_t bin, double value,
                               bool wide)
{
    int64_t place = t->places[bin - t->columns.first]++ - t->ordering.first;
    if (place < 0 || place >= t->ordering.n)
        return; /* of another ordering, in a column at the border */
    if (wide)
        ((struct wide_column_entry *)t->ordering.entries)[place] =
            (struct wide_column_entry){.row = (int32_t)row, .value = value};
    else
        ((struct column_entry *)t->ordering.entries)[place] =
            (struct column_entry){(int32_t)row, (float)value};
}

/* Places the pieces of a round in a slice of the columns; compiled for each type of values (stage/rows.h). */
static inline void place_pieces_of(const struct transposition *t, struct mzg_column_range slice, bool wide)
{
    for (int64_t p = 0; p < t->n_pieces; p++) {
        const struct mzg_row_piece *piece = &t->pieces[p];
        const int32_t *bins = piece->bins;
        const char *values = piece->values;
        for (int64_t row = 0; row < piece->n_rows; row++) {
            int64_t n = piece->counts[row];
            for (int64_t i = mzg_bins_lower_bound(bins, n, slice.first); i < n && bins[i] < slice.end; i++)
                place_value(t, mzg_row_piece_row(piece, row), bins[i], mzg_value_at(values, i, wide), wide);
            bins += n;
            values += n * (int64_t)(wide ? sizeof(double) : sizeof(float));
        }
    }
}

/* A worker's task: the item-th slice. */
static void place_pieces(void *context, int64_t item, int worker)
{
    (void)worker;
    const struct transposition *t = context;
    if (is_wide(t))
        place_pieces_of(t, slice_of(t, item), true);
    else
        place_pieces_of(t, slice_of(t, item), false);
}

/* Places a piece of a panel in a slice of the columns; compiled for each type of values. */
static inline void place_panel_piece_of(const struct transposition *t, struct mzg_column_range slice,
                                        bool wide)
{
    struct mzg_panel_cursor cursor = t->piece_of_panel;
    while (mzg_panel_next(&cursor)) {
        int64_t low = 0, high = cursor.n;
        while (low < high) {
            int64_t middle = low + (high - low) / 2;
            if (mzg_panel_bin(&cursor, middle) < slice.first)
                low = middle + 1;
            else
                high = middle;
        }
        for (; low < cursor.n && mzg_panel_bin(&cursor, low) < slice.end; low++)
            place_value(t, cursor.row, mzg_panel_bin(&cursor, low), mzg_value_at(cursor.values, low, wide),
                        wide);
    }
}

/* A worker's task: the item-th slice. */
static void place_panel_piece(void *context, int64_t item, int worker)
{
    (void)worker;
    const struct transposition *t = context;
    if (is_wide(t))
        place_panel_piece_of(t, slice_of(t, item), true);
    else
        place_panel_piece_of(t, slice_of(t, item), false);
}

/* A worker's task: sorts the pieces of a round into one panel. */
static void add_to_panel(void *context, int64_t panel, int worker)
{
    (void)worker;
    struct transposition *t = context;
    struct mzg_column_range columns = t->panel_columns[panel];
    int64_t value_size = mzg_staged_value_size(t->staged);
    for (int64_t p = 0; p < t->n_pieces; p++) {
        const struct mzg_row_piece *piece = &t->pieces[p];
        const int32_t *bins = piece->bins;
        const char *values = piece->values;
        for (int64_t row = 0; row < piece->n_rows; row++) {
            int64_t n = piece->counts[row];
            int64_t low = mzg_bins_lower_bound(bins, n, columns.first);
            int64_t high = low + mzg_bins_lower_bound(bins + low, n - low, columns.end);
            if (high > low &&
                mzg_panels_add(t->panels, panel, mzg_row_piece_row(piece, row), high - low, bins + low,
                               values + low * value_size, &t->panel_errors[panel]) != MZG_OK)
                return;
            bins += n;
            values += n * value_size;
        }
    }
}

/* A worker's task: splits the item-th SPLIT_VALUES entries of the part into rows and values. */
static void split_entries(void *context, int64_t item, int worker)
{
    (void)worker;
    const struct transposition *t = context;
    int64_t skip = t->part.first - t->ordering.first;
    int64_t begin = item * SPLIT_VALUES;
    int64_t end = begin + SPLIT_VALUES < t->part.n ? begin + SPLIT_VALUES : t->part.n;
    if (is_wide(t)) {
        const struct wide_column_entry *entries =
            (const struct wide_column_entry *)t->ordering.entries + skip;
        for (int64_t i = begin; i < end; i++) {
            t->rows[i] = entries[i].row;
            ((double *)t->values)[i] = entries[i].value;
        }
    } else {
        const struct column_entry *entries = (const struct column_entry *)t->ordering.entries + skip;
        for (int64_t i = begin; i < end; i++) {
            t->rows[i] = entries[i].row;
            ((float *)t->values)[i] = entries[i].value;
        }
    }
}

/* Hands over what is in order, part by part. */
static enum mzg_status take_parts(struct transposition *t, mzg_take_columns_fn *take, void *context,
                                  struct mzg_error *err)
{
    int64_t most = t->options->part_values, end = t->ordering.first + t->ordering.n;
    for (int64_t first = t->ordering.first; first < end && err->status == MZG_OK; first += most) {
        t->part = (struct mzg_column_values){.first = first,
                                             .n = end - first < most ? end - first : most,
                                             .rows = t->rows,
                                             .values = t->values};
        mzg_pool_run(t->staged->context->pool, (t->part.n + SPLIT_VALUES - 1) / SPLIT_VALUES, split_entries,
                     t);
        take(context, &t->part, err);
    }
    return err->status;
}

/* Begins to order values first .. first + n - 1. */
static enum mzg_status begin_ordering(struct transposition *t, int64_t first, int64_t n,
                                      struct mzg_error *err)
{
    t->ordering.first = first;
    t->ordering.n = n;
    t->columns = mzg_columns_of_values(t->options->column_begins, t->staged->n_columns, first, n);
    int64_t n_columns = t->columns.end - t->columns.first;
    free(t->places);
    t->places = malloc((size_t)(n_columns + 1) * sizeof *t->places);
    if (!t->places)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the places of %lld columns", (long long)n_columns);
    memcpy(t->places, t->options->column_begins + t->columns.first, (size_t)n_columns * sizeof *t->places);
    t->n_slices = (int64_t)mzg_pool_size(t->staged->context->pool) * SLICES_PER_WORKER;
    if (t->n_slices < n_columns / SLICE_COLUMNS)
        t->n_slices = n_columns / SLICE_COLUMNS;
    return MZG_OK;
}

/* The bytes from which on a panel is written to disk: all buffers, which grow to the double, take a quarter
 * of the memory. */
static int64_t worth_writing(const struct transposition *t)
{
    enum { MOST = 1 << 20, LEAST = 16 << 10 };
    int64_t share = t->options->memory / 4 / (2 * t->n_panels);
    return share > MOST ? MOST : share < LEAST ? LEAST : share;
}

/* Runs `task` on the pieces of every round; between rounds panels go to disk. Collective. */
static enum mzg_status run_rounds(struct transposition *t, mzg_task_fn *task, int64_t n_tasks,
                                  struct mzg_error *err)
{
    const struct mzg_context *context = t->staged->context;
    for (int64_t round = 0; round < mzg_exchange_rounds(t->exchange); round++) {
        if (mzg_exchange_round(t->exchange, round, &t->pieces, &t->n_pieces, err) != MZG_OK)
            return err->status;
        mzg_pool_run(context->pool, n_tasks, task, t);
        for (int64_t i = 0; i < t->n_panels && err->status == MZG_OK; i++)
            *err = t->panel_errors[i];
        if (err->status == MZG_OK && t->panels)
            mzg_panels_flush(t->panels, worth_writing(t), err);
        mzg_check_stop(context->stop, err);
        if (mzg_agree(context->comm, err) != MZG_OK)
            return err->status;
    }
    return MZG_OK;
}

/* All at once: what each rank wants fits its memory. Collective. */
static enum mzg_status transpose_at_once(struct transposition *t, mzg_take_columns_fn *take, void *context,
                                         struct mzg_error *err)
{
    begin_ordering(t, t->options->first, t->options->n, err);
    if (mzg_agree(t->staged->context->comm, err) != MZG_OK ||
        run_rounds(t, place_pieces, t->n_slices, err) != MZG_OK)
        return err->status;
    take_parts(t, take, context, err);
    return mzg_agree(t->staged->context->comm, err);
}

/* What is put in order at once: whole parts. */
static int64_t values_at_once(const struct transposition *t)
{
    const struct mzg_transpose_options *o = t->options;
    int64_t parts = o->most_values / o->part_values;
    return (parts > 1 ? parts : 1) * o->part_values;
}

static int64_t panel_begin(const struct transposition *t, int64_t panel, int64_t *n)
{
    int64_t most = values_at_once(t), left = t->options->n - panel * most;
    *n = left < most ? left : most;
    return t->options->first + panel * most;
}

static enum mzg_status make_panels(struct transposition *t, struct mzg_error *err)
{
    t->n_panels = (t->options->n + values_at_once(t) - 1) / values_at_once(t);
    t->panel_columns = calloc((size_t)t->n_panels + 1, sizeof *t->panel_columns);
    t->panel_errors = calloc((size_t)t->n_panels + 1, sizeof *t->panel_errors);
    if (!t->panel_columns || !t->panel_errors)
        return mzg_fail(err, MZG_ENOMEM, "no memory for %lld column panels", (long long)t->n_panels);
    for (int64_t i = 0; i < t->n_panels; i++) {
        int64_t n;
        int64_t first = panel_begin(t, i, &n);
        t->panel_columns[i] =
            mzg_columns_of_values(t->options->column_begins, t->staged->n_columns, first, n);
    }
    struct mzg_panels *panels = NULL;
    mzg_panels_new(t->options->scratch_path, t->n_panels, t->panel_columns, mzg_staged_value_size(t->staged),
                   &panels, err);
    t->panels = panels;
    if (panels && t->options->scratch_fd)
        *t->options->scratch_fd = mzg_panels_hold(panels);
    return err->status;
}

/* Puts one panel in column order and hands it over. */
static enum mzg_status take_panel(struct transposition *t, int64_t panel, mzg_take_columns_fn *take,
                                  void *context, struct mzg_error *err)
{
    int64_t n;
    int64_t first = panel_begin(t, panel, &n);
    if (begin_ordering(t, first, n, err) != MZG_OK)
        return err->status;
    for (int64_t i = 0; i < mzg_panels_pieces(t->panels, panel); i++) {
        const char *bytes;
        int64_t size;
        if (mzg_check_stop(t->staged->context->stop, err) != MZG_OK ||
            mzg_panels_read(t->panels, panel, i, &bytes, &size, err) != MZG_OK)
            return err->status;
        t->piece_of_panel = (struct mzg_panel_cursor){.next = bytes,
                                                      .end = bytes + size,
                                                      .columns = t->panel_columns[panel],
                                                      .value_size = mzg_staged_value_size(t->staged)};
        mzg_pool_run(t->staged->context->pool, t->n_slices, place_panel_piece, t);
    }
    return take_parts(t, take, context, err);
}

/* Panel by panel, through a temporary file. Collective. */
static enum mzg_status transpose_in_panels(struct transposition *t, mzg_take_columns_fn *take, void *context,
                                           struct mzg_error *err)
{
    make_panels(t, err);
    if (mzg_agree(t->staged->context->comm, err) != MZG_OK ||
        run_rounds(t, add_to_panel, t->n_panels, err) != MZG_OK)
        return err->status;
    mzg_exchange_free(t->exchange);
    t->exchange = NULL;
    mzg_panels_flush(t->panels, 0, err);
    for (int64_t panel = 0; panel < t->n_panels && err->status == MZG_OK; panel++)
        take_panel(t, panel, take, context, err);
    return mzg_agree(t->staged->context->comm, err);
}

static enum mzg_status allocate(struct transposition *t, struct mzg_error *err)
{
    const struct mzg_transpose_options *o = t->options;
    int64_t at_once = values_at_once(t);
    int64_t n = o->n < at_once ? o->n : at_once, n_part = n < o->part_values ? n : o->part_values;
    t->wanted = calloc((size_t)t->staged->context->size, sizeof *t->wanted);
    t->ordering.entries = mzg_memory_large((n + 1) * mzg_staged_ordering_size(t->staged));
    t->rows = malloc((size_t)(n_part + 1) * sizeof *t->rows);
    t->values = malloc((size_t)((n_part + 1) * mzg_staged_value_size(t->staged)));
    if (!t->wanted || !t->ordering.entries || !t->rows || !t->values)
        return mzg_fail(err, MZG_ENOMEM, "no memory for %lld values of the matrix in column order",
                        (long long)n);
    return MZG_OK;
}

/* Tells all ranks what each wants; returns whether any must take it in several goes. Collective. */
static int share_wishes(struct transposition *t)
{
    const struct mzg_transpose_options *o = t->options;
    MPI_Comm comm = t->staged->context->comm;
    struct mzg_column_range mine =
        mzg_columns_of_values(o->column_begins, t->staged->n_columns, o->first, o->n);
    MZG_MPI(MPI_Allgather(&mine, 2, MPI_INT64_T, t->wanted, 2, MPI_INT64_T, comm));
    int several = o->n > values_at_once(t), any;
    MZG_MPI(MPI_Allreduce(&several, &any, 1, MPI_INT, MPI_LOR, comm));
    return any;
}

enum mzg_status mzg_staged_transpose(struct mzg_staged *staged, const struct mzg_transpose_options *options,
                                     mzg_take_columns_fn *take, void *context, struct mzg_error *err)
{
    struct transposition t = {.staged = staged, .options = options};
    if (staged->by_column) {
        mzg_merge_columns(staged, options, take, context, err);
        return mzg_agree(staged->context->comm, err);
    }
    allocate(&t, err);
    if (mzg_agree(staged->context->comm, err) != MZG_OK)
        goto cleanup;
    int in_panels = share_wishes(&t);
    if (mzg_exchange_new(staged, t.wanted, options->memory / 2, &t.exchange, err) != MZG_OK)
        goto cleanup;
    if (in_panels)
        transpose_in_panels(&t, take, context, err);
    else
        transpose_at_once(&t, take, context, err);

cleanup:
    mzg_panels_free(t.panels);
    free(t.panel_errors);
    free(t.panel_columns);
    mzg_exchange_free(t.exchange);
    free(t.ordering.entries);
    free(t.rows);
    free(t.values);
    free(t.places);
    free(t.wanted);
    return err->status;
}

int64_t mzg_staged_ordering_size(const struct mzg_staged *staged)
{
    if (staged->by_column)
        return 0; /* it is in order */
    return staged->value_type == MZG_FLOAT64 ? (int64_t)sizeof(struct wide_column_entry)
                                             : (int64_t)sizeof(struct column_entry);
}

int64_t mzg_staged_transpose_memory(const struct mzg_staged *staged)
{
    if (staged->by_column)
        return mzg_merge_memory(staged);
    return 8 * staged->n_columns +
           staged->context->size * (mzg_exchange_rank_memory() + (int64_t)sizeof(struct mzg_column_range));
}
