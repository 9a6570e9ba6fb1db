/* `mzgrid info`: what an input is, on standard output. Rank 0 alone does it. */
#include <cli/commands.h>
#include <cli/json_text.h>
#include <cli/output.h>
#include <core/agree.h>
#include <core/context.h>
#include <mzgrid/reader.h>

#include <jansson.h>
#include <stdio.h>

struct info_settings {
    bool json;
};

/* One row each, as a table is read. */
/* clang-format off */
static const struct mzg_option options[] = {
    {.kind = MZG_OPTION_GROUP, .name = "Options"},
    {.kind = MZG_OPTION_FLAG, .name = "json", .offset = offsetof(struct info_settings, json),
     .help = "Print JSON instead of text."},
    {0},
};
/* clang-format on */

static enum mzg_status print_description(const char *path, bool as_json, struct mzg_error *err)
{
    json_t *description = NULL;
    if (mzg_reader_describe(path, &description, err) != MZG_OK)
        return err->status;
    if (!as_json)
        mzg_json_print_text(stdout, description);
    else if (json_dumpf(description, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) == 0)
        putchar('\n');
    json_decref(description);
    return mzg_output_flush(err);
}

static int run(struct mzg_context *context, const struct mzg_arguments *arguments, struct mzg_error *err)
{
    struct info_settings settings = {0};
    mzg_arguments_apply(arguments, &settings, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return 0;
    if (context->rank == 0)
        print_description(arguments->operands[0], settings.json, err);
    mzg_agree(context->comm, err);
    return 0;
}

const struct mzg_command mzg_command_info = {
    .name = "info",
    .summary = "Tell what an imzML file is, from its header and sizes.",
    .description =
        "Prints what INPUT is: format, number of spectra and pixels, image size, spectrum type, instrument. "
        "Only the header and the sizes of the files are read, so that it takes no longer for large inputs.",
    .operands = {"INPUT"},
    .options = options,
    .run = run,
};
