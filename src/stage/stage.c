#include <stage/stage.h>

int64_t mzg_stage_value_size(const struct mzg_stage *stage)
{
    return mzg_type_size(stage->value_type);
}

int64_t mzg_stage_entry_size(const struct mzg_stage *stage)
{
    return (int64_t)sizeof(int32_t) + mzg_stage_value_size(stage);
}

bool mzg_stage_uses_pool(const struct mzg_stage *stage)
{
    return stage->kind->uses_pool;
}

bool mzg_stage_is_local(const struct mzg_stage *stage)
{
    return stage->kind->is_local && stage->kind->is_local(stage);
}

bool mzg_stage_would_spill(const struct mzg_stage *stage, int64_t bytes)
{
    return stage->kind->would_spill && stage->kind->would_spill(stage, bytes);
}

enum mzg_status mzg_stage_spill(struct mzg_stage *stage, struct mzg_error *err)
{
    return stage->kind->spill(stage, err);
}

enum mzg_status mzg_stage_append(struct mzg_stage *stage, const struct mzg_rows *rows, struct mzg_error *err)
{
    return stage->kind->append(stage, rows, err);
}

enum mzg_status mzg_stage_seal(struct mzg_stage *stage, struct mzg_error *err)
{
    return stage->kind->seal(stage, err);
}

enum mzg_status mzg_stage_read_row_begins(struct mzg_stage *stage, int64_t first, int64_t n, int64_t *begins,
                                          struct mzg_error *err)
{
    return stage->kind->read_row_begins(stage, first, n, begins, err);
}

enum mzg_status mzg_stage_read_values(struct mzg_stage *stage, int64_t first, int64_t n, int32_t *bins,
                                      void *values, struct mzg_error *err)
{
    return stage->kind->read_values(stage, first, n, bins, values, err);
}

int64_t mzg_stage_blocks(const struct mzg_stage *stage, const struct mzg_stage_block **blocks)
{
    return stage->kind->blocks ? stage->kind->blocks(stage, blocks) : 0;
}

void mzg_stage_forget(struct mzg_stage *stage, int64_t block, const struct mzg_stage_taken *taken,
                      int64_t end)
{
    if (stage->kind->forget)
        stage->kind->forget(stage, block, taken, end);
}

int64_t mzg_stage_memory(const struct mzg_stage *stage)
{
    return stage->kind->memory ? stage->kind->memory(stage) : 0;
}

void mzg_stage_close(struct mzg_stage *stage)
{
    if (stage)
        stage->kind->close(stage);
}
