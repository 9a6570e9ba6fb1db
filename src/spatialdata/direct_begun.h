/*
 * The unit of X that is not whole yet, while rows go into the store as they come. Its items (values; dense:
 * rows) stay with the ranks that appended them, and all ranks know who has how many, in order. The rank with
 * whose items the unit becomes whole gets those of the others, and packs it; or the one before it, if that
 * has the rest of the unit, and more of it:
 *
 *     rows of a round    |  rank 0  |   rank 1    |  rank 2  |
 *     units         ... begun |      0     |     1     |  begun ...
 *     packed by       rank 0     rank 1      rank 2
 *
 * So items move only near the ends of what a rank appends, and no rank has to hear from all others.
 */
#ifndef MZG_SPATIALDATA_DIRECT_BEGUN_H
#define MZG_SPATIALDATA_DIRECT_BEGUN_H

#include <core/context.h>
#include <mzgrid/error.h>
#include <spatialdata/matrix_arrays.h>

#include <mpi.h>
#include <stdbool.h>

/* Rows or values on one rank; owned if a capacity is above 0. */
struct mzg_direct_rows {
    int64_t n_items; /* values; dense: rows */
    int64_t n_values;
    int64_t *counts; /* dense: of the values in each row; else NULL */
    int32_t *bins;
    void *values;
    int64_t row_capacity, value_capacity;
};

/* Consecutive items of the unit that one rank has. */
struct mzg_direct_piece {
    int rank;
    int64_t n_items;
};

/* What one rank gives to a unit that another one packs. */
struct mzg_direct_giver;

enum { MZG_DIRECT_SENDS = 3 };

struct mzg_direct_begun {
    const struct mzg_context *context;
    bool by_rows;
    int64_t value_size, unit_items;
    int64_t row_bytes;               /* of the longest row on its way, or of a value */
    struct mzg_direct_piece *pieces; /* in order, */
    int64_t n_pieces, n_items;       /*  and their items */
    struct mzg_direct_rows mine;     /* those of this rank */

    /* The unit that this rank completes in the round under way. */
    struct mzg_direct_piece *completed;
    int64_t n_completed;
    struct mzg_direct_rows mine_before, whole;
    struct mzg_direct_giver *givers; /* of each rank */
    char *arriving;
    MPI_Request *requests;
    int n_requests;

    /* The unit that this rank began and packs, because the one that completes it has less of it. */
    struct mzg_direct_rows last;
    int64_t n_last; /* items that the other one has */
    char *arriving_last;

    /* What leaves this rank in the round under way, at most: what it had before, and of what it appends the
     * first items and the last. */
    char *leaving[MZG_DIRECT_SENDS];
    int64_t leaving_capacity[MZG_DIRECT_SENDS];
    MPI_Request sends[MZG_DIRECT_SENDS];
    int n_sends;
    int64_t refusal; /* is sent instead by a rank that failed */
};

/* What came of a round on this rank. */
struct mzg_direct_share {
    int64_t n_own;   /* of the items appended, so many go into the unit that was begun, */
    int64_t n_whole; /*  so many make whole units behind it, and the rest begins another one */
    bool completes;  /* this rank packs the unit that was begun: begun->whole, */
    bool packs_last; /*  and the one that it begins: begun->last; */
    bool is_broken;  /*  unless another rank failed to give its part */
};

/* Local, but the sizes of all ranks must be the same. */
enum mzg_status mzg_direct_begun_init(struct mzg_direct_begun *begun, const struct mzg_context *context,
                                      const struct mzg_matrix_arrays *x, struct mzg_error *err);

/* Accepts zeros. Local. */
void mzg_direct_begun_destroy(struct mzg_direct_begun *begun);

/* Items first .. first + n - 1 of `rows`, borrowed. Local. */
struct mzg_direct_rows mzg_direct_part(const struct mzg_direct_begun *begun,
                                       const struct mzg_direct_rows *rows, int64_t first, int64_t n);

/* Each rank appends counts[stride * rank] items, this one `rows`. units[rank] becomes the number of units
 * that each rank has to pack. A rank that failed, or fails, takes part all the same, and the others do not
 * know. Collective. */
void mzg_direct_begun_append(struct mzg_direct_begun *begun, const struct mzg_direct_rows *rows,
                             const int64_t *counts, int64_t stride, int64_t *units,
                             struct mzg_direct_share *share, struct mzg_error *err);

/* Waits until what this rank gave has left. Collective as mzg_direct_begun_append(). */
void mzg_direct_begun_wait(struct mzg_direct_begun *begun);

/* No more items: the unit begun, if there is one, goes to one rank as it is. The rest as above. Collective.
 */
void mzg_direct_begun_end(struct mzg_direct_begun *begun, int64_t *units, struct mzg_direct_share *share,
                          struct mzg_error *err);

#endif
