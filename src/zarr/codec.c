/*
 * One zstd frame or one blosc buffer for each chunk. Both are made by one thread in a fresh state: with
 * several threads, or with a state used before, the libraries do not promise the same bytes.
 *
 * Blosc sorts the bytes of a chunk before it compresses them, so that the first bytes of all items lie
 * together, then the second ones and so on: what is alike about numbers, their exponents, no longer lies
 * between what is not. Each such plane is compressed by itself, and the whole chunk is one block: planes as
 * long as can be (docs/decisions/019-codecs-measured.md). For lz4, which has no entropy coder, values of
 * float or double are sorted by bits. Where blosc-zstd is to be fast, src/zarr/planes.c makes its buffers.
 */
#include <zarr/codec.h>

#include <blosc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zarr/planes.h>
#include <zstd.h>

static bool is_float(enum mzg_type type)
{
    return type == MZG_FLOAT32 || type == MZG_FLOAT64;
}

static int level_of(const struct mzg_codec *codec, enum mzg_type type)
{
    return codec->integer_level > 0 && !is_float(type) ? codec->integer_level : codec->level;
}

static enum mzg_status compress_zstd(int level, const void *bytes, size_t size, struct mzg_buffer *packed,
                                     struct mzg_error *err)
{
    if (mzg_buffer_reserve(packed, ZSTD_compressBound(size), err) != MZG_OK)
        return err->status;
    size_t written = ZSTD_compress(packed->bytes, (size_t)packed->capacity, bytes, size, level);
    if (ZSTD_isError(written))
        return mzg_fail(err, MZG_ENOMEM, "zstd cannot compress a chunk of %zu bytes: %s", size,
                        ZSTD_getErrorName(written));
    packed->size = written;
    return MZG_OK;
}

static const char *blosc_name(enum mzg_codec_kind kind)
{
    return kind == MZG_CODEC_BLOSC_LZ4 ? BLOSC_LZ4_COMPNAME : BLOSC_ZSTD_COMPNAME;
}

/* What blosc sorts: bytes or bits of items of `item` bytes. */
struct sorting {
    int shuffle;
    size_t item;
};

/* Fewer than 128 items, c-blosc's own limit, it takes for one plane when it reads, whatever was written; so
 * these are not sorted at all. */
static struct sorting sorting_of(const struct mzg_codec *codec, enum mzg_type type, size_t size)
{
    enum { LEAST_ITEMS = 128 };
    size_t item = (size_t)mzg_type_size(type);
    if (item <= 1 || size / item < LEAST_ITEMS)
        return (struct sorting){BLOSC_NOSHUFFLE, 1};
    bool by_bits = is_float(type) && codec->kind == MZG_CODEC_BLOSC_LZ4;
    return (struct sorting){by_bits ? BLOSC_BITSHUFFLE : BLOSC_SHUFFLE, item};
}

/* Planes apart also where a codec is slow: a setting of the library, not of a call. */
static void split_planes(void)
{
    blosc_set_splitmode(BLOSC_ALWAYS_SPLIT);
}

/* c-blosc does not look whether it got the memory in which it sorts a block (1.21: three blocks, and an
 * item's worth of lengths), and falls over it. A limit of the address space is met here first, but for what
 * other threads take in between. */
static bool has_room(size_t block, size_t item)
{
    void *room = malloc(3 * block + item * sizeof(int32_t) + 4096);
    free(room);
    return room != NULL;
}

static enum mzg_status compress_blosc(const struct mzg_codec *codec, enum mzg_type type, const void *bytes,
                                      size_t size, struct mzg_buffer *packed, struct mzg_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, split_planes);
    struct sorting sorting = sorting_of(codec, type, size);
    if (codec->kind == MZG_CODEC_BLOSC_FAST && sorting.item > 1)
        return mzg_planes_compress(is_float(type), sorting.item, bytes, size, packed, err);
    if (mzg_buffer_reserve(packed, size + BLOSC_MAX_OVERHEAD, err) != MZG_OK)
        return err->status;
    if (!has_room(size, sorting.item))
        return mzg_fail(err, MZG_ENOMEM, "no memory to sort and compress a chunk of %zu bytes", size);
    int written =
        blosc_compress_ctx(level_of(codec, type), sorting.shuffle, sorting.item, size, bytes, packed->bytes,
                           (size_t)packed->capacity, blosc_name(codec->kind), size, 1);
    if (written <= 0)
        return mzg_fail(err, MZG_ENOMEM, "blosc cannot compress a chunk of %zu bytes with %s", size,
                        blosc_name(codec->kind));
    packed->size = (size_t)written;
    return MZG_OK;
}

enum mzg_status mzg_codec_compress(const struct mzg_codec *codec, enum mzg_type type, const void *bytes,
                                   size_t size, struct mzg_buffer *packed, struct mzg_error *err)
{
    if (size > MZG_CODEC_MAX_BYTES)
        return mzg_fail(err, MZG_ERANGE, "a chunk of %zu bytes is larger than a codec can take (%d)", size,
                        MZG_CODEC_MAX_BYTES);
    switch (codec->kind) {
    case MZG_CODEC_ZSTD:
        return compress_zstd(level_of(codec, type), bytes, size, packed, err);
    case MZG_CODEC_BLOSC_LZ4:
    case MZG_CODEC_BLOSC_ZSTD:
    case MZG_CODEC_BLOSC_FAST:
        return compress_blosc(codec, type, bytes, size, packed, err);
    case MZG_CODEC_NONE:
        break;
    }
    if (mzg_buffer_reserve(packed, size, err) != MZG_OK)
        return err->status;
    memcpy(packed->bytes, bytes, size);
    packed->size = size;
    return MZG_OK;
}

/* The length and the block of a blosc buffer, as its first 16 bytes state them; 0: there are no such bytes.
 */
static size_t blosc_plain_size(const void *packed, size_t packed_size, size_t *block)
{
    size_t size, stated;
    if (packed_size < BLOSC_MIN_HEADER_LENGTH || blosc_cbuffer_validate(packed, packed_size, &size) != 0)
        return 0;
    blosc_cbuffer_sizes(packed, &size, &stated, block);
    return size;
}

enum mzg_status mzg_codec_plain_size(enum mzg_codec_kind kind, const void *packed, size_t packed_size,
                                     int64_t *size, struct mzg_error *err)
{
    size_t block;
    unsigned long long found = kind == MZG_CODEC_ZSTD ? ZSTD_getFrameContentSize(packed, packed_size)
                                                      : blosc_plain_size(packed, packed_size, &block);
    if (found == 0 || found > MZG_CODEC_MAX_BYTES)
        return mzg_fail(err, MZG_EFORMAT, "it does not begin as what its codec writes");
    *size = (int64_t)found;
    return MZG_OK;
}

static enum mzg_status decompress_blosc(const void *packed, size_t packed_size, void *bytes, size_t size,
                                        struct mzg_error *err)
{
    enum { MOST_ITEM = 255 };
    size_t block = 0;
    if (blosc_plain_size(packed, packed_size, &block) != size || block > size)
        return mzg_fail(err, MZG_EFORMAT, "it is not a blosc buffer of %zu bytes", size);
    if (!has_room(block, MOST_ITEM))
        return mzg_fail(err, MZG_ENOMEM, "no memory to unpack a chunk of %zu bytes", size);
    if (blosc_decompress_ctx(packed, bytes, size, 1) != (int)size)
        return mzg_fail(err, MZG_EFORMAT, "blosc cannot unpack it");
    return MZG_OK;
}

enum mzg_status mzg_codec_decompress(enum mzg_codec_kind kind, const void *packed, size_t packed_size,
                                     void *bytes, size_t size, struct mzg_error *err)
{
    if (kind != MZG_CODEC_ZSTD)
        return decompress_blosc(packed, packed_size, bytes, size, err);
    size_t found = ZSTD_decompress(bytes, size, packed, packed_size);
    if (ZSTD_isError(found))
        return mzg_fail(err, MZG_EFORMAT, "zstd cannot unpack it: %s", ZSTD_getErrorName(found));
    if (found != size)
        return mzg_fail(err, MZG_EFORMAT, "it has %zu bytes instead of %zu", found, size);
    return MZG_OK;
}

enum mzg_status mzg_codec_json(const struct mzg_codec *codec, enum mzg_type type, int64_t chunk_bytes,
                               json_t **json, struct mzg_error *err)
{
    static const char *const shuffles[] = {
        [BLOSC_NOSHUFFLE] = "noshuffle", [BLOSC_SHUFFLE] = "shuffle", [BLOSC_BITSHUFFLE] = "bitshuffle"};
    if (codec->kind == MZG_CODEC_NONE) {
        *json = NULL;
        return MZG_OK;
    }
    struct sorting sorting = sorting_of(codec, type, (size_t)chunk_bytes);
    json_t *entry;
    if (codec->kind == MZG_CODEC_ZSTD)
        entry = json_pack("{s:s, s:{s:i, s:b}}", "name", "zstd", "configuration", "level",
                          level_of(codec, type), "checksum", 0);
    else
        entry = json_pack("{s:s, s:{s:s, s:i, s:s, s:i, s:I}}", "name", "blosc", "configuration", "cname",
                          blosc_name(codec->kind), "clevel", level_of(codec, type), "shuffle",
                          shuffles[sorting.shuffle], "typesize", (int)sorting.item, "blocksize",
                          (json_int_t)chunk_bytes);
    if (!entry)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the metadata of a codec");
    *json = entry;
    return MZG_OK;
}

enum mzg_status mzg_codec_parse(const char *text, struct mzg_codec *codec, struct mzg_error *err)
{
    /* The first is the default. Integers are mostly the rows of a matrix in column order, which ascend: at
     * level 2 zstd finds more of that, at little cost (docs/decisions/019-codecs-measured.md). */
    static const struct {
        const char *name;
        struct mzg_codec usual;
        int highest;
    } codecs[] = {
        {"blosc-zstd", {MZG_CODEC_BLOSC_ZSTD, 1, 2}, 9},
        {"blosc-lz4", {MZG_CODEC_BLOSC_LZ4, 5, 5}, 9},
        {"zstd", {MZG_CODEC_ZSTD, 1, 1}, 22},
    };
    if (!text) {
        *codec = codecs[0].usual;
        return MZG_OK;
    }
    if (strcasecmp(text, "none") == 0) {
        *codec = (struct mzg_codec){.kind = MZG_CODEC_NONE};
        return MZG_OK;
    }
    if (strcasecmp(text, "blosc-zstd:fast") == 0) {
        *codec = (struct mzg_codec){MZG_CODEC_BLOSC_FAST, 1, 1};
        return MZG_OK;
    }
    size_t length = strcspn(text, ":");
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++) {
        if (strlen(codecs[i].name) != length || strncasecmp(text, codecs[i].name, length) != 0)
            continue;
        *codec = codecs[i].usual;
        if (!text[length])
            return MZG_OK;
        char *end;
        long level = strtol(text + length + 1, &end, 10);
        if (*end || !text[length + 1] || level < 1 || level > codecs[i].highest)
            return mzg_fail(err, MZG_EUSAGE, "compression '%s': the level must be a number from 1 to %d%s",
                            text, codecs[i].highest,
                            codecs[i].usual.kind == MZG_CODEC_BLOSC_ZSTD ? ", or fast" : "");
        codec->level = codec->integer_level = (int)level;
        return MZG_OK;
    }
    return mzg_fail(
        err, MZG_EUSAGE,
        "compression '%s' is unknown; expected none, or zstd, blosc-lz4 or blosc-zstd, with :LEVEL", text);
}
