/*
 * The parts of the table beside X: obs and var frames, positions, skipped pixels, uns. The rows of obs lie on
 * all ranks, as records of the stream, of which its columns are filled when they are written; the rest is
 * built on rank 0. The same objects go into the Zarr store and into a kept HDF5 file.
 */
#ifndef MZG_RUN_TABLE_H
#define MZG_RUN_TABLE_H

#include <anndata/anndata.h>
#include <core/context.h>
#include <core/frame.h>
#include <jansson.h>
#include <mzgrid/convert.h>
#include <run/decide.h>
#include <spatialdata/spatialdata.h>
#include <stream/statistics.h>
#include <stream/stream.h>

/* All arrays are owned; n_rows, n_skips and the frames' shapes are the same on all ranks, the values of var
 * and of skips stand on rank 0 only. */
struct mzg_table {
    int64_t n_rows;
    struct mzg_table_rows *rows; /* what the columns of obs are filled from */

    double *mean_intensity; /* per bin */
    void *max_intensity;    /* of the type of the values */
    int64_t *n_pixels;

    int64_t n_skips;
    int64_t *skip_spectrum;
    int32_t *skip_position[3];
    const char **skip_reason;
    const char **skip_detail; /* the texts lie in the stream's result */

    json_t *uns;
    struct mzg_frame obs;
    struct mzg_frame var;
    struct mzg_frame skipped;
    struct mzg_anndata anndata; /* of the members above */
};

/* Everything the table is made of. */
struct mzg_table_source {
    const struct mzg_convert_options *options;
    const struct mzg_decisions *decisions;
    const struct mzg_reader *reader;
    const struct mzg_axis *axis;
    const struct mzg_statistics *statistics; /* reduced */
    const struct mzg_stream_result *stream;
    const struct mzg_sdata_geometry *geometry;
    const char *region;
};

/* The geometry of the rasters from the input's positions and the options' pixel size. Local. */
void mzg_table_geometry(const struct mzg_convert_options *options, const struct mzg_dataset *dataset,
                        struct mzg_sdata_geometry *geometry);

/* Sets the box of the rasters, and their origin. Local. */
void mzg_table_geometry_box(const struct mzg_dataset *dataset, const int32_t min[3], const int32_t max[3],
                            struct mzg_sdata_geometry *geometry);

/* Cuts the geometry down to the box of the table's pixels, in which their smallest x and y are the first:
 * readers take these for the origin of a raster (spatialdata's rasterize_bins). Collective over
 * context->comm.
 */
void mzg_table_narrow(const struct mzg_context *context, const struct mzg_table *table,
                      const struct mzg_dataset *dataset, struct mzg_sdata_geometry *geometry);

/* The pixels of the rows that this rank holds, for the rasters; valid as long as the table. `spent`: its
 * records, which shrink while the pixels are loaded, or NULL. Local. */
struct mzg_sdata_pixels mzg_table_pixels(const struct mzg_table *table, struct mzg_records *spent);

/* Builds the table, which uses what it is made of as long as it lives. All ranks return the same status.
 * Collective over context->comm. */
enum mzg_status mzg_table_build(const struct mzg_context *context, const struct mzg_table_source *source,
                                struct mzg_table *table, struct mzg_error *err);
void mzg_table_destroy(struct mzg_table *table);

#endif
