/* What the ranks send each other while rows go into the store as they come: rows, and packed chunks. */
#ifndef MZG_SPATIALDATA_DIRECT_EXCHANGE_H
#define MZG_SPATIALDATA_DIRECT_EXCHANGE_H

#include <core/block.h>
#include <core/context.h>
#include <spatialdata/matrix_pack.h>

/* Rows or values on one rank; owned where a capacity is above 0. */
struct mzg_direct_rows {
    int64_t value_size;
    int64_t n_rows; /* 0 and no counts where it does not matter how values lie in rows */
    int64_t n_values;
    int64_t *counts;
    int32_t *bins;
    void *values;
    int64_t row_capacity, value_capacity;
};

/* Appends `more` to rows that are owned. Local. */
enum mzg_status mzg_direct_rows_append(struct mzg_direct_rows *rows, const struct mzg_direct_rows *more,
                                       struct mzg_error *err);
void mzg_direct_rows_destroy(struct mzg_direct_rows *rows);

/* One entry for each rank; `sizes` has two. */
struct mzg_direct_ranks {
    const struct mzg_context *context;
    int64_t *sizes;
    struct mzg_block *held;  /* items (values, or rows) that each rank has: consecutive */
    struct mzg_block *share; /* items that each rank wants: consecutive */
    int *send_counts, *send_begins, *receive_counts, *receive_begins;
};

enum mzg_status mzg_direct_ranks_init(struct mzg_direct_ranks *ranks, const struct mzg_context *context,
                                      struct mzg_error *err);
void mzg_direct_ranks_destroy(struct mzg_direct_ranks *ranks);

/* Every rank gets its share, from those who hold it; `mine` is what this one holds. With `by_rows` the items
 * are rows. All ranks return the same status. Collective. */
enum mzg_status mzg_direct_redistribute(struct mzg_direct_ranks *ranks, const struct mzg_direct_rows *mine,
                                        bool by_rows, struct mzg_direct_rows *received,
                                        struct mzg_error *err);

/* Packed units on their way from the ranks that packed them to those that write them. */
struct mzg_direct_parcel {
    const struct mzg_direct_ranks *ranks;
    int64_t n_parts; /* of a unit */
    int32_t *sizes;  /* of all parts of all units, in order */
    int *owners;     /* of the units, in order: who gets them */
    char *sent, *received;
    int64_t sent_capacity, received_capacity;
};

/* For at most `most_units` units of all ranks together. Local. */
enum mzg_status mzg_direct_parcel_init(struct mzg_direct_parcel *parcel, const struct mzg_direct_ranks *ranks,
                                       int64_t most_units, int64_t n_parts, struct mzg_error *err);
void mzg_direct_parcel_destroy(struct mzg_direct_parcel *parcel);

/* Every rank learns the sizes of all units; units[rank] are those that a rank packed. Collective. */
void mzg_direct_parcel_share(struct mzg_direct_parcel *parcel, const struct mzg_matrix_packer *packer,
                             const struct mzg_block *units);

/* Sends every unit to its owner. All ranks return the same status. Collective. */
enum mzg_status mzg_direct_parcel_send(struct mzg_direct_parcel *parcel,
                                       const struct mzg_matrix_packer *packer, const struct mzg_block *units,
                                       struct mzg_error *err);

/* What came from a rank: its units of which this rank is the owner, in order. Local. */
const char *mzg_direct_parcel_from(const struct mzg_direct_parcel *parcel, int rank);

#endif
