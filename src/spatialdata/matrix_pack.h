/* From rows to the packed chunks of X, on the workers. */
#ifndef MZG_SPATIALDATA_MATRIX_PACK_H
#define MZG_SPATIALDATA_MATRIX_PACK_H

#include <spatialdata/matrix_arrays.h>

/* The rows or values of consecutive units, beginning with a unit; the last unit may not be full. */
struct mzg_matrix_piece {
    int64_t n_items;       /* values; dense: rows */
    const int64_t *counts; /* dense: of the values in each row */
    const int32_t *bins;
    const void *values;
};

/* All zero but for `x` and `pool` is a packer that holds nothing. */
struct mzg_matrix_packer {
    const struct mzg_matrix_arrays *x;
    struct mzg_pool *pool;
    int64_t n_units;           /* packed last */
    struct mzg_buffer *packed; /* of part p of unit u: packed[u * x->n_parts + p] */

    int64_t capacity;
    struct mzg_buffer *scratch; /* of each worker */
    struct mzg_error *errors;
    int64_t *row_begins; /* dense: of all pieces under way */
    int64_t row_capacity;
    const struct mzg_matrix_piece *pieces; /* while they are packed */
};

/* Packs all units of the pieces, of which all but the last are of whole units. Local. */
enum mzg_status mzg_matrix_pack(struct mzg_matrix_packer *packer, const struct mzg_matrix_piece *pieces,
                                int n_pieces, struct mzg_error *err);

/* Frees what the packer holds. Local. */
void mzg_matrix_packer_destroy(struct mzg_matrix_packer *packer);

#endif
