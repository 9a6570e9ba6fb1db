/*
 * The SpatialData container (version 0.2, Zarr v3) of one conversion: one table of pixels × bins, the raster
 * of labels that the table annotates, the image of the total ion current. Built as OUT.zarr.TAG.part,
 * renamed when it is complete.
 */
#ifndef MZG_SPATIALDATA_SPATIALDATA_H
#define MZG_SPATIALDATA_SPATIALDATA_H

#include <anndata/anndata.h>
#include <core/context.h>
#include <core/frame.h>
#include <jansson.h>
#include <mzgrid/error.h>
#include <stdbool.h>
#include <stdint.h>
#include <zarr/zarr.h>

struct mzg_sdata_options {
    const char *path;       /* OUT.zarr */
    const char *dataset_id; /* mzg_check_dataset_id() */
    bool overwrite;         /* an existing OUT.zarr is replaced, at the end */
    bool bare;              /* nothing is declared; dataset_id is the whole name of the table, or NULL */
    struct mzg_codec codec; /* of numeric arrays */
};

struct mzg_sdata;

/* Checks that OUT.zarr can be made and makes OUT.zarr.TAG.part (what a dead run left is removed first).
 * MZG_EIO if OUT.zarr exists, without `overwrite`, or its directory cannot be written. Collective over
 * context->comm. */
enum mzg_status mzg_sdata_new(const struct mzg_context *context, const struct mzg_sdata_options *options,
                              struct mzg_sdata **sdata, struct mzg_error *err);

/* Frees the object and, unless mzg_sdata_finish() succeeded, removes OUT.zarr.TAG.part. Accepts NULL.
 * Collective.
 */
void mzg_sdata_free(struct mzg_sdata *sdata);

/* The Zarr store under construction, and the path of the table's group in it, such as
 * "tables/msi_dataset_z0". Local. */
struct mzg_zarr_store *mzg_sdata_store(struct mzg_sdata *sdata);
const char *mzg_sdata_table_path(const struct mzg_sdata *sdata);

/* The directory in which it is built, until it is finished. Local. */
const char *mzg_sdata_part(const struct mzg_sdata *sdata);

/* The attributes of the root of every store. A new reference, or NULL without memory. Local. */
json_t *mzg_sdata_root_attributes(void);

/* The attributes of the group of a table that annotates `region`, a name or a list of them, whose reference
 * it takes; likewise. */
json_t *mzg_sdata_table_attributes(json_t *region);

/* Another codec for the numeric arrays that are not yet declared; on all ranks. Local. */
void mzg_sdata_set_codec(struct mzg_sdata *sdata, struct mzg_codec codec);

/* The codec of its numeric arrays. Local. */
struct mzg_codec mzg_sdata_codec(const struct mzg_sdata *sdata);

/* The name of the labels element, such as "msi_dataset_z0_pixels": what obs["region"] says. Local. */
const char *mzg_sdata_region(const struct mzg_sdata *sdata);

/* What uns["spatialdata_attrs"] of a table tells: its rows annotate the labels `region`. A new reference, or
 * NULL without memory. Local. */
json_t *mzg_sdata_annotation(const char *region);

/* Writes everything of the table but X. Rank 0's table counts, that of any other rank is not looked at. All
 * ranks return the same status. Collective. */
enum mzg_status mzg_sdata_write_table(struct mzg_sdata *sdata, const struct mzg_anndata *table,
                                      struct mzg_error *err);

/* Writes obs and obsm of the table, whose rows lie on all ranks, as all members of `table` that are looked at
 * are the same on all ranks: mzg_zarr_rows_write(). Then a table without obs is the rest. All ranks return
 * the same status. Collective. */
enum mzg_status mzg_sdata_write_rows(struct mzg_sdata *sdata, const struct mzg_anndata *table,
                                     struct mzg_error *err);

/* Where pixels lie. Rasters are the bounding box min .. max (x, y, z; both ends included) of the
 * pixels; (z, y, x) where max[2] > min[2], else (y, x). */
struct mzg_sdata_geometry {
    int32_t min[3];
    int32_t max[3];
    double pixel_size[3]; /* x, y, z in `unit` */
    double offset[3];     /* by which the input moves its image, in `unit`; part of `origin` */
    double origin[3];     /* of the corner of the raster's first cell, in `unit`: the translation */
    bool in_micrometers;  /* else the unit is the pixel */
    bool allow_large;     /* more than 2^32 cells are not refused */
};

/* Room for some pixels. */
struct mzg_sdata_room {
    int32_t *position[3];
    int32_t *instance_key;
    double *tic;
};

/* The pixels of a rank: n of them, at positions x, y, z. With `load` the arrays are NULL, and it fills those
 * of `room` with `n` pixels from `first` on. */
struct mzg_sdata_pixels {
    int64_t n;
    const int32_t *x;
    const int32_t *y;
    const int32_t *z;
    const int32_t *instance_key;
    const double *tic;
    void (*load)(const void *source, int64_t first, int64_t n, const struct mzg_sdata_room *room);
    const void *source;
    void (*cut)(void *owner, int64_t n); /* called once pixels n and behind are needed no more; may be NULL */
    void *owner;
};

/* The labels (value = instance_key) and the TIC image of the pixels of all ranks, no two at one position.
 * MZG_ERANGE for a pixel outside the geometry's box, which is the same on all ranks, and for a box of more
 * than 2^32 cells that is not allowed. Needs, of each rank, 16 MiB, and 48 bytes for each pixel in the
 * squares of 2048 x 2048 cells that it writes, 24 of them while pixels are loaded, from the last to the
 * first. All ranks return the same status. Collective. */
enum mzg_status mzg_sdata_write_rasters(struct mzg_sdata *sdata, const struct mzg_sdata_geometry *geometry,
                                        const struct mzg_sdata_pixels *pixels, struct mzg_error *err);

/* Everything of mzg_sdata_finish() but the name: metadata last, sync, and every rank looks whether the files
 * that it wrote are there. All ranks return the same status. Collective. */
enum mzg_status mzg_sdata_complete(struct mzg_sdata *sdata, struct mzg_error *err);

/* Completes the store, renames it to OUT.zarr (an existing one changes places with it and is removed), syncs
 * the directory. All ranks return the same status. Collective. */
enum mzg_status mzg_sdata_finish(struct mzg_sdata *sdata, struct mzg_error *err);

#endif
