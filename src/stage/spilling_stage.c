/*
 * A stage that begins in memory and, when it outgrows its share, moves all its rows to an HDF5 file and goes
 * on there. The rows move by the same rounds of appends that brought them, so their order stays.
 */
#include <stage/stage.h>

#include <core/agree.h>
#include <core/log.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct spilling_stage {
    struct mzg_stage base;
    struct mzg_stage *inner;
    bool spilled;
    int64_t most_bytes;
    char *path;
};

static void copy_sizes(struct spilling_stage *stage)
{
    stage->base.n_rows = stage->inner->n_rows;
    stage->base.n_values = stage->inner->n_values;
}

/* Appends block `i` of the sealed memory stage, which rank 0 alone hands over, to the new one. Collective. */
static enum mzg_status move_block(const struct mzg_stage_block *block, bool mine, struct mzg_stage *to,
                                  struct mzg_error *err)
{
    struct mzg_rows rows = {0};
    if (mine) {
        rows = (struct mzg_rows){.n_rows = block->n_rows,
                                 .n_values = block->n_values,
                                 .row_counts = malloc((size_t)(block->n_rows + 1) * sizeof *rows.row_counts),
                                 .bins = (int32_t *)block->bins,
                                 .values = (void *)block->values};
        if (!rows.row_counts)
            mzg_fail(err, MZG_ENOMEM, "no memory to move rows from memory to the HDF5 file");
        for (int64_t row = 0; rows.row_counts && row < block->n_rows; row++)
            rows.row_counts[row] = block->row_counts[row];
    }
    if (mzg_agree(to->context->comm, err) == MZG_OK)
        mzg_stage_append(to, &rows, err);
    free(rows.row_counts);
    return err->status;
}

/* Moves everything from memory to an HDF5 file. Collective. */
static enum mzg_status spill(struct spilling_stage *stage, struct mzg_error *err)
{
    const struct mzg_context *context = stage->base.context;
    struct mzg_stage *file = NULL;
    mzg_log_line(context->log, MZG_LOG_INFO,
                 "the result outgrows its share of memory (%" PRId64 " MB) and moves to %s",
                 stage->most_bytes >> 20, stage->path);
    if (mzg_stage_seal(stage->inner, err) != MZG_OK ||
        mzg_stage_new_hdf5(context, stage->path, stage->base.n_columns, stage->base.value_type, &file, err) !=
            MZG_OK)
        return err->status;
    const struct mzg_stage_block *blocks;
    int64_t n = mzg_stage_blocks(stage->inner, &blocks);
    for (int64_t i = 0; i < n; i++) {
        /* The ranks take turns as they did when the rows came; any rank sees any block. */
        if (move_block(&blocks[i], i % context->size == context->rank, file, err) != MZG_OK) {
            mzg_stage_close(file);
            return err->status;
        }
    }
    mzg_stage_close(stage->inner);
    stage->inner = file;
    stage->spilled = true;
    return MZG_OK;
}

static enum mzg_status spilling_append(struct mzg_stage *base, const struct mzg_rows *rows,
                                       struct mzg_error *err)
{
    struct spilling_stage *stage = (struct spilling_stage *)base;
    if (!stage->spilled) {
        int64_t width = mzg_stage_entry_size(base);
        int64_t bytes = width * rows->n_values + 4 * rows->n_rows, all;
        MPI_Allreduce(&bytes, &all, 1, MPI_INT64_T, MPI_SUM, base->context->comm);
        if (width * base->n_values + 4 * base->n_rows + all > stage->most_bytes &&
            spill(stage, err) != MZG_OK)
            return err->status;
    }
    if (mzg_stage_append(stage->inner, rows, err) == MZG_OK)
        copy_sizes(stage);
    return err->status;
}

static enum mzg_status spilling_seal(struct mzg_stage *base, struct mzg_error *err)
{
    return mzg_stage_seal(((struct spilling_stage *)base)->inner, err);
}

static enum mzg_status spilling_read_row_begins(struct mzg_stage *base, int64_t first, int64_t n,
                                                int64_t *begins, struct mzg_error *err)
{
    return mzg_stage_read_row_begins(((struct spilling_stage *)base)->inner, first, n, begins, err);
}

static enum mzg_status spilling_read_values(struct mzg_stage *base, int64_t first, int64_t n, int32_t *bins,
                                            void *values, struct mzg_error *err)
{
    return mzg_stage_read_values(((struct spilling_stage *)base)->inner, first, n, bins, values, err);
}

static int64_t spilling_memory(const struct mzg_stage *base)
{
    return mzg_stage_memory(((const struct spilling_stage *)base)->inner);
}

static int64_t spilling_blocks(const struct mzg_stage *base, const struct mzg_stage_block **blocks)
{
    return mzg_stage_blocks(((const struct spilling_stage *)base)->inner, blocks);
}

static void spilling_close(struct mzg_stage *base)
{
    struct spilling_stage *stage = (struct spilling_stage *)base;
    mzg_stage_close(stage->inner);
    free(stage->path);
    free(stage);
}

static const struct mzg_stage_kind spilling_kind = {
    .name = "spilling",
    .append = spilling_append,
    .seal = spilling_seal,
    .read_row_begins = spilling_read_row_begins,
    .read_values = spilling_read_values,
    .memory = spilling_memory,
    .blocks = spilling_blocks,
    .close = spilling_close,
};

enum mzg_status mzg_stage_new_spilling(const struct mzg_context *context, const char *path,
                                       int64_t most_bytes, int64_t n_columns, enum mzg_type value_type,
                                       struct mzg_stage **stage, struct mzg_error *err)
{
    struct spilling_stage *made = calloc(1, sizeof *made);
    if (made)
        made->path = strdup(path);
    if (!made || !made->path)
        mzg_fail(err, MZG_ENOMEM, "no memory for the stage");
    if (mzg_agree(context->comm, err) != MZG_OK)
        goto fail;
    made->base = (struct mzg_stage){
        .kind = &spilling_kind, .context = context, .n_columns = n_columns, .value_type = value_type};
    made->most_bytes = most_bytes;
    if (mzg_stage_new_memory(context, n_columns, value_type, &made->inner, err) != MZG_OK)
        goto fail;
    *stage = &made->base;
    return MZG_OK;

fail:
    if (made)
        free(made->path);
    free(made);
    return err->status;
}
