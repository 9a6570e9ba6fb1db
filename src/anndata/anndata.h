/*
 * One AnnData object without its matrix: obs, var, obsm, uns, and the empty members that AnnData itself
 * writes. One tree, which every back end (backend.h) receives in the same way, so that a Zarr store and an
 * HDF5 file hold the same names and types.
 */
#ifndef MZG_ANNDATA_ANNDATA_H
#define MZG_ANNDATA_ANNDATA_H

#include <anndata/backend.h>
#include <core/frame.h>
#include <jansson.h>
#include <stdbool.h>

/* A member of obsm or uns: a frame, or n × width numbers (width 0: a vector of n), which stand in memory or
 * are those of `of_rows`. Borrowed. */
struct mzg_anndata_member {
    const char *name;
    const struct mzg_frame *frame; /* NULL: numbers */
    enum mzg_type type;
    int64_t n, width;
    const void *values;
    struct mzg_row_column of_rows;
};

enum {
    MZG_ANNDATA_MAX_MEMBERS = 8,
    MZG_ANNDATA_MAX_OF_ROWS =
        MZG_FRAME_MAX_COLUMNS + MZG_ANNDATA_MAX_MEMBERS + 1 /* columns of rows: obs, obsm, and the index */
};

/* Everything is borrowed. obs has a row for each row of X, var one for each column; where obs is NULL the
 * groups "obs" and "obsm" stand already, or are made by others. `uns` is a tree of
 * objects, strings, numbers, booleans and arrays, without the members in `uns_members`. */
struct mzg_anndata {
    const struct mzg_frame *obs;
    const struct mzg_frame *var;
    int n_obsm;
    struct mzg_anndata_member obsm[MZG_ANNDATA_MAX_MEMBERS];
    int n_uns;
    struct mzg_anndata_member uns_members[MZG_ANNDATA_MAX_MEMBERS];
    const json_t *uns; /* NULL: none */
    bool has_layers; /* the group "layers" stands already, with its matrices; else an empty one is written */
};

/* Writes obs and obsm through a back end, all that may have rows that lie on all ranks. What a back end does
 * with these follows each other in the same order on all of them. Local. */
enum mzg_status mzg_anndata_write_rows(struct mzg_backend *backend, const struct mzg_anndata *anndata,
                                       struct mzg_error *err);

/* Writes all of it through a back end, whose root group and X are not touched. Local. */
enum mzg_status mzg_anndata_write(struct mzg_backend *backend, const struct mzg_anndata *anndata,
                                  struct mzg_error *err);

#endif
