/* Defaults of a conversion, and what can be checked of its options before the input is read. */
#include <run/runs.h>

#include <core/mpi_hints.h>
#include <run/layout.h>
#include <spatialdata/names.h>
#include <zarr/zarr.h>

#include <math.h>
#include <string.h>

void mzg_options_defaults(struct mzg_convert_options *options)
{
    *options = (struct mzg_convert_options){
        .size = sizeof *options,
        .axis_type_auto = true,
        .method_auto = true,
        .dataset_id = "msi_dataset",
        .max_gap = -1,
        .max_skipped = -1,
    };
}

static bool is_at_least_0(double value)
{
    return isfinite(value) && value >= 0;
}

static enum mzg_status check_axis(const struct mzg_convert_options *options, struct mzg_error *err)
{
    const struct mzg_axis_spec *axis = &options->axis;
    bool has_width = axis->bin_width > 0 || options->bin_steps > 0;
    if (has_width && axis->bins > 0)
        return mzg_fail(
            err, MZG_EUSAGE,
            "--bin-width and --bins exclude each other: give the width of the bins or their number");
    if (axis->type == MZG_AXIS_NATIVE && (has_width || axis->bins > 0))
        return mzg_fail(
            err, MZG_EUSAGE,
            "--mass-axis-type native takes the m/z of the spectra as they are: leave out --bin-width, "
            "--resolution and --bins");
    if (axis->bin_width < 0 || !isfinite(axis->bin_width))
        return mzg_fail(err, MZG_EUSAGE, "--bin-width must be above 0, not %g", axis->bin_width);
    if (options->bin_steps < 0 || !isfinite(options->bin_steps) ||
        (options->bin_steps > 0 && axis->bin_width > 0))
        return mzg_fail(err, MZG_EUSAGE, "a bin width is above 0, in Da or in sampling steps, not both");
    if (axis->bins < 0)
        return mzg_fail(err, MZG_EUSAGE, "--bins must be at least 1, not %lld", (long long)axis->bins);
    if (axis->bin_width > 0 && !(axis->reference_mz > 0))
        return mzg_fail(err, MZG_EUSAGE, "--reference-mz must be above 0, not %g", axis->reference_mz);
    if (!is_at_least_0(axis->min_mz) || !is_at_least_0(axis->max_mz))
        return mzg_fail(err, MZG_EUSAGE, "--min-mz and --max-mz must be above 0");
    if (axis->min_mz > 0 && axis->max_mz > 0 && axis->min_mz >= axis->max_mz)
        return mzg_fail(err, MZG_EUSAGE, "--min-mz %g must be below --max-mz %g", axis->min_mz, axis->max_mz);
    return MZG_OK;
}

/* An axis file is a whole axis; nothing else may speak of it. */
static enum mzg_status check_axis_file(const struct mzg_convert_options *options, struct mzg_error *err)
{
    const struct mzg_axis_spec *axis = &options->axis;
    if (options->axis_file &&
        (!options->axis_type_auto || axis->bin_width > 0 || axis->bins > 0 || options->bin_steps > 0 ||
         axis->min_mz > 0 || axis->max_mz > 0 || options->scan_range))
        return mzg_fail(err, MZG_EUSAGE,
                        "--mass-axis-file gives a whole axis: leave out --mass-axis-type, --bin-width, "
                        "--resolution, --bins, --min-mz, --max-mz and --scan-range");
    return MZG_OK;
}

enum mzg_status mzg_check_options(const struct mzg_convert_options *options, struct mzg_error *err)
{
    if (check_axis(options, err) != MZG_OK || check_axis_file(options, err) != MZG_OK ||
        mzg_check_dataset_id(options->dataset_id, err) != MZG_OK)
        return err->status;
    if (!options->input || !options->output)
        return mzg_fail(err, MZG_EUSAGE, "an input and an output are needed");
    if (!options->output[strspn(options->output, "/")])
        return mzg_fail(err, MZG_EUSAGE, "'%s' cannot be an output", options->output);
    if (!is_at_least_0(options->min_intensity))
        return mzg_fail(err, MZG_EUSAGE, "--min-intensity must be 0 or more, not %g", options->min_intensity);
    if (!isfinite(options->max_gap) || (options->max_gap > 0 && options->max_gap < 1))
        return mzg_fail(err, MZG_EUSAGE, "--max-gap must be at least 1 sampling step, not %g",
                        options->max_gap);
    if (options->streaming == MZG_STREAMING_DIRECT && mzg_layout_has_columns(options->layout) &&
        !options->keep_hdf5)
        return mzg_fail(
            err, MZG_EUSAGE,
            "--streaming direct writes rows as they come, which --layout %s does not allow; take --layout "
            "csr or dense, or --streaming auto, hdf5 or off",
            mzg_layout_name((int)options->layout));
    if (options->chunk_size < 0)
        return mzg_fail(err, MZG_EUSAGE, "--chunk-size must be at least 1, not %lld",
                        (long long)options->chunk_size);
    if (!is_at_least_0(options->pixel_size[0]) || !is_at_least_0(options->pixel_size[1]) ||
        !is_at_least_0(options->z_spacing))
        return mzg_fail(err, MZG_EUSAGE, "--pixel-size and --z-spacing must be above 0");
    struct mzg_error inner = {0};
    if (options->mpi_info && mzg_mpi_hints_check(options->mpi_info, &inner) != MZG_OK)
        return mzg_fail(err, MZG_EUSAGE, "--mpi-info: %s", inner.text);
    struct mzg_codec codec;
    return mzg_codec_parse(options->compression, &codec, err);
}
