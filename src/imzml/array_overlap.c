#include <imzml/array_overlap.h>
#include <imzml/ibd.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of an array. */
struct range {
    int64_t begin, end;
    int64_t spectrum;
};

/* The arrays of one kind, by their place in the ibd. */
struct stream {
    const struct mzg_imzml_entry *entries;
    int64_t n;
    int64_t ibd_size;
    int which;
    int64_t *order; /* NULL: that of the file */
    int64_t next;
};

struct sweep {
    struct mzg_imzml_overlaps *overlaps;
    unsigned char *marks;  /* bit 0: overlaps, bit 1: with the other kind */
    struct range reach[2]; /* of each kind, the array that ends last of those passed */
};

static bool is_in(const struct stream *stream, int64_t spectrum)
{
    const struct mzg_imzml_entry *entry = &stream->entries[spectrum];
    return entry->fault == MZG_ENTRY_OK && entry->array[stream->which].n > 0;
}

static struct range range_of(const struct stream *stream, int64_t spectrum)
{
    const struct mzg_imzml_entry *entry = &stream->entries[spectrum];
    const struct mzg_imzml_array *array = &entry->array[stream->which];
    bool is_open = mzg_entry_is_zlib(entry, stream->which) && array->encoded == 0; /* its end is not told */
    int64_t size = is_open ? 1 : mzg_entry_stored(entry, stream->which, stream->ibd_size);
    return (struct range){array->offset, array->offset + size, spectrum};
}

static int compare_ranges(const struct range *a, const struct range *b)
{
    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    return (a->end > b->end) - (a->end < b->end);
}

static int compare(const void *a, const void *b, void *stream)
{
    struct range p = range_of(stream, *(const int64_t *)a), q = range_of(stream, *(const int64_t *)b);
    int order = compare_ranges(&p, &q);
    return order ? order : (p.spectrum > q.spectrum) - (p.spectrum < q.spectrum);
}

/* The next array; false behind the last one. */
static bool peek(struct stream *stream, struct range *range)
{
    while (!stream->order && stream->next < stream->n && !is_in(stream, stream->next))
        stream->next++;
    if (stream->next == stream->n)
        return false;
    *range = range_of(stream, stream->order ? stream->order[stream->next] : stream->next);
    return true;
}

/* Sorts the stream unless it is sorted as it lies. */
static enum mzg_status put_in_order(struct stream *stream, struct mzg_error *err)
{
    struct range before = {0}, range;
    bool ascends = true;
    int64_t n = 0;
    for (; ascends && peek(stream, &range); stream->next++) {
        ascends = compare_ranges(&before, &range) <= 0;
        before = range;
    }
    stream->next = 0;
    if (ascends)
        return MZG_OK;
    stream->order = malloc((size_t)stream->n * sizeof *stream->order);
    if (!stream->order)
        return mzg_fail(err, MZG_ENOMEM, "no memory to look for arrays that overlap");
    for (int64_t i = 0; i < stream->n; i++)
        if (is_in(stream, i))
            stream->order[n++] = i;
    stream->n = n;
    qsort_r(stream->order, (size_t)n, sizeof *stream->order, compare, stream);
    return MZG_OK;
}

static void mark(struct sweep *sweep, int64_t spectrum, bool is_crossing)
{
    unsigned char *mark = &sweep->marks[spectrum / 4];
    int shift = (int)(spectrum % 4) * 2;
    int bits = (is_crossing ? 3 : 1) << shift, fresh = bits & ~*mark;
    sweep->overlaps->n_spectra += (fresh >> shift) & 1;
    sweep->overlaps->n_crossing += (fresh >> shift) >> 1;
    *mark = (unsigned char)(*mark | bits);
}

/* Passes an array, which may overlap those before. */
static void pass(struct sweep *sweep, const struct range *range, int which)
{
    for (int other = 0; other < 2; other++) {
        const struct range *reach = &sweep->reach[other];
        bool is_same = other == which && range->begin == reach->begin && range->end == reach->end;
        if (range->begin >= reach->end || is_same)
            continue;
        if (sweep->overlaps->n_spectra == 0)
            snprintf(sweep->overlaps->first, sizeof sweep->overlaps->first,
                     "%s of spectrum %" PRId64 ", bytes %" PRId64 " to %" PRId64
                     ", and %s of spectrum %" PRId64 ", from byte %" PRId64 " on",
                     mzg_entry_array_name(other), reach->spectrum + 1, reach->begin, reach->end - 1,
                     mzg_entry_array_name(which), range->spectrum + 1, range->begin);
        mark(sweep, reach->spectrum, other != which);
        mark(sweep, range->spectrum, other != which);
    }
    if (range->end > sweep->reach[which].end)
        sweep->reach[which] = *range;
}

enum mzg_status mzg_imzml_find_overlaps(const struct mzg_imzml_entry *entries, int64_t n, int64_t ibd_size,
                                        struct mzg_imzml_overlaps *overlaps, struct mzg_error *err)
{
    struct stream streams[2] = {{entries, n, ibd_size, MZG_MZ, NULL, 0},
                                {entries, n, ibd_size, MZG_INTENSITY, NULL, 0}};
    *overlaps = (struct mzg_imzml_overlaps){0};
    struct sweep sweep = {.overlaps = overlaps, .marks = calloc((size_t)n / 4 + 1, 1)};
    if (!sweep.marks)
        mzg_fail(err, MZG_ENOMEM, "no memory to look for arrays that overlap");
    for (int64_t i = 0; i < n; i++)
        overlaps->n_usable += entries[i].fault == MZG_ENTRY_OK;
    if (err->status != MZG_OK || put_in_order(&streams[0], err) != MZG_OK ||
        put_in_order(&streams[1], err) != MZG_OK)
        goto cleanup;
    for (;;) {
        struct range ranges[2];
        bool more[2] = {peek(&streams[0], &ranges[0]), peek(&streams[1], &ranges[1])};
        if (!more[0] && !more[1])
            break;
        int which = !more[0] || (more[1] && compare_ranges(&ranges[1], &ranges[0]) < 0);
        pass(&sweep, &ranges[which], which);
        streams[which].next++;
    }

cleanup:
    free(sweep.marks);
    free(streams[0].order);
    free(streams[1].order);
    return err->status;
}

/* The bytes that an array takes; -1 if the entry does not tell. */
static int64_t bytes_of(const struct mzg_imzml_entry *entry, int which)
{
    const struct mzg_imzml_array *array = &entry->array[which];
    bool may_be = entry->fault == MZG_ENTRY_OK || entry->fault == MZG_ENTRY_OUTSIDE;
    if (!may_be || entry->format[which] == 0 || array->n < 0 ||
        (array->n > 0 && mzg_entry_is_zlib(entry, which) && array->encoded <= 0))
        return -1;
    if (array->n > INT64_MAX / 16)
        return -1;
    return mzg_entry_stored(entry, which, INT64_MAX);
}

static bool same_kind_of_mz(const struct mzg_imzml_entry *a, const struct mzg_imzml_entry *b)
{
    return a->array[MZG_MZ].n == b->array[MZG_MZ].n && a->array[MZG_MZ].encoded == b->array[MZG_MZ].encoded &&
           a->format[MZG_MZ] == b->format[MZG_MZ];
}

/* Whether the stated offsets have the order that the layout has: the first array at its beginning, then array
 * behind array. `first` is the one that each spectrum stores first. */
static bool is_in_order(const struct mzg_imzml_entry *entries, int64_t n, int first)
{
    if (entries[0].array[first].offset != MZG_UUID_SIZE)
        return false;
    for (int64_t i = 0; i < n; i++) {
        const struct mzg_imzml_array *array = entries[i].array;
        if (array[first].offset > array[1 - first].offset)
            return false;
        for (int which = 0; which < 2 && i > 0; which++)
            if (array[which].offset < entries[i - 1].array[which].offset)
                return false;
    }
    return true;
}

/* The end of the layout, whose offsets are set where `repaired` is not NULL; -1 if it is none. */
static int64_t walk(const struct mzg_imzml_entry *entries, int64_t n, int first, bool is_shared,
                    struct mzg_imzml_entry *repaired)
{
    int64_t end = MZG_UUID_SIZE;
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < 2; k++) {
            int which = k == 0 ? first : 1 - first;
            int64_t bytes = bytes_of(&entries[i], which);
            bool is_repeated = is_shared && which == MZG_MZ && i > 0;
            if (bytes < 0 || bytes > INT64_MAX - end ||
                (is_repeated && !same_kind_of_mz(&entries[0], &entries[i])))
                return -1;
            if (repaired)
                repaired[i].array[which].offset = is_repeated ? MZG_UUID_SIZE : end;
            end += is_repeated ? 0 : bytes;
        }
    return end;
}

bool mzg_imzml_lay_out(struct mzg_imzml_entry *entries, int64_t n, int64_t ibd_size, bool is_shared,
                       struct mzg_findings *findings)
{
    int first =
        entries[0].array[MZG_MZ].offset <= entries[0].array[MZG_INTENSITY].offset ? MZG_MZ : MZG_INTENSITY;
    if ((is_shared && (first != MZG_MZ || n < 2)) || !is_in_order(entries, n, first) ||
        walk(entries, n, first, is_shared, NULL) != ibd_size)
        return false;
    size_t size = (size_t)n * sizeof *entries;
    struct mzg_imzml_entry *stated = malloc(size);
    if (!stated)
        return false;
    memcpy(stated, entries, size);
    walk(stated, n, first, is_shared, entries);
    for (int64_t i = 0; i < n; i++) {
        for (int which = 0; which < 2; which++)
            if (entries[i].array[which].offset != stated[i].array[which].offset)
                mzg_find(findings, MZG_FOUND_MISPLACED,
                         "%s of spectrum %" PRId64 ", %" PRId64 " for %" PRId64, mzg_entry_array_name(which),
                         i + 1, stated[i].array[which].offset, entries[i].array[which].offset);
        entries[i].fault = MZG_ENTRY_OK;
        mzg_entry_check(&entries[i], ibd_size);
    }
    free(stated);
    return true;
}
