/*
 * Zarr v3 stores on a file system: groups, arrays, shards and codecs; nothing about mass spectrometry.
 *
 * Nodes (groups and arrays) are declared, which costs no I/O: on rank 0 all of them, on any other rank at
 * least those that it writes and the groups above them. Any rank may write any whole chunk file (shard); no
 * two ranks write the same one. Rank 0 writes the metadata at the end (mzg_zarr_store_finish), so that a
 * store without its root zarr.json is an unfinished one.
 *
 * The bytes written depend on the data and the declaration alone: edge chunks are padded with zeros to full
 * size, chunks of zeros are left out, inner chunks lie in C order without gaps, the index at the end with its
 * CRC-32C, and every chunk is compressed as one buffer by one thread. A chunk is all zeros when all its bits
 * are: -0.0 is stored.
 *
 * Writing needs about five inner chunks of memory for each worker, besides the data.
 */
#ifndef MZG_ZARR_ZARR_H
#define MZG_ZARR_ZARR_H

#include <core/context.h>
#include <core/frame.h>
#include <jansson.h>
#include <mzgrid/error.h>
#include <stdint.h>
#include <zarr/buffer.h>

enum { MZG_ZARR_MAX_DIMENSIONS = 4 };

/* BLOSC_FAST is BLOSC_ZSTD to all who read: how zstd works is not in the format. */
enum mzg_codec_kind {
    MZG_CODEC_NONE,
    MZG_CODEC_ZSTD,
    MZG_CODEC_BLOSC_LZ4,
    MZG_CODEC_BLOSC_ZSTD,
    MZG_CODEC_BLOSC_FAST
};

struct mzg_codec {
    enum mzg_codec_kind kind;
    int level;
    int integer_level; /* of arrays of integers; 0: the same */
};

/* The codec of a text: "none", or "zstd", "blosc-lz4" or "blosc-zstd", with ":LEVEL" or at its usual level,
 * or "blosc-zstd:fast"; NULL: blosc-zstd. MZG_EUSAGE for any other. Local. */
enum mzg_status mzg_codec_parse(const char *text, struct mzg_codec *codec, struct mzg_error *err);

struct mzg_zarr_store;

/* An array as declared. With shard[0] > 0 chunk files are shards of `shard` elements, a multiple of `chunk`
 * in each dimension, and `chunk` is the shape of the inner chunks; with shard[0] == 0 each chunk is a file.
 */
struct mzg_zarr_array_spec {
    enum mzg_type type;
    int n_dimensions; /* 0 for a scalar */
    int64_t shape[MZG_ZARR_MAX_DIMENSIONS];
    int64_t chunk[MZG_ZARR_MAX_DIMENSIONS];
    int64_t shard[MZG_ZARR_MAX_DIMENSIONS];
    struct mzg_codec codec;
    bool is_whole; /* no chunk is left out, though all its bits are 0: one that is absent was lost */
    const char *dimension_names; /* one letter each, such as "yx"; NULL for none */
};

struct mzg_zarr_array;

/* A store to be built in the directory `path`, which exists and is empty. `context` is borrowed; without a
 * pool (context->pool NULL) the calling thread compresses. Local. */
enum mzg_status mzg_zarr_store_new(const struct mzg_context *context, const char *path,
                                   struct mzg_zarr_store **store, struct mzg_error *err);
/* Frees the object and leaves the files. Accepts NULL. Local. */
void mzg_zarr_store_free(struct mzg_zarr_store *store);

/* Declares a group or an array by its whole metadata, of whose arrays the caller writes the files; takes
 * the reference to `metadata`, also on failure. MZG_EUSAGE if the path is
 * taken or the group above it is missing. Local. */
enum mzg_status mzg_zarr_declare(struct mzg_zarr_store *store, const char *path, json_t *metadata,
                                 struct mzg_error *err);

/* Declares a group at `path` ("" for the root, else such as "tables/a_z0/X") with `attributes`, whose
 * reference it takes, also on failure; NULL stands for a lack of memory. The group above must have been
 * declared. Local. */
enum mzg_status mzg_zarr_group(struct mzg_zarr_store *store, const char *path, json_t *attributes,
                               struct mzg_error *err);

/* The metadata of a declared group will hold copies of all below it, as the root's do: for readers that open
 * the group alone. Local. */
enum mzg_status mzg_zarr_consolidate(struct mzg_zarr_store *store, const char *path, struct mzg_error *err);

/* Replaces the attributes of a declared node; takes the reference, also on failure. Local. */
enum mzg_status mzg_zarr_set_attributes(struct mzg_zarr_store *store, const char *path, json_t *attributes,
                                        struct mzg_error *err);

/* Declares an array; takes the reference to `attributes`, also on failure; NULL stands for a lack of memory.
 * `*array` belongs to the store. MZG_EUSAGE for a specification that is not consistent, MZG_ERANGE for chunks
 * that the codecs cannot take (2 GiB). Local. */
enum mzg_status mzg_zarr_array(struct mzg_zarr_store *store, const char *path,
                               const struct mzg_zarr_array_spec *spec, json_t *attributes,
                               struct mzg_zarr_array **array, struct mzg_error *err);

/* How many chunk files (shards) the array has in its grid, in C order. Local. */
int64_t mzg_zarr_array_files(const struct mzg_zarr_array *array);

/* Writes chunk file `file`: `data` holds the elements of the array that lie in it, in C order, cut at the
 * array's ends. The workers compress. Local. */
enum mzg_status mzg_zarr_write(struct mzg_zarr_array *array, int64_t file, const void *data,
                               struct mzg_error *err);

/* A chunk file that is written chunk by chunk, by whoever has them. */
struct mzg_zarr_file;

/* Compresses an inner chunk: `bytes` are its elements, at full size, those beyond the array's ends 0.
 * `packed` is empty where all bits are 0, unless the array is to be whole. Called by workers; the result
 * depends on nothing but the arguments. Local. */
enum mzg_status mzg_zarr_pack(const struct mzg_zarr_array *array, const void *bytes,
                              struct mzg_buffer *packed, struct mzg_error *err);

/* The same of inner chunk `chunk` of an array of strings, counted over all its files, whose item i is what
 * `item` writes, as for mzg_zarr_write_strings(). `scratch` is kept from call to call. Called by workers. */
typedef int64_t mzg_zarr_string_fn(const void *source, int64_t i, char *text, int64_t size);
enum mzg_status mzg_zarr_pack_strings(struct mzg_zarr_array *array, int64_t chunk, mzg_zarr_string_fn *item,
                                      const void *source, struct mzg_buffer *scratch,
                                      struct mzg_buffer *packed, struct mzg_error *err);

/* Begins chunk file `number`, which appears with its first chunk. Local. */
enum mzg_status mzg_zarr_file_begin(struct mzg_zarr_array *array, int64_t number, struct mzg_zarr_file **file,
                                    struct mzg_error *err);

/* Puts inner chunk `inner` as packed behind those before it; the numbers ascend, chunks of size 0 are left
 * out. Local. */
enum mzg_status mzg_zarr_file_put(struct mzg_zarr_file *file, int64_t inner, const void *packed, size_t size,
                                  struct mzg_error *err);

/* Its path. Local. */
const char *mzg_zarr_file_name(const struct mzg_zarr_file *file);

/* Completes and frees the file; just frees it where `err` holds a failure, which stays. Accepts NULL. Local.
 */
enum mzg_status mzg_zarr_file_end(struct mzg_zarr_file *file, struct mzg_error *err);

/* Makes an array end at `n` in its first dimension, once that is known: it was declared with at least as
 * many. Local, on every rank that declared it, before the store is finished. */
enum mzg_status mzg_zarr_array_cut(struct mzg_zarr_array *array, int64_t n, struct mzg_error *err);

/* Writes a whole numeric array, all its files, from memory. Local: one rank calls it. */
enum mzg_status mzg_zarr_write_all(struct mzg_zarr_array *array, const void *data, struct mzg_error *err);

/* Writes a whole one-dimensional (or scalar) MZG_STRING array whose item i is what `item` writes: at most
 * `size` bytes of UTF-8 into `text` (or just the length where text is NULL), returning the length. The
 * workers call it, several at once. Local: one rank calls it. */
enum mzg_status mzg_zarr_write_strings(struct mzg_zarr_array *array, mzg_zarr_string_fn *item,
                                       const void *source, struct mzg_error *err);

/* For qsort() of an array of paths of nodes: by depth, then by name, as consolidated metadata list them.
 * Local.
 */
int mzg_zarr_compare_nodes(const void *a, const void *b);

/* Bytes that this rank has written so far: chunk files and metadata. Local. */
int64_t mzg_zarr_bytes_written(const struct mzg_zarr_store *store);

/* Begins to bring to the disk what was written so far, on the thread beside the workers of one rank of each
 * node, which must be free until mzg_zarr_store_finish(): that waits for it, and fails where it failed. For
 * the time before, in which little is written. Collective over the context's communicator. */
void mzg_zarr_store_start_sync(struct mzg_zarr_store *store);

/* Writes every zarr.json, the root last and with consolidated metadata. Before that and after it the file
 * system of the store is synced, by one rank of each node: nothing is complete that is not on the disk. All
 * ranks return the same status. Collective over the context's communicator. */
enum mzg_status mzg_zarr_store_finish(struct mzg_zarr_store *store, struct mzg_error *err);

#endif
