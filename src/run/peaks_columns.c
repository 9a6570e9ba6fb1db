/*
 * X of the feature table from an X by columns. Each round gives every rank a run of consecutive peaks, so
 * that what all ranks made comes in the order of the peaks: sparse columns go into the store as they come, as
 * rows of a csr matrix do (spatialdata/direct.h), the transpose of which they are. A dense X is written chunk
 * by chunk, each by one rank.
 */
#include <run/peaks_matrix.h>

#include <core/agree.h>
#include <core/block.h>
#include <core/mpi.h>
#include <core/pool.h>
#include <run/stages.h>
#include <spatialdata/direct.h>

#include <stdlib.h>
#include <string.h>

enum { LEAST_TASK = 1 << 18, MOST_TASK = 1 << 22 }; /* values of X that one task adds up, about */

struct columns {
    struct mzg_peaks_matrix *matrix;
    int64_t n_tasks;
    int64_t *task_begins;         /* sparse, n_tasks + 1: the first peak of each task */
    int64_t first;                /* the task of the round under way that slot 0 has */
    struct mzg_zarr_array *array; /* dense */
    void **chunks;                /* of each slot: a chunk of X, */
    struct mzg_buffer *packed;    /*  and packed */
};

/* Consecutive peaks whose columns have about as many values as a task should: reading a chunk twice, because
 * two tasks need it, is then rare. The same on all ranks but for the memory, so they take the least. */
static enum mzg_status cut_tasks(struct columns *c, struct mzg_error *err)
{
    const struct mzg_peaks_sums *sums = c->matrix->sums;
    int64_t entry = (int64_t)sizeof(int32_t) + mzg_type_size(sums->source->value_type);
    int64_t most = c->matrix->memory / (4 * entry * sums->n_slots);
    most = most < LEAST_TASK ? LEAST_TASK : most > MOST_TASK ? MOST_TASK : most;
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_INT64_T, MPI_MIN, sums->context->comm));
    c->task_begins = malloc(((size_t)sums->peaks->n + 1) * sizeof *c->task_begins);
    if (!c->task_begins)
        mzg_fail(err, MZG_ENOMEM, "no memory to share out the peaks");
    if (mzg_agree(sums->context->comm, err) != MZG_OK)
        return err->status;
    int64_t values = 0;
    c->task_begins[0] = 0;
    for (int64_t p = 0; p < sums->peaks->n; p++) {
        int64_t more = mzg_peaks_values_of(sums, p);
        if (p > c->task_begins[c->n_tasks] && values + more > most) {
            c->task_begins[++c->n_tasks] = p;
            values = 0;
        }
        values += more;
    }
    if (sums->peaks->n > 0)
        c->task_begins[++c->n_tasks] = sums->peaks->n;
    return MZG_OK;
}

/* A worker's task: the columns of a run of peaks, one behind the other. */
static void sum_task(void *context, int64_t item, int worker)
{
    struct columns *c = context;
    const struct mzg_peaks_sums *sums = c->matrix->sums;
    struct mzg_peaks_slot *slot = &sums->slots[item];
    int64_t task = c->first + item;
    (void)worker;
    slot->made.n_majors = slot->made.n_values = 0;
    for (int64_t p = c->task_begins[task]; p < c->task_begins[task + 1] && slot->err.status == MZG_OK; p++) {
        if (mzg_peaks_sum_columns(sums, p, slot, &slot->err) == MZG_OK)
            mzg_peaks_take_sums(sums, slot, &slot->err);
    }
}

/* This rank's tasks of a round, of `n` ones, and their columns in order. */
static enum mzg_status make_columns(struct columns *c, int64_t first, int64_t n, struct mzg_peaks_values *all,
                                    struct mzg_error *err)
{
    struct mzg_peaks_sums *sums = c->matrix->sums;
    c->first = first;
    all->n_majors = all->n_values = 0;
    if (n > 0)
        mzg_pool_run(sums->context->pool, n, sum_task, c);
    mzg_peaks_slot_errors(sums, err);
    for (int64_t i = 0; i < n && err->status == MZG_OK; i++)
        mzg_peaks_values_append(all, &sums->slots[i].made, sums->source->value_type, err);
    for (int64_t i = 0; n > 0 && i < all->n_majors && err->status == MZG_OK; i++)
        c->matrix->n_pixels[c->task_begins[first] + i] = all->counts[i];
    return err->status;
}

static enum mzg_status append_all(struct columns *c, struct mzg_sink *sink, struct mzg_error *err)
{
    const struct mzg_context *context = c->matrix->sums->context;
    struct mzg_peaks_values all = {0};
    int64_t n_slots = c->matrix->sums->n_slots;
    for (int64_t begin = 0; begin < c->n_tasks && err->status == MZG_OK; begin += n_slots * context->size) {
        int64_t first = begin + n_slots * context->rank;
        int64_t n = c->n_tasks - first < n_slots ? c->n_tasks - first : n_slots;
        make_columns(c, first, n > 0 ? n : 0, &all, err);
        if (mzg_peaks_end_round(c->matrix, begin + n_slots * context->size, c->n_tasks, err) != MZG_OK)
            break;
        mzg_peaks_hand_over(&all, sink, err);
    }
    mzg_peaks_values_destroy(&all);
    return err->status;
}

static enum mzg_status write_sparse(struct columns *c, struct mzg_error *err)
{
    const struct mzg_peaks_sums *sums = c->matrix->sums;
    struct mzg_matrix_spec matrix = mzg_peaks_sparse_spec(c->matrix);
    const struct mzg_direct_target target = {
        .sdata = mzg_update_sdata(c->matrix->update), .matrix = matrix, .memory = c->matrix->memory / 4};
    struct mzg_sink_spec spec = {.context = sums->context,
                                 .n_columns = matrix.n_columns,
                                 .value_type = matrix.value_type,
                                 .target = &target};
    struct mzg_sink *sink = NULL;
    struct mzg_staged *staged = NULL;
    if (cut_tasks(c, err) == MZG_OK && mzg_stage_open("direct", &spec, &sink, err) == MZG_OK &&
        append_all(c, sink, err) == MZG_OK)
        mzg_sink_seal(&sink, &staged, err);
    mzg_staged_close(staged);
    mzg_sink_close(sink);
    return err->status;
}

/* A worker's task: one chunk of a dense X, packed. */
static void make_chunk(void *context, int64_t item, int worker)
{
    struct columns *c = context;
    const struct mzg_peaks_sums *sums = c->matrix->sums;
    struct mzg_peaks_slot *slot = &sums->slots[item];
    int64_t width = c->matrix->chunk_columns, n_rows = sums->source->n_rows;
    int64_t begin = (c->first + item) * width;
    int64_t n = sums->peaks->n - begin < width ? sums->peaks->n - begin : width;
    size_t size = (size_t)mzg_type_size(sums->source->value_type);
    char *chunk = c->chunks[item];
    (void)worker;
    memset(chunk, 0, (size_t)(n_rows * width) * size);
    for (int64_t j = 0; j < n && slot->err.status == MZG_OK; j++) {
        slot->made.n_majors = slot->made.n_values = 0;
        if (mzg_peaks_sum_columns(sums, begin + j, slot, &slot->err) != MZG_OK ||
            mzg_peaks_take_sums(sums, slot, &slot->err) != MZG_OK)
            return;
        for (int64_t i = 0; i < slot->made.n_values; i++)
            memcpy(chunk + (size_t)(slot->made.minors[i] * width + j) * size,
                   (const char *)slot->made.values + (size_t)i * size, size);
        c->matrix->n_pixels[begin + j] = slot->made.n_values;
    }
    if (slot->err.status == MZG_OK)
        mzg_zarr_pack(c->array, chunk, &c->packed[item], &slot->err);
}

static enum mzg_status make_chunk_room(struct columns *c, struct mzg_error *err)
{
    const struct mzg_peaks_sums *sums = c->matrix->sums;
    size_t bytes = (size_t)(sums->source->n_rows * c->matrix->chunk_columns) *
                   (size_t)mzg_type_size(sums->source->value_type);
    c->chunks = calloc((size_t)sums->n_slots, sizeof *c->chunks);
    c->packed = calloc((size_t)sums->n_slots, sizeof *c->packed);
    bool ok = c->chunks && c->packed;
    for (int i = 0; ok && i < sums->n_slots; i++)
        ok = (c->chunks[i] = malloc(bytes + 1)) != NULL;
    return ok ? MZG_OK : mzg_fail(err, MZG_ENOMEM, "no memory for chunks of %zu bytes", bytes);
}

static enum mzg_status write_dense(struct columns *c, struct mzg_error *err)
{
    struct mzg_peaks_sums *sums = c->matrix->sums;
    const struct mzg_context *context = sums->context;
    if (mzg_peaks_declare_dense(c->matrix, &c->array, err) == MZG_OK)
        make_chunk_room(c, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    int64_t n_chunks = (sums->peaks->n + c->matrix->chunk_columns - 1) / c->matrix->chunk_columns;
    struct mzg_block mine = mzg_block_of(n_chunks, context->size, context->rank);
    int64_t longest = mzg_block_of(n_chunks, context->size, 0).count;
    for (int64_t done = 0; done < longest && err->status == MZG_OK; done += sums->n_slots) {
        int64_t n = mine.count - done < sums->n_slots ? mine.count - done : sums->n_slots;
        c->first = mine.first + done;
        if (n > 0)
            mzg_pool_run(context->pool, n, make_chunk, c);
        mzg_peaks_slot_errors(sums, err);
        for (int64_t i = 0; i < n && err->status == MZG_OK; i++) {
            struct mzg_zarr_file *file = NULL;
            if (mzg_zarr_file_begin(c->array, c->first + i, &file, err) == MZG_OK)
                mzg_zarr_file_put(file, 0, c->packed[i].bytes, c->packed[i].size, err);
            mzg_zarr_file_end(file, err);
        }
        mzg_peaks_end_round(c->matrix, done + sums->n_slots, longest, err);
    }
    return err->status;
}

enum mzg_status mzg_peaks_write_from_columns(struct mzg_peaks_matrix *matrix, struct mzg_error *err)
{
    struct columns c = {.matrix = matrix};
    if (matrix->is_dense)
        write_dense(&c, err);
    else
        write_sparse(&c, err);
    for (int i = 0; i < matrix->sums->n_slots; i++) {
        if (c.chunks)
            free(c.chunks[i]);
        if (c.packed)
            free(c.packed[i].bytes);
    }
    free(c.chunks);
    free(c.packed);
    free(c.task_begins);
    return err->status;
}
