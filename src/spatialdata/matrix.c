/*
 * X from a stage that holds all rows. Its arrays are cut into shards, and each rank writes a contiguous run
 * of whole shards, so no two ranks ever meet in a file. In CSR and dense layout a shard is a range of staged
 * rows or values as they lie; in CSC order each rank first gets its range of values by transposition
 * (stage/transpose.h), as many shards at a time as fit its memory.
 */
#include <spatialdata/matrix.h>

#include <core/agree.h>
#include <core/block.h>
#include <core/pool.h>
#include <core/stop.h>
#include <spatialdata/matrix_arrays.h>
#include <spatialdata/matrix_pack.h>
#include <stage/transpose.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BANDS_AT_ONCE = 8, UNITS_AT_ONCE = 8, PANEL_BYTES = 64 << 20, ROWS_BYTES = 48 << 20 };
enum { SHARDS_BYTES = 256 << 20 }; /* beyond which reading more at once gains nothing */

struct writer {
    const struct mzg_sdata_matrix *matrix;
    const struct mzg_context *context;
    struct mzg_matrix_arrays x;
    int64_t shard_items;     /* values; dense: rows */
    struct mzg_block shards; /* of this rank */
    int32_t *minors;         /* CSR: the indices and values of one shard; dense: of some bands */
    void *values;
    int64_t *begins, *counts; /* dense: of the rows of some bands */
    int64_t value_capacity;
    struct mzg_matrix_packer packer;
    int64_t done;
};

static bool is_dense(const struct writer *w)
{
    return w->matrix->spec.layout == MZG_MATRIX_DENSE;
}

static bool is_csc(const struct writer *w)
{
    return w->matrix->spec.layout == MZG_MATRIX_CSC;
}

static enum mzg_status declare_matrix(struct writer *w, struct mzg_sdata *sdata, struct mzg_error *err)
{
    const struct mzg_staged *staged = w->matrix->staged;
    const struct mzg_matrix_spec *spec = &w->matrix->spec;
    if (mzg_matrix_arrays_declare(sdata, spec, staged->n_rows, staged->n_values, &w->x, err) != MZG_OK)
        return err->status;
    w->shard_items = w->x.unit_items * w->x.units_per_shard;
    int64_t items = is_dense(w) ? staged->n_rows : staged->n_values;
    w->shards =
        mzg_block_of((items + w->shard_items - 1) / w->shard_items, w->context->size, w->context->rank);
    w->packer = (struct mzg_matrix_packer){.x = &w->x, .pool = w->context->pool};
    return MZG_OK;
}

static int64_t begin_of_shard(const struct writer *w, int64_t shard)
{
    int64_t begin = shard * w->shard_items;
    return begin < w->matrix->staged->n_values ? begin : w->matrix->staged->n_values;
}

static int64_t values_of_shard(const struct writer *w, int64_t shard)
{
    return begin_of_shard(w, shard + 1) - begin_of_shard(w, shard);
}

static void count_shard(struct writer *w)
{
    w->done++;
    if (w->matrix->progress)
        w->matrix->progress(w->matrix->progress_context, w->done, w->shards.count);
}

/* Some units at a time, so that no wider copy of all indices of a shard is in memory. */
static enum mzg_status write_wide_shard(struct writer *w, int64_t shard, const int32_t *minors,
                                        const void *values, struct mzg_error *err)
{
    struct mzg_zarr_file *files[2] = {NULL, NULL};
    int64_t n = values_of_shard(w, shard), step = UNITS_AT_ONCE * w->x.unit_items;
    int64_t size = mzg_staged_value_size(w->matrix->staged);
    for (int a = 0; a < 2; a++)
        mzg_zarr_file_begin(w->x.arrays[a], shard, &files[a], err);
    for (int64_t first = 0; first < n && err->status == MZG_OK; first += step) {
        struct mzg_matrix_piece piece = {.n_items = n - first < step ? n - first : step,
                                         .bins = minors + first,
                                         .values = (const char *)values + first * size};
        mzg_matrix_pack(&w->packer, &piece, 1, err);
        for (int64_t i = 0; i < w->packer.n_units * 2 && err->status == MZG_OK; i++)
            mzg_zarr_file_put(files[i % 2], first / w->x.unit_items + i / 2, w->packer.packed[i].bytes,
                              w->packer.packed[i].size, err);
    }
    for (int a = 0; a < 2; a++)
        mzg_zarr_file_end(files[a], err);
    return err->status;
}

static enum mzg_status write_shard(struct writer *w, int64_t shard, const int32_t *minors, const void *values,
                                   struct mzg_error *err)
{
    if (mzg_check_stop(w->context->stop, err) != MZG_OK)
        return err->status;
    if (w->x.index_type == MZG_INT64)
        write_wide_shard(w, shard, minors, values, err);
    else if (mzg_zarr_write(w->x.arrays[0], shard, values, err) == MZG_OK)
        mzg_zarr_write(w->x.arrays[1], shard, minors, err);
    if (err->status == MZG_OK)
        count_shard(w);
    return err->status;
}

/* Room for `n_values` values and their indices. */
static enum mzg_status reserve_values(struct writer *w, int64_t n_values, struct mzg_error *err)
{
    if (n_values <= w->value_capacity)
        return MZG_OK;
    free(w->minors);
    free(w->values);
    w->minors = malloc((size_t)n_values * sizeof *w->minors);
    w->values = malloc((size_t)(n_values * mzg_staged_value_size(w->matrix->staged)));
    w->value_capacity = w->minors && w->values ? n_values : 0;
    if (!w->value_capacity)
        return mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " values of the matrix", n_values);
    return MZG_OK;
}

/* The shards that are read at once: one; where rows lie by column, as many as half the memory holds, because
 * a block that is needed in part is walked over whole. */
static int64_t shards_at_once(const struct writer *w)
{
    const struct mzg_staged *staged = w->matrix->staged;
    int64_t half = w->matrix->memory / 2 < SHARDS_BYTES ? w->matrix->memory / 2 : SHARDS_BYTES;
    int64_t shards = half / (w->shard_items * mzg_staged_entry_size(staged));
    if (!staged->by_column || shards < 1)
        return 1;
    return shards < w->shards.count ? shards : w->shards.count;
}

static enum mzg_status write_csr(struct writer *w, struct mzg_error *err)
{
    int64_t size = mzg_staged_value_size(w->matrix->staged), step = shards_at_once(w);
    int64_t end = w->shards.first + w->shards.count;
    for (int64_t shard = w->shards.first; shard < end; shard += step) {
        int64_t begin = begin_of_shard(w, shard);
        int64_t last = shard + step < end ? shard + step : end;
        if (reserve_values(w, step * w->shard_items, err) != MZG_OK ||
            mzg_staged_read_values(w->matrix->staged, begin, begin_of_shard(w, last) - begin, w->minors,
                                   w->values, err) != MZG_OK)
            return err->status;
        for (int64_t i = shard; i < last; i++) {
            int64_t at = begin_of_shard(w, i) - begin;
            if (write_shard(w, i, w->minors + at, (const char *)w->values + at * size, err) != MZG_OK)
                return err->status;
        }
    }
    return MZG_OK;
}

/* The bytes of rows on their way to this rank: a quarter of its memory, as much as is of use. */
static int64_t memory_of_rows(const struct writer *w)
{
    int64_t quarter = w->matrix->memory / 4;
    return quarter < ROWS_BYTES ? quarter : ROWS_BYTES;
}

/* The values that a rank puts in order at once: all, where its memory holds them; else whole shards, at least
 * one, and no more than pays. */
static int64_t values_at_once(const struct writer *w)
{
    const struct mzg_staged *staged = w->matrix->staged;
    int64_t left = w->matrix->memory - mzg_staged_transpose_memory(staged) -
                   w->shard_items * mzg_staged_entry_size(staged) - memory_of_rows(w);
    int64_t size = mzg_staged_ordering_size(staged);
    int64_t all = w->shards.count * w->shard_items * size;
    if (all > left && left > PANEL_BYTES)
        left = PANEL_BYTES;
    return size == 0 || left < 1 ? 1 : left / size;
}

/* Writes a part, which is a shard. */
static enum mzg_status take_columns(void *context, const struct mzg_column_values *part,
                                    struct mzg_error *err)
{
    struct writer *w = context;
    return write_shard(w, part->first / w->shard_items, part->rows, part->values, err);
}

static enum mzg_status write_csc(struct writer *w, struct mzg_error *err)
{
    struct mzg_transpose_options options = {.column_begins = w->matrix->column_begins,
                                            .first = begin_of_shard(w, w->shards.first),
                                            .n = begin_of_shard(w, w->shards.first + w->shards.count) -
                                                 begin_of_shard(w, w->shards.first),
                                            .part_values = w->shard_items,
                                            .most_values = values_at_once(w),
                                            .is_last = true,
                                            .memory = memory_of_rows(w),
                                            .scratch_path = w->matrix->scratch_path,
                                            .scratch_fd = w->matrix->scratch_fd};
    return mzg_staged_transpose(w->matrix->staged, &options, take_columns, w, err);
}

/* Packs rows first .. first + n - 1, which begin with a band, and puts them into the shard's file. */
static enum mzg_status put_bands(struct writer *w, int64_t first, int64_t n, struct mzg_zarr_file *file,
                                 struct mzg_error *err)
{
    struct mzg_staged *staged = w->matrix->staged;
    if (mzg_staged_read_row_begins(staged, first, n + 1, w->begins, err) != MZG_OK ||
        reserve_values(w, w->begins[n] - w->begins[0], err) != MZG_OK ||
        mzg_staged_read_values(staged, w->begins[0], w->begins[n] - w->begins[0], w->minors, w->values,
                               err) != MZG_OK)
        return err->status;
    for (int64_t row = 0; row < n; row++)
        w->counts[row] = w->begins[row + 1] - w->begins[row];
    struct mzg_matrix_piece piece = {
        .n_items = n, .counts = w->counts, .bins = w->minors, .values = w->values};
    if (mzg_matrix_pack(&w->packer, &piece, 1, err) != MZG_OK)
        return err->status;
    for (int64_t i = 0; i < w->packer.n_units * w->x.n_parts && err->status == MZG_OK; i++) {
        int64_t inner;
        mzg_matrix_part(&w->x, first / w->x.unit_items + i / w->x.n_parts, i % w->x.n_parts, &inner);
        mzg_zarr_file_put(file, inner, w->packer.packed[i].bytes, w->packer.packed[i].size, err);
    }
    return err->status;
}

/* The bands that are packed at once: as many as the memory holds when no value is 0, at least one. */
static int64_t bands_at_once(const struct writer *w)
{
    const struct mzg_staged *staged = w->matrix->staged;
    int64_t band =
        w->x.unit_items * staged->n_columns * (mzg_staged_entry_size(staged) + mzg_staged_value_size(staged));
    int64_t bands = w->matrix->memory / band;
    return bands < 1 ? 1 : bands > BANDS_AT_ONCE ? BANDS_AT_ONCE : bands;
}

static enum mzg_status write_dense(struct writer *w, struct mzg_error *err)
{
    int64_t step = bands_at_once(w) * w->x.unit_items;
    w->begins = malloc((size_t)(step + 1) * sizeof *w->begins);
    w->counts = malloc((size_t)step * sizeof *w->counts);
    if (!w->begins || !w->counts)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the rows of a band");
    for (int64_t i = 0; i < w->shards.count && mzg_check_stop(w->context->stop, err) == MZG_OK; i++) {
        struct mzg_zarr_file *file = NULL;
        int64_t shard = w->shards.first + i, end = (shard + 1) * w->shard_items;
        if (end > w->matrix->staged->n_rows)
            end = w->matrix->staged->n_rows;
        mzg_zarr_file_begin(w->x.arrays[0], shard, &file, err);
        for (int64_t row = shard * w->shard_items; row < end && err->status == MZG_OK; row += step)
            put_bands(w, row, end - row < step ? end - row : step, file, err);
        if (mzg_zarr_file_end(file, err) == MZG_OK)
            count_shard(w);
    }
    return err->status;
}

/* Where rows or columns begin. */
static enum mzg_status read_begins(void *context, int64_t first, int64_t n, int64_t *begins,
                                   struct mzg_error *err)
{
    struct writer *w = context;
    if (!is_csc(w))
        return mzg_staged_read_row_begins(w->matrix->staged, first, n, begins, err);
    memcpy(begins, w->matrix->column_begins + first, (size_t)n * sizeof *begins);
    return MZG_OK;
}

/* Rank 0 writes it. */
static enum mzg_status write_indptr(struct writer *w, struct mzg_sdata *sdata, struct mzg_error *err)
{
    const struct mzg_staged *staged = w->matrix->staged;
    int64_t majors = is_csc(w) ? staged->n_columns : staged->n_rows;
    return mzg_matrix_write_indptr(sdata, &w->x, majors + 1, w->context->rank == 0 ? read_begins : NULL, w,
                                   err);
}

enum mzg_status mzg_sdata_write_matrix(struct mzg_sdata *sdata, const struct mzg_sdata_matrix *matrix,
                                       struct mzg_error *err)
{
    struct writer w = {.matrix = matrix, .context = matrix->staged->context};
    declare_matrix(&w, sdata, err);
    if (mzg_agree(w.context->comm, err) != MZG_OK)
        goto cleanup;
    if (is_csc(&w))
        write_csc(&w, err);
    else if (is_dense(&w))
        write_dense(&w, err);
    else
        write_csr(&w, err);
    if (err->status == MZG_OK && !is_dense(&w))
        write_indptr(&w, sdata, err);
    mzg_agree(w.context->comm, err);

cleanup:
    mzg_matrix_packer_destroy(&w.packer);
    free(w.counts);
    free(w.begins);
    free(w.values);
    free(w.minors);
    return err->status;
}
