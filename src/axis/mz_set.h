/*
 * The distinct m/z of many spectra: an increasing array that grows as m/z are added that it does not hold
 * yet. Spectra that share their m/z add nothing, which is seen in one walk along both. All local.
 */
#ifndef MZG_AXIS_MZ_SET_H
#define MZG_AXIS_MZ_SET_H

#include <mzgrid/error.h>
#include <stdbool.h>
#include <stdint.h>

/* Begins as {.low = ..., .high = ..., .most = ...}. */
struct mzg_mz_set {
    double low; /* m/z outside low .. high, and what is not finite or not above 0, are passed over */
    double high;
    int64_t most;  /* that many m/z may be held */
    double *mz;    /* n, increasing; owned */
    double *fresh; /* n_fresh, not in mz, in no order, some perhaps twice; owned */
    int64_t n;     /* all of them, once mzg_mz_set_settle() has been called */
    int64_t n_fresh;
    int64_t room;       /* of mz */
    int64_t fresh_room; /* of fresh */
    bool is_full;       /* there were more than `most`; what is held is some of them */
    bool is_of_each;    /* each spectrum that has points has all of them, in order: for who looked at the
                         * spectra to say */
};

/* Adds n m/z, best in increasing order. A set that is full takes none any more. Fails with MZG_ENOMEM. */
enum mzg_status mzg_mz_set_add(struct mzg_mz_set *set, const double *mz, int64_t n, struct mzg_error *err);

/* Brings all that were added into `mz`. Fails with MZG_ENOMEM. */
enum mzg_status mzg_mz_set_settle(struct mzg_mz_set *set, struct mzg_error *err);

/* Adds what `other` holds, and settles. `set` is full if `other` is. Fails with MZG_ENOMEM. */
enum mzg_status mzg_mz_set_merge(struct mzg_mz_set *set, const struct mzg_mz_set *other,
                                 struct mzg_error *err);

/* Frees what the set holds. It keeps its bounds, and whether it was full. */
void mzg_mz_set_clear(struct mzg_mz_set *set);

void mzg_mz_set_destroy(struct mzg_mz_set *set);

#endif
