/* What `mzgrid convert` is asked for: its table of options, and the settings read from it. */
#ifndef MZG_CLI_CONVERT_OPTIONS_H
#define MZG_CLI_CONVERT_OPTIONS_H

#include <cli/options.h>
#include <core/log.h>
#include <mzgrid/convert.h>
#include <mzgrid/peaks.h>

/* What the rows of the table fill in. Words that need more than storing are turned into `convert` afterwards.
 */
struct mzg_convert_settings {
    struct mzg_convert_options convert;
    bool with_peaks; /* then convert.peaks is: */
    struct mzg_peaks_options peaks;
    struct mzg_bin_width {
        double value;
        enum { MZG_WIDTH_DA, MZG_WIDTH_PPM, MZG_WIDTH_STEP } unit;
        bool is_bare; /* without a unit, so that it counts as Da */
    } bin_width;
    struct mzg_hints {
        size_t n;         /* bytes of: */
        char lines[2000]; /* KEY=VALUE */
    } mpi_info;
    double resolution;
    int axis_type;     /* 0: auto, else 1 + enum mzg_axis_type */
    int method;        /* 0: auto, else 1 + enum mzg_method */
    int layout;        /* enum mzg_layout */
    int dtype;         /* enum mzg_dtype */
    int accuracy;      /* 0: normal, 1: high */
    int spectrum_type; /* enum mzg_spectrum_type, unknown for auto */
    int streaming;     /* enum mzg_streaming */
    int duplicates;    /* enum mzg_duplicates */
    int on_error;      /* 0: skip, 1: fail */
    int mobility;      /* 0: skip, 1: sum */
    int polarity;      /* enum mzg_polarity, unknown for auto */
    int64_t threads;
    int progress; /* 0: auto, 1: none, 2: json */
    int verbose;
    bool quiet;
    const char *log_file;
    const char *preview; /* NULL: none */
    bool no_report;
    char *output; /* the output without slashes at its end; owned */
};

extern const struct mzg_option mzg_convert_option_table[];
extern const struct mzg_option mzg_axis_option_table[];

/* Warns of a --bin-width that is so wide, and without a unit, that mDa or ppm may be meant. Local. */
void mzg_warn_of_width(struct mzg_log *log, const struct mzg_convert_settings *settings);

/* Defaults, then what was given; checked as far as can be without reading the input. Release with
 * mzg_convert_settings_destroy(), also after a failure. Local. */
enum mzg_status mzg_convert_settings_read(const struct mzg_arguments *arguments,
                                          struct mzg_convert_settings *settings, struct mzg_error *err);
void mzg_convert_settings_destroy(struct mzg_convert_settings *settings);

/* The same for `mzgrid axis`: convert.output is the file of the axis. There is nothing to release. Local. */
enum mzg_status mzg_axis_settings_read(const struct mzg_arguments *arguments,
                                       struct mzg_convert_settings *settings, struct mzg_error *err);

/* How much the log says. Local. */
enum mzg_log_level mzg_convert_log_level(const struct mzg_convert_settings *settings);

#endif
