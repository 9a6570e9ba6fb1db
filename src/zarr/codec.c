/*
 * One zstd frame or one blosc buffer for each chunk. Both are made by one thread in a fresh state: with
 * several threads, or with a state used before, the libraries do not promise the same bytes.
 */
#include <zarr/codec.h>

#include <blosc.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

static enum mzg_status compress_zstd(int level, const void *bytes, size_t size, struct mzg_buffer *packed,
                                     struct mzg_error *err)
{
    if (mzg_buffer_reserve(packed, ZSTD_compressBound(size), err) != MZG_OK)
        return err->status;
    size_t written = ZSTD_compress(packed->bytes, packed->capacity, bytes, size, level);
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

static enum mzg_status compress_blosc(const struct mzg_codec *codec, size_t item_size, const void *bytes,
                                      size_t size, struct mzg_buffer *packed, struct mzg_error *err)
{
    if (mzg_buffer_reserve(packed, size + BLOSC_MAX_OVERHEAD, err) != MZG_OK)
        return err->status;
    int shuffle = item_size > 1 ? BLOSC_SHUFFLE : BLOSC_NOSHUFFLE;
    int written = blosc_compress_ctx(codec->level, shuffle, item_size, size, bytes, packed->bytes,
                                     packed->capacity, blosc_name(codec->kind), 0, 1);
    if (written <= 0)
        return mzg_fail(err, MZG_ENOMEM, "blosc cannot compress a chunk of %zu bytes with %s", size,
                        blosc_name(codec->kind));
    packed->size = (size_t)written;
    return MZG_OK;
}

enum mzg_status mzg_codec_compress(const struct mzg_codec *codec, size_t item_size, const void *bytes,
                                   size_t size, struct mzg_buffer *packed, struct mzg_error *err)
{
    if (size > MZG_CODEC_MAX_BYTES)
        return mzg_fail(err, MZG_ERANGE, "a chunk of %zu bytes is larger than a codec can take (%d)", size,
                        MZG_CODEC_MAX_BYTES);
    switch (codec->kind) {
    case MZG_CODEC_ZSTD:
        return compress_zstd(codec->level, bytes, size, packed, err);
    case MZG_CODEC_BLOSC_LZ4:
    case MZG_CODEC_BLOSC_ZSTD:
        return compress_blosc(codec, item_size, bytes, size, packed, err);
    case MZG_CODEC_NONE:
        break;
    }
    if (mzg_buffer_reserve(packed, size, err) != MZG_OK)
        return err->status;
    memcpy(packed->bytes, bytes, size);
    packed->size = size;
    return MZG_OK;
}

enum mzg_status mzg_codec_json(const struct mzg_codec *codec, size_t item_size, json_t **json,
                               struct mzg_error *err)
{
    if (codec->kind == MZG_CODEC_NONE) {
        *json = NULL;
        return MZG_OK;
    }
    json_t *entry;
    if (codec->kind == MZG_CODEC_ZSTD)
        entry = json_pack("{s:s, s:{s:i, s:b}}", "name", "zstd", "configuration", "level", codec->level,
                          "checksum", 0);
    else
        entry =
            json_pack("{s:s, s:{s:s, s:i, s:s, s:i, s:i}}", "name", "blosc", "configuration", "cname",
                      blosc_name(codec->kind), "clevel", codec->level, "shuffle",
                      item_size > 1 ? "shuffle" : "noshuffle", "typesize", (int)item_size, "blocksize", 0);
    if (!entry)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the metadata of a codec");
    *json = entry;
    return MZG_OK;
}

enum mzg_status mzg_codec_parse(const char *text, struct mzg_codec *codec, struct mzg_error *err)
{
    /* LZ4 behind a byte shuffle compresses indices threefold at the speed of memory; values hardly compress.
     */
    static const struct {
        const char *name;
        struct mzg_codec usual;
        int highest;
    } codecs[] = {
        {"blosc-lz4", {MZG_CODEC_BLOSC_LZ4, 5}, 9},
        {"blosc-zstd", {MZG_CODEC_BLOSC_ZSTD, 1}, 9},
        {"zstd", {MZG_CODEC_ZSTD, 1}, 22},
    };
    if (!text) {
        *codec = codecs[0].usual;
        return MZG_OK;
    }
    if (strcmp(text, "none") == 0) {
        *codec = (struct mzg_codec){.kind = MZG_CODEC_NONE};
        return MZG_OK;
    }
    size_t length = strcspn(text, ":");
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++) {
        if (strlen(codecs[i].name) != length || strncmp(text, codecs[i].name, length) != 0)
            continue;
        char *end = "";
        long level = text[length] ? strtol(text + length + 1, &end, 10) : codecs[i].usual.level;
        if (*end || (text[length] && !text[length + 1]) || level < 1 || level > codecs[i].highest)
            return mzg_fail(err, MZG_EUSAGE, "compression '%s': the level must be a number from 1 to %d",
                            text, codecs[i].highest);
        *codec = (struct mzg_codec){.kind = codecs[i].usual.kind, .level = (int)level};
        return MZG_OK;
    }
    return mzg_fail(
        err, MZG_EUSAGE,
        "compression '%s' is unknown; expected none, or zstd, blosc-lz4 or blosc-zstd, with :LEVEL", text);
}
