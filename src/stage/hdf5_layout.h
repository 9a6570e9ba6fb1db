/*
 * The file in which rows wait, laid out as AnnData keeps a CSR matrix:
 *
 *     X/data     float[n_values]    X/indices  int32[n_values]    X/indptr  int64[n_rows + 1]
 *
 * If it is to be kept, indices and indptr have one type, int32 or int64, because AnnData's users need that.
 *
 * The arrays are chunked, extendible and unfiltered; the chunks of data and indices that hold the same values
 * lie side by side.
 */
#ifndef MZG_STAGE_HDF5_LAYOUT_H
#define MZG_STAGE_HDF5_LAYOUT_H

#include <core/passing_file.h>
#include <stage/staged.h>

enum mzg_hdf5_array { MZG_HDF5_DATA, MZG_HDF5_INDICES, MZG_HDF5_INDPTR, MZG_HDF5_ARRAYS };

struct mzg_hdf5_spec {
    const char *path;
    int64_t chunk; /* elements */
};

extern const struct mzg_hdf5_spec mzg_hdf5_specs[MZG_HDF5_ARRAYS];

/* The types of the elements in the file, which for indices and indptr may be others than in memory. */
struct mzg_hdf5_types {
    enum mzg_type of[MZG_HDF5_ARRAYS];
};

/* `index_type` as in struct mzg_sink_spec. Local. */
struct mzg_hdf5_types mzg_hdf5_types(enum mzg_type value_type, enum mzg_type index_type);

/* Bytes of an element in memory. Local. */
int64_t mzg_hdf5_memory_size(enum mzg_hdf5_array which, enum mzg_type value_type);

/* About where the chunks lie that hold a value, in a file of so many rows and values. Local. */
int64_t mzg_hdf5_chunks_of_value(int64_t value, int64_t n_rows, int64_t n_values,
                                 const struct mzg_hdf5_types *types);

/* Opens the file at `path`, that nobody writes any more, on each rank by itself. `like` has its context,
 * columns, type, rows and values, and the file these types. `passing` is the file, seen to by all ranks of a
 * node; its descriptor belongs to `staged`, if this works. All ranks return the same status. Collective. */
enum mzg_status mzg_hdf5_stage(const char *path, const struct mzg_staged *like,
                               const struct mzg_hdf5_types *types, const struct mzg_passing_file *passing,
                               struct mzg_staged **staged, struct mzg_error *err);

#endif
