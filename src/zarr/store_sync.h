/* The way of a store to the disk, and what is left of it there before it gets its name. */
#ifndef MZG_ZARR_STORE_SYNC_H
#define MZG_ZARR_STORE_SYNC_H

#include <zarr/store.h>

/* Opens what mzg_store_sync() syncs, before anything is written. Local. */
void mzg_store_open_sync(struct mzg_zarr_store *store);

/* Waits until the file system that holds the store has everything that this node wrote; with store->sync_each
 * files are synced by mzg_store_check_written() and mzg_store_check_metadata(). On the first rank of a node.
 * Local. */
enum mzg_status mzg_store_sync(struct mzg_zarr_store *store, struct mzg_error *err);

/* MZG_EIO unless every chunk file that this rank wrote is there, whole. Local. */
enum mzg_status mzg_store_check_written(const struct mzg_zarr_store *store, struct mzg_error *err);

/* The same for the metadata of all nodes. Rank 0. */
enum mzg_status mzg_store_check_metadata(const struct mzg_zarr_store *store, struct mzg_error *err);

#endif
