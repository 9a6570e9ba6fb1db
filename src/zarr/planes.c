/*
 * A buffer of c-blosc 1 made without c-blosc, which does not let its caller choose how zstd works:
 *
 *     buffer  | header of 16 bytes | where the block begins | plane 0 | plane 1 | ...
 *     plane   | its size | a frame of zstd, or, if that is no smaller, the bytes themselves |
 *
 * Plane p holds byte p of all items. If nothing becomes smaller the items follow the header as they are.
 *
 * In the planes of measured values hardly anything repeats, and what zstd gains lies in its entropy coder:
 * it is made to look for repetitions in few places, which takes a third of the time and makes most values
 * smaller. In rows or columns that ascend repetitions are all there is: zstd looks everywhere, but in a small
 * table (docs/decisions/052-native-in-a-hurry.md).
 */
#include <zarr/planes.h>

#define ZSTD_STATIC_LINKING_ONLY /* for the name of one parameter; nothing else is taken from there */
#include <blosc.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { BLOCK_BEGIN_BYTES = 4, SIZE_BYTES = 4 };

/* How zstd works on the planes of values and of integers. */
struct effort {
    bool codes_literals; /* also where level and strategy would leave it out for speed */
    int level;           /* below 0: repetitions are looked for in so much fewer places */
    int table_log;       /* of the table of places that were seen */
    int least_match;     /* bytes */
};

static const struct effort of_values = {true, -100, 6, 7};
static const struct effort of_integers = {false, 1, 12, 7};

static bool set(ZSTD_CCtx *state, ZSTD_cParameter parameter, int value)
{
    return !ZSTD_isError(ZSTD_CCtx_setParameter(state, parameter, value));
}

/* A state that no other plane has used: what it leaves behind may change the bytes. NULL: no memory. */
static ZSTD_CCtx *make_state(const struct effort *effort)
{
    ZSTD_CCtx *state = ZSTD_createCCtx();
    if (!state)
        return NULL;
    /* A library that has no such parameter leaves literals as they are at levels below 0. */
    int level = !effort->codes_literals || set(state, ZSTD_c_literalCompressionMode, 1) ? effort->level : 1;
    if (set(state, ZSTD_c_compressionLevel, level) && set(state, ZSTD_c_hashLog, effort->table_log) &&
        set(state, ZSTD_c_minMatch, effort->least_match))
        return state;
    ZSTD_freeCCtx(state);
    return NULL;
}

static void take_plane(const unsigned char *restrict bytes, size_t item, size_t n, size_t plane,
                       unsigned char *restrict to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = bytes[i * item + plane];
}

/* For compilers, which make better loops of an item that they know. */
static void take_plane_of(const unsigned char *bytes, size_t item, size_t n, size_t plane, unsigned char *to)
{
    if (item == 4)
        take_plane(bytes, 4, n, plane, to);
    else if (item == 8)
        take_plane(bytes, 8, n, plane, to);
    else
        take_plane(bytes, item, n, plane, to);
}

/* Compresses `n` bytes behind the size that is told before them. Room for all that zstd may write is there.
 */
static enum mzg_status put_plane(const struct effort *effort, const unsigned char *plane, size_t n,
                                 struct mzg_buffer *packed, struct mzg_error *err)
{
    unsigned char *to = packed->bytes + packed->size;
    size_t room = (size_t)packed->capacity - packed->size - SIZE_BYTES;
    ZSTD_CCtx *state = make_state(effort);
    size_t written = state ? ZSTD_compress2(state, to + SIZE_BYTES, room, plane, n) : 0;
    ZSTD_freeCCtx(state);
    if (!state || ZSTD_isError(written))
        return mzg_fail(err, MZG_ENOMEM, "no memory to compress a plane of %zu bytes", n);
    if (written >= n) {
        memcpy(to + SIZE_BYTES, plane, n);
        written = n;
    }
    mzg_put_little_endian(to, written, SIZE_BYTES);
    packed->size += SIZE_BYTES + written;
    return MZG_OK;
}

static void put_header(struct mzg_buffer *packed, size_t item, size_t size, int flags)
{
    unsigned char *to = packed->bytes;
    to[0] = BLOSC_VERSION_FORMAT;
    to[1] = BLOSC_ZSTD_VERSION_FORMAT;
    to[2] = (unsigned char)(flags | BLOSC_ZSTD_FORMAT << 5);
    to[3] = (unsigned char)item;
    mzg_put_little_endian(to + 4, size, 4);
    mzg_put_little_endian(to + 8, size, 4); /* the block is the whole chunk */
    mzg_put_little_endian(to + 12, packed->size, 4);
    if (!(flags & BLOSC_MEMCPYED))
        mzg_put_little_endian(to + BLOSC_MIN_HEADER_LENGTH, BLOSC_MIN_HEADER_LENGTH + BLOCK_BEGIN_BYTES,
                              BLOCK_BEGIN_BYTES);
}

enum mzg_status mzg_planes_compress(bool is_float, size_t item, const void *bytes, size_t size,
                                    struct mzg_buffer *packed, struct mzg_error *err)
{
    const struct effort *effort = is_float ? &of_values : &of_integers;
    size_t n = size / item;
    size_t most = BLOSC_MIN_HEADER_LENGTH + BLOCK_BEGIN_BYTES + item * (SIZE_BYTES + ZSTD_compressBound(n));
    unsigned char *plane = malloc(n);
    if (!plane)
        mzg_fail(err, MZG_ENOMEM, "no memory to sort and compress a chunk of %zu bytes", size);
    else if (mzg_buffer_reserve(packed, most, err) == MZG_OK)
        packed->size = BLOSC_MIN_HEADER_LENGTH + BLOCK_BEGIN_BYTES;
    for (size_t p = 0; p < item && err->status == MZG_OK; p++) {
        take_plane_of(bytes, item, n, p, plane);
        put_plane(effort, plane, n, packed, err);
    }
    free(plane);
    if (err->status != MZG_OK)
        return err->status;
    bool is_smaller = packed->size < size + BLOSC_MIN_HEADER_LENGTH;
    if (!is_smaller) {
        memcpy(packed->bytes + BLOSC_MIN_HEADER_LENGTH, bytes, size);
        packed->size = BLOSC_MIN_HEADER_LENGTH + size;
    }
    put_header(packed, item, size, is_smaller ? BLOSC_DOSHUFFLE : BLOSC_DOSHUFFLE | BLOSC_MEMCPYED);
    return MZG_OK;
}
