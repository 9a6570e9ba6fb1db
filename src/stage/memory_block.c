#include <stage/memory_block.h>

enum { ALIGNMENT = 64 };

struct mzg_memory_layout mzg_memory_layout_of(const struct mzg_memory_shape *shape, int64_t n_rows,
                                              int64_t n_values)
{
    int64_t minor = (int64_t)(shape->by_column ? sizeof(uint16_t) : sizeof(int32_t));
    struct mzg_memory_layout layout = {
        .sizes = {[MZG_PART_ROW_COUNTS] = n_rows * (int64_t)sizeof(int32_t),
                  [MZG_PART_MINORS] = n_values * minor,
                  [MZG_PART_VALUES] = n_values * mzg_type_size(shape->value_type)}};
    if (shape->by_column) {
        layout.sizes[MZG_PART_BUCKET_BEGINS] =
            (mzg_column_buckets(shape->n_columns) + 1) * (int64_t)sizeof(int64_t);
        layout.sizes[MZG_PART_COLUMN_COUNTS] = shape->n_columns * (int64_t)sizeof(uint16_t);
    }
    for (int i = 0; i < MZG_MEMORY_PARTS; i++) {
        layout.offsets[i] = layout.size;
        layout.size += (layout.sizes[i] + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    return layout;
}

void mzg_memory_find_parts(const struct mzg_memory_shape *shape, const char *begin,
                           struct mzg_stage_block *block)
{
    struct mzg_memory_layout layout = mzg_memory_layout_of(shape, block->n_rows, block->n_values);
    const void *parts[MZG_MEMORY_PARTS];
    for (int i = 0; i < MZG_MEMORY_PARTS; i++)
        parts[i] = begin + layout.offsets[i];
    block->row_counts = parts[MZG_PART_ROW_COUNTS];
    if (shape->by_column) {
        block->by_column = (struct mzg_column_block){.n_columns = shape->n_columns,
                                                     .n_values = block->n_values,
                                                     .bucket_begins = parts[MZG_PART_BUCKET_BEGINS],
                                                     .column_counts = parts[MZG_PART_COLUMN_COUNTS],
                                                     .rows = parts[MZG_PART_MINORS],
                                                     .values = parts[MZG_PART_VALUES]};
    } else {
        block->bins = parts[MZG_PART_MINORS];
        block->values = parts[MZG_PART_VALUES];
    }
}
