#include <stage/staged.h>

int64_t mzg_staged_value_size(const struct mzg_staged *staged)
{
    return mzg_type_size(staged->value_type);
}

int64_t mzg_staged_entry_size(const struct mzg_staged *staged)
{
    return (int64_t)sizeof(int32_t) + mzg_staged_value_size(staged);
}

enum mzg_status mzg_staged_read_row_begins(struct mzg_staged *staged, int64_t first, int64_t n,
                                           int64_t *begins, struct mzg_error *err)
{
    return staged->kind->read_row_begins(staged, first, n, begins, err);
}

enum mzg_status mzg_staged_read_values(struct mzg_staged *staged, int64_t first, int64_t n, int32_t *bins,
                                       void *values, struct mzg_error *err)
{
    return staged->kind->read_values(staged, first, n, bins, values, err);
}

void mzg_staged_forget(struct mzg_staged *staged, int64_t block, const struct mzg_stage_taken *taken,
                       int64_t end)
{
    staged->kind->forget(staged, block, taken, end);
}

void mzg_staged_close(struct mzg_staged *staged)
{
    if (staged)
        staged->kind->close(staged);
}
