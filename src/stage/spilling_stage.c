/*
 * A stage that begins in memory and, when it has outgrown its share, moves all its rows to an HDF5 file and
 * goes on there, row by row in any case. The rows move block by block, so their order stays.
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

/* One block as rows, in space that is used for all of them. */
struct row_space {
    struct mzg_rows rows;
    int64_t *begins;
};

static void free_space(struct row_space *space)
{
    free(space->rows.row_counts);
    free(space->rows.bins);
    free(space->rows.values);
    free(space->begins);
}

/* Space for the largest of the blocks. */
static enum mzg_status make_space(const struct mzg_stage *stage, const struct mzg_stage_block *blocks,
                                  int64_t n, struct row_space *space, struct mzg_error *err)
{
    int64_t n_rows = 0, n_values = 0;
    for (int64_t i = 0; i < n; i++) {
        n_rows = blocks[i].n_rows > n_rows ? blocks[i].n_rows : n_rows;
        n_values = blocks[i].n_values > n_values ? blocks[i].n_values : n_values;
    }
    struct mzg_rows *rows = &space->rows;
    rows->row_counts = malloc((size_t)(n_rows + 1) * sizeof *rows->row_counts);
    space->begins = malloc((size_t)(n_rows + 1) * sizeof *space->begins);
    bool all = rows->row_counts && space->begins;
    if (stage->order == MZG_STAGE_BY_COLUMN) {
        rows->bins = malloc((size_t)(n_values + 1) * sizeof *rows->bins);
        rows->values = malloc((size_t)((n_values + 1) * mzg_stage_value_size(stage)));
        all = all && rows->bins && rows->values;
    }
    return all ? MZG_OK : mzg_fail(err, MZG_ENOMEM, "no memory to move rows from memory to the HDF5 file");
}

/* Appends a block of the sealed memory stage to the new one; the rank whose turn it is hands it over.
 * Collective. */
static enum mzg_status move_block(const struct mzg_stage_block *block, bool mine, struct row_space *space,
                                  struct mzg_stage *to, struct mzg_error *err)
{
    struct mzg_rows rows = {0};
    if (mine) {
        rows = space->rows;
        rows.n_rows = block->n_rows;
        rows.n_values = block->n_values;
        for (int64_t row = 0; row < block->n_rows; row++)
            rows.row_counts[row] = block->row_counts[row];
        if (block->bins) {
            rows.bins = (int32_t *)block->bins;
            rows.values = (void *)block->values;
        } else {
            mzg_column_block_to_rows(&block->by_column, to->value_type == MZG_FLOAT64, space->begins, &rows);
        }
    }
    return mzg_stage_append(to, &rows, err);
}

/* Moves everything from memory to an HDF5 file. Collective. */
static enum mzg_status spilling_spill(struct mzg_stage *base, struct mzg_error *err)
{
    struct spilling_stage *stage = (struct spilling_stage *)base;
    const struct mzg_context *context = base->context;
    struct mzg_stage *file = NULL;
    struct row_space space = {0};
    mzg_log_line(context->log, MZG_LOG_INFO,
                 "the result outgrows its share of memory (%" PRId64 " MB) and moves to %s",
                 stage->most_bytes >> 20, stage->path);
    if (mzg_stage_seal(stage->inner, err) != MZG_OK ||
        mzg_stage_new_hdf5(context, stage->path, base->n_columns, base->value_type, &file, err) != MZG_OK)
        return err->status;
    const struct mzg_stage_block *blocks;
    int64_t n = mzg_stage_blocks(stage->inner, &blocks);
    make_space(stage->inner, blocks, n, &space, err);
    mzg_agree(context->comm, err);
    for (int64_t i = 0; i < n && err->status == MZG_OK; i++) /* any rank sees any block: they take turns */
        move_block(&blocks[i], i % context->size == context->rank, &space, file, err);
    free_space(&space);
    if (err->status != MZG_OK) {
        mzg_stage_close(file);
        return err->status;
    }
    mzg_stage_close(stage->inner);
    stage->inner = file;
    stage->spilled = true;
    base->order = file->order;
    return MZG_OK;
}

static bool spilling_is_local(const struct mzg_stage *base)
{
    return mzg_stage_is_local(((const struct spilling_stage *)base)->inner);
}

static bool spilling_would_spill(const struct mzg_stage *base, int64_t bytes)
{
    const struct spilling_stage *stage = (const struct spilling_stage *)base;
    return !stage->spilled && bytes > stage->most_bytes;
}

static enum mzg_status spilling_append(struct mzg_stage *base, const struct mzg_rows *rows,
                                       struct mzg_error *err)
{
    return mzg_stage_append(((struct spilling_stage *)base)->inner, rows, err);
}

static enum mzg_status spilling_seal(struct mzg_stage *base, struct mzg_error *err)
{
    struct mzg_stage *inner = ((struct spilling_stage *)base)->inner;
    if (mzg_stage_seal(inner, err) != MZG_OK)
        return err->status;
    base->n_rows = inner->n_rows;
    base->n_values = inner->n_values;
    return MZG_OK;
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

static void spilling_forget(struct mzg_stage *base, int64_t block, const struct mzg_stage_taken *taken,
                            int64_t end)
{
    mzg_stage_forget(((struct spilling_stage *)base)->inner, block, taken, end);
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
    .is_local = spilling_is_local,
    .would_spill = spilling_would_spill,
    .spill = spilling_spill,
    .append = spilling_append,
    .seal = spilling_seal,
    .read_row_begins = spilling_read_row_begins,
    .read_values = spilling_read_values,
    .memory = spilling_memory,
    .blocks = spilling_blocks,
    .forget = spilling_forget,
    .close = spilling_close,
};

enum mzg_status mzg_stage_new_spilling(const struct mzg_context *context, const char *path,
                                       int64_t most_bytes, int64_t n_columns, enum mzg_type value_type,
                                       enum mzg_stage_order order, struct mzg_stage **stage,
                                       struct mzg_error *err)
{
    struct spilling_stage *made = calloc(1, sizeof *made);
    if (made)
        made->path = strdup(path);
    if (!made || !made->path)
        mzg_fail(err, MZG_ENOMEM, "no memory for the stage");
    if (mzg_agree(context->comm, err) != MZG_OK)
        goto fail;
    made->base = (struct mzg_stage){.kind = &spilling_kind,
                                    .context = context,
                                    .n_columns = n_columns,
                                    .value_type = value_type,
                                    .order = order};
    made->most_bytes = most_bytes;
    if (mzg_stage_new_memory(context, n_columns, value_type, order, &made->inner, err) != MZG_OK)
        goto fail;
    *stage = &made->base;
    return MZG_OK;

fail:
    if (made)
        free(made->path);
    free(made);
    return err->status;
}
