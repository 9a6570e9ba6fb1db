/*
 * The parts of the table beside X, as plain columns: obs and var frames, positions, skipped pixels, uns.
 * Built on rank 0 after streaming; the same objects go into the Zarr store and into a kept HDF5 file.
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

/* All arrays are owned; n_rows, n_skips and the frames' shapes are the same on all ranks, the values stand on
 * rank 0 only. */
struct mzg_table {
    int64_t n_rows;
    int64_t *instance_key_text; /* the index of obs */
    int32_t *instance_key;
    int32_t *position[3]; /* x, y, z */
    double *spatial;      /* n_rows × 2: x, y in the unit of the geometry */
    double *spatial_x;
    double *spatial_y;
    int64_t *spectrum_index;
    int32_t *ms_level; /* in obs where levels vary in the input */
    int64_t *n_spectra;
    int64_t *n_points;
    int64_t *dropped_points;
    double *tic;
    double *rms;
    double *median_intensity;
    double *base_peak_mz;
    double *base_peak_intensity;

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
    int64_t n_rows;
};

/* The geometry of the rasters from the input's positions and the options' pixel size. Local. */
void mzg_table_geometry(const struct mzg_convert_options *options, const struct mzg_dataset *dataset,
                        struct mzg_sdata_geometry *geometry);

/* Cuts the geometry down to the box of the table's pixels, in which their smallest x and y are the first:
 * readers take these for the origin of a raster (spatialdata's rasterize_bins). On rank 0. Local. */
void mzg_table_narrow(const struct mzg_table *table, const struct mzg_dataset *dataset,
                      struct mzg_sdata_geometry *geometry);

/* Builds the table. All ranks return the same status. Collective over context->comm. */
enum mzg_status mzg_table_build(const struct mzg_context *context, const struct mzg_table_source *source,
                                struct mzg_table *table, struct mzg_error *err);
void mzg_table_destroy(struct mzg_table *table);

#endif
