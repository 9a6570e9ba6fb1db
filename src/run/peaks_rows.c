/*
 * X of the feature table from an X by rows, or a dense one: each row is read once. Sparse sums wait in an
 * HDF5 file, as resampled rows do, and become columns; dense ones stay in memory, and the ranks send each
 * other their rows of a chunk of columns.
 */
#include <run/peaks_matrix.h>

#include <core/agree.h>
#include <core/block.h>
#include <core/mpi.h>
#include <core/pool.h>
#include <run/stages.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rows {
    struct mzg_peaks_matrix *matrix;
    int64_t group;         /* rows of one task */
    struct mzg_block mine; /* dense: of this rank; sparse: of the round under way */
    char *block;           /* dense: this rank's rows of all peaks */
    int64_t first, end;    /* the rows that the slots share out now */
};

/* A worker's task: the item-th group of rows; of a dense X its values go where they belong. */
static void sum_group(void *context, int64_t item, int worker)
{
    struct rows *r = context;
    const struct mzg_peaks_sums *sums = r->matrix->sums;
    struct mzg_peaks_slot *slot = &sums->slots[item];
    size_t size = (size_t)mzg_type_size(sums->source->value_type);
    int64_t first = r->first + item * r->group;
    int64_t n = r->end - first < r->group ? r->end - first : r->group;
    (void)worker;
    if (mzg_peaks_sum_rows(sums, first, n, slot, &slot->err) != MZG_OK || !r->block)
        return;
    for (int64_t row = 0, i = 0; row < n; row++)
        for (int64_t end = i + slot->made.counts[row]; i < end; i++)
            memcpy(r->block +
                       (size_t)((first - r->mine.first + row) * sums->peaks->n + slot->made.minors[i]) * size,
                   (const char *)slot->made.values + (size_t)i * size, size);
}

/* Adds up rows first .. end - 1 in as many groups as there are slots, at most. */
static enum mzg_status sum_groups(struct rows *r, int64_t first, int64_t end, int64_t *n_groups,
                                  struct mzg_error *err)
{
    struct mzg_peaks_sums *sums = r->matrix->sums;
    r->first = first;
    r->end = end;
    *n_groups = end > first ? (end - first + r->group - 1) / r->group : 0;
    if (*n_groups > 0)
        mzg_pool_run(sums->context->pool, *n_groups, sum_group, r);
    mzg_peaks_slot_errors(sums, err);
    for (int64_t g = 0; g < *n_groups && err->status == MZG_OK; g++)
        for (int64_t i = 0; i < sums->slots[g].made.n_values; i++)
            r->matrix->n_pixels[sums->slots[g].made.minors[i]]++;
    return err->status;
}

static enum mzg_status append_rows(struct rows *r, struct mzg_sink *sink, struct mzg_error *err)
{
    struct mzg_peaks_sums *sums = r->matrix->sums;
    const struct mzg_context *context = sums->context;
    int64_t share = r->group * sums->n_slots, n_rows = sums->source->n_rows;
    struct mzg_peaks_values all = {0};
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &share, 1, MPI_INT64_T, MPI_MIN, context->comm));
    for (int64_t begin = 0; begin < n_rows && err->status == MZG_OK; begin += share * context->size) {
        int64_t first = begin + share * context->rank, n_groups;
        first = first < n_rows ? first : n_rows;
        int64_t end = n_rows - first < share ? n_rows : first + share;
        all.n_majors = all.n_values = 0;
        sum_groups(r, first, end, &n_groups, err);
        for (int64_t g = 0; g < n_groups && err->status == MZG_OK; g++)
            mzg_peaks_values_append(&all, &sums->slots[g].made, sums->source->value_type, err);
        if (mzg_peaks_end_round(r->matrix, begin + share * context->size, n_rows, err) != MZG_OK)
            break;
        mzg_peaks_hand_over(&all, sink, err);
    }
    mzg_peaks_values_destroy(&all);
    return err->status;
}

/* Makes the staged rows columns in the store. */
static enum mzg_status transpose(struct rows *r, struct mzg_staged *staged, int *scratch_fd,
                                 struct mzg_error *err)
{
    const struct mzg_peaks_sums *sums = r->matrix->sums;
    const struct mzg_context *context = sums->context;
    int64_t n = sums->peaks->n;
    char *scratch = NULL;
    int64_t *begins = calloc((size_t)n + 1, sizeof *begins);
    if (asprintf(&scratch, "%scolumns-%d", mzg_update_scratch(r->matrix->update), context->rank) < 0)
        scratch = NULL;
    if (!begins || !scratch)
        mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " column pointers", n);
    if (mzg_agree(context->comm, err) == MZG_OK) {
        MZG_MPI(MPI_Allreduce(r->matrix->n_pixels, begins + 1, mzg_mpi_count(n, "peaks"), MPI_INT64_T,
                              MPI_SUM, context->comm));
        for (int64_t p = 0; p < n; p++)
            begins[p + 1] += begins[p];
        struct mzg_sdata_matrix matrix = {.spec = mzg_peaks_sparse_spec(r->matrix),
                                          .staged = staged,
                                          .column_begins = begins,
                                          .memory = r->matrix->memory,
                                          .scratch_path = scratch,
                                          .scratch_fd = scratch_fd};
        mzg_sdata_write_matrix(mzg_update_sdata(r->matrix->update), &matrix, err);
    }
    free(scratch);
    free(begins);
    return err->status;
}

static enum mzg_status write_sparse(struct rows *r, struct mzg_error *err)
{
    const struct mzg_peaks_sums *sums = r->matrix->sums;
    struct mzg_sink *sink = NULL;
    struct mzg_staged *staged = NULL;
    int scratch_fd = -1;
    char *path = NULL;
    if (asprintf(&path, "%srows.h5", mzg_update_scratch(r->matrix->update)) < 0) {
        path = NULL;
        mzg_fail(err, MZG_ENOMEM, "no memory for the path of a temporary file");
    }
    struct mzg_sink_spec spec = {.context = sums->context,
                                 .n_columns = sums->peaks->n,
                                 .value_type = sums->source->value_type,
                                 .path = path};
    if (mzg_agree(sums->context->comm, err) == MZG_OK &&
        mzg_stage_open("hdf5", &spec, &sink, err) == MZG_OK && append_rows(r, sink, err) == MZG_OK &&
        mzg_sink_seal(&sink, &staged, err) == MZG_OK)
        transpose(r, staged, &scratch_fd, err);
    mzg_staged_close(staged);
    mzg_sink_close(sink);
    if (path && sums->context->rank == 0)
        unlink(path);
    if (scratch_fd >= 0)
        close(scratch_fd);
    free(path);
    return err->status;
}

/* Chunk `number`: its owner gets the rows of all ranks, and writes it. Collective. */
static enum mzg_status write_chunk(struct rows *r, struct mzg_zarr_array *array, int64_t number, char *packed,
                                   char *chunk, struct mzg_error *err)
{
    const struct mzg_peaks_sums *sums = r->matrix->sums;
    const struct mzg_context *context = sums->context;
    int64_t width = r->matrix->chunk_columns, n_peaks = sums->peaks->n, begin = number * width;
    int64_t n = n_peaks - begin < width ? n_peaks - begin : width;
    size_t size = (size_t)mzg_type_size(sums->source->value_type), line = (size_t)n * size;
    int owner = (int)(number % context->size);
    int *counts = malloc((size_t)context->size * sizeof *counts);
    int *begins = malloc((size_t)context->size * sizeof *begins);
    if (!counts || !begins)
        mzg_fail(err, MZG_ENOMEM, "no memory for the rows of %d ranks", context->size);
    if (mzg_agree(context->comm, err) == MZG_OK) {
        for (int rank = 0; rank < context->size; rank++) {
            struct mzg_block block = mzg_block_of(sums->source->n_rows, context->size, rank);
            counts[rank] = mzg_mpi_count(block.count * (int64_t)line, "bytes of a chunk");
            begins[rank] = mzg_mpi_count(block.first * (int64_t)line, "bytes of a chunk");
        }
        for (int64_t row = 0; row < r->mine.count; row++)
            memcpy(packed + (size_t)row * line, r->block + (size_t)(row * n_peaks + begin) * size, line);
        MZG_MPI(MPI_Gatherv(packed, counts[context->rank], MPI_BYTE, chunk, counts, begins, MPI_BYTE, owner,
                            context->comm));
        if (context->rank == owner)
            mzg_zarr_write(array, number, chunk, err);
    }
    free(counts);
    free(begins);
    return mzg_agree(context->comm, err);
}

static enum mzg_status write_dense(struct rows *r, struct mzg_error *err)
{
    const struct mzg_peaks_sums *sums = r->matrix->sums;
    const struct mzg_context *context = sums->context;
    int64_t n_peaks = sums->peaks->n, width = r->matrix->chunk_columns;
    size_t size = (size_t)mzg_type_size(sums->source->value_type);
    struct mzg_zarr_array *array = NULL;
    r->mine = mzg_block_of(sums->source->n_rows, context->size, context->rank);
    r->block = calloc((size_t)(r->mine.count * n_peaks) + 1, size);
    char *packed = malloc((size_t)(r->mine.count * width) * size + 1);
    char *chunk = malloc((size_t)(sums->source->n_rows * width) * size + 1);
    if (!r->block || !packed || !chunk)
        mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " rows of %" PRId64 " peaks", r->mine.count,
                 n_peaks);
    else
        mzg_peaks_declare_dense(r->matrix, &array, err);
    int64_t share = r->group * sums->n_slots,
            longest = mzg_block_of(sums->source->n_rows, context->size, 0).count;
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &share, 1, MPI_INT64_T, MPI_MIN, context->comm));
    mzg_agree(context->comm, err);
    for (int64_t done = 0; done < longest && err->status == MZG_OK; done += share) {
        int64_t first = done < r->mine.count ? done : r->mine.count, n_groups;
        int64_t end = r->mine.count - first < share ? r->mine.count : first + share;
        sum_groups(r, r->mine.first + first, r->mine.first + end, &n_groups, err);
        mzg_peaks_end_round(r->matrix, done + share, longest, err);
    }
    int64_t n_chunks = (n_peaks + width - 1) / width;
    for (int64_t i = 0; i < n_chunks && err->status == MZG_OK; i++)
        write_chunk(r, array, i, packed, chunk, err);
    free(chunk);
    free(packed);
    free(r->block);
    return err->status;
}

enum mzg_status mzg_peaks_write_from_rows(struct mzg_peaks_matrix *matrix, struct mzg_error *err)
{
    struct rows r = {.matrix = matrix,
                     .group = mzg_peaks_rows_at_once(matrix->sums->source, matrix->sums->peaks->n)};
    return matrix->is_dense ? write_dense(&r, err) : write_sparse(&r, err);
}
