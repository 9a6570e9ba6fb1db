/*
 * Elements of AnnData in an HDF5 file: strings are UTF-8 of variable length, booleans an enumeration as h5py
 * makes it.
 *
 * After a call of HDF5 failed nothing more is asked of it. What is open is abandoned, because HDF5 1.10
 * crashes when it closes an object for the second time whose metadata could not be written the first time.
 * The caller takes the file away.
 */
#ifndef MZG_ANNDATA_HDF5_BACKEND_H
#define MZG_ANNDATA_HDF5_BACKEND_H

#include <anndata/row_pieces.h>
#include <hdf5.h>

struct mzg_hdf5_backend {
    struct mzg_backend base;
    const char *path; /* of the file, for messages; borrowed */
    hid_t file;       /* the caller opens and closes it */
    hid_t string, boolean;
    struct mzg_row_pieces
        *pieces; /* of rows that lie on all ranks; NULL: all stand in memory. The owner sets it. */
};

/* A back end into the root of an open file. Local. */
enum mzg_status mzg_hdf5_backend_open(const char *path, hid_t file, struct mzg_hdf5_backend *backend,
                                      struct mzg_error *err);

/* Releases its types, but not the file. Only after success. Local. */
enum mzg_status mzg_hdf5_backend_close(struct mzg_hdf5_backend *backend, struct mzg_error *err);

/* Gives an open object these attributes; takes the reference, also on failure; NULL stands for a lack of
 * memory. Local. */
enum mzg_status mzg_hdf5_set_attributes(struct mzg_hdf5_backend *backend, hid_t object, json_t *attributes,
                                        struct mzg_error *err);

/* The same for a group, which is then closed; below 0: it could not be opened. Local. */
enum mzg_status mzg_hdf5_end_group(struct mzg_hdf5_backend *hdf5, hid_t group, json_t *attributes,
                                   struct mzg_error *err);

/* Says that a call of HDF5 failed, with what errno tells of it. Returns err->status. */
enum mzg_status mzg_hdf5_failed(const struct mzg_hdf5_backend *backend, struct mzg_error *err);

#endif
