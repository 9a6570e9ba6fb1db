/*
 * Rows in memory: each rank keeps the rows that it appended in an anonymous file of its own (memfd), which
 * grows without moving and whose pages count as this job's memory. One append of one rank is a block:
 *
 *     file of rank 0:  | block 0: row counts, bins, values | block 2 | ...
 *     file of rank 1:  | block 1 | block 3 | ...
 *
 * One rank alone needs no file: its blocks lie in its own memory (stage/own_memory.h), unless that has no
 * room for them.
 *
 * A block by column has the counts of the columns as well, and rows in place of bins (stage/column_block.h).
 */
#ifndef MZG_STAGE_MEMORY_BLOCK_H
#define MZG_STAGE_MEMORY_BLOCK_H

#include <core/frame.h>
#include <stage/own_memory.h>
#include <stage/staged.h>

/* What a block consists of. */
enum mzg_memory_part {
    MZG_PART_ROW_COUNTS,
    MZG_PART_BUCKET_BEGINS,
    MZG_PART_COLUMN_COUNTS,
    MZG_PART_MINORS,
    MZG_PART_VALUES,
    MZG_MEMORY_PARTS
};

/* What the parts of a block depend on, beside its rows and values. */
struct mzg_memory_shape {
    int64_t n_columns;
    enum mzg_type value_type;
    bool by_column;
};

/* Of each part its bytes, and where it begins in a block. */
struct mzg_memory_layout {
    int64_t sizes[MZG_MEMORY_PARTS], offsets[MZG_MEMORY_PARTS];
    int64_t size; /* of the block */
};

struct mzg_memory_layout mzg_memory_layout_of(const struct mzg_memory_shape *shape, int64_t n_rows,
                                              int64_t n_values);

/* Sets the pointers of a block that begins at `begin`. Local. */
void mzg_memory_find_parts(const struct mzg_memory_shape *shape, const char *begin,
                           struct mzg_stage_block *block);

/* One append of one rank, which may have had no rows. */
struct mzg_memory_append {
    int64_t n_rows, n_values;
    char *own; /* NULL: in the file, behind the append before that lies there */
};

/* What a rank appended: n_appends, the same number on all ranks, in its own memory and in the file `fd`. */
struct mzg_memory_rows {
    const struct mzg_context *context;
    struct mzg_memory_shape shape;
    int fd;
    const struct mzg_own_memory *own;
    int64_t n_appends;
    const struct mzg_memory_append *appends;
};

/* Makes the rows of all ranks visible to each. If it works, `fd` and `own` belong to `staged`. MZG_ENOMEM:
 * some rank has no memory to see them; MZG_EIO: it must not. All ranks return the same status. Collective. */
enum mzg_status mzg_memory_stage(const struct mzg_memory_rows *rows, struct mzg_staged **staged,
                                 struct mzg_error *err);

/* Whether every rank can see the memory of every other one, which may be forbidden, as in containers with a
 * user namespace for each rank: all try, with a page. If not, `reason` says what the first that cannot met.
 * MZG_ENOMEM: some rank has no memory to try. All ranks return the same. Collective. */
enum mzg_status mzg_memory_is_shared(const struct mzg_context *context, bool *is_shared, char reason[256],
                                     struct mzg_error *err);

#endif
