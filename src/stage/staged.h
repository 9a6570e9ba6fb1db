/*
 * Rows that were appended to a sink (stage/sink.h) and can be read: a sparse matrix of pixels × bins, the
 * same for every rank, in an HDF5 file or in memory, there in CSR order or as blocks in the order of the
 * columns.
 */
#ifndef MZG_STAGE_STAGED_H
#define MZG_STAGE_STAGED_H

#include <core/context.h>
#include <core/frame.h>
#include <mzgrid/error.h>
#include <stage/column_block.h>

#include <stdbool.h>
#include <stdint.h>

struct mzg_staged;

/* Rows as they lie in memory that every rank sees. */
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

struct mzg_staged_kind {
    enum mzg_status (*read_row_begins)(struct mzg_staged *staged, int64_t first, int64_t n, int64_t *begins,
                                       struct mzg_error *err);
    enum mzg_status (*read_values)(struct mzg_staged *staged, int64_t first, int64_t n, int32_t *bins,
                                   void *values, struct mzg_error *err);
    void (*forget)(struct mzg_staged *staged, int64_t block, const struct mzg_stage_taken *taken,
                   int64_t end);
    void (*close)(struct mzg_staged *staged);
};

struct mzg_staged {
    const struct mzg_staged_kind *kind;
    const struct mzg_context *context;
    int64_t n_columns;
    enum mzg_type value_type; /* MZG_FLOAT32 or MZG_FLOAT64 */
    int64_t n_rows;           /* of all ranks; the same on all */
    int64_t n_values;         /* likewise */
    bool by_column;           /* they lie as blocks in the order of the columns */
    bool in_store;            /* they stand in the store already, and can be read by nobody here */
    int64_t memory;           /* bytes in which they wait, of all ranks; 0: in a file */
    int64_t n_blocks;         /* the matrix as blocks, in the order of rows, if it lies in memory; else 0 */
    const struct mzg_stage_block *blocks;
};

/* How many bytes a value takes, and with its bin. Local. */
int64_t mzg_staged_value_size(const struct mzg_staged *staged);
int64_t mzg_staged_entry_size(const struct mzg_staged *staged);

/* Positions where rows first .. first + n - 1 begin, in values: n entries of [0, n_rows + 1), the last one
 * n_values. Local. */
enum mzg_status mzg_staged_read_row_begins(struct mzg_staged *staged, int64_t first, int64_t n,
                                           int64_t *begins, struct mzg_error *err);

/* Values first .. first + n - 1 and their bins, in the order of rows; by column the workers put them into it,
 * block by block, and a block that is needed in part is walked over whole: many values at once are cheap.
 * Either pointer may be NULL, but not by column. Local. */
enum mzg_status mzg_staged_read_values(struct mzg_staged *staged, int64_t first, int64_t n, int32_t *bins,
                                       void *values, struct mzg_error *err);

/* Gives back the memory of values taken->first .. end - 1 of block `block`, by column, which no rank reads
 * again. Pages that hold others as well stay. Local. */
void mzg_staged_forget(struct mzg_staged *staged, int64_t block, const struct mzg_stage_taken *taken,
                       int64_t end);

/* Gives back what the rows wait in, but for a file. Accepts NULL. Local. */
void mzg_staged_close(struct mzg_staged *staged);

#endif
