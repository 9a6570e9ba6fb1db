#include <core/memory.h>
#include <imzml/wrap.h>

#include <inttypes.h>
#include <string.h>

static const int64_t turn = INT64_C(1) << 32;

/* A walk along the ibd, array by array. */
struct walk {
    int64_t ibd_size;
    int64_t end; /* of the last array; -1 before the first */
    int64_t n_wrapped;
};

/* The bytes that an array takes; -1 if they are not told. */
static int64_t bytes_of(const struct mzg_imzml_entry *entry, int which)
{
    const struct mzg_imzml_array *array = &entry->array[which];
    if (entry->format[which] == 0 || mzg_entry_type(entry, which) == MZG_ARRAY_UNTYPED || array->n < 0)
        return -1;
    if (array->n == 0)
        return 0;
    if (mzg_entry_is_zlib(entry, which))
        return array->encoded > 0 ? array->encoded : -1;
    return mzg_size_product(array->n, mzg_array_item_size(mzg_entry_type(entry, which)));
}

/* Whether spectra have one stored m/z array, as all of continuous mode do. */
static bool shares_mz(const struct mzg_imzml_entry *entry, const struct mzg_imzml_entry *before)
{
    return memcmp(&entry->array[MZG_MZ], &before->array[MZG_MZ], sizeof entry->array[MZG_MZ]) == 0 &&
           entry->format[MZG_MZ] == before->format[MZG_MZ];
}

/* Goes over one array; false if it does not lie behind the last one, wrapped or not. */
static bool step(struct walk *walk, const struct mzg_imzml_entry *entry, int which)
{
    int64_t bytes = bytes_of(entry, which);
    int64_t offset = entry->array[which].offset;
    if (bytes <= 0)
        return bytes == 0;
    if (walk->end < 0)
        walk->end = offset;
    if (offset < INT64_MIN / 2 || walk->end < offset || (walk->end - offset) % turn != 0 ||
        bytes > walk->ibd_size - walk->end)
        return false;
    walk->n_wrapped += walk->end > offset;
    walk->end += bytes;
    return true;
}

/* Whether array follows array up to the end of the ibd; `first` is the one that each spectrum stores first.
 */
static bool is_proven(const struct mzg_imzml_entry *entries, int64_t n, int64_t ibd_size, int first)
{
    struct walk walk = {.ibd_size = ibd_size, .end = -1};
    for (int64_t i = 0; i < n; i++) {
        bool shared = i > 0 && shares_mz(&entries[i], &entries[i - 1]);
        for (int k = 0; k < 2; k++) {
            int which = k == 0 ? first : 1 - first;
            if (!(shared && which == MZG_MZ) && !step(&walk, &entries[i], which))
                return false;
        }
    }
    return walk.n_wrapped > 0 && walk.end == ibd_size;
}

static void repair(struct mzg_imzml_entry *entries, int64_t n, int64_t ibd_size, int first,
                   struct mzg_findings *findings)
{
    struct walk walk = {.ibd_size = ibd_size, .end = -1};
    struct mzg_imzml_entry before = {0}; /* as stated */
    for (int64_t i = 0; i < n; i++) {
        struct mzg_imzml_entry *entry = &entries[i], stated = *entry;
        bool shared = i > 0 && shares_mz(&stated, &before);
        if (shared)
            entry->array[MZG_MZ].offset = entries[i - 1].array[MZG_MZ].offset;
        for (int k = 0; k < 2; k++) {
            int which = k == 0 ? first : 1 - first;
            int64_t wrapped = walk.n_wrapped;
            if (shared && which == MZG_MZ)
                continue;
            step(&walk, &stated, which);
            if (walk.n_wrapped == wrapped)
                continue;
            entry->array[which].offset = walk.end - bytes_of(&stated, which);
            mzg_find(findings, MZG_FOUND_WRAPPED, "%s of spectrum %" PRId64 ", %" PRId64 " for %" PRId64,
                     mzg_entry_array_name(which), i + 1, stated.array[which].offset,
                     entry->array[which].offset);
        }
        if (entry->fault == MZG_ENTRY_OUTSIDE)
            entry->fault = MZG_ENTRY_OK;
        mzg_entry_check(entry, ibd_size);
        before = stated;
    }
}

/* Goes on behind an array that lies elsewhere. */
static void restart(struct walk *walk, const struct mzg_imzml_entry *entry, int which)
{
    int64_t bytes = bytes_of(entry, which), offset = entry->array[which].offset;
    bool is_inside =
        bytes >= 0 && offset >= 0 && offset <= walk->ibd_size && bytes <= walk->ibd_size - offset;
    walk->end = is_inside ? offset + bytes : -1;
}

/* Marks the arrays that would follow the one before if they had wrapped around. */
static void doubt(struct mzg_imzml_entry *entries, int64_t n, int64_t ibd_size, int first)
{
    struct walk walk = {.ibd_size = ibd_size, .end = -1};
    for (int64_t i = 0; i < n; i++) {
        struct mzg_imzml_entry *entry = &entries[i];
        bool shared = i > 0 && shares_mz(entry, &entries[i - 1]);
        for (int k = 0; k < 2; k++) {
            int which = k == 0 ? first : 1 - first;
            int64_t wrapped = walk.n_wrapped;
            if (shared && which == MZG_MZ)
                continue;
            if (!step(&walk, entry, which))
                restart(&walk, entry, which);
            if (walk.n_wrapped == wrapped || entry->fault != MZG_ENTRY_OK)
                continue;
            mzg_entry_set_fault(entry, MZG_ENTRY_WRAPPED, which);
        }
    }
}

bool mzg_imzml_unwrap(struct mzg_imzml_entry *entries, int64_t n, int64_t ibd_size,
                      struct mzg_findings *findings)
{
    if (ibd_size <= turn / 2)
        return false;
    for (int first = MZG_MZ; first <= MZG_INTENSITY; first++) {
        if (!is_proven(entries, n, ibd_size, first))
            continue;
        repair(entries, n, ibd_size, first, findings);
        return true;
    }
    for (int first = MZG_MZ; first <= MZG_INTENSITY; first++)
        doubt(entries, n, ibd_size, first);
    return true;
}
