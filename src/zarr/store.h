/* What the files of this room share: the store's nodes and an array with its grid worked out. */
#ifndef MZG_ZARR_STORE_H
#define MZG_ZARR_STORE_H

#include <stdbool.h>
#include <zarr/zarr.h>

/* A chunk file. */
struct mzg_zarr_written {
    const struct mzg_zarr_array *array;
    int64_t number;
    int64_t size;
};

struct mzg_zarr_store {
    const struct mzg_context *context;
    char *path;
    json_t *nodes;        /* path in the store → its metadata, in order of declaration */
    json_t *consolidated; /* paths of the groups below the root whose metadata hold copies of those below */
    struct mzg_zarr_array *arrays;
    int64_t bytes_written;
    struct mzg_zarr_written *written; /* what this rank wrote of arrays */
    int64_t n_written, written_capacity;
    int sync_fd;   /* of the store, open since before the first write: what syncing it reports begins there */
    int sync_code; /* why it is not open */
    bool sync_each; /* syncing a file system does not tell of failed writes here, syncing a file does */
    bool syncing;   /* the thread beside the workers brings files to the disk, */
    struct mzg_error sync_error; /*  and how it went */
};

struct mzg_zarr_array {
    struct mzg_zarr_array *next; /* in the store's list */
    struct mzg_zarr_store *store;
    char *path; /* in the store */
    struct mzg_zarr_array_spec spec;
    int64_t file_shape[MZG_ZARR_MAX_DIMENSIONS]; /* of a chunk file: the shard's, or the chunk's */
    int64_t grid[MZG_ZARR_MAX_DIMENSIONS];       /* chunk files in each dimension */
    int64_t inner[MZG_ZARR_MAX_DIMENSIONS];      /* inner chunks of a file in each dimension */
    int64_t n_files;
    int64_t n_inner;     /* inner chunks of a file, 1 without shards */
    int64_t chunk_items; /* elements of an inner chunk */
};

/* Notes that a chunk file was written. Local. */
enum mzg_status mzg_zarr_note_written(const struct mzg_zarr_array *array, int64_t number, int64_t size,
                                      struct mzg_error *err);

/* The number and the position of the part that chunk file `file` has of the array: its first element and how
 * many elements, cut at the array's ends, in each dimension. Local. */
void mzg_zarr_file_extent(const struct mzg_zarr_array *array, int64_t file, int64_t *origin, int64_t *extent);

/* Whether all bits are 0: such a chunk is left out. Local. */
bool mzg_zarr_is_zero(const void *bytes, size_t size);

/* The path of chunk file `file`, to be freed. NULL: no memory. Local. */
char *mzg_zarr_file_path(const struct mzg_zarr_array *array, int64_t file);

#endif
