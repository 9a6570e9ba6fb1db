/* `mzgrid axis`: one mass axis for several inputs, as a file that `mzgrid convert --mass-axis-file` takes. */
#include <cli/commands.h>
#include <cli/convert_options.h>
#include <cli/new_file.h>
#include <cli/prepare.h>
#include <core/agree.h>
#include <core/context.h>
#include <run/runs.h>

#include <inttypes.h>

static void check_output(const struct mzg_convert_options *options, const struct mzg_arguments *arguments,
                         struct mzg_error *err)
{
    for (int i = 0; i < arguments->n_repeated; i++)
        if (mzg_check_named("-o", options->output, arguments->repeated[i], NULL, err) != MZG_OK)
            return;
    mzg_check_new_file("-o", options->output, NULL, options->overwrite, err);
}

/* On rank 0. */
static void write_axis(const struct mzg_context *context, const struct mzg_axis *axis, const char *path,
                       struct mzg_error *err)
{
    char digest[65];
    if (mzg_axis_write(axis, path, err) != MZG_OK || mzg_axis_digest(axis, digest, err) != MZG_OK)
        return;
    mzg_log_line(context->log, MZG_LOG_INFO,
                 "%s is complete: mass axis %s, %" PRId64 " bins, m/z %.6g to %.6g, SHA-256 %s", path,
                 mzg_axis_type_name(axis->spec.type), axis->n_bins, axis->edges[0], axis->edges[axis->n_bins],
                 digest);
}

static int run(struct mzg_context *context, const struct mzg_arguments *arguments, struct mzg_error *err)
{
    struct mzg_convert_settings settings;
    struct mzg_axis axis = {0};
    if (mzg_axis_settings_read(arguments, &settings, err) == MZG_OK && context->rank == 0)
        check_output(&settings.convert, arguments, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return 0;
    if (mzg_prepare(context, mzg_convert_log_level(&settings), NULL, settings.threads, err) != MZG_OK)
        return 0;
    mzg_warn_of_width(context->log, &settings);
    if (mzg_run_axis(context, &settings.convert, arguments->repeated, arguments->n_repeated, &axis, err) !=
        MZG_OK)
        return 0;
    if (context->rank == 0)
        write_axis(context, &axis, settings.convert.output, err);
    mzg_agree(context->comm, err);
    mzg_axis_destroy(&axis);
    return 0;
}

const struct mzg_command mzg_command_axis = {
    .name = "axis",
    .summary = "Make one mass axis for several imzML files.",
    .description =
        "Decides the mass axis as 'mzgrid convert' would, with the same options, but over the union of the "
        "m/z ranges of all INPUTs, and writes it as JSON to FILE. 'mzgrid convert --mass-axis-file FILE' "
        "then "
        "resamples each of them onto this axis, so that their tables have the same columns.",
    .examples = "mzgrid axis liver.imzML kidney.imzML -o axis.json --bin-width 10ppm\n"
                "mzgrid convert liver.imzML liver.zarr --mass-axis-file axis.json",
    .operands = {"INPUT"},
    .needed = "-o FILE",
    .repeats = true,
    .options = mzg_axis_option_table,
    .run = run,
};
