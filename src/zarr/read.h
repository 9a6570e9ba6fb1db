/*
 * Reading Zarr v3 stores on a file system: what this room writes, and what zarr-python writes of the same
 * kinds. Regular chunk grids of up to four dimensions, with or without shards, of bool, int8, int32, int64,
 * float32, float64 and strings; codecs bytes (little-endian), vlen-utf8, zstd, blosc and crc32c. Whatever
 * else a store holds is refused with a sentence that names it. Nothing in a store is trusted: sizes and
 * offsets are checked before they are used.
 *
 * An open array does not change: any number of threads and ranks may read it at once, each with a cursor of
 * its own. All functions are local, touch no MPI, and may be called by workers.
 */
#ifndef MZG_ZARR_READ_H
#define MZG_ZARR_READ_H

#include <stdbool.h>
#include <zarr/zarr.h>

/* The metadata of the group or array `node` ("" for the root) of the store in the directory `store`: its
 * zarr.json as an object whose zarr_format is 3 and whose node_type is "group" or "array"; a new reference.
 * MZG_EIO if it cannot be read, MZG_EFORMAT if it is not that. */
enum mzg_status mzg_zarr_load(const char *store, const char *node, json_t **metadata, struct mzg_error *err);

/* Texts in one block; all zero is an empty list. */
struct mzg_zarr_strings {
    int64_t n;
    char **items; /* each ends with a zero byte */
    char *text;
};
void mzg_zarr_strings_free(struct mzg_zarr_strings *strings);

/* The names of the groups and arrays that lie directly below `node`, sorted by bytes. */
enum mzg_status mzg_zarr_members(const char *store, const char *node, struct mzg_zarr_strings *names,
                                 struct mzg_error *err);

struct mzg_zarr_input;

/* What an array's metadata say. `file` is the shape of chunk files: of shards, or of chunks. */
struct mzg_zarr_shape {
    enum mzg_type type;
    int n_dimensions;
    int64_t shape[MZG_ZARR_MAX_DIMENSIONS];
    int64_t chunk[MZG_ZARR_MAX_DIMENSIONS];
    int64_t file[MZG_ZARR_MAX_DIMENSIONS];
};

/* Opens an array. MZG_EFORMAT for metadata that contradict themselves or a kind that is not read here. */
enum mzg_status mzg_zarr_input_open(const char *store, const char *node, struct mzg_zarr_input **input,
                                    struct mzg_error *err);
/* Accepts NULL. */
void mzg_zarr_input_free(struct mzg_zarr_input *input);

const struct mzg_zarr_shape *mzg_zarr_input_shape(const struct mzg_zarr_input *input);
/* Its attributes, an object; borrowed. */
const json_t *mzg_zarr_input_attributes(const struct mzg_zarr_input *input);

/* From now on a chunk of this array of one dimension that is absent is a fault, MZG_EFORMAT, if it has more
 * than `most` elements: as many can be the fill value, so that another writer left the chunk out. */
void mzg_zarr_input_need_chunks(struct mzg_zarr_input *input, int64_t most);

/* The same of the values and the indices of a sparse matrix of `n_minors` rows or columns: values are never
 * 0, and neither are all indices of a chunk but for a single one. */
void mzg_zarr_inputs_need_chunks(struct mzg_zarr_input *data, struct mzg_zarr_input *indices,
                                 int64_t n_minors);

/* What a thread keeps between two reads: the chunk file that it read last, and its last chunk. All zero is a
 * new one; fits any number of arrays in turn, which must be open while it is used with them. Needs two chunks
 * of memory. */
struct mzg_zarr_cursor {
    const struct mzg_zarr_input *input; /* whose file is open; NULL: none */
    int64_t file;
    int fd; /* -1: the file does not exist */
    int64_t file_size;
    uint64_t *index; /* of a shard: offset and size of each inner chunk */
    int64_t index_capacity;
    int64_t inner;    /* the chunk in `plain`, -1: none */
    int64_t n_absent; /* how often a chunk was absent, and read as the fill value */
    struct mzg_buffer packed, between, plain;
};
void mzg_zarr_cursor_close(struct mzg_zarr_cursor *cursor);

/* Reads the box of `count` elements at `origin` of an array of numbers, in C order. MZG_ERANGE for a box that
 * does not lie in the array. Reads of whole chunks cost no copy in one dimension. */
enum mzg_status mzg_zarr_read(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                              const int64_t *origin, const int64_t *count, void *values,
                              struct mzg_error *err);

/* Reads elements first .. first + n - 1 of an array of one dimension: as its type, as int64 of any integers,
 * as double of any numbers. */
enum mzg_status mzg_zarr_read_range(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                                    int64_t first, int64_t n, void *values, struct mzg_error *err);
enum mzg_status mzg_zarr_read_int64(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                                    int64_t first, int64_t n, int64_t *values, struct mzg_error *err);
enum mzg_status mzg_zarr_read_double(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                                     int64_t first, int64_t n, double *values, struct mzg_error *err);

/* The box of mzg_zarr_read() as double, of any numbers. */
enum mzg_status mzg_zarr_read_box(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                                  const int64_t *origin, const int64_t *count, double *values,
                                  struct mzg_error *err);

/* Reads n strings from number `first` on of an array of one dimension (or none, which has one string).
 * MZG_EFORMAT for a string with a zero byte in it, MZG_ERANGE if there are fewer. */
enum mzg_status mzg_zarr_read_texts(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                                    int64_t first, int64_t n, struct mzg_zarr_strings *strings,
                                    struct mzg_error *err);

/* Opens the array `node` of numbers, reads it whole as elements of `type` (MZG_INT64 of any integers,
 * MZG_FLOAT64 of any numbers, else exactly the array's), and closes it. `*values` is to be freed and holds
 * `*n` elements in C order. MZG_EFORMAT if it has another number of dimensions than `n_dimensions` or another
 * kind of elements, MZG_ERANGE if it has more than `most` elements. */
enum mzg_status mzg_zarr_read_whole(const char *store, const char *node, enum mzg_type type, int n_dimensions,
                                    int64_t most, void **values, int64_t *n, struct mzg_error *err);

/* The same of strings, in one dimension or none. MZG_EFORMAT for a string with a zero byte in it. */
enum mzg_status mzg_zarr_read_strings(const char *store, const char *node, int64_t most,
                                      struct mzg_zarr_strings *strings, struct mzg_error *err);

#endif
