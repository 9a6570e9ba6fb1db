/*
 * The arrays data and indices are cut into shards, and each rank writes a contiguous run of whole shards, so
 * no two ranks ever meet in a file. In CSR order a shard is a range of staged values as they lie; in CSC
 * order each rank first gets its range of values by transposition (stage/transpose.h), as many shards at a
 * time as fit its memory.
 */
#include <spatialdata/matrix.h>

#include <core/agree.h>
#include <core/block.h>
#include <core/pool.h>
#include <stage/transpose.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CHUNK_VALUES = 1 << 16,  /* of an inner chunk: an ion image touches few of them */
    SHARDS = 64,             /* so many, that ranks can share the work, unless that makes them too large: */
    SHARD_VALUES = 32 << 20, /* 128 MiB, which keeps 100 GB below 1000 files */
    INDPTR_CHUNK = 1 << 16,
    PART_BYTES = 96 << 20
};

struct writer {
    const struct mzg_sdata_matrix *matrix;
    const struct mzg_context *context;
    struct mzg_zarr_array *data;
    struct mzg_zarr_array *indices;
    struct mzg_zarr_array *indptr;
    int64_t shard_values;
    int64_t n_shards;
    struct mzg_block shards; /* of this rank */
    int32_t *minors;         /* the indices and values of one shard */
    void *values;
    int64_t done;
};

/* The elements of a shard of an array of n, a multiple of `chunk`; it follows from n alone. */
static int64_t shard_size(int64_t n, int64_t chunk)
{
    int64_t size = ((n + SHARDS - 1) / SHARDS + chunk - 1) / chunk * chunk;
    return size < chunk ? chunk : size > SHARD_VALUES ? SHARD_VALUES : size;
}

static enum mzg_status declare_array(struct mzg_sdata *sdata, const char *name, enum mzg_type type, int64_t n,
                                     int64_t chunk, struct mzg_codec codec, struct mzg_zarr_array **array,
                                     struct mzg_error *err)
{
    char path[512];
    snprintf(path, sizeof path, "%s/X/%s", mzg_sdata_table_path(sdata), name);
    struct mzg_zarr_array_spec spec = {.type = type,
                                       .n_dimensions = 1,
                                       .shape = {n},
                                       .chunk = {chunk},
                                       .shard = {shard_size(n, chunk)},
                                       .codec = codec};
    return mzg_zarr_array(mzg_sdata_store(sdata), path, &spec, NULL, array, err);
}

static enum mzg_status declare_matrix(struct writer *w, struct mzg_sdata *sdata, struct mzg_error *err)
{
    const struct mzg_stage *stage = w->matrix->stage;
    w->shard_values = shard_size(stage->n_values, CHUNK_VALUES);
    w->n_shards = (stage->n_values + w->shard_values - 1) / w->shard_values;
    w->shards = mzg_block_of(w->n_shards, w->context->size, w->context->rank);

    bool csc = w->matrix->by_column;
    char path[512];
    snprintf(path, sizeof path, "%s/X", mzg_sdata_table_path(sdata));
    json_t *attributes = json_pack("{s:s, s:s, s:[I, I]}", "encoding-type", csc ? "csc_matrix" : "csr_matrix",
                                   "encoding-version", "0.1.0", "shape", (json_int_t)stage->n_rows,
                                   (json_int_t)stage->n_columns);
    if (mzg_zarr_group(mzg_sdata_store(sdata), path, attributes, err) != MZG_OK)
        return err->status;
    struct mzg_codec codec = w->matrix->codec;
    int64_t majors = csc ? stage->n_columns : stage->n_rows;
    if (declare_array(sdata, "data", stage->value_type, stage->n_values, CHUNK_VALUES, codec, &w->data,
                      err) != MZG_OK ||
        declare_array(sdata, "indices", MZG_INT32, stage->n_values, CHUNK_VALUES, codec, &w->indices, err) !=
            MZG_OK ||
        declare_array(sdata, "indptr", MZG_INT64, majors + 1, INDPTR_CHUNK, codec, &w->indptr, err) != MZG_OK)
        return err->status;
    return MZG_OK;
}

static int64_t begin_of_shard(const struct writer *w, int64_t shard)
{
    int64_t begin = shard * w->shard_values;
    return begin < w->matrix->stage->n_values ? begin : w->matrix->stage->n_values;
}

static int64_t values_of_shard(const struct writer *w, int64_t shard)
{
    return begin_of_shard(w, shard + 1) - begin_of_shard(w, shard);
}

/* Writes shard `shard` from w->values and w->minors. */
static enum mzg_status write_shard(struct writer *w, int64_t shard, struct mzg_error *err)
{
    if (w->matrix->stop && *w->matrix->stop)
        return mzg_fail(err, MZG_EINTERRUPTED, "interrupted; nothing was written");
    if (mzg_zarr_write(w->data, shard, w->values, err) != MZG_OK ||
        mzg_zarr_write(w->indices, shard, w->minors, err) != MZG_OK)
        return err->status;
    w->done++;
    if (w->matrix->progress)
        w->matrix->progress(w->matrix->progress_context, w->done, w->shards.count);
    return MZG_OK;
}

static enum mzg_status write_csr(struct writer *w, struct mzg_error *err)
{
    for (int64_t i = 0; i < w->shards.count; i++) {
        int64_t shard = w->shards.first + i;
        if (mzg_stage_read_values(w->matrix->stage, shard * w->shard_values, values_of_shard(w, shard),
                                  w->minors, w->values, err) != MZG_OK ||
            write_shard(w, shard, err) != MZG_OK)
            return err->status;
    }
    return MZG_OK;
}

/* The values that a rank takes at once: as many whole shards as its memory holds, at least one; of rows that
 * wait in memory no more than a few, whose buffer is used again and again instead of ever new memory. */
static int64_t values_per_part(const struct writer *w)
{
    const struct mzg_stage *stage = w->matrix->stage;
    int64_t left =
        w->matrix->memory - mzg_stage_transpose_memory(stage) - w->shard_values * mzg_stage_entry_size(stage);
    bool in_memory = mzg_stage_memory(stage) > 0;
    if (in_memory && left > PART_BYTES)
        left = PART_BYTES;
    int64_t shards = left / (w->shard_values * mzg_stage_column_entry_size(stage));
    return (shards < 1 ? 1 : shards) * w->shard_values;
}

/* Entries to be split into rows and values. */
struct split {
    bool wide;
    const void *entries;
    int64_t n;
    int32_t *rows;
    void *values;
};

/* A worker's task: the item-th chunk of the entries. */
static void split_chunk(void *context, int64_t item, int worker)
{
    (void)worker;
    const struct split *split = context;
    int64_t end = (item + 1) * CHUNK_VALUES < split->n ? (item + 1) * CHUNK_VALUES : split->n;
    if (split->wide) {
        const struct mzg_wide_column_entry *entries = split->entries;
        double *values = split->values;
        for (int64_t i = item * CHUNK_VALUES; i < end; i++) {
            split->rows[i] = entries[i].row;
            values[i] = entries[i].value;
        }
    } else {
        const struct mzg_column_entry *entries = split->entries;
        float *values = split->values;
        for (int64_t i = item * CHUNK_VALUES; i < end; i++) {
            split->rows[i] = entries[i].row;
            values[i] = entries[i].value;
        }
    }
}

/* Writes the shards of one part, which begins with one. */
static enum mzg_status take_columns(void *context, const struct mzg_column_values *part,
                                    struct mzg_error *err)
{
    struct writer *w = context;
    const struct mzg_stage *stage = w->matrix->stage;
    for (int64_t done = 0; done < part->n; done += w->shard_values) {
        int64_t shard = (part->first + done) / w->shard_values;
        struct split split = {
            .wide = stage->value_type == MZG_FLOAT64,
            .entries = (const char *)part->entries + done * mzg_stage_column_entry_size(stage),
            .n = values_of_shard(w, shard),
            .rows = w->minors,
            .values = w->values,
        };
        mzg_pool_run(w->context->pool, (split.n + CHUNK_VALUES - 1) / CHUNK_VALUES, split_chunk, &split);
        if (write_shard(w, shard, err) != MZG_OK)
            return err->status;
    }
    return MZG_OK;
}

static enum mzg_status write_csc(struct writer *w, struct mzg_error *err)
{
    struct mzg_transpose_options options = {.column_begins = w->matrix->column_begins,
                                            .first = begin_of_shard(w, w->shards.first),
                                            .n = begin_of_shard(w, w->shards.first + w->shards.count) -
                                                 begin_of_shard(w, w->shards.first),
                                            .most_values = values_per_part(w),
                                            .scratch_path = w->matrix->scratch_path};
    return mzg_stage_transpose(w->matrix->stage, &options, take_columns, w, err);
}

/* Rank 0 writes where rows or columns begin. */
static enum mzg_status write_indptr(struct writer *w, struct mzg_error *err)
{
    const struct mzg_stage *stage = w->matrix->stage;
    if (w->matrix->by_column)
        return mzg_zarr_write_all(w->indptr, w->matrix->column_begins, err);

    int64_t shard = shard_size(stage->n_rows + 1, INDPTR_CHUNK);
    int64_t *begins = malloc((size_t)shard * sizeof *begins);
    if (!begins)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the row pointers");
    for (int64_t first = 0, file = 0; first <= stage->n_rows && err->status == MZG_OK;
         first += shard, file++) {
        int64_t left = stage->n_rows + 1 - first;
        if (mzg_stage_read_row_begins(w->matrix->stage, first, left < shard ? left : shard, begins, err) ==
            MZG_OK)
            mzg_zarr_write(w->indptr, file, begins, err);
    }
    free(begins);
    return err->status;
}

enum mzg_status mzg_sdata_write_matrix(struct mzg_sdata *sdata, const struct mzg_sdata_matrix *matrix,
                                       struct mzg_error *err)
{
    struct writer w = {.matrix = matrix, .context = matrix->stage->context};
    declare_matrix(&w, sdata, err);
    if (mzg_agree(w.context->comm, err) != MZG_OK)
        return err->status;

    w.minors = malloc((size_t)w.shard_values * sizeof *w.minors);
    w.values = malloc((size_t)(w.shard_values * mzg_stage_value_size(matrix->stage)));
    if (!w.minors || !w.values)
        mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " values of the matrix", w.shard_values);
    if (mzg_agree(w.context->comm, err) != MZG_OK)
        goto cleanup;
    if (matrix->by_column)
        write_csc(&w, err);
    else
        write_csr(&w, err);
    if (err->status == MZG_OK && w.context->rank == 0)
        write_indptr(&w, err);
    mzg_agree(w.context->comm, err);

cleanup:
    free(w.values);
    free(w.minors);
    return err->status;
}
