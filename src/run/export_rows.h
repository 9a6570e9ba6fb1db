/*
 * The rows of a finished table, in order and as many at a time as memory allows, whatever way its matrix is
 * stored. If it has columns alone (csc), all of them are read for each batch of rows, so that many batches
 * cost many readings, and no temporary file is needed:
 *
 *     csr, dense    batch 1: its rows         csc    batch 1: all columns, what lies in its rows
 *                   batch 2: its rows                batch 2: all columns, what lies in its rows
 *
 * Values are as they stand in the store, bit by bit. All local: each rank takes rows of its own.
 */
#ifndef MZG_RUN_EXPORT_ROWS_H
#define MZG_RUN_EXPORT_ROWS_H

#include <core/pool.h>
#include <view/view.h>

struct mzg_export_block;

struct mzg_export_rows {
    /* Of the caller: */
    const struct mzg_view *view; /* borrowed */
    struct mzg_pool *pool;       /* whose workers unpack; NULL: none */
    int64_t first, n;            /* the rows that are wanted */
    int64_t memory;              /* bytes that a batch may take, about */
    bool counted; /* `counts` is needed also of a dense matrix, which is read once more for it */

    enum mzg_type type; /* of the values */
    int64_t *counts;    /* of the values of each row; NULL if they were not counted */
    int64_t n_batches;

    /* The batch: rows first + at .. first + at + n_at - 1. */
    int64_t at, n_at;
    int64_t *begins; /* n_at + 1 */
    int32_t *bins;   /* ascending in each row */
    void *values;

    /* Its own: */
    int64_t *filled;
    int n_blocks;
    struct mzg_export_block *blocks;
    int64_t *bounds; /* of columns, or of the wanted rows */
    char *band;      /* of a dense matrix */
    int64_t band_rows;
    int64_t *seen;    /* of a dense matrix: in how many rows of batches each bin had a value */
    int64_t n_absent; /*   and how many of its chunks were absent, as if all in them were 0 */
};

/* Counts and makes room. Release with mzg_export_rows_close(), also after a failure. MZG_EFORMAT for a matrix
 * that contradicts itself, MZG_ENOMEM. */
enum mzg_status mzg_export_rows_open(struct mzg_export_rows *rows, struct mzg_error *err);
void mzg_export_rows_close(struct mzg_export_rows *rows);

/* Reads the next batch; n_at is 0 behind the last. */
enum mzg_status mzg_export_rows_next(struct mzg_export_rows *rows, struct mzg_error *err);

/* After the last batch: MZG_EFORMAT if chunks of a dense matrix were absent that held values, by what var
 * says of all rows. Several ranks add up `seen` and `n_absent` before. */
enum mzg_status mzg_export_rows_check(const struct mzg_export_rows *rows, struct mzg_error *err);

/* The bytes that it takes beside a batch. */
int64_t mzg_export_rows_overhead(const struct mzg_view *view, int64_t n_rows, int workers);

#endif
