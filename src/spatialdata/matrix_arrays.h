/*
 * The arrays of X and how they are cut. A unit is what is packed at once, a shard a whole number of them:
 *
 *     sparse: a unit is a chunk of `data` and the chunk of `indices` beside it
 *     dense:  a unit is a band of rows, cut into chunks of consecutive columns:
 *
 *             bins  0 ... | ... | ...
 *     rows 0 ... +---------+-----+-----+
 *                | chunk 0 |  1  |  2  |   unit 0
 *                +---------+-----+-----+
 *                | chunk 3 |  4  |  5  |   unit 1      (both of one shard)
 */
#ifndef MZG_SPATIALDATA_MATRIX_ARRAYS_H
#define MZG_SPATIALDATA_MATRIX_ARRAYS_H

#include <spatialdata/matrix.h>

struct mzg_matrix_arrays {
    struct mzg_matrix_spec spec;
    int n_arrays;             /* 2: data and indices; 1: X itself, dense */
    enum mzg_type index_type; /* of indices and indptr */
    struct mzg_zarr_array *arrays[2];
    int64_t unit_items;      /* values; dense: rows */
    int64_t units_per_shard; /* shard s of each array has units s * units_per_shard and those after it */
    int64_t n_parts;         /* chunks of a unit: one of each array; dense: as many as ranges of columns */
    int64_t chunk_columns;   /* dense: of such a range */
};

/* Works out the shapes and declares the arrays of X, but for indptr: of exactly `n_rows` and `n_values`, or,
 * to be cut later (mzg_matrix_arrays_cut()), of more. Local. */
enum mzg_status mzg_matrix_arrays_declare(struct mzg_sdata *sdata, const struct mzg_matrix_spec *spec,
                                          int64_t n_rows, int64_t n_values, struct mzg_matrix_arrays *x,
                                          struct mzg_error *err);

/* Puts `n` of the numbers that indptr has, from `first` on, to `begins`. Local. */
typedef enum mzg_status mzg_matrix_begins_fn(void *context, int64_t first, int64_t n, int64_t *begins,
                                             struct mzg_error *err);

/* Declares indptr, of `n` numbers, on each rank that has the arrays of X; the rank with `begins`, others have
 * NULL, writes it. Local. */
enum mzg_status mzg_matrix_write_indptr(struct mzg_sdata *sdata, const struct mzg_matrix_arrays *x, int64_t n,
                                        mzg_matrix_begins_fn *begins, void *context, struct mzg_error *err);

/* The same of numbers that lie on all ranks, in pieces, as column 0 of `rows`: all ranks write it. All ranks
 * return the same status. Collective. */
enum mzg_status mzg_matrix_write_indptr_of_rows(struct mzg_sdata *sdata, const struct mzg_matrix_arrays *x,
                                                const struct mzg_context *context, int64_t n,
                                                const struct mzg_frame_rows *rows, struct mzg_error *err);

/* Gives the arrays their final sizes. Local. */
enum mzg_status mzg_matrix_arrays_cut(struct mzg_sdata *sdata, struct mzg_matrix_arrays *x, int64_t n_rows,
                                      int64_t n_values, struct mzg_error *err);

/* Part `part` of unit `unit` is inner chunk `*inner` of its shard of the array whose number is returned.
 * Local.
 */
int mzg_matrix_part(const struct mzg_matrix_arrays *x, int64_t unit, int64_t part, int64_t *inner);

#endif
