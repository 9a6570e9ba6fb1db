#include <cli/convert_options.h>
#include <cli/convert_words.h>
#include <cli/new_file.h>
#include <cli/peaks_options.h>
#include <input/reader.h>
#include <run/choices.h>
#include <run/layout.h>
#include <run/runs.h>

#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(struct mzg_convert_settings, field)

static const double max_mz = 1e6;

/* What says how an axis is made, in the tables of convert and of axis. */
/* clang-format off */
#define MASS_AXIS_ROWS \
    {.kind = MZG_OPTION_GROUP, .name = "Mass axis"}, \
    {.kind = MZG_OPTION_CHOICE, .name = "mass-axis-type", .argument = "TYPE", .offset = AT(axis_type), \
     .choice = mzg_axis_type_choice, .standard = "auto", \
     .help = "How the width of the bins grows with m/z. 'native' takes the distinct m/z of the spectra as bins, and " \
             "copies values. 'auto' is 'native' if the spectra share their m/z and no width is given; else the law " \
             "follows from the sampling of profiles, the least distance of centroids, the analyser, the instrument's " \
             "model, or the type of the spectra, whichever tells first."}, \
    {.kind = MZG_OPTION_OWN, .name = "tof-law", .argument = "A:B", .offset = AT(convert.axis), \
     .set = mzg_set_tof_law, \
     .help = "For --mass-axis-type tof: widths grow as the square root of A*m + B*m^2; only the ratio of A " \
             "and B counts."}, \
    {.kind = MZG_OPTION_OWN, .name = "bin-width", .rivals = "resolution bins", .argument = "W[Da|mDa|ppm|step]", .offset = AT(bin_width), \
     .set = mzg_set_bin_width, \
     .standard = "one sampling step of profiles, or the least distance of centroids; if the data show neither, 5mDa at " \
                 "m/z 1000, and for linear_tof 17mDa at m/z 300", \
     .help = "Width of a bin at the reference m/z; a number alone is in Da, 1step is one sampling step of the data."}, \
    {.kind = MZG_OPTION_NUMBER, .name = "resolution", .rivals = "bins", .argument = "R", .offset = AT(resolution), \
     .above_low = true, \
     .help = "Instead of --bin-width: the reference m/z divided by R."}, \
    {.kind = MZG_OPTION_NUMBER, .name = "reference-mz", .argument = "MZ", \
     .offset = AT(convert.axis.reference_mz), .above_low = true, .high = max_mz, .standard = "1000", \
     .help = "The m/z at which bins have the width of --bin-width or --resolution."}, \
    {.kind = MZG_OPTION_INTEGER, .name = "bins", .rivals = "reference-mz", .argument = "N", .offset = AT(convert.axis.bins), \
     .least = 1, .most = INT32_MAX, \
     .help = "Number of bins, instead of --bin-width."}, \
    {.kind = MZG_OPTION_NUMBER, .name = "min-mz", .argument = "MZ", .offset = AT(convert.axis.min_mz), \
     .above_low = true, .high = max_mz, .standard = "as in the input", \
     .help = "The lower end of the axis."}, \
    {.kind = MZG_OPTION_NUMBER, .name = "max-mz", .argument = "MZ", .offset = AT(convert.axis.max_mz), \
     .above_low = true, .high = max_mz, .standard = "as in the input", \
     .help = "The upper end of the axis."}, \
    {.kind = MZG_OPTION_FLAG, .name = "scan-range", .offset = AT(convert.scan_range), \
     .help = "Find the range by reading every m/z of the input, whatever its metadata say."}

#define KIND_ROWS \
    {.kind = MZG_OPTION_INTEGER, .name = "ms-level", .argument = "N", .offset = AT(convert.ms_level), .least = 1, \
     .most = MZG_MS_LEVELS - 1, .standard = "1, or the only one that there is", \
     .help = "Read only spectra of this ms level. mzgrid never adds spectra of different levels."}, \
    {.kind = MZG_OPTION_CHOICE, .name = "polarity", .argument = "POLARITY", .offset = AT(polarity), \
     .choice = mzg_polarity_choice, .standard = "auto", \
     .help = "Read only spectra of this polarity. 'auto' takes the only one that there is; an input of both is " \
             "refused, because mzgrid never mixes them."}

#define SPECTRUM_TYPE_ROW \
    {.kind = MZG_OPTION_CHOICE, .name = "spectrum-type", .argument = "TYPE", .offset = AT(spectrum_type), \
     .choice = mzg_spectrum_type_choice, .standard = "auto", \
     .help = "What the spectra are, whatever the input says."}
/* clang-format on */

/* One row each, as a table is read. */
/* clang-format off */
const struct mzg_option mzg_convert_option_table[] = {
    MASS_AXIS_ROWS,
    {.kind = MZG_OPTION_TEXT, .name = "mass-axis-file", .rivals = "mass-axis-type tof-law bin-width resolution reference-mz bins min-mz max-mz scan-range", .argument = "FILE", .offset = AT(convert.axis_file),
     .help = "Take the whole axis from FILE, which 'mzgrid axis' wrote, so that several outputs share it; excludes "
             "all options above."},

    {.kind = MZG_OPTION_GROUP, .name = "Part of the input"},
    {.kind = MZG_OPTION_OWN, .name = "region", .argument = "X0:X1,Y0:Y1[,Z0:Z1]", .offset = AT(convert.region),
     .set = mzg_set_region, .standard = "all pixels",
     .help = "Convert only the pixels in this box, both ends included, by the positions of the input."},
    {.kind = MZG_OPTION_TEXT, .name = "pixels", .argument = "FILE", .offset = AT(convert.pixels_file),
     .standard = "all pixels",
     .help = "Convert only the pixels at the positions that FILE lists, 'x y' or 'x y z' on each line; with --region "
             "those that are in both."},
    KIND_ROWS,

    {.kind = MZG_OPTION_GROUP, .name = "Resampling"},
    {.kind = MZG_OPTION_CHOICE, .name = "interpolation-method", .argument = "METHOD", .offset = AT(method),
     .choice = mzg_method_choice, .standard = "auto",
     .help = "How a spectrum becomes values of bins; 'auto' follows from the type of the spectra."},
    {.kind = MZG_OPTION_CHOICE, .name = "accuracy", .argument = "LEVEL", .offset = AT(accuracy),
     .choice = mzg_accuracy_choice, .standard = "normal",
     .help = "With 'high', 'auto' takes pchip instead of linear, unless that would take one core more than about a quarter of an hour."},
    {.kind = MZG_OPTION_OWN, .name = "max-gap", .argument = "none|auto|STEPS", .offset = AT(convert.max_gap),
     .set = mzg_set_max_gap, .standard = "auto",
     .help = "Read an interval of more than STEPS sampling steps as zeros that were trimmed away; 'auto' is 3 "
             "for profiles in processed mode and none for all others."},
    SPECTRUM_TYPE_ROW,
    {.kind = MZG_OPTION_NUMBER, .name = "min-intensity", .argument = "I",
     .offset = AT(convert.min_intensity), .standard = "0",
     .help = "Values below I are not stored."},
    {.kind = MZG_OPTION_CHOICE, .name = "mobility", .argument = "HOW", .offset = AT(mobility),
     .choice = mzg_mobility_choice, .standard = "skip",
     .help = "What to do with an array of ion mobilities: leave it out with a warning (skip), or add up the intensities of "
             "an m/z that repeats for each mobility (sum)."},

    {.kind = MZG_OPTION_GROUP, .name = "Output"},
    {.kind = MZG_OPTION_CHOICE, .name = "layout", .argument = "LAYOUT", .offset = AT(layout),
     .choice = mzg_layout_name, .standard = "csc",
     .help = "How the matrix of pixels and bins is stored: csc is fast for ion images, csr for spectra; csc+csr stores "
             "the values twice, by columns in X and by rows in layers/csr, is fast for both, and makes the store about "
             "twice as large; dense stores zeros as well."},
    {.kind = MZG_OPTION_CHOICE, .name = "dtype", .argument = "TYPE", .offset = AT(dtype),
     .choice = mzg_dtype_name, .standard = "float32",
     .help = "The type of the stored values, which are computed in double precision."},
    {.kind = MZG_OPTION_TEXT, .name = "compression", .argument = "CODEC", .choice = mzg_codec_choice, .offset = AT(convert.compression),
     .standard = "blosc-zstd:fast if the mass axis is native, else blosc-zstd",
     .help = "Codec of numeric arrays: none, zstd, blosc-lz4 or blosc-zstd; a level may follow, as in zstd:3. Without one, "
             "blosc-zstd takes 1, and 2 for integers; blosc-zstd:fast takes a third of the time and mostly up to a fifth more space."},
    {.kind = MZG_OPTION_TEXT, .name = "dataset-id", .argument = "NAME", .offset = AT(convert.dataset_id),
     .standard = "msi_dataset",
     .help = "The names of all elements of the store begin with it; letters, digits, '_', '-' and '.'."},
    {.kind = MZG_OPTION_OWN, .name = "pixel-size", .argument = "X[:Y]", .offset = AT(convert.pixel_size),
     .set = mzg_set_pixel_size, .standard = "as in the input",
     .help = "Size of a pixel in micrometres. Without Y, pixels are square."},
    {.kind = MZG_OPTION_FLAG, .name = "ignore-position-offset", .offset = AT(convert.ignore_position_offset),
     .help = "Leave out the absolute position offset (IMS:1000053, IMS:1000054) of the input, so that positions count from "
             "its first row and column."},
    {.kind = MZG_OPTION_NUMBER, .name = "z-spacing", .argument = "Z", .offset = AT(convert.z_spacing),
     .above_low = true,
     .help = "Distance of neighbouring z planes in micrometres."},
    {.kind = MZG_OPTION_CHOICE, .name = "duplicates", .argument = "HOW", .offset = AT(duplicates),
     .choice = mzg_duplicates_name, .standard = "sum",
     .help = "What to do with several spectra at one position: add them, use the first, or refuse the "
             "input."},
    {.kind = MZG_OPTION_FLAG, .name = "allow-large-grid", .offset = AT(convert.allow_large_grid),
     .help = "Write rasters of more than 2^32 cells."},
    {.kind = MZG_OPTION_FLAG, .name = "overwrite", .offset = AT(convert.overwrite),
     .help = "Replace an existing output, once the new one is complete."},

    {.kind = MZG_OPTION_GROUP, .name = "Peaks"},
    {.kind = MZG_OPTION_FLAG, .name = "peaks", .offset = AT(with_peaks),
     .help = "Write a feature table as well, as 'mzgrid peaks' does: pixels and peaks instead of bins. --peak-list and --snr turn it on, too."},
    MZG_PEAKS_ROWS(AT(peaks)),

    {.kind = MZG_OPTION_GROUP, .name = "Faulty input"},
    {.kind = MZG_OPTION_FLAG, .name = "strict", .offset = AT(convert.strict),
     .help = "Refuse an input whose UUID, checksum, sizes or terms contradict each other, instead of "
             "warning."},
    {.kind = MZG_OPTION_FLAG, .name = "verify", .offset = AT(convert.verify),
     .help = "Compute the checksum of the .ibd beside the other work, and warn if it is not the one that the "
             "input states; --strict computes it before all else."},
    {.kind = MZG_OPTION_FLAG, .name = "allow-truncated", .offset = AT(convert.allow_truncated),
     .help = "Use the complete spectra of an imzML file that ends early."},
    {.kind = MZG_OPTION_CHOICE, .name = "on-error", .argument = "HOW", .offset = AT(on_error),
     .choice = mzg_on_error_choice, .standard = "skip",
     .help = "What to do with a pixel that cannot be read: leave it out and go on, or end the run."},
    {.kind = MZG_OPTION_INTEGER, .name = "max-skipped", .argument = "N", .offset = AT(convert.max_skipped),
     .least = 0, .most = INT64_MAX, .standard = "the larger of 10 pixels and 5 %",
     .help = "End the run if more than N pixels cannot be read."},
    {.kind = MZG_OPTION_FLAG, .name = "keep-going", .offset = AT(convert.keep_going),
     .help = "Go on however many pixels cannot be read; the exit status is 3 if the run would have "
             "ended."},

    {.kind = MZG_OPTION_GROUP, .name = "Running"},
    {.kind = MZG_OPTION_SIZE, .name = "memory-limit", .argument = "SIZE", .offset = AT(convert.memory_limit),
     .standard = "the smaller of 8G and half of what the node has free",
     .help = "Memory for all ranks of a node together, such as 900M or 16G."},
    {.kind = MZG_OPTION_CHOICE, .name = "streaming", .argument = "HOW", .offset = AT(streaming),
     .choice = mzg_streaming_name, .standard = "auto",
     .help = "Where resampled rows wait: 'hdf5' in one HDF5 file that all ranks write; 'direct' nowhere, because they go "
             "into the store as they come (not with csc or csc+csr); 'off' in memory, if all ranks are on one node, until they "
             "outgrow a third of the limit, or half of it with csc and csc+csr; 'auto' takes 'off' if they fit. The result does "
             "not depend on it."},
    {.kind = MZG_OPTION_FLAG, .name = "dry-run", .offset = AT(convert.dry_run),
     .help = "Print the plan, with what each buffer takes, and stop."},
    {.kind = MZG_OPTION_OWN, .name = "chunk-size", .argument = "N|auto", .offset = AT(convert.chunk_size),
     .set = mzg_set_chunk_size, .standard = "auto",
     .help = "Pixels that a rank works on at a time. The result does not depend on it."},
    {.kind = MZG_OPTION_INTEGER, .name = "threads", .argument = "N", .offset = AT(threads), .least = 1,
     .most = 4096, .standard = "the cores that the launcher gave the rank",
     .help = "Threads of each rank that compute, its main thread among them."},
    {.kind = MZG_OPTION_FLAG, .name = "keep-hdf5", .offset = AT(convert.keep_hdf5),
     .help = "Keep the intermediate HDF5 file, which any AnnData reader opens (.h5ad); implies --streaming hdf5."},
    {.kind = MZG_OPTION_TEXT, .name = "temp-dir", .argument = "DIR", .offset = AT(convert.temp_dir),
     .standard = "beside the output",
     .help = "Directory of the intermediate HDF5 file; with several nodes, one that all of them share."},
    {.kind = MZG_OPTION_OWN, .name = "mpi-info", .argument = "KEY=VALUE", .offset = AT(mpi_info),
     .set = mzg_set_mpi_info, .adds = true,
     .help = "Make the intermediate HDF5 file by MPI-IO with this hint, such as striping_factor=8; may be given more than "
             "once. Hints about transfers do nothing, because rows are not written by MPI-IO."},

    {.kind = MZG_OPTION_GROUP, .name = "Messages"},
    {.kind = MZG_OPTION_CHOICE, .name = "progress", .argument = "HOW", .offset = AT(progress),
     .choice = mzg_progress_choice, .standard = "auto",
     .help = "'auto' draws a bar on a terminal, and elsewhere writes a line every 10 seconds; 'json' writes lines of JSON "
             "to standard output, for programs, and the failure of the run as the last of them."},
    {.kind = MZG_OPTION_REPEAT, .name = "verbose", .rivals = "quiet", .letter = 'v', .offset = AT(verbose),
     .help = "Say how it is done; -vv says more."},
    {.kind = MZG_OPTION_FLAG, .name = "quiet", .letter = 'q', .offset = AT(quiet),
     .help = "Only warnings and errors."},
    {.kind = MZG_OPTION_TEXT, .name = "log-file", .argument = "FILE", .offset = AT(log_file),
     .help = "Append all messages, with their times, to FILE as well."},
    {.kind = MZG_OPTION_TEXT, .name = "preview", .argument = "FILE.png", .offset = AT(preview),
     .help = "At the end draw the total ion current, the strongest peak and the mean spectrum into FILE.png. If that fails, "
             "the store stands, and a warning says so."},
    {.kind = MZG_OPTION_FLAG, .name = "no-report", .offset = AT(no_report),
     .help = "Write no OUTPUT.zarr.report.html, the page that shows what was made. An earlier report of that name is removed, because its "
             "store is replaced."},
    {.kind = MZG_OPTION_TEXT, .name = "metrics", .argument = "FILE", .offset = AT(convert.metrics),
     .help = "Write where time and memory go to FILE, in lines of JSON."},
    {0},
};
/* clang-format on */

/* clang-format off */
const struct mzg_option mzg_axis_option_table[] = {
    {.kind = MZG_OPTION_GROUP, .name = "Output"},
    {.kind = MZG_OPTION_TEXT, .name = "output", .letter = 'o', .argument = "FILE", .offset = AT(convert.output),
     .help = "The file of the axis, in JSON. Must be given."},
    {.kind = MZG_OPTION_FLAG, .name = "overwrite", .offset = AT(convert.overwrite),
     .help = "Replace FILE if it exists."},

    MASS_AXIS_ROWS,

    {.kind = MZG_OPTION_GROUP, .name = "Inputs"},
    SPECTRUM_TYPE_ROW,
    KIND_ROWS,
    {.kind = MZG_OPTION_FLAG, .name = "allow-truncated", .offset = AT(convert.allow_truncated),
     .help = "Use the complete spectra of an imzML file that ends early."},
    {.kind = MZG_OPTION_INTEGER, .name = "threads", .argument = "N", .offset = AT(threads), .least = 1,
     .most = 4096, .standard = "the cores that the launcher gave the rank",
     .help = "Threads of each rank that compute, its main thread among them."},
    {.kind = MZG_OPTION_SIZE, .name = "memory-limit", .argument = "SIZE", .offset = AT(convert.memory_limit),
     .standard = "the smaller of 8G and half of what the node has free",
     .help = "Memory for all ranks of a node together, such as 900M or 16G."},
    {.kind = MZG_OPTION_FLAG, .name = "quiet", .letter = 'q', .offset = AT(quiet),
     .help = "Only warnings and errors."},
    {0},
};
/* clang-format on */

static enum mzg_status read_output_path(const char *path, struct mzg_convert_settings *settings,
                                        struct mzg_error *err)
{
    settings->output = strdup(path);
    if (!settings->output)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the path of the output");
    size_t length = strlen(settings->output);
    while (length > 1 && settings->output[length - 1] == '/')
        settings->output[--length] = '\0';
    settings->convert.output = settings->output;
    return mzg_check_ending("OUTPUT.zarr", settings->output, ".zarr", err);
}

static enum mzg_status translate_axis(const struct mzg_arguments *arguments,
                                      struct mzg_convert_settings *settings, struct mzg_error *err)
{
    struct mzg_axis_spec *axis = &settings->convert.axis;
    settings->convert.axis_type_auto = settings->axis_type == 0;
    if (settings->axis_type > 0)
        axis->type = (enum mzg_axis_type)(settings->axis_type - 1);
    bool is_tof = settings->axis_type == 1 + MZG_AXIS_TOF;
    if (is_tof != mzg_arguments_has(arguments, "tof-law"))
        return mzg_fail(err, MZG_EUSAGE, "--mass-axis-type tof and --tof-law A:B need each other");

    bool has_width = mzg_arguments_has(arguments, "bin-width");
    bool has_resolution = mzg_arguments_has(arguments, "resolution");
    if (has_width && has_resolution)
        return mzg_fail(err, MZG_EUSAGE,
                        "--bin-width and --resolution both say how wide a bin is: give one of them");
    if (!has_width && !has_resolution) {
        if (mzg_arguments_has(arguments, "reference-mz"))
            return mzg_fail(
                err, MZG_EUSAGE,
                "--reference-mz needs --bin-width or --resolution, because it says at which m/z they hold");
        return MZG_OK;
    }
    if (has_width && settings->bin_width.unit == MZG_WIDTH_STEP) {
        if (mzg_arguments_has(arguments, "reference-mz"))
            return mzg_fail(err, MZG_EUSAGE,
                            "--bin-width in steps follows the data at every m/z: leave out --reference-mz");
        settings->convert.bin_steps = settings->bin_width.value;
        return MZG_OK;
    }
    if (!mzg_arguments_has(arguments, "reference-mz"))
        axis->reference_mz = 1000;
    if (has_resolution)
        axis->bin_width = axis->reference_mz / settings->resolution;
    else if (settings->bin_width.unit == MZG_WIDTH_PPM)
        axis->bin_width = settings->bin_width.value * axis->reference_mz / 1e6;
    else
        axis->bin_width = settings->bin_width.value;
    return MZG_OK;
}

/* Turns the words that were read into the conversion's own terms. */
static enum mzg_status translate(const struct mzg_arguments *arguments, struct mzg_convert_settings *settings,
                                 struct mzg_error *err)
{
    struct mzg_convert_options *convert = &settings->convert;
    convert->method_auto = settings->method == 0;
    if (settings->method > 0)
        convert->method = (enum mzg_method)(settings->method - 1);
    convert->high_accuracy = settings->accuracy == 1;
    convert->spectrum_type = (enum mzg_spectrum_type)settings->spectrum_type;
    convert->layout = (enum mzg_layout)settings->layout;
    convert->dtype = (enum mzg_dtype)settings->dtype;
    convert->streaming = (enum mzg_streaming)settings->streaming;
    convert->duplicates = (enum mzg_duplicates)settings->duplicates;
    convert->fail_on_error = settings->on_error == 1;
    convert->mobility_sum = settings->mobility == 1;
    convert->polarity = (enum mzg_polarity)settings->polarity;
    convert->mpi_info = settings->mpi_info.n > 0 ? settings->mpi_info.lines : NULL;

    if (mzg_arguments_has(arguments, "snr") && settings->peaks.list)
        return mzg_fail(
            err, MZG_EUSAGE,
            "--snr is for peaks that mzgrid picks, but --peak-list names them: give one of the two");
    if (mzg_arguments_has(arguments, "tolerance") && !settings->peaks.list)
        return mzg_fail(err, MZG_EUSAGE,
                        "--tolerance is for the peaks of a --peak-list: give one, or leave it out");
    if (settings->with_peaks || settings->peaks.list || mzg_arguments_has(arguments, "snr"))
        convert->peaks = &settings->peaks;

    if (settings->quiet && settings->verbose > 0)
        return mzg_fail(err, MZG_EUSAGE, "--quiet and --verbose contradict each other");
    return translate_axis(arguments, settings, err);
}

enum mzg_status mzg_convert_settings_read(const struct mzg_arguments *arguments,
                                          struct mzg_convert_settings *settings, struct mzg_error *err)
{
    *settings = (struct mzg_convert_settings){0};
    mzg_convert_defaults(&settings->convert);
    mzg_peaks_defaults(&settings->peaks);
    settings->convert.input = arguments->operands[0];
    if (read_output_path(arguments->operands[1], settings, err) != MZG_OK ||
        mzg_arguments_apply(arguments, settings, err) != MZG_OK ||
        translate(arguments, settings, err) != MZG_OK)
        return err->status;
    return mzg_check_options(&settings->convert, err);
}

enum mzg_status mzg_axis_settings_read(const struct mzg_arguments *arguments,
                                       struct mzg_convert_settings *settings, struct mzg_error *err)
{
    *settings = (struct mzg_convert_settings){0};
    mzg_convert_defaults(&settings->convert);
    settings->convert.input = arguments->operands[0];
    if (mzg_arguments_apply(arguments, settings, err) != MZG_OK ||
        translate_axis(arguments, settings, err) != MZG_OK)
        return err->status;
    settings->convert.spectrum_type = (enum mzg_spectrum_type)settings->spectrum_type;
    settings->convert.polarity = (enum mzg_polarity)settings->polarity;
    if (!settings->convert.output)
        return mzg_fail(err, MZG_EUSAGE, "the file of the axis is missing: give it with -o FILE");
    return mzg_check_options(&settings->convert, err);
}

void mzg_warn_of_width(struct mzg_log *log, const struct mzg_convert_settings *settings)
{
    const struct mzg_bin_width *width = &settings->bin_width;
    if (width->is_bare && width->value > 1)
        mzg_log_line(log, MZG_LOG_WARNING,
                     "--bin-width %g is %g Da, because it has no unit; say %gmDa or %gppm if that is meant",
                     width->value, width->value, width->value, width->value);
}

void mzg_convert_settings_destroy(struct mzg_convert_settings *settings)
{
    free(settings->output);
    *settings = (struct mzg_convert_settings){0};
}

enum mzg_log_level mzg_convert_log_level(const struct mzg_convert_settings *settings)
{
    if (settings->quiet)
        return MZG_LOG_WARNING;
    return settings->verbose == 0 ? MZG_LOG_INFO : settings->verbose == 1 ? MZG_LOG_DETAIL : MZG_LOG_DEBUG;
}
