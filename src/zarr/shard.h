/* Writing one chunk file: inner chunks made and compressed by the workers, and the index behind them. */
#ifndef MZG_ZARR_SHARD_H
#define MZG_ZARR_SHARD_H

#include <zarr/buffer.h>
#include <zarr/store.h>

struct mzg_chunk_source;

/* Gives the bytes of inner chunk `inner` of the file, before compression: in `scratch`, or anywhere that
 * outlives the write. `*size` is 0 for a chunk of the fill value alone, which is left out. Called by workers,
 * several at once. */
typedef enum mzg_status mzg_chunk_fill_fn(const struct mzg_chunk_source *source, int64_t inner,
                                          struct mzg_buffer *scratch, const void **bytes, size_t *size,
                                          struct mzg_error *err);

/* Where the chunks of a file come from. */
struct mzg_chunk_source {
    struct mzg_zarr_array *array;
    int64_t file;
    mzg_chunk_fill_fn *fill;
    const void *data;         /* numeric: the elements of the file */
    mzg_zarr_string_fn *item; /* strings: who tells them, and from what */
    const void *items;
};

/* Writes the chunk file; none, if all its chunks are left out. Local. */
enum mzg_status mzg_shard_write(const struct mzg_chunk_source *source, struct mzg_error *err);

#endif
