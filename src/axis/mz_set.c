#include <axis/mz_set.h>

#include <core/array.h>
#include <core/search.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_FRESH = 4096 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts the fresh m/z and drops those that are there twice. */
static int64_t sort_fresh(struct mzg_mz_set *set)
{
    int64_t n = 0;
    qsort(set->fresh, (size_t)set->n_fresh, sizeof *set->fresh, by_value);
    for (int64_t i = 0; i < set->n_fresh; i++)
        if (n == 0 || set->fresh[n - 1] < set->fresh[i])
            set->fresh[n++] = set->fresh[i];
    return n;
}

enum mzg_status mzg_mz_set_settle(struct mzg_mz_set *set, struct mzg_error *err)
{
    if (set->n_fresh == 0)
        return MZG_OK;
    int64_t n_fresh = sort_fresh(set);
    set->is_full = set->is_full || set->n + n_fresh > set->most;
    if (set->n + n_fresh > set->most)
        n_fresh = set->most - set->n;
    if (mzg_array_grow(&set->mz, sizeof *set->mz, set->n + n_fresh, &set->room, "different m/z", err) !=
        MZG_OK)
        return err->status;
    /* From the end, so that nothing is written over before it has moved. */
    int64_t old = set->n - 1, fresh = n_fresh - 1;
    for (int64_t to = set->n + n_fresh - 1; fresh >= 0; to--) {
        bool takes_old = old >= 0 && set->mz[old] > set->fresh[fresh];
        set->mz[to] = takes_old ? set->mz[old--] : set->fresh[fresh--];
    }
    set->n += n_fresh;
    set->n_fresh = 0;
    return MZG_OK;
}

/* The place of `mz` in the set at or behind `from`, by steps that double; where it would be if it is not
 * there. */
static int64_t seek(const struct mzg_mz_set *set, int64_t from, double mz)
{
    int64_t low = from, step = 1;
    if (set->n == 0) /* there is no array yet */
        return 0;
    if (low > 0 && !(set->mz[low - 1] < mz))
        low = 0;
    while (low + step <= set->n && set->mz[low + step - 1] < mz) {
        low += step;
        step *= 2;
    }
    int64_t high = low + step < set->n ? low + step : set->n;
    return low + mzg_count_below(set->mz + low, high - low, mz);
}

enum mzg_status mzg_mz_set_add(struct mzg_mz_set *set, const double *mz, int64_t n, struct mzg_error *err)
{
    int64_t place = 0;
    for (int64_t i = 0; i < n && !set->is_full; i++) {
        if (place < set->n && set->mz[place] == mz[i]) { /* as if spectra share them */
            place++;
            continue;
        }
        if (!(mz[i] > 0.0 && mz[i] >= set->low && mz[i] <= set->high))
            continue;
        place = seek(set, place, mz[i]);
        if (place < set->n && set->mz[place] == mz[i])
            continue;
        if (mzg_array_grow(&set->fresh, sizeof *set->fresh, set->n_fresh + 1, &set->fresh_room,
                           "different m/z", err) != MZG_OK)
            return err->status;
        set->fresh[set->n_fresh++] = mz[i];
    }
    /* A few at a time cost a walk through all of them; many, memory. */
    int64_t due = set->n / 4 > LEAST_FRESH ? set->n / 4 : LEAST_FRESH;
    if (set->n_fresh >= due)
        mzg_mz_set_settle(set, err);
    return err->status;
}

enum mzg_status mzg_mz_set_merge(struct mzg_mz_set *set, const struct mzg_mz_set *other,
                                 struct mzg_error *err)
{
    if (mzg_mz_set_add(set, other->mz, other->n, err) != MZG_OK ||
        mzg_mz_set_add(set, other->fresh, other->n_fresh, err) != MZG_OK)
        return err->status;
    mzg_mz_set_settle(set, err);
    set->is_full = set->is_full || other->is_full;
    return err->status;
}

void mzg_mz_set_clear(struct mzg_mz_set *set)
{
    free(set->mz);
    free(set->fresh);
    *set =
        (struct mzg_mz_set){.low = set->low, .high = set->high, .most = set->most, .is_full = set->is_full};
}

void mzg_mz_set_destroy(struct mzg_mz_set *set)
{
    mzg_mz_set_clear(set);
    *set = (struct mzg_mz_set){0};
}
