#include <core/array.h>
#include <core/file.h>
#include <core/memory.h>
#include <input/ranges.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/uio.h>

enum {
    MAX_GAP = 64 << 10,  /* bytes read over rather than starting another call */
    MAX_CALL = 16 << 20, /* bytes after which a call is complete */
    MAX_PIECES = 256     /* of one call; IOV_MAX is at least 1024 */
};

/* A call being put together: the bytes [begin, end) of the file, scattered over storage and the discarded
 * gaps. */
struct call {
    int fd;
    char *discard;
    int64_t begin, end;
    struct iovec pieces[MAX_PIECES];
    int n_pieces;
    int64_t first_range, last_range; /* of the order, served by this call */
};

static const struct mzg_range *ordered(const struct mzg_range *ranges, const int64_t *order, int64_t k)
{
    return &ranges[order ? order[k] : k];
}

static int compare(const void *a, const void *b, void *context)
{
    const struct mzg_range *ranges = context;
    const struct mzg_range *p = &ranges[*(const int64_t *)a], *q = &ranges[*(const int64_t *)b];
    if (p->offset != q->offset)
        return p->offset < q->offset ? -1 : 1;
    return p < q ? -1 : p > q;
}

/* The ranges by ascending offset: NULL if they are so already. */
static enum mzg_status sort(struct mzg_range *ranges, int64_t n, struct mzg_range_storage *storage,
                            const int64_t **order, struct mzg_error *err)
{
    int64_t k = 1;
    while (k < n && ranges[k - 1].offset <= ranges[k].offset)
        k++;
    *order = NULL;
    if (k >= n)
        return MZG_OK;

    if (mzg_array_reserve(&storage->order, sizeof *storage->order, n, &storage->order_capacity,
                          "ranges of bytes to sort", err) != MZG_OK)
        return err->status;
    for (int64_t i = 0; i < n; i++)
        storage->order[i] = i;
    qsort_r(storage->order, (size_t)n, sizeof *storage->order, compare, ranges);
    *order = storage->order;
    return MZG_OK;
}

/* Gives each range its place in storage, and returns the bytes that all take together. */
static int64_t place(struct mzg_range *ranges, const int64_t *order, int64_t n)
{
    int64_t end = -1; /* of the file, where the current stretch of touching ranges ends */
    int64_t total = 0;
    for (int64_t k = 0; k < n; k++) {
        struct mzg_range *range = &ranges[order ? order[k] : k];
        int64_t range_end = range->offset + range->length;
        range->error = 0;
        if (range->offset > end)
            end = range->offset;
        range->at = total - (end - range->offset);
        if (range_end > end) {
            total += range_end - end;
            end = range_end;
        }
    }
    return total;
}

static enum mzg_status reserve(struct mzg_range_storage *storage, int64_t size, struct mzg_error *err)
{
    if (!storage->discard)
        storage->discard = malloc(MAX_GAP);
    if (!storage->discard)
        return mzg_fail(err, MZG_ENOMEM, "no memory to read the input");
    if (storage->bytes && size <= storage->capacity)
        return MZG_OK;
    /* A bit more, or each batch a little larger would begin anew. */
    return mzg_array_reserve(&storage->bytes, 1, size + size / 8, &storage->capacity,
                             "bytes of the input; use a smaller --chunk-size", err);
}

/* Reads all pieces; false as soon as a byte cannot be read. */
static bool read_pieces(struct call *call)
{
    struct iovec *piece = call->pieces;
    int left = call->n_pieces;
    int64_t offset = call->begin;
    while (left > 0) {
        ssize_t got = preadv(call->fd, piece, left, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        offset += got;
        while (left > 0 && (size_t)got >= piece->iov_len) {
            got -= (ssize_t)piece->iov_len;
            piece++;
            left--;
        }
        if (left > 0) {
            piece->iov_base = (char *)piece->iov_base + got;
            piece->iov_len -= (size_t)got;
        }
    }
    return true;
}

/* Makes the call. Where it fails, each range is tried alone, so that only those that are unreadable are lost.
 */
static void flush(struct call *call, struct mzg_range *ranges, const int64_t *order, char *bytes)
{
    if (call->n_pieces > 0 && !read_pieces(call)) {
        for (int64_t k = call->first_range; k <= call->last_range; k++) {
            struct mzg_range *range = &ranges[order ? order[k] : k];
            range->error = mzg_read_at(call->fd, bytes + range->at, range->length, range->offset);
        }
    }
    call->n_pieces = 0;
}

/* Adds the next bytes of the file. What touches in the file touches in storage too, and makes one piece. */
static void add_piece(struct call *call, char *to, int64_t length)
{
    struct iovec *last = call->n_pieces > 0 ? &call->pieces[call->n_pieces - 1] : NULL;
    if (last && to != call->discard && (char *)last->iov_base + last->iov_len == to)
        last->iov_len += (size_t)length;
    else
        call->pieces[call->n_pieces++] = (struct iovec){to, (size_t)length};
    call->end += length;
}

/* Adds the bytes [offset, offset + length) of the file, which lie at or behind the end of the call. */
static void add(struct call *call, int64_t offset, int64_t length, char *to)
{
    if (call->n_pieces == 0)
        call->begin = call->end = offset;
    if (offset > call->end)
        add_piece(call, call->discard, offset - call->end);
    add_piece(call, to, length);
}

static bool fits(const struct call *call, int64_t offset)
{
    return call->n_pieces == 0 || (offset - call->end <= MAX_GAP && call->end - call->begin < MAX_CALL &&
                                   call->n_pieces + 2 <= MAX_PIECES);
}

enum mzg_status mzg_ranges_read(int fd, struct mzg_range *ranges, int64_t n,
                                struct mzg_range_storage *storage, int64_t *bytes_read, struct mzg_error *err)
{
    const int64_t *order;
    *bytes_read = 0;
    if (sort(ranges, n, storage, &order, err) != MZG_OK)
        return err->status;
    if (reserve(storage, place(ranges, order, n), err) != MZG_OK)
        return err->status;

    struct call call = {.fd = fd, .discard = storage->discard};
    int64_t end = 0; /* of the file: what lies before is read or in the call */
    for (int64_t k = 0; k < n; k++) {
        const struct mzg_range *range = ordered(ranges, order, k);
        int64_t begin = range->offset > end ? range->offset : end;
        int64_t range_end = range->offset + range->length;
        /* A range that overlaps the call belongs to it, or its fault would go unnoticed. */
        if (range_end > begin && range->offset >= end && !fits(&call, begin)) {
            *bytes_read += call.end - call.begin;
            flush(&call, ranges, order, storage->bytes);
        }
        if (call.n_pieces == 0)
            call.first_range = k;
        call.last_range = k;
        if (range_end > begin) {
            add(&call, begin, range_end - begin, storage->bytes + range->at + (begin - range->offset));
            end = range_end;
        }
    }
    if (call.n_pieces > 0)
        *bytes_read += call.end - call.begin;
    flush(&call, ranges, order, storage->bytes);
    return MZG_OK;
}

void mzg_range_storage_destroy(struct mzg_range_storage *storage)
{
    free(storage->bytes);
    free(storage->order);
    free(storage->discard);
    *storage = (struct mzg_range_storage){0};
}
