/*
 * The arrays of X are cut into shards, of which each rank writes a contiguous run, some chunks at a time.
 * What lies in a range of values of the whole is a range of values of each sample, too, because columns (csc)
 * and rows (csr) keep their order: each is read at one go, and then sorted in.
 *
 *     csc    column:   0        1      2 ...        a b  the values of two samples
 *            whole:    a a b b | a b | b b b ...
 */
#include <run/merge_matrix.h>

#include <core/agree.h>
#include <core/block.h>
#include <core/search.h>
#include <core/stop.h>
#include <run/merge_source.h>
#include <spatialdata/matrix_arrays.h>
#include <spatialdata/matrix_pack.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { UNITS_AT_ONCE = 8 };

/* What is needed of a sample for one piece. */
struct need {
    int64_t first, n; /* of its values */
    int64_t at;       /* where they lie in what was read */
};

struct writer {
    const struct mzg_merge_matrix *matrix;
    const struct mzg_context *context;
    int n;
    struct mzg_merge_source *sources; /* of the samples */
    struct need *needs;
    int64_t *at_bins;       /* csc: the bin of each sample that comes next */
    int64_t *column_begins; /* csc: n_columns + 1, of the whole */
    int64_t *sample_begins; /* csr: n + 1, of the whole */
    int64_t n_values;       /* of the whole; not of a dense one */
    struct mzg_matrix_arrays x;
    struct mzg_matrix_packer packer;
    int64_t capacity; /* values of a piece */
    int32_t *indices, *read_indices;
    int32_t *columns; /* csc: of each value of a piece, for the statistics */
    char *values, *read_values;
    int64_t *counts;  /* of the values of each row of a piece */
    char *row_values; /* dense: rows as they are read */
    size_t value_size;
};

static enum mzg_status no_memory(struct mzg_error *err)
{
    return mzg_fail(err, MZG_ENOMEM, "no memory to write the matrix of all samples");
}

static enum mzg_status open_sources(struct writer *w, struct mzg_error *err)
{
    const struct mzg_merge_matrix *matrix = w->matrix;
    w->n = matrix->samples->n;
    w->value_size = (size_t)mzg_type_size(matrix->samples->samples[0].value_type);
    w->sources = calloc((size_t)w->n, sizeof *w->sources);
    w->needs = calloc((size_t)w->n, sizeof *w->needs);
    w->at_bins = calloc((size_t)w->n, sizeof *w->at_bins);
    w->sample_begins = calloc((size_t)w->n + 1, sizeof *w->sample_begins);
    if (!w->sources || !w->needs || !w->at_bins || !w->sample_begins)
        return no_memory(err);
    for (int i = 0; i < w->n; i++) {
        if (mzg_merge_source_open(&matrix->samples->samples[i], matrix->path, matrix->layout, &w->sources[i],
                                  err) != MZG_OK)
            return err->status;
        w->sample_begins[i + 1] = w->sample_begins[i] + w->sources[i].n_values;
    }
    w->n_values = w->sample_begins[w->n];
    return MZG_OK;
}

/* Where the columns of the whole begin. */
static enum mzg_status sum_columns(struct writer *w, struct mzg_error *err)
{
    int64_t n = w->matrix->n_columns;
    w->column_begins = calloc((size_t)n + 1, sizeof *w->column_begins);
    if (!w->column_begins)
        return no_memory(err);
    for (int i = 0; i < w->n; i++) {
        const struct mzg_merge_source *source = &w->sources[i];
        for (int64_t k = 0; k < source->n_majors; k++)
            w->column_begins[source->sample->columns[k] + 1] += source->begins[k + 1] - source->begins[k];
    }
    for (int64_t k = 0; k < n; k++)
        w->column_begins[k + 1] += w->column_begins[k];
    return MZG_OK;
}

static enum mzg_status reserve(struct writer *w, int64_t n, struct mzg_error *err)
{
    if (n <= w->capacity)
        return MZG_OK;
    free(w->indices);
    free(w->read_indices);
    free(w->columns);
    free(w->values);
    free(w->read_values);
    w->indices = malloc((size_t)n * sizeof *w->indices);
    w->read_indices = malloc((size_t)n * sizeof *w->read_indices);
    w->columns = malloc((size_t)n * sizeof *w->columns);
    w->values = malloc((size_t)n * w->value_size);
    w->read_values = malloc((size_t)n * w->value_size);
    w->capacity = w->indices && w->read_indices && w->columns && w->values && w->read_values ? n : 0;
    return w->capacity ? MZG_OK : no_memory(err);
}

static enum mzg_status allocate(struct writer *w, struct mzg_error *err)
{
    const struct mzg_merge_matrix *matrix = w->matrix;
    w->packer = (struct mzg_matrix_packer){.x = &w->x, .pool = w->context->pool};
    bool is_dense = matrix->layout == MZG_MATRIX_DENSE;
    int64_t items = w->x.unit_items * (is_dense ? 1 : UNITS_AT_ONCE);
    w->counts = malloc((size_t)items * sizeof *w->counts);
    if (is_dense)
        w->row_values = malloc((size_t)(items * matrix->n_columns) * w->value_size);
    if (!w->counts || (is_dense && !w->row_values))
        return no_memory(err);
    return reserve(w, is_dense ? items * matrix->n_columns : items, err);
}

static int64_t clamp(int64_t n, int64_t most)
{
    return n < 0 ? 0 : n < most ? n : most;
}

/* Puts n values of sample i, the next ones that were read, to their places in the piece. */
static void put_values(struct writer *w, int i, int64_t n, int64_t column, int64_t to)
{
    struct need *need = &w->needs[i];
    int32_t first_row = (int32_t)w->sources[i].sample->first_row;
    memcpy(w->values + (size_t)to * w->value_size, w->read_values + (size_t)need->at * w->value_size,
           (size_t)n * w->value_size);
    for (int64_t k = 0; k < n; k++) {
        w->indices[to + k] = w->read_indices[need->at + k] + first_row;
        w->columns[to + k] = (int32_t)column;
    }
    need->at += n;
}

/* Walks over the columns that have values begin .. end - 1 of the whole: notes what is needed of each sample,
 * or puts in what was read. */
static void walk_columns(struct writer *w, int64_t begin, int64_t end, bool put)
{
    int64_t column = mzg_place_of(w->column_begins, w->matrix->n_columns, begin);
    for (int i = 0; i < w->n; i++)
        w->at_bins[i] = mzg_bins_lower_bound(w->sources[i].sample->columns, w->sources[i].n_majors, column);
    for (; column < w->matrix->n_columns && w->column_begins[column] < end; column++) {
        int64_t at = w->column_begins[column];
        for (int i = 0; i < w->n; i++) {
            const struct mzg_merge_source *source = &w->sources[i];
            int64_t bin = w->at_bins[i];
            if (bin == source->n_majors || source->sample->columns[bin] != column)
                continue;
            int64_t n = source->begins[bin + 1] - source->begins[bin];
            int64_t from = clamp(begin - at, n), to = clamp(end - at, n);
            if (put) {
                put_values(w, i, to - from, column, at + from - begin);
            } else if (to > from) {
                if (w->needs[i].n == 0)
                    w->needs[i].first = source->begins[bin] + from;
                w->needs[i].n += to - from;
            }
            at += n;
            w->at_bins[i]++;
        }
    }
}

static enum mzg_status gather_columns(struct writer *w, int64_t begin, int64_t n, struct mzg_error *err)
{
    int64_t at = 0;
    memset(w->needs, 0, (size_t)w->n * sizeof *w->needs);
    walk_columns(w, begin, begin + n, false);
    for (int i = 0; i < w->n && err->status == MZG_OK; i++) {
        struct need *need = &w->needs[i];
        need->at = at;
        if (need->n > 0)
            mzg_merge_source_read(&w->sources[i], need->first, need->n, w->read_indices + at,
                                  w->read_values + (size_t)at * w->value_size, err);
        at += need->n;
    }
    if (err->status == MZG_OK)
        walk_columns(w, begin, begin + n, true);
    return err->status;
}

/* Rows of one sample follow those of another. The columns are the indices. */
static enum mzg_status gather_rows(struct writer *w, int64_t begin, int64_t n, struct mzg_error *err)
{
    for (int i = 0; i < w->n && err->status == MZG_OK; i++) {
        int64_t base = w->sample_begins[i];
        int64_t from = clamp(begin - base, w->sources[i].n_values);
        int64_t to = clamp(begin + n - base, w->sources[i].n_values);
        int64_t at = base + from - begin;
        if (to == from || mzg_merge_source_read(&w->sources[i], from, to - from, w->indices + at,
                                                w->values + (size_t)at * w->value_size, err) != MZG_OK)
            continue;
        for (int64_t k = at; k < at + to - from; k++)
            w->indices[k] = w->sources[i].sample->columns[w->indices[k]];
    }
    return err->status;
}

/* Adds a piece of csr to the statistics: row by row, because only within a row do columns ascend. */
static void count_rows(struct writer *w, int64_t begin, int64_t n)
{
    struct mzg_rows rows = {.n_values = n, .row_counts = w->counts, .bins = w->indices, .values = w->values};
    for (int i = 0; i < w->n; i++) {
        const struct mzg_merge_source *source = &w->sources[i];
        int64_t base = w->sample_begins[i];
        int64_t from = clamp(begin - base, source->n_values), to = clamp(begin + n - base, source->n_values);
        int64_t row = mzg_place_of(source->begins, source->n_majors, from);
        for (; from < to; row++) {
            int64_t end = source->begins[row + 1] < to ? source->begins[row + 1] : to;
            if (end > from)
                w->counts[rows.n_rows++] = end - from;
            from = end;
        }
    }
    mzg_statistics_add(w->matrix->statistics, &rows, w->context->pool);
}

static enum mzg_status gather(struct writer *w, int64_t begin, int64_t n, struct mzg_error *err)
{
    struct mzg_statistics *statistics = w->matrix->statistics;
    if (w->matrix->layout == MZG_MATRIX_CSR) {
        if (gather_rows(w, begin, n, err) == MZG_OK && statistics)
            count_rows(w, begin, n);
        return err->status;
    }
    if (gather_columns(w, begin, n, err) == MZG_OK && statistics) {
        struct mzg_rows rows = {
            .n_rows = 1, .n_values = n, .row_counts = &n, .bins = w->columns, .values = w->values};
        mzg_statistics_add(statistics, &rows, w->context->pool);
    }
    return err->status;
}

/* Rows first .. first + n - 1 of a dense whole, as the values other than 0 with their columns. */
static enum mzg_status gather_dense(struct writer *w, int64_t first, int64_t n, int64_t *n_values,
                                    struct mzg_error *err)
{
    bool wide = w->value_size == sizeof(double);
    int64_t at = 0;
    for (int i = 0; i < w->n; i++) {
        const struct mzg_merge_sample *sample = w->sources[i].sample;
        int64_t from = clamp(first - sample->first_row, sample->n_rows);
        int64_t to = clamp(first + n - sample->first_row, sample->n_rows);
        if (to > from &&
            mzg_merge_source_read_rows(&w->sources[i], from, to - from, w->row_values, err) != MZG_OK)
            return err->status;
        for (int64_t row = from; row < to; row++) {
            int64_t begin = at;
            for (int64_t k = 0; k < sample->n_bins; k++) {
                int64_t cell = (row - from) * sample->n_bins + k;
                if (mzg_value_at(w->row_values, cell, wide) == 0)
                    continue;
                w->indices[at] = sample->columns[k];
                memcpy(w->values + (size_t)at * w->value_size, w->row_values + (size_t)cell * w->value_size,
                       w->value_size);
                at++;
            }
            w->counts[sample->first_row + row - first] = at - begin;
        }
    }
    *n_values = at;
    return MZG_OK;
}

/* The next piece of a shard: some chunks, from item `first` of the whole on, into its files. */
static enum mzg_status write_piece(struct writer *w, struct mzg_zarr_file *const files[2], int64_t first,
                                   int64_t n, struct mzg_error *err)
{
    struct mzg_matrix_piece piece = {.n_items = n, .bins = w->indices, .values = w->values};
    int64_t n_values = 0;
    if (w->matrix->layout != MZG_MATRIX_DENSE) {
        gather(w, first, n, err);
    } else if (gather_dense(w, first, n, &n_values, err) == MZG_OK) {
        struct mzg_rows rows = {.n_rows = n,
                                .n_values = n_values,
                                .row_counts = w->counts,
                                .bins = w->indices,
                                .values = w->values};
        piece.counts = w->counts;
        if (w->matrix->statistics)
            mzg_statistics_add(w->matrix->statistics, &rows, w->context->pool);
    }
    if (err->status != MZG_OK || mzg_matrix_pack(&w->packer, &piece, 1, err) != MZG_OK)
        return err->status;
    for (int64_t i = 0; i < w->packer.n_units * w->x.n_parts && err->status == MZG_OK; i++) {
        int64_t inner;
        int array =
            mzg_matrix_part(&w->x, first / w->x.unit_items + i / w->x.n_parts, i % w->x.n_parts, &inner);
        mzg_zarr_file_put(files[array], inner, w->packer.packed[i].bytes, w->packer.packed[i].size, err);
    }
    return err->status;
}

static enum mzg_status write_shard(struct writer *w, int64_t shard, int64_t items, struct mzg_error *err)
{
    struct mzg_zarr_file *files[2] = {NULL, NULL};
    int64_t shard_items = w->x.unit_items * w->x.units_per_shard;
    int64_t end = (shard + 1) * shard_items < items ? (shard + 1) * shard_items : items;
    int64_t step = w->x.unit_items * (w->matrix->layout == MZG_MATRIX_DENSE ? 1 : UNITS_AT_ONCE);
    for (int a = 0; a < 2 && a < w->x.n_arrays && err->status == MZG_OK; a++)
        mzg_zarr_file_begin(w->x.arrays[a], shard, &files[a], err);
    for (int64_t first = shard * shard_items; first < end && mzg_check_stop(w->context->stop, err) == MZG_OK;
         first += step) {
        if (write_piece(w, files, first, end - first < step ? end - first : step, err) != MZG_OK)
            break;
    }
    for (int a = 0; a < 2; a++)
        mzg_zarr_file_end(files[a], err);
    return err->status;
}

static enum mzg_status write_shards(struct writer *w, struct mzg_error *err)
{
    const struct mzg_progress *progress = w->matrix->progress;
    bool is_dense = w->matrix->layout == MZG_MATRIX_DENSE;
    int64_t items = is_dense ? w->matrix->samples->n_rows : w->n_values;
    int64_t shard_items = w->x.unit_items * w->x.units_per_shard;
    int64_t shards = shard_items > 0 ? (items + shard_items - 1) / shard_items : 0;
    struct mzg_block mine = mzg_block_of(shards, w->context->size, w->context->rank);
    for (int64_t i = 0; i < mine.count && write_shard(w, mine.first + i, items, err) == MZG_OK; i++) {
        if (w->context->rank == 0 && progress && progress->update)
            progress->update(progress->context, "joining tables", i + 1, mine.count);
    }
    return err->status;
}

/* Where columns or rows of the whole begin. */
static enum mzg_status tell_begins(void *context, int64_t first, int64_t n, int64_t *begins,
                                   struct mzg_error *err)
{
    const struct writer *w = context;
    (void)err;
    if (w->column_begins) {
        memcpy(begins, w->column_begins + first, (size_t)n * sizeof *begins);
        return MZG_OK;
    }
    int i = 0;
    for (int64_t row = first; row < first + n; row++) {
        while (i + 1 < w->n && row >= w->sources[i + 1].sample->first_row)
            i++;
        begins[row - first] =
            w->sample_begins[i] + w->sources[i].begins[row - w->sources[i].sample->first_row];
    }
    return MZG_OK;
}

static void destroy(struct writer *w)
{
    mzg_matrix_packer_destroy(&w->packer);
    for (int i = 0; w->sources && i < w->n; i++)
        mzg_merge_source_close(&w->sources[i]);
    free(w->sources);
    free(w->needs);
    free(w->at_bins);
    free(w->column_begins);
    free(w->sample_begins);
    free(w->indices);
    free(w->read_indices);
    free(w->columns);
    free(w->values);
    free(w->read_values);
    free(w->counts);
    free(w->row_values);
}

enum mzg_status mzg_merge_matrix_write(const struct mzg_context *context, struct mzg_sdata *sdata,
                                       const struct mzg_merge_matrix *matrix, struct mzg_error *err)
{
    struct writer w = {.matrix = matrix, .context = context};
    bool by_column = matrix->layout == MZG_MATRIX_CSC;
    if (open_sources(&w, err) == MZG_OK && (!by_column || sum_columns(&w, err) == MZG_OK)) {
        struct mzg_matrix_spec spec = {.path = matrix->path,
                                       .layout = matrix->layout,
                                       .value_type = matrix->samples->samples[0].value_type,
                                       .n_columns = matrix->n_columns,
                                       .most_rows = matrix->samples->n_rows,
                                       .most_values = w.n_values,
                                       .codec = matrix->codec};
        if (mzg_matrix_arrays_declare(sdata, &spec, matrix->samples->n_rows, w.n_values, &w.x, err) == MZG_OK)
            allocate(&w, err);
    }
    if (mzg_agree(context->comm, err) != MZG_OK)
        goto cleanup;
    if (write_shards(&w, err) == MZG_OK && matrix->layout != MZG_MATRIX_DENSE) {
        int64_t majors = by_column ? matrix->n_columns : matrix->samples->n_rows;
        mzg_matrix_write_indptr(sdata, &w.x, majors + 1, context->rank == 0 ? tell_begins : NULL, &w, err);
    }
    for (int i = 0; i < w.n && matrix->n_absent && matrix->layout == MZG_MATRIX_DENSE; i++)
        *matrix->n_absent += w.sources[i].data_cursor.n_absent;
    mzg_agree(context->comm, err);

cleanup:
    destroy(&w);
    return err->status;
}
