/*
 * The rows of obs and of obsm["spatial"] of several tables, one behind the other, on the ranks that make
 * pieces of them (core/piece.h): each reads its own.
 */
#ifndef MZG_RUN_MERGE_ROWS_H
#define MZG_RUN_MERGE_ROWS_H

#include <anndata/backend.h>
#include <core/context.h>
#include <run/merge_obs.h>

struct mzg_merge_rows;

/* Reads the rows of this rank: MZG_EFORMAT for a column that is damaged or of another length. `samples` and
 * `description` (merge_obs.h) are borrowed. Not collective, though it may fail: agree. */
enum mzg_status mzg_merge_rows_new(const struct mzg_context *context, const struct mzg_merge_samples *samples,
                                   const json_t *description, struct mzg_merge_rows **rows,
                                   struct mzg_error *err);
/* Accepts NULL. */
void mzg_merge_rows_free(struct mzg_merge_rows *rows);

/* Fills the frame of all rows, which borrows them. Local. */
void mzg_merge_rows_frame(const struct mzg_merge_rows *rows, struct mzg_frame *obs);

/* obsm["spatial"]. Local. */
struct mzg_row_column mzg_merge_rows_spatial(const struct mzg_merge_rows *rows);

#endif
