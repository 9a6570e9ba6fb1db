#include <run/peaks_sums.h>

#include <core/array.h>
#include <core/memory.h>
#include <stage/rows.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 1 << 20 };

/* What a task has of rows: of a dense X a band of its chunks, unless that is too large. */
enum { MOST_ROWS = 1024, MOST_SPARSE = 1 << 19, MOST_DENSE = 1 << 23 };

void mzg_peaks_values_destroy(struct mzg_peaks_values *values)
{
    free(values->counts);
    free(values->minors);
    free(values->values);
    *values = (struct mzg_peaks_values){0};
}

static enum mzg_status reserve_majors(struct mzg_peaks_values *values, int64_t more, struct mzg_error *err)
{
    return mzg_array_grow(&values->counts, sizeof *values->counts, values->n_majors + more,
                          &values->major_capacity, "sums of peaks or pixels", err);
}

static enum mzg_status reserve_values(struct mzg_peaks_values *values, int64_t more, enum mzg_type type,
                                      struct mzg_error *err)
{
    const struct mzg_array arrays[] = {{&values->minors, sizeof *values->minors},
                                       {&values->values, mzg_type_size(type)}};
    return mzg_arrays_grow(arrays, 2, values->n_values + more, &values->value_capacity, "sums of peaks", err);
}

enum mzg_status mzg_peaks_values_append(struct mzg_peaks_values *values, const struct mzg_peaks_values *more,
                                        enum mzg_type type, struct mzg_error *err)
{
    size_t size = (size_t)mzg_type_size(type);
    if (more->n_majors == 0)
        return MZG_OK;
    if (reserve_majors(values, more->n_majors, err) != MZG_OK ||
        reserve_values(values, more->n_values, type, err) != MZG_OK)
        return err->status;
    memcpy(values->counts + values->n_majors, more->counts, (size_t)more->n_majors * sizeof *more->counts);
    if (more->n_values > 0) {
        memcpy(values->minors + values->n_values, more->minors,
               (size_t)more->n_values * sizeof *more->minors);
        memcpy((char *)values->values + (size_t)values->n_values * size, more->values,
               (size_t)more->n_values * size);
    }
    values->n_majors += more->n_majors;
    values->n_values += more->n_values;
    return MZG_OK;
}

/* Appends a sum, for which there is room, unless it is 0 in the type of X. */
static inline void put_sum(struct mzg_peaks_values *values, bool wide, int64_t minor, double sum)
{
    int64_t i = values->n_values;
    values->has_bad |= !isfinite(sum);
    if (wide) {
        ((double *)values->values)[i] = sum;
        values->n_values += sum != 0;
    } else {
        float narrow = mzg_peaks_narrow(sum);
        ((float *)values->values)[i] = narrow;
        values->n_values += narrow != 0;
    }
    values->minors[i] = (int32_t)minor;
}

static enum mzg_status check_sums(const struct mzg_peaks_source *source, const struct mzg_peaks_values *made,
                                  struct mzg_error *err)
{
    if (made->has_bad)
        return mzg_fail(
            err, MZG_EFORMAT,
            "%s/%s/X: a value in one of the peaks is not finite; the store is damaged, or another "
            "program put it there",
            source->store, source->table);
    return MZG_OK;
}

int64_t mzg_peaks_rows_at_once(const struct mzg_peaks_source *source, int64_t n_peaks)
{
    bool dense = source->layout == MZG_MATRIX_DENSE;
    int64_t values = dense ? source->n_bins : source->n_values / source->n_rows + 1;
    int64_t rows = (dense ? MOST_DENSE : MOST_SPARSE) / (values + n_peaks + 1);
    int64_t most = dense ? mzg_zarr_input_shape(source->values)->chunk[0] : MOST_ROWS;
    rows = rows < most ? rows : most;
    return rows > 1 ? rows : 1;
}

int64_t mzg_peaks_slot_bytes(const struct mzg_peaks_source *source, int64_t n_peaks)
{
    const struct mzg_zarr_shape *shape = mzg_zarr_input_shape(source->values);
    int64_t chunk = shape->chunk[0] * (source->layout == MZG_MATRIX_DENSE ? shape->chunk[1] : 1);
    int64_t value = mzg_type_size(source->value_type), entry = value + (int64_t)sizeof(int64_t);
    int64_t bytes = 2 * chunk * entry; /* two cursors, each with a chunk, packed and plain */
    if (source->layout == MZG_MATRIX_CSC)
        return bytes + (chunk < PIECE ? chunk : PIECE) * entry + source->n_rows * (int64_t)sizeof(double);
    int64_t rows = mzg_peaks_rows_at_once(source, n_peaks);
    int64_t made = rows * n_peaks * (value + (int64_t)sizeof(int32_t));
    if (source->layout == MZG_MATRIX_DENSE)
        return bytes + rows * source->n_bins * value + made;
    return bytes + 2 * rows * (source->n_values / source->n_rows + 1) * entry + made; /* rows differ */
}

/* Where columns begin, all of them: they tell how much work each peak is. */
static enum mzg_status read_column_begins(struct mzg_peaks_sums *sums, struct mzg_error *err)
{
    const struct mzg_peaks_source *source = sums->source;
    struct mzg_zarr_cursor cursor = {0};
    sums->column_begins = malloc(((size_t)source->n_bins + 1) * sizeof *sums->column_begins);
    if (!sums->column_begins)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its %" PRId64 " column pointers", source->store,
                        source->n_bins);
    mzg_zarr_read_int64(source->begins, &cursor, 0, source->n_bins + 1, sums->column_begins, err);
    mzg_zarr_cursor_close(&cursor);
    bool ascend = err->status == MZG_OK && sums->column_begins[0] == 0 &&
                  sums->column_begins[source->n_bins] == source->n_values;
    for (int64_t k = 0; ascend && k < source->n_bins; k++) {
        int64_t n = sums->column_begins[k + 1] - sums->column_begins[k];
        ascend =
            n >= 0 && n <= source->n_rows; /* one that is lost in part reads as zeros first, then jumps */
    }
    if (err->status == MZG_OK && !ascend)
        mzg_fail(err, MZG_EFORMAT,
                 "%s/%s/X/indptr: it does not ascend from 0 to the number of values, at most %" PRId64
                 " a column; the store is damaged or incomplete, copy it again",
                 source->store, source->table, source->n_rows);
    return err->status;
}

enum mzg_status mzg_peaks_sums_init(struct mzg_peaks_sums *sums, int n_slots, struct mzg_error *err)
{
    const struct mzg_peaks_source *source = sums->source;
    sums->slots = calloc((size_t)n_slots, sizeof *sums->slots);
    if (!sums->slots)
        return mzg_fail(err, MZG_ENOMEM, "no memory for %d workers", n_slots);
    sums->n_slots = n_slots;
    if (source->layout != MZG_MATRIX_CSC)
        return MZG_OK;
    for (int i = 0; i < n_slots; i++) {
        sums->slots[i].sums = calloc((size_t)source->n_rows, sizeof *sums->slots[i].sums);
        if (!sums->slots[i].sums)
            return mzg_fail(err, MZG_ENOMEM, "no memory for a sum for each of %" PRId64 " pixels",
                            source->n_rows);
    }
    return read_column_begins(sums, err);
}

void mzg_peaks_sums_destroy(struct mzg_peaks_sums *sums)
{
    for (int i = 0; i < sums->n_slots; i++) {
        struct mzg_peaks_slot *slot = &sums->slots[i];
        mzg_zarr_cursor_close(&slot->value_cursor);
        mzg_zarr_cursor_close(&slot->minor_cursor);
        mzg_zarr_cursor_close(&slot->begin_cursor);
        free(slot->sums);
        free(slot->read_values);
        free(slot->read_minors);
        free(slot->read_begins);
        mzg_peaks_values_destroy(&slot->made);
    }
    free(sums->slots);
    free(sums->column_begins);
    sums->slots = NULL;
    sums->column_begins = NULL;
    sums->n_slots = 0;
}

int64_t mzg_peaks_values_of(const struct mzg_peaks_sums *sums, int64_t peak)
{
    const struct mzg_peak *item = &sums->peaks->items[peak];
    return sums->column_begins[item->end] - sums->column_begins[item->first];
}

/* Room for n values as they are read, and for their rows or columns. */
static enum mzg_status reserve_reading(const struct mzg_peaks_source *source, struct mzg_peaks_slot *slot,
                                       int64_t n, struct mzg_error *err)
{
    bool sparse = source->minors != NULL;
    if (n <= slot->read_capacity)
        return MZG_OK;
    free(slot->read_values);
    free(slot->read_minors);
    slot->read_values = malloc((size_t)(n * mzg_type_size(source->value_type)));
    slot->read_minors = sparse ? malloc((size_t)n * sizeof *slot->read_minors) : NULL;
    slot->read_capacity = slot->read_values && (slot->read_minors || !sparse) ? n : 0;
    if (slot->read_capacity == 0)
        return mzg_fail(err, MZG_ENOMEM, "no memory to read %" PRId64 " values", n);
    return MZG_OK;
}

static enum mzg_status read_values(const struct mzg_peaks_source *source, struct mzg_peaks_slot *slot,
                                   int64_t first, int64_t n, struct mzg_error *err)
{
    if (reserve_reading(source, slot, n, err) != MZG_OK ||
        mzg_zarr_read_range(source->values, &slot->value_cursor, first, n, slot->read_values, err) != MZG_OK)
        return err->status;
    return mzg_zarr_read_int64(source->minors, &slot->minor_cursor, first, n, slot->read_minors, err);
}

static enum mzg_status bad_row(const struct mzg_peaks_source *source, int64_t value, int64_t row,
                               struct mzg_error *err)
{
    if (row >= 0 && row < source->n_rows)
        return mzg_fail(err, MZG_EFORMAT,
                        "%s/%s/X/indices: those of a column do not ascend at value %" PRId64
                        "; the store is damaged, or another program left them in no order (in Python: "
                        "X.sort_indices())",
                        source->store, source->table, value);
    return mzg_fail(err, MZG_EFORMAT,
                    "%s/%s/X/indices: value %" PRId64 " is of row %" PRId64 "; there are %" PRId64,
                    source->store, source->table, value, row, source->n_rows);
}

enum mzg_status mzg_peaks_sum_columns(const struct mzg_peaks_sums *sums, int64_t peak,
                                      struct mzg_peaks_slot *slot, struct mzg_error *err)
{
    const struct mzg_peaks_source *source = sums->source;
    const struct mzg_peak *item = &sums->peaks->items[peak];
    int64_t end = sums->column_begins[item->end], column = item->first, before = -1;
    int64_t chunk = mzg_zarr_input_shape(source->values)->chunk[0];
    int64_t step = chunk < PIECE ? chunk : PIECE;
    bool wide = source->value_type == MZG_FLOAT64;
    for (int64_t at = sums->column_begins[item->first], next; at < end; at = next) {
        next = (at / step + 1) * step; /* where the next chunk begins */
        next = next < end ? next : end;
        if (read_values(source, slot, at, next - at, err) != MZG_OK)
            return err->status;
        for (int64_t i = 0; i < next - at;) {
            for (; sums->column_begins[column + 1] <= at + i; column++)
                before = -1;
            int64_t ends = sums->column_begins[column + 1] < next ? sums->column_begins[column + 1] : next;
            for (; i < ends - at; i++) {
                int64_t row = slot->read_minors[i];
                if (row <= before || row >= source->n_rows)
                    return bad_row(source, at + i, row, err);
                slot->sums[row] += mzg_value_at(slot->read_values, i, wide);
                before = row;
            }
        }
    }
    return MZG_OK;
}

enum mzg_status mzg_peaks_take_sums(const struct mzg_peaks_sums *sums, struct mzg_peaks_slot *slot,
                                    struct mzg_error *err)
{
    struct mzg_peaks_values *made = &slot->made;
    int64_t n_rows = sums->source->n_rows, before = made->n_values, n = 0;
    bool wide = sums->source->value_type == MZG_FLOAT64;
    for (int64_t row = 0; row < n_rows; row++)
        n += slot->sums[row] != 0;
    if (reserve_majors(made, 1, err) != MZG_OK ||
        reserve_values(made, n + 1, sums->source->value_type, err) != MZG_OK)
        return err->status;
    for (int64_t row = 0; row < n_rows; row++) {
        if (slot->sums[row] != 0) {
            put_sum(made, wide, row, slot->sums[row]);
            slot->sums[row] = 0;
        }
    }
    made->counts[made->n_majors++] = made->n_values - before;
    return check_sums(sums->source, made, err);
}

/* The sums of one row: its n values, `minors` their bins, or NULL if they are those of all bins. */
static void sum_row(const struct mzg_peaks_sums *sums, const int64_t *minors, const void *values, int64_t n,
                    struct mzg_peaks_values *made)
{
    bool wide = sums->source->value_type == MZG_FLOAT64;
    int64_t at = 0, before = made->n_values;
    for (int64_t p = 0; p < sums->peaks->n; p++) {
        const struct mzg_peak *peak = &sums->peaks->items[p];
        double sum = 0;
        if (minors) {
            while (at > 0 && minors[at - 1] >= peak->first)
                at--;
            while (at < n && minors[at] < peak->first)
                at++;
            for (int64_t i = at; i < n && minors[i] < peak->end; i++)
                sum += mzg_value_at(values, i, wide);
        } else {
            for (int64_t k = peak->first; k < peak->end; k++)
                sum += mzg_value_at(values, k, wide);
        }
        if (sum != 0)
            put_sum(made, wide, p, sum);
    }
    made->counts[made->n_majors++] = made->n_values - before;
}

/* Whether the n bins of a row ascend and are bins of the table. */
static bool are_bins(const int64_t *minors, int64_t n, int64_t n_bins)
{
    for (int64_t i = 0; i < n; i++)
        if (minors[i] < 0 || minors[i] >= n_bins || (i > 0 && minors[i] <= minors[i - 1]))
            return false;
    return true;
}

static enum mzg_status sum_sparse_rows(const struct mzg_peaks_sums *sums, int64_t first, int64_t n,
                                       struct mzg_peaks_slot *slot, struct mzg_error *err)
{
    const struct mzg_peaks_source *source = sums->source;
    int64_t *begins = slot->read_begins;
    if (mzg_zarr_read_int64(source->begins, &slot->begin_cursor, first, n + 1, begins, err) != MZG_OK)
        return err->status;
    for (int64_t i = 0; i <= n; i++)
        if (begins[i] < (i > 0 ? begins[i - 1] : 0) || begins[i] > source->n_values)
            return mzg_fail(err, MZG_EFORMAT,
                            "%s/%s/X/indptr: it does not ascend, or beyond the number of values",
                            source->store, source->table);
    if ((first == 0 && begins[0] != 0) || (first + n == source->n_rows && begins[n] != source->n_values))
        return mzg_fail(err, MZG_EFORMAT,
                        "%s/%s/X/indptr: it does not end at the number of values; the store is damaged or "
                        "incomplete, copy it again",
                        source->store, source->table);
    int64_t n_values = begins[n] - begins[0];
    if (read_values(source, slot, begins[0], n_values, err) != MZG_OK)
        return err->status;
    for (int64_t i = 0; i < n; i++) {
        int64_t at = begins[i] - begins[0], count = begins[i + 1] - begins[i];
        if (!are_bins(slot->read_minors + at, count, source->n_bins))
            return mzg_fail(err, MZG_EFORMAT,
                            "%s/%s/X/indices: those of row %" PRId64 " do not ascend, or are not bins",
                            source->store, source->table, first + i);
        sum_row(sums, slot->read_minors + at,
                (const char *)slot->read_values + at * mzg_type_size(source->value_type), count, &slot->made);
    }
    return MZG_OK;
}

static enum mzg_status sum_dense_rows(const struct mzg_peaks_sums *sums, int64_t first, int64_t n,
                                      struct mzg_peaks_slot *slot, struct mzg_error *err)
{
    const struct mzg_peaks_source *source = sums->source;
    const int64_t origin[] = {first, 0}, count[] = {n, source->n_bins};
    if (reserve_reading(source, slot, n * source->n_bins, err) != MZG_OK ||
        mzg_zarr_read(source->values, &slot->value_cursor, origin, count, slot->read_values, err) != MZG_OK)
        return err->status;
    for (int64_t i = 0; i < n; i++)
        sum_row(sums, NULL,
                (const char *)slot->read_values + i * source->n_bins * mzg_type_size(source->value_type),
                source->n_bins, &slot->made);
    return MZG_OK;
}

enum mzg_status mzg_peaks_sum_rows(const struct mzg_peaks_sums *sums, int64_t first, int64_t n,
                                   struct mzg_peaks_slot *slot, struct mzg_error *err)
{
    slot->made.n_majors = slot->made.n_values = 0;
    if (n + 1 > slot->begin_capacity) {
        free(slot->read_begins);
        slot->begin_capacity = n + 1;
        slot->read_begins = malloc((size_t)(n + 1) * sizeof *slot->read_begins);
    }
    if (!slot->read_begins) {
        slot->begin_capacity = 0;
        return mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " rows", n);
    }
    if (reserve_majors(&slot->made, n, err) != MZG_OK ||
        reserve_values(&slot->made, n * sums->peaks->n + 1, sums->source->value_type, err) != MZG_OK)
        return err->status;
    if (sums->source->layout == MZG_MATRIX_DENSE)
        sum_dense_rows(sums, first, n, slot, err);
    else
        sum_sparse_rows(sums, first, n, slot, err);
    return err->status == MZG_OK ? check_sums(sums->source, &slot->made, err) : err->status;
}
