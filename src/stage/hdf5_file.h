/*
 * The staged HDF5 file (stage/hdf5_layout.h) as the one rank has it that makes it: its metadata, through a
 * serial handle, and its space on the disk. Where the chunks of the arrays lie is found here; what they hold
 * is written by all ranks (stage/hdf5_sink.c). Local.
 */
#ifndef MZG_STAGE_HDF5_FILE_H
#define MZG_STAGE_HDF5_FILE_H

#include <stage/hdf5_layout.h>

#include <hdf5.h>

/* Where the chunks of an array lie in the file. */
struct mzg_hdf5_chunks {
    int64_t n, capacity;
    int64_t *places; /* bytes from the beginning of the file */
};

struct mzg_hdf5_file {
    const char *path; /* borrowed */
    struct mzg_hdf5_types types;
    hid_t metadata; /* -1: not open */
    hid_t arrays[MZG_HDF5_ARRAYS];
    int fd;             /* of the same file, to reserve space; -1: not open */
    int64_t n_values;   /* to which the arrays extend */
    int64_t n_reserved; /* bytes */
    int64_t alignment;  /* of chunks of values, in bytes of the file; 0: none */
};

/* Bytes of an element in the file. */
static inline int64_t mzg_hdf5_element_size(const struct mzg_hdf5_types *types, enum mzg_hdf5_array which)
{
    return mzg_type_size(types->of[which]);
}

/* The chunks of an array of n elements. */
static inline int64_t mzg_hdf5_chunk_count(enum mzg_hdf5_array which, int64_t n)
{
    return (n + mzg_hdf5_specs[which].chunk - 1) / mzg_hdf5_specs[which].chunk;
}

/* Rows could not be written; `code` is an errno value, 0 if it is not known. */
enum mzg_status mzg_hdf5_write_failed(const char *path, int code, struct mzg_error *err);

/* A file that is not open. */
void mzg_hdf5_file_init(struct mzg_hdf5_file *file, const char *path, const struct mzg_hdf5_types *types);

/* Makes the file with empty arrays; `mpi_info` as in struct mzg_sink_spec. */
enum mzg_status mzg_hdf5_file_make(struct mzg_hdf5_file *file, const char *mpi_info, struct mzg_error *err);

/* Extends the arrays to these extents, and finds the places of their new chunks, those from chunks[i].n on,
 * for which there is room. */
enum mzg_status mzg_hdf5_file_extend(struct mzg_hdf5_file *file, const int64_t totals[MZG_HDF5_ARRAYS],
                                     const struct mzg_hdf5_chunks chunks[MZG_HDF5_ARRAYS],
                                     struct mzg_error *err);

/* Closes the arrays and the file, which are complete. */
enum mzg_status mzg_hdf5_file_finish(struct mzg_hdf5_file *file, struct mzg_error *err);

/* Closes what is open of a file that nobody needs, or that is finished. */
void mzg_hdf5_file_drop(struct mzg_hdf5_file *file);

#endif
