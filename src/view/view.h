/*
 * A finished store, opened to be looked at: the table in it, windows of its mass axis, ion images, spectra,
 * and where pixels lie. Only what an answer needs is read, chunk by chunk, so that memory does not grow with
 * the matrix. Stores are those of mzgrid in any layout; nothing in them is trusted.
 *
 * Two questions are asked of the matrix: images, sums over ranges of bins for every pixel, and spectra.
 * Columns (csc) answer the first at once, rows (csr) the second, dense chunks both. If a store has only the
 * other of the two, all of its values are read: mzg_view_cost() tells how many.
 *
 * An open view does not change. All functions are local and touch no MPI.
 */
#ifndef MZG_VIEW_VIEW_H
#define MZG_VIEW_VIEW_H

#include <mzgrid/error.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zarr/read.h>

/* A matrix by columns or rows: lines of stored values, each at a place in the other axis. `data` is NULL if
 * the store has no such thing. */
struct mzg_view_lines {
    struct mzg_zarr_input *data, *indices, *indptr;
    int64_t n_lines, n_places;
};

/* Which directory was at a path. */
struct mzg_view_mark {
    bool is_set;
    int64_t device, file;
};

/* To be read; filled by mzg_view_open(). */
struct mzg_view {
    char *store;        /* its path */
    char *name;         /* of the table */
    char *table;        /* "tables/NAME" */
    char *version;      /* of the mzgrid that wrote it; "" if it does not tell */
    const char *layout; /* "csc", "csr", "csc+csr" or "dense" */
    int64_t n_pixels, n_bins;
    double *mz;             /* centres of the bins, ascending */
    const char *edges[2];   /* the columns of var with those of each bin, or peak */
    double mz_low, mz_high; /* outer edges */
    struct mzg_view_lines columns, rows;
    struct mzg_zarr_input *dense; /* NULL, or X as one array */
    const atomic_int *stop;
    struct mzg_view_mark marks[2]; /* of the store and of the table */
};

/* Opens the table `dataset` of the store, with or without the "_z0" at its end; NULL: the only one of bins
 * that a conversion made. `stop` may be NULL and is borrowed. MZG_EIO or MZG_EFORMAT if there is none, or it
 * is not what mzgrid writes, or, if none was named, a table of bins is damaged or only tables of peaks are
 * there; MZG_EUSAGE if there are several to choose from, or none of that name. */
enum mzg_status mzg_view_open(const char *store, const char *dataset, const atomic_int *stop,
                              struct mzg_view **view, struct mzg_error *err);
/* What was read so far is of the store that was opened: no other took its place, or that of the table,
 * meanwhile. MZG_EIO if one did, also in place of a failure that `err` holds, of which it is the cause.
 * Before anything is made of what was read. Accepts NULL. */
enum mzg_status mzg_view_check_same(const struct mzg_view *view, struct mzg_error *err);

/* Accepts NULL. */
void mzg_view_free(struct mzg_view *view);

/* How wide a window is around an m/z: `half` in the unit, to both sides. */
enum mzg_view_unit { MZG_VIEW_BIN, MZG_VIEW_PPM, MZG_VIEW_DA };
struct mzg_view_tolerance {
    enum mzg_view_unit unit; /* MZG_VIEW_BIN: the one bin that holds the m/z; `half` has no meaning */
    double half;
};

/* The bins [first, end) whose centres lie in [low, high]; of a single bin that holds the m/z, low and high
 * are its edges. */
struct mzg_view_window {
    double mz, low, high;
    int64_t first, end;
};

/* Finds the bins of a window. MZG_ERANGE with the nearest bin if there is none. */
enum mzg_status mzg_view_find(const struct mzg_view *view, double mz, struct mzg_view_tolerance tolerance,
                              struct mzg_view_window *window, struct mzg_error *err);

/* What an image or a spectrum is divided by, for each pixel. */
enum mzg_view_norm { MZG_NORM_NONE, MZG_NORM_TIC, MZG_NORM_RMS, MZG_NORM_MEDIAN };

/* For each of the `n` windows the sum over its bins, for each pixel: values[i * n_pixels + row], in double;
 * divided by what `norm` says, and NaN if that is not above 0. */
enum mzg_status mzg_view_images(const struct mzg_view *view, const struct mzg_view_window *windows, int n,
                                enum mzg_view_norm norm, double *values, struct mzg_error *err);

/* The spectrum of the pixel in `row`: n_bins values. */
enum mzg_status mzg_view_spectrum(const struct mzg_view *view, int64_t row, double *values,
                                  struct mzg_error *err);

/* A column of numbers of var, as "mean_intensity", or of obs, as "tic", in double; to be freed. */
enum mzg_status mzg_view_bins(const struct mzg_view *view, const char *name, double **values,
                              struct mzg_error *err);
enum mzg_status mzg_view_pixels(const struct mzg_view *view, const char *name, double **values,
                                struct mzg_error *err);

/* Chunks of obs/x, y or z are not there, and read as zeros: that the pixels lie where the labels of the store
 * have them all the same. MZG_EFORMAT if not, because the chunks were lost. */
enum mzg_status mzg_view_check_places(const struct mzg_view *view, struct mzg_error *err);

/* Whether var or obs, `frame`, has the column. */
bool mzg_view_has_column(const struct mzg_view *view, const char *frame, const char *name);

/* How many values images or spectra take from all of the matrix, because it is stored the other way; 0: only
 * what they need is read. `*bytes` is what they unpack to. */
enum mzg_view_question { MZG_VIEW_IMAGES, MZG_VIEW_SPECTRA };
int64_t mzg_view_cost(const struct mzg_view *view, enum mzg_view_question question, int64_t *bytes);

/* The plane of a raster, as the labels of the store have it. Cell (i, j) is rows[i * width + j]. */
struct mzg_view_raster {
    int64_t width, height;
    int32_t *rows;                /* the row of the pixel in each cell, -1: none */
    double size_x, size_y;        /* of a cell */
    double origin_x, origin_y;    /* where the first cell begins */
    bool in_micrometres;          /* or else 1 is one pixel */
    int64_t z, z_first, n_planes; /* of this plane; of the first one; how many there are */
    size_t n_regions;             /* that the table's rows lie in */
};

/* The plane `z` of the positions in the input, or, if `any_z`, the only one. MZG_EUSAGE if there is no such
 * plane, or there are several to choose from, or the rows lie in several regions. */
enum mzg_status mzg_view_raster(const struct mzg_view *view, bool any_z, int64_t z,
                                struct mzg_view_raster *raster, struct mzg_error *err);
/* What the labels tell of the raster, without its cells: sizes, place and number of planes. If the table's
 * rows lie in several regions, n_regions alone: there is no one raster. */
enum mzg_status mzg_view_place(const struct mzg_view *view, struct mzg_view_raster *raster,
                               struct mzg_error *err);
void mzg_view_raster_destroy(struct mzg_view_raster *raster);

/* The row of the pixel at a position of the input; `z` NULL: there is only one plane. MZG_EUSAGE if no pixel
 * is there, or the rows lie in several regions. */
enum mzg_status mzg_view_pixel_at(const struct mzg_view *view, int64_t x, int64_t y, const int64_t *z,
                                  int64_t *row, struct mzg_error *err);

#endif
