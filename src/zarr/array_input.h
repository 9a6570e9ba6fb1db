/* What the files that read arrays share: an open array, and its chunks one by one. */
#ifndef MZG_ZARR_ARRAY_INPUT_H
#define MZG_ZARR_ARRAY_INPUT_H

#include <zarr/codec.h>
#include <zarr/read.h>

enum { MZG_ZARR_MAX_CODECS = 4 };

enum mzg_zarr_unpacking { MZG_UNPACK_ZSTD, MZG_UNPACK_BLOSC, MZG_UNPACK_CRC32C };

struct mzg_zarr_input {
    char *store;
    char *node;
    json_t *metadata;
    struct mzg_zarr_shape shape;
    int64_t grid[MZG_ZARR_MAX_DIMENSIONS];  /* chunk files in each dimension */
    int64_t inner[MZG_ZARR_MAX_DIMENSIONS]; /* inner chunks of a file in each dimension */
    int64_t n_inner;
    int64_t chunk_items;
    int64_t chunk_bytes; /* of numbers */
    bool sharded;
    bool index_first;   /* of a shard: before the chunks, not behind them */
    bool index_checked; /* it ends with its CRC-32C */
    char separator;     /* of chunk keys */
    int n_codecs;       /* behind bytes or vlen-utf8, in the order in which they packed */
    enum mzg_zarr_unpacking codecs[MZG_ZARR_MAX_CODECS];
    unsigned char fill[8]; /* of numbers */
    const char *fill_text; /* of strings; of the metadata */
    bool is_needed;        /* a chunk of more than most_absent elements that is absent is a fault */
    int64_t most_absent;
};

/* Works out the rest of `input` from its metadata. Local. */
enum mzg_status mzg_zarr_input_understand(struct mzg_zarr_input *input, struct mzg_error *err);

/* Opens chunk file `file` unless the cursor has it open. `cursor->fd` is -1 if there is none. Local. */
enum mzg_status mzg_zarr_cursor_open(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                                     int64_t file, struct mzg_error *err);

/* The elements of inner chunk `inner` of the open file, before compression: numbers of chunk_bytes at
 * `target`, or, where that is NULL, any bytes in cursor->plain. `*found` is false if there is none and all
 * are the fill value. Local. */
enum mzg_status mzg_zarr_cursor_chunk(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                                      int64_t inner, void *target, bool *found, struct mzg_error *err);

/* A list of n texts that lie one behind the other, each with its zero byte; takes `text`, also on failure.
 * Local. */
enum mzg_status mzg_zarr_strings_list(char *text, int64_t n, struct mzg_zarr_strings *strings,
                                      struct mzg_error *err);

#endif
