#include <input/foreign_index.h>

#include <core/stop.h>
#include <input/pixels.h>

#include <inttypes.h>
#include <math.h>

enum { ASKED_AT_ONCE = 1024 }; /* spectra; a reader with large ones gives fewer */

const char *mzg_foreign_words(struct mzg_foreign_source *source)
{
    const char *words = source->input.last_error ? source->input.last_error(&source->input) : NULL;
    return words && words[0] ? words : "its reader failed without a word";
}

/* What cannot be, of the spectra that were given for number `first`. */
static enum mzg_status check(const struct mzg_foreign_source *source, int64_t first, int64_t asked,
                             const struct mzg_spectra *spectra, struct mzg_error *err)
{
    if (spectra->n < 1 || spectra->n > asked)
        return mzg_fail(err, MZG_EFORMAT,
                        "%s: its reader gave %" PRId64 " spectra from number %" PRId64
                        " on; from 1 to %" PRId64 " were asked for",
                        source->path, spectra->n, first, asked);
    if (!spectra->positions || !spectra->begin)
        return mzg_fail(err, MZG_EFORMAT, "%s: its reader gave spectra without %s", source->path,
                        spectra->begin ? "positions" : "begins");
    for (int64_t i = 0; i < spectra->n; i++) {
        int64_t begin = spectra->begin[i], end = spectra->begin[i + 1];
        if (begin < 0 || end < begin || end > INT64_MAX / 16)
            return mzg_fail(err, MZG_EFORMAT,
                            "%s: its reader gave for spectrum %" PRId64 " the points %" PRId64 " to %" PRId64,
                            source->path, first + i, begin, end);
        if (end > begin && (!spectra->mz || !spectra->intensity))
            return mzg_fail(err, MZG_EFORMAT, "%s: its reader gave points without %s", source->path,
                            spectra->mz ? "intensities" : "m/z");
        if (spectra->positions[3 * i] == MZG_NO_COORDINATE)
            return mzg_fail(err, MZG_EFORMAT, "%s: its reader gave no position for spectrum %" PRId64,
                            source->path, first + i);
    }
    return MZG_OK;
}

enum mzg_status mzg_foreign_walk(struct mzg_foreign_source *source, int64_t first, int64_t n,
                                 mzg_foreign_take *take, void *taker, struct mzg_error *err)
{
    pthread_mutex_lock(&source->lock);
    for (int64_t done = 0; done < n && err->status == MZG_OK;) {
        int64_t asked = n - done < ASKED_AT_ONCE ? n - done : ASKED_AT_ONCE;
        struct mzg_spectra spectra = {0};
        if (source->input.read(&source->input, first + done, asked, &spectra) != 0)
            mzg_fail(err, MZG_EIO, "%s: spectra from number %" PRId64 " on: %s", source->path, first + done,
                     mzg_foreign_words(source));
        else if (check(source, first + done, asked, &spectra, err) == MZG_OK &&
                 take(taker, first + done, &spectra, err) == MZG_OK)
            done += spectra.n;
    }
    pthread_mutex_unlock(&source->lock);
    return err->status;
}

static void look_at_mz(const double *mz, int64_t n, struct mzg_foreign_spectrum *entry)
{
    entry->min_mz = INFINITY;
    entry->max_mz = -INFINITY;
    for (int64_t i = 0; i < n; i++) {
        entry->is_unsorted |= i > 0 && mz[i] < mz[i - 1];
        if (mz[i] > 0 && mz[i] <= 1e6) {
            entry->min_mz = fmin(entry->min_mz, mz[i]);
            entry->max_mz = fmax(entry->max_mz, mz[i]);
        }
    }
}

struct indexing {
    struct mzg_foreign_spectrum *index;
    const atomic_int *stop;
};

static enum mzg_status enter(void *taker, int64_t first, const struct mzg_spectra *spectra,
                             struct mzg_error *err)
{
    const struct indexing *indexing = taker;
    for (int64_t i = 0; i < spectra->n; i++) {
        struct mzg_foreign_spectrum *entry = &indexing->index[first + i];
        const int32_t *position = &spectra->positions[3 * i];
        int64_t begin = spectra->begin[i], n = spectra->begin[i + 1] - begin;
        *entry = (struct mzg_foreign_spectrum){.position = {position[0], position[1], position[2]},
                                               .is_faulty = spectra->faults && spectra->faults[i]};
        entry->n = entry->is_faulty ? 0 : n;
        look_at_mz(entry->n > 0 ? spectra->mz + begin : NULL, entry->n, entry);
    }
    return mzg_check_stop(indexing->stop, err);
}

enum mzg_status mzg_foreign_index(struct mzg_foreign_source *source, int64_t first, int64_t n,
                                  const atomic_int *stop, struct mzg_foreign_spectrum *index,
                                  struct mzg_error *err)
{
    struct indexing indexing = {.index = index, .stop = stop};
    return mzg_foreign_walk(source, first, n, enter, &indexing, err);
}
