/*
 * Where resampled rows wait until all are there: a growing sparse matrix of pixels × bins. Behind the
 * interface stands a kind of storage: one parallel HDF5 file in CSR order that is a valid .h5ad in the end,
 * or memory, in CSR order or as blocks in the order of the columns.
 */
#ifndef MZG_STAGE_STAGE_H
#define MZG_STAGE_STAGE_H

#include <core/context.h>
#include <core/frame.h>
#include <mzgrid/error.h>
#include <stage/column_block.h>
#include <stage/rows.h>
#include <stdbool.h>
#include <stdint.h>

struct mzg_stage;

enum mzg_stage_order { MZG_STAGE_BY_ROW, MZG_STAGE_BY_COLUMN };

/* Rows as they lie in a stage that every rank can see whole. */
struct mzg_stage_block {
    int64_t first_row;
    int64_t n_rows;
    int64_t first_value;
    int64_t n_values;
    const int32_t *row_counts;         /* n_rows */
    const int32_t *bins;               /* n_values; NULL by column */
    const void *values;                /* n_values; NULL by column */
    struct mzg_column_block by_column; /* only by column */
};

/* The values of a block that one rank has taken: from `first` on, those before `forgotten` given back. */
struct mzg_stage_taken {
    int64_t first, forgotten;
};

struct mzg_stage_kind {
    const char *name;
    bool uses_pool; /* appending gives the workers work, so they must have none then */
    bool (*is_local)(const struct mzg_stage *stage);                   /* NULL: never */
    bool (*would_spill)(const struct mzg_stage *stage, int64_t bytes); /* NULL: never */
    enum mzg_status (*spill)(struct mzg_stage *stage, struct mzg_error *err);
    enum mzg_status (*append)(struct mzg_stage *stage, const struct mzg_rows *rows, struct mzg_error *err);
    enum mzg_status (*seal)(struct mzg_stage *stage, struct mzg_error *err);
    enum mzg_status (*read_row_begins)(struct mzg_stage *stage, int64_t first, int64_t n, int64_t *begins,
                                       struct mzg_error *err);
    enum mzg_status (*read_values)(struct mzg_stage *stage, int64_t first, int64_t n, int32_t *bins,
                                   void *values, struct mzg_error *err);
    int64_t (*memory)(const struct mzg_stage *stage);
    int64_t (*blocks)(const struct mzg_stage *stage, const struct mzg_stage_block **blocks);
    void (*forget)(struct mzg_stage *stage, int64_t block, const struct mzg_stage_taken *taken,
                   int64_t end); /* NULL: does nothing */
    void (*close)(struct mzg_stage *stage);
};

struct mzg_stage {
    const struct mzg_stage_kind *kind;
    const struct mzg_context *context;
    int64_t n_columns;
    enum mzg_type value_type;   /* MZG_FLOAT32 or MZG_FLOAT64 */
    enum mzg_stage_order order; /* by column: rows are to be appended sorted (by_column), and cannot be read;
                                 * a spilling stage changes from columns to rows, on all ranks at once */
    int64_t n_rows;             /* appended by all ranks, once it is sealed; the same on all */
    int64_t n_values;           /* likewise */
};

/* How many bytes a value takes, and with its bin. Local. */
int64_t mzg_stage_value_size(const struct mzg_stage *stage);
int64_t mzg_stage_entry_size(const struct mzg_stage *stage);

/* A stage in the memory of a node that all ranks share. MZG_ENOMEM where an append finds no memory.
 * Collective over context->comm; `context` is borrowed. */
enum mzg_status mzg_stage_new_memory(const struct mzg_context *context, int64_t n_columns,
                                     enum mzg_type value_type, enum mzg_stage_order order,
                                     struct mzg_stage **stage, struct mzg_error *err);

/* The bytes that appending these rows to a stage in memory takes. Local. */
int64_t mzg_stage_memory_of_rows(const struct mzg_stage *stage, const struct mzg_rows *rows);

/* A stage in memory that mzg_stage_spill() moves to an HDF5 file at `path`, which is due when it outgrows
 * `most_bytes`, of all ranks together. Collective. */
enum mzg_status mzg_stage_new_spilling(const struct mzg_context *context, const char *path,
                                       int64_t most_bytes, int64_t n_columns, enum mzg_type value_type,
                                       enum mzg_stage_order order, struct mzg_stage **stage,
                                       struct mzg_error *err);

/* A stage in one HDF5 file created at `path`, for rows of n_columns bins. Collective over context->comm;
 * `context` is borrowed. */
enum mzg_status mzg_stage_new_hdf5(const struct mzg_context *context, const char *path, int64_t n_columns,
                                   enum mzg_type value_type, struct mzg_stage **stage, struct mzg_error *err);

/* Whether appending needs the workers of the pool, which must then be free. Local. */
bool mzg_stage_uses_pool(const struct mzg_stage *stage);

/* Whether rows are appended by each rank for itself: while they wait in memory. Local. */
bool mzg_stage_is_local(const struct mzg_stage *stage);

/* Appends this rank's rows behind those of all lower ranks, and behind all that were appended before; a rank
 * may have none. Collective, and all ranks return the same status; of a local stage, local, where all ranks
 * append equally often. */
enum mzg_status mzg_stage_append(struct mzg_stage *stage, const struct mzg_rows *rows, struct mzg_error *err);

/* Whether a local stage of `bytes` bytes (mzg_stage_memory() of all ranks together) should move to its file.
 * Local. */
bool mzg_stage_would_spill(const struct mzg_stage *stage, int64_t bytes);

/* Moves a local stage, for which mzg_stage_would_spill() said so, to its file; it is by row and not local any
 * more. All ranks have appended equally often. All return the same status. Collective. */
enum mzg_status mzg_stage_spill(struct mzg_stage *stage, struct mzg_error *err);

/* No more rows: makes what was appended readable to all ranks. Collective. */
enum mzg_status mzg_stage_seal(struct mzg_stage *stage, struct mzg_error *err);

/* Positions where rows first .. first + n - 1 begin, in values: n entries of [0, n_rows + 1), the last one
 * n_values. Local, after sealing. */
enum mzg_status mzg_stage_read_row_begins(struct mzg_stage *stage, int64_t first, int64_t n, int64_t *begins,
                                          struct mzg_error *err);

/* Values first .. first + n - 1 and their bins; either pointer may be NULL. Local, after sealing, of a stage
 * by row. */
enum mzg_status mzg_stage_read_values(struct mzg_stage *stage, int64_t first, int64_t n, int32_t *bins,
                                      void *values, struct mzg_error *err);

/* The whole matrix as blocks in the order of the rows, where every rank can see it in memory; 0 blocks where
 * it cannot, or the matrix has no rows. They are valid until the stage is closed. Local, after sealing. */
int64_t mzg_stage_blocks(const struct mzg_stage *stage, const struct mzg_stage_block **blocks);

/* Gives back the memory of values taken->first .. end - 1 of block `block`, by column, which no rank reads
 * again. Pages that hold others as well stay. Local. */
void mzg_stage_forget(struct mzg_stage *stage, int64_t block, const struct mzg_stage_taken *taken,
                      int64_t end);

/* The bytes of memory in which rows wait: those of this rank, and once it is sealed of all ranks; 0 where
 * they wait in a file. Local. */
int64_t mzg_stage_memory(const struct mzg_stage *stage);

/* Closes the storage and leaves its file where it is. Accepts NULL. Collective. */
void mzg_stage_close(struct mzg_stage *stage);

#endif
