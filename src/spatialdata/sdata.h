/* What the files of this room share: the container under construction and the ways AnnData encodes values.
 * Only rank 0 calls the functions that write; the caller agrees. */
#ifndef MZG_SPATIALDATA_SDATA_H
#define MZG_SPATIALDATA_SDATA_H

#include <spatialdata/place.h>
#include <spatialdata/spatialdata.h>

struct mzg_sdata {
    const struct mzg_context *context;
    struct mzg_place *place;
    struct mzg_zarr_store *store;
    struct mzg_codec codec; /* of numbers */
    char *table_path;       /* tables/ID_z0 */
    char *region;           /* ID_z0_pixels */
    char *image;            /* ID_z0_tic */
    bool finished;
};

/* The attributes of an element: {"encoding-type": type, "encoding-version": version}, a new reference or
 * NULL. */
json_t *mzg_encoding(const char *type, const char *version);

/* An array of n × width values (a vector where width is 0): chunks and shards follow from its shape alone. */
struct mzg_zarr_array_spec mzg_vector_spec(enum mzg_type type, int64_t n, int64_t width,
                                           struct mzg_codec codec);

/* Writes a group of AnnData's type "dict", without its members. */
enum mzg_status mzg_write_dict(struct mzg_zarr_store *store, const char *path, struct mzg_error *err);

/* Writes n × width numbers (width 0: a vector of n) as AnnData's "array". */
enum mzg_status mzg_write_numbers(struct mzg_zarr_store *store, const char *path, enum mzg_type type,
                                  int64_t n, int64_t width, const void *values, struct mzg_codec codec,
                                  struct mzg_error *err);

/* Writes n strings, item i as `item` tells it, as AnnData's "string-array". */
enum mzg_status mzg_write_strings(struct mzg_zarr_store *store, const char *path, int64_t n,
                                  mzg_zarr_string_fn *item, const void *source, struct mzg_error *err);

/* Writes one string, or one number. */
enum mzg_status mzg_write_text(struct mzg_zarr_store *store, const char *path, const char *text,
                               struct mzg_error *err);
enum mzg_status mzg_write_number(struct mzg_zarr_store *store, const char *path, enum mzg_type type,
                                 const void *value, struct mzg_error *err);

/* Writes a frame as AnnData's "dataframe". */
enum mzg_status mzg_write_frame(struct mzg_zarr_store *store, const char *path, const struct mzg_frame *frame,
                                struct mzg_codec codec, struct mzg_error *err);

/* Writes the members of a JSON object as elements of the group at `path`, which is declared already: objects
 * become groups, arrays of one kind of value arrays, other arrays groups with the members "0", "1" …; null is
 * left out. Keys become names that SpatialData allows: letters, digits, '_', '-' and '.', unique when case is
 * ignored. */
enum mzg_status mzg_write_tree(struct mzg_zarr_store *store, const char *path, const json_t *tree,
                               struct mzg_codec codec, struct mzg_error *err);

#endif
