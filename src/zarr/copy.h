/* Nodes of another store, copied into one that is built. */
#ifndef MZG_ZARR_COPY_H
#define MZG_ZARR_COPY_H

#include <zarr/read.h>

/* Declares `path` in the store as the group or array `node` of the store in the directory `from` is, with all
 * below it, and copies the chunk files. The group above must have been declared. MZG_EIO, MZG_EFORMAT. Local:
 * one rank calls it. */
enum mzg_status mzg_zarr_copy(struct mzg_zarr_store *store, const char *path, const char *from,
                              const char *node, struct mzg_error *err);

/* The codec and level that wrote an array of numbers, as its metadata say; MZG_CODEC_NONE if they name none.
 * An array of floats tells `level`, one of integers `integer_level`. Local. */
struct mzg_codec mzg_zarr_codec_of(const struct mzg_zarr_input *numbers,
                                   const struct mzg_zarr_input *integers);

#endif
