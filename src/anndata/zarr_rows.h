/*
 * Arrays of a Zarr store whose rows lie on all ranks. Each rank makes chunks of the pieces that it holds, and
 * they go, compressed, to the rank that writes their file: the files are dealt to the ranks in turn. So obs
 * is made by all ranks, and none holds more of it than a piece of rows and the chunks that it writes next.
 */
#ifndef MZG_ANNDATA_ZARR_ROWS_H
#define MZG_ANNDATA_ZARR_ROWS_H

#include <anndata/anndata.h>
#include <core/context.h>
#include <zarr/zarr.h>

/* An array, and the column that its rows are. */
struct mzg_zarr_rows_array {
    struct mzg_zarr_array *array;
    enum mzg_type type;
    int64_t width;       /* values of a row */
    int64_t chunk;       /* rows of an inner chunk */
    int64_t file_chunks; /* inner chunks of a file */
    struct mzg_row_column of_rows;
};

/* Begins with all zero. */
struct mzg_zarr_rows {
    int n;
    struct mzg_zarr_rows_array arrays[MZG_ANNDATA_MAX_OF_ROWS];
};

/* Takes note of an array that was declared on all ranks; everything is borrowed. MZG_EUSAGE without `rows`.
 * Local. */
enum mzg_status mzg_zarr_rows_add(struct mzg_zarr_rows *rows, struct mzg_zarr_array *array,
                                  const struct mzg_zarr_array_spec *spec, struct mzg_row_column of_rows,
                                  struct mzg_error *err);

/* Writes `n_rows` rows of all these arrays, which are the same on all ranks. Takes, beside the arrays of a
 * piece, the compressed chunks of it, and those that this rank writes, of at most a file for each array. All
 * ranks return the same status. Collective over context->comm. */
enum mzg_status mzg_zarr_rows_write(const struct mzg_zarr_rows *rows, const struct mzg_context *context,
                                    int64_t n_rows, struct mzg_error *err);

#endif
