/* The compressors of chunks: bytes in, bytes out, and the JSON that announces them. */
#ifndef MZG_ZARR_CODEC_H
#define MZG_ZARR_CODEC_H

#include <zarr/buffer.h>
#include <zarr/zarr.h>

/* No chunk may be larger before compression: the limit of the blosc container. */
#define MZG_CODEC_MAX_BYTES (INT32_MAX - 16)

/* Compresses `size` bytes of items of a type. Called by workers; the result depends on nothing but the
 * arguments. Local. */
enum mzg_status mzg_codec_compress(const struct mzg_codec *codec, enum mzg_type type, const void *bytes,
                                   size_t size, struct mzg_buffer *packed, struct mzg_error *err);

/* How many bytes a packed chunk says that it holds: at most MZG_CODEC_MAX_BYTES, else MZG_EFORMAT. Of a codec
 * of the same container any kind serves. Local, called by workers. */
enum mzg_status mzg_codec_plain_size(enum mzg_codec_kind kind, const void *packed, size_t packed_size,
                                     int64_t *size, struct mzg_error *err);

/* Unpacks a chunk that must hold exactly `size` bytes: MZG_EFORMAT, with what is wrong about it, if it does
 * not. Local, called by workers. */
enum mzg_status mzg_codec_decompress(enum mzg_codec_kind kind, const void *packed, size_t packed_size,
                                     void *bytes, size_t size, struct mzg_error *err);

/* The codec's entry in the `codecs` of the metadata of an array whose chunks have `chunk_bytes`, as a new
 * reference; `*json` is NULL for
 * MZG_CODEC_NONE. */
enum mzg_status mzg_codec_json(const struct mzg_codec *codec, enum mzg_type type, int64_t chunk_bytes,
                               json_t **json, struct mzg_error *err);

#endif
