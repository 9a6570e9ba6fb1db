/* Packed units of X on their way from the ranks that packed them to those that write them. */
#ifndef MZG_SPATIALDATA_DIRECT_PARCEL_H
#define MZG_SPATIALDATA_DIRECT_PARCEL_H

#include <core/context.h>
#include <spatialdata/matrix_pack.h>

#include <mpi.h>

struct mzg_direct_parcel {
    const struct mzg_context *context;
    int64_t n_parts;    /* of a unit */
    int64_t most_bytes; /* of a unit with the sizes of its parts before it */
    char *leaving;      /* units, one behind the other */
    int64_t capacity;
    MPI_Request *requests; /* of these */
    int n_requests;
    char *arrived;   /* the last one */
    int32_t refusal; /* is sent instead by a rank that failed */
};

/* For at most `most_units` units that leave at once. Local. */
enum mzg_status mzg_direct_parcel_init(struct mzg_direct_parcel *parcel, const struct mzg_context *context,
                                       const struct mzg_matrix_arrays *x, int64_t most_units,
                                       struct mzg_error *err);

/* Accepts zeros. Local. */
void mzg_direct_parcel_destroy(struct mzg_direct_parcel *parcel);

/* Sends each unit that was packed last, but those of this rank, to its owner, who asks for it by
 * mzg_direct_parcel_get(). If this rank failed, or fails, `n_units` refusals are sent. They have left after
 * mzg_direct_parcel_wait(). Collective as that. */
void mzg_direct_parcel_send(struct mzg_direct_parcel *parcel, const struct mzg_matrix_packer *packer,
                            const int *owners, int64_t n_units, struct mzg_error *err);
void mzg_direct_parcel_wait(struct mzg_direct_parcel *parcel);

/* The next unit from a rank, valid until the next call: the sizes of its parts, and these. NULL: that rank
 * failed. Collective with mzg_direct_parcel_send(). */
const char *mzg_direct_parcel_get(struct mzg_direct_parcel *parcel, int rank, const int32_t **sizes);

#endif
