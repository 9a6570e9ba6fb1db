/*
 * One conversion, from an input to a SpatialData store, by all ranks of a communicator.
 */
#ifndef MZGRID_CONVERT_H
#define MZGRID_CONVERT_H

#include <mzgrid/axis.h>
#include <mzgrid/context.h>
#include <mzgrid/error.h>
#include <mzgrid/export.h>
#include <mzgrid/input.h>
#include <mzgrid/peaks.h>
#include <mzgrid/progress.h>
#include <mzgrid/resample.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How X is stored: by columns, by rows, or with its zeros; or by columns and, in layers["csr"], the same
 * values by rows. */
enum mzg_layout { MZG_LAYOUT_CSC, MZG_LAYOUT_CSR, MZG_LAYOUT_DENSE, MZG_LAYOUT_CSC_CSR };

/* As what values, computed in double, are stored. */
enum mzg_dtype { MZG_DTYPE_FLOAT32, MZG_DTYPE_FLOAT64 };

/* Where resampled rows wait. */
enum mzg_streaming {
    MZG_STREAMING_AUTO,   /* in memory if they fit, else in a file */
    MZG_STREAMING_HDF5,   /* in one HDF5 file */
    MZG_STREAMING_DIRECT, /* nowhere: they go into the store as they come; not with CSC */
    MZG_STREAMING_OFF     /* in memory that the ranks of the node share, until they outgrow it */
};

/* What becomes of several spectra at one position. */
enum mzg_duplicates { MZG_DUPLICATES_SUM, MZG_DUPLICATES_FIRST, MZG_DUPLICATES_ERROR };

/* What the user asks for. mzg_convert_defaults() gives the defaults; 0, NULL and false mean "not given". */
struct mzg_convert_options {
    size_t size; /* sizeof(struct mzg_convert_options); mzg_convert_defaults() sets it */
    const char *input;
    const char *output;

    struct mzg_axis_spec axis; /* min_mz, max_mz 0: from metadata, else by scanning; no strategy: what the
                                * data tell, else 5 mDa at m/z 1000 (17 mDa at 300 for linear_tof) */
    double bin_steps;          /* in place of a bin width: so many sampling steps of profiles; 0: not given */
    bool axis_type_auto;       /* native if spectra share their m/z and no width is given, else the law that
                                * follows from data, instrument or type of the spectra; false: axis.type */
    const char *axis_file; /* an axis that mzg_axis_write() wrote, instead of all of the above; NULL: none */
    bool scan_range;       /* find the range by reading every m/z */
    bool method_auto;      /* choose by spectrum type, and say why; false: */
    enum mzg_method method;
    bool high_accuracy; /* with method_auto: prefer pchip to linear while it is affordable */
    double max_gap;     /* sampling steps beyond which an interval of a profile is read as trimmed zeros; 0:
                         * never; below 0: 3 for profiles in processed mode, else never */
    enum mzg_spectrum_type spectrum_type; /* MZG_SPECTRUM_UNKNOWN: as the input says */
    double min_intensity;                 /* values below are not stored */

    enum mzg_layout layout;
    enum mzg_dtype dtype;
    const char *dataset_id;
    double pixel_size[2];        /* x, y in micrometres; overrides the input's */
    bool ignore_position_offset; /* the input's, which moves its image */
    double z_spacing;            /* micrometres between z planes */
    enum mzg_duplicates duplicates;
    bool allow_large_grid;
    bool overwrite;

    struct mzg_box region;   /* convert only the pixels in it */
    const char *pixels_file; /* convert only those at the positions listed there; NULL: all */
    int64_t ms_level; /* convert only spectra of this ms level; 0: of level 1, or of the only one there is */
    enum mzg_polarity polarity; /* only those of this polarity; unknown: of the only one there is */
    bool mobility_sum; /* that an m/z repeats for each ion mobility is meant; its intensities are added */

    bool strict;
    bool verify; /* the checksum of the ibd, beside the other work */
    bool allow_truncated;
    bool fail_on_error;  /* --on-error fail */
    int64_t max_skipped; /* -1: the larger of 10 pixels and 5 % */
    bool keep_going;     /* no limit on skipped pixels */

    const char *compression; /* of numeric arrays: none, or zstd, blosc-lz4 or blosc-zstd with ":LEVEL", or
                                blosc-zstd:fast; NULL: the last on a native axis, else blosc-zstd */

    int64_t memory_limit; /* bytes for all ranks of a node together; 0: the smaller of 8 GiB and half of what
                             is free */
    enum mzg_streaming streaming;
    int64_t chunk_size; /* pixels; 0: chosen by mzgrid */
    bool dry_run;       /* print the plan and stop; nothing is written */
    bool keep_hdf5;
    const char *temp_dir; /* NULL: beside the output */
    const char *metrics;  /* a file for metrics as lines of JSON; NULL: none */

    const struct mzg_peaks_options *peaks; /* a feature table as well; its memory_limit, table and replace do
                                            * not count; NULL: none */
    const char
        *mpi_info; /* hints of MPI-IO for the file in which rows wait, lines of KEY=VALUE; NULL: none */
};

/* What came of it, the same on all ranks. */
struct mzg_convert_outcome {
    size_t size;           /* sizeof(struct mzg_convert_outcome), set by the caller */
    int64_t pixels;        /* rows of the table */
    int64_t skipped;       /* pixels left out */
    bool skipped_too_many; /* with keep_going: more than allowed otherwise */
    int64_t bins;
    int64_t non_zeros;
    int64_t bytes_read;
    int64_t bytes_written; /* of the finished store */
    int64_t peak_memory;   /* sum over all ranks of each one's peak, bytes */
    double seconds;        /* wall, in all, and by phase: */
    double seconds_open;
    double seconds_axis;
    double seconds_stream;
    double seconds_assemble;
    double seconds_finish;
    struct mzg_peaks_outcome peaks; /* of the feature table, if one was asked for */
};

MZG_BEGIN_API

/* Fills the first `size` bytes of `*options` with the defaults. MZG_EUSAGE for a size that
 * this library does not know. Local. */
enum mzg_status mzg_convert_options_init(struct mzg_convert_options *options, size_t size,
                                         struct mzg_error *err);

/* The same for the struct as it is in this header. Local. */
static inline void mzg_convert_defaults(struct mzg_convert_options *options)
{
    struct mzg_error err;
    (void)mzg_convert_options_init(options, sizeof *options, &err);
}

/* Checks what can be checked without reading the input: MZG_EUSAGE with one sentence. Local. */
enum mzg_status mzg_convert_check(const struct mzg_convert_options *options, struct mzg_error *err);

/* Converts. On failure nothing stands under options->output that was not there before, and every rank returns
 * the same status and text. `progress` may be NULL. Ends with MZG_EINTERRUPTED soon after mzg_context_stop()
 * was called on any rank. Collective. */
enum mzg_status mzg_convert(const struct mzg_context *context, const struct mzg_convert_options *options,
                            const struct mzg_progress *progress, struct mzg_convert_outcome *outcome,
                            struct mzg_error *err);

/* The axis on which several inputs can be converted alike: what mzg_convert() would decide for each, over the
 * union of their ranges; MZG_EUSAGE if it would choose different laws for them. Of `options` the axis,
 * scan_range, spectrum_type, ms_level, polarity, allow_truncated and memory_limit count. All ranks get the
 * axis, or the same status and text. Release with mzg_axis_destroy(). Collective. */
enum mzg_status mzg_convert_axis(const struct mzg_context *context, const struct mzg_convert_options *options,
                                 const char *const *inputs, int n_inputs, struct mzg_axis *axis,
                                 struct mzg_error *err);

/* What mzg_convert() would decide with these options, and why, as the text of a JSON object on rank 0 (NULL
 * elsewhere), to be freed by mzg_free(). Reads the index of the input, a sample of its spectra, and all m/z
 * arrays if nothing else tells the range. Collective. */
enum mzg_status mzg_convert_preview(const struct mzg_context *context,
                                    const struct mzg_convert_options *options, char **decisions,
                                    struct mzg_error *err);

MZG_END_API

#endif
