/*
 * Pictures of numbers: ion images with axes, scale bar and colour bar, spectra, several of them on one sheet,
 * as PNG; and rasters as OME-TIFF. It knows nothing of stores. Drawing and text are by cairo, files by libpng
 * and libtiff. All functions are local; main thread only.
 */
#ifndef MZG_PICTURE_PICTURE_H
#define MZG_PICTURE_PICTURE_H

#include <mzgrid/error.h>
#include <stdbool.h>
#include <stdint.h>

enum { MZG_PICTURE_TITLE = 160, MZG_PICTURE_CHANNELS = 3 };

/* The name of colour map `number`, NULL behind the last one. The first is the default; all but gray go from
 * dark to bright through colours that the colour-blind tell apart. */
const char *mzg_colours_name(int number);

/* A raster of values, borrowed, C order, NaN in cells without a pixel. */
struct mzg_raster {
    const float *values;
    int64_t width, height;
    double size_x, size_y;     /* of a cell */
    double origin_x, origin_y; /* where the first cell begins */
    bool in_micrometres;       /* else in pixels */
};

/* The mean of the numbers among the cells [x0, x1) x [y0, y1), which lie in the raster; NaN without any.
 * Local. */
double mzg_raster_mean(const struct mzg_raster *raster, int64_t x0, int64_t x1, int64_t y0, int64_t y1);

/* Which values are dark and which are bright. */
struct mzg_limits {
    double low, high;
    bool has_more; /* some values lie above */
};

/* From 0, or below it if there is something, to the percentile of the values that are numbers (linear between
 * neighbours, as numpy). */
enum mzg_status mzg_limits_of(const struct mzg_raster *raster, double percentile, struct mzg_limits *limits,
                              struct mzg_error *err);

/* An image as it is drawn: one channel in a map of colours, or two or three as red, green and blue. */
struct mzg_image_pane {
    struct mzg_raster raster[MZG_PICTURE_CHANNELS]; /* of one size */
    struct mzg_limits limits[MZG_PICTURE_CHANNELS];
    char names[MZG_PICTURE_CHANNELS][MZG_PICTURE_TITLE]; /* of channels, as "m/z 798.5410" */
    int n_channels;
    int colours; /* the map of a single channel */
    char title[MZG_PICTURE_TITLE];
    char subtitle[MZG_PICTURE_TITLE];
    char label[MZG_PICTURE_TITLE]; /* of the colour bar, as "intensity" */
};

/* A picture of at most 256 colours, one byte a dot, rows from the top. */
struct mzg_indexed {
    uint8_t *dots;
    int width, height;
    uint32_t colours[256]; /* 0xRRGGBB */
    int n_colours;
    bool first_is_clear; /* colour 0 lets shine through what is below */
};

/* The picture as the bytes of a PNG, to be freed. MZG_ENOMEM. */
enum mzg_status mzg_indexed_png(const struct mzg_indexed *indexed, unsigned char **png, int64_t *n,
                                struct mzg_error *err);

/* An image without letters, as dots: colour 0 for what has no pixel, which is clear, then 255 of the map
 * `colours` from limits->low to limits->high. Dots are cells, or the means of square blocks of cells if a
 * side would be longer than `side`. `indexed->dots` is to be freed. */
enum mzg_status mzg_indexed_new(const struct mzg_raster *raster, const struct mzg_limits *limits, int colours,
                                int side, struct mzg_indexed *indexed, struct mzg_error *err);

/* n values by m/z, borrowed, ascending; NaN is left out. */
struct mzg_spectrum_pane {
    const double *mz, *values;
    int64_t n;
    char title[MZG_PICTURE_TITLE];
    char subtitle[MZG_PICTURE_TITLE];
    char label[MZG_PICTURE_TITLE]; /* of the axis of intensities */
};

/* What is on one sheet: images in rows as wide as they need, a spectrum below them. `note` is small print. */
struct mzg_sheet {
    const struct mzg_image_pane *images;
    int n_images;
    const struct mzg_spectrum_pane *spectrum; /* NULL: none */
    const char *note;
};

/* Draws a sheet and writes it as PNG into the open file `fd`; `path` is its name for messages. MZG_EIO if it
 * cannot be written. */
enum mzg_status mzg_sheet_write_png(const struct mzg_sheet *sheet, int fd, const char *path,
                                    struct mzg_error *err);

/* A core, and what runs there. */
struct mzg_core_box {
    int number, socket; /* from 0 */
    int rank;           /* the first that runs there, whose colour the box has; -1: none */
    bool is_crowded;    /* several threads do */
    char text[40];
};

/* A host with its sockets. */
struct mzg_host_pane {
    const struct mzg_core_box *cores; /* borrowed, as are the notes */
    int n_cores, n_sockets;
    const char *const *notes; /* sentences below */
    int n_notes;
    bool is_fault; /* these tell of faults */
    char title[MZG_PICTURE_TITLE];
};

/* Draws hosts below each other, with the small print `note`, as SVG or PNG. MZG_EIO if that cannot be
 * written, MZG_ERANGE if it would be too large. */
enum mzg_status mzg_hosts_write(const struct mzg_host_pane *panes, int n, const char *note, bool as_svg,
                                int fd, const char *path, struct mzg_error *err);

/* What happened over the time of a run, all of it borrowed. Times are in seconds since it began, ascending.
 */
struct mzg_chart_phase {
    const char *name;
    double begin, end;
};
/* Values[i] holds from begins[i] to ends[i]. */
struct mzg_chart_series {
    const char *name; /* NULL: the title of the pane says it */
    const double *begins, *ends, *values;
    int n;
};
enum { MZG_CHART_SERIES = 3, MZG_CHART_PANES = 4 };
struct mzg_chart_pane {
    const char *title, *label; /* label: of its axis, with the unit */
    struct mzg_chart_series series[MZG_CHART_SERIES];
    int n_series;
    double least_height; /* its axis goes from 0 to this, or higher */
};
/* Shares from 0 to 1, NaN if there is none, of each row, which is some ranks, in each interval. */
struct mzg_chart_map {
    const char *title;
    const double *begins, *ends;
    const float *values; /* column by column */
    int n_columns, n_rows, ranks_of_row;
};
struct mzg_chart {
    char title[MZG_PICTURE_TITLE], subtitle[MZG_PICTURE_TITLE];
    double seconds; /* above 0 */
    const struct mzg_chart_phase *phases;
    int n_phases;
    struct mzg_chart_pane panes[MZG_CHART_PANES];
    int n_panes;
    struct mzg_chart_map map; /* n_rows 0: none */
};

/* Draws it as SVG or PNG. MZG_EIO if that cannot be written. */
enum mzg_status mzg_chart_write(const struct mzg_chart *line, bool as_svg, int fd, const char *path,
                                struct mzg_error *err);

/* Writes rasters of one size as the channels of an OME-TIFF of float32, cells without a pixel as 0, with the
 * size of a pixel if it is known. `names` are those of the channels, `name` that of the image. */
enum mzg_status mzg_tiff_write(const struct mzg_raster *rasters, const char *const *names, int n,
                               const char *name, int fd, const char *path, struct mzg_error *err);

#endif
