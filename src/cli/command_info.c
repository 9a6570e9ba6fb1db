/* `mzgrid info`: what an input or a store is, on standard output. Rank 0 alone reads headers; decisions take
 * all ranks. */
#include <cli/commands.h>
#include <cli/json_print.h>
#include <cli/output.h>
#include <cli/prepare.h>
#include <core/agree.h>
#include <core/context.h>
#include <core/json.h>
#include <input/reader.h>
#include <run/runs.h>
#include <view/describe.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct info_settings {
    bool json;
    bool decisions;
    int64_t memory_limit;
    const char *dataset;
};

/* One row each, as a table is read. */
/* clang-format off */
static const struct mzg_option options[] = {
    {.kind = MZG_OPTION_GROUP, .name = "Options"},
    {.kind = MZG_OPTION_FLAG, .name = "json", .offset = offsetof(struct info_settings, json),
     .help = "Print JSON instead of text."},
    {.kind = MZG_OPTION_FLAG, .name = "decisions", .offset = offsetof(struct info_settings, decisions), .only_typed = true,
     .help = "Also print which mass axis, range and method 'mzgrid convert' would choose, and why. This reads the "
             "whole imzML file and some spectra."},
    {.kind = MZG_OPTION_TEXT, .name = "dataset", .argument = "NAME", .offset = offsetof(struct info_settings, dataset),
     .help = "The table, if the store has several; the _z0 at its end may be left out."},
    {.kind = MZG_OPTION_SIZE, .name = "memory-limit", .argument = "SIZE",
     .offset = offsetof(struct info_settings, memory_limit),
     .standard = "the smaller of 8G and half of what the node has free",
     .help = "With --decisions: refuse an input whose largest spectrum would take more memory."},
    {0},
};
/* clang-format on */

/* Takes the reference. */
static enum mzg_status print_json(json_t *description, bool as_json, struct mzg_error *err)
{
    if (!as_json)
        mzg_json_print_text(stdout, description);
    else
        mzg_json_print(stdout, description, err);
    json_decref(description);
    return err->status == MZG_OK ? mzg_output_flush(err) : err->status;
}

/* A directory, or what is not there and called like one. */
static bool is_store(const char *path)
{
    struct stat info;
    size_t n = strlen(path);
    if (stat(path, &info) == 0)
        return S_ISDIR(info.st_mode);
    return n > 5 && strcmp(path + n - 5, ".zarr") == 0;
}

/* On rank 0. */
static enum mzg_status print_store(const struct mzg_context *context, const char *path,
                                   const struct info_settings *settings, struct mzg_error *err)
{
    struct mzg_view *view = NULL;
    json_t *description = NULL;
    if (mzg_view_open(path, settings->dataset, context->stop, &view, err) == MZG_OK)
        mzg_view_describe(view, &description, err);
    if (mzg_view_check_same(view, err) == MZG_OK)
        print_json(description, settings->json, err);
    else
        json_decref(description);
    mzg_view_free(view);
    return err->status;
}

/* On rank 0. `decisions` may be NULL. */
static enum mzg_status print_description(const char *path, json_t *decisions, bool as_json,
                                         struct mzg_error *err)
{
    json_t *description = NULL;
    if (mzg_reader_describe(path, &description, err) != MZG_OK)
        return err->status;
    if (decisions)
        description = mzg_json_with(description, "decisions", json_incref(decisions));
    if (!description)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its description", path);
    return print_json(description, as_json, err);
}

/* What convert would decide without options. Collective. */
static enum mzg_status decide(struct mzg_context *context, const char *path, int64_t memory_limit,
                              json_t **decisions, struct mzg_error *err)
{
    struct mzg_convert_options convert;
    mzg_convert_defaults(&convert);
    convert.input = path;
    convert.memory_limit = memory_limit;
    if (mzg_prepare(context, MZG_LOG_WARNING, NULL, 1, err) != MZG_OK)
        return err->status;
    return mzg_run_preview(context, &convert, decisions, err);
}

static int run(struct mzg_context *context, const struct mzg_arguments *arguments, struct mzg_error *err)
{
    struct info_settings settings = {0};
    json_t *decisions = NULL;
    const char *path = arguments->operands[0];
    bool of_store = is_store(path);
    if (mzg_arguments_apply(arguments, &settings, err) == MZG_OK && of_store && settings.decisions)
        mzg_fail(err, MZG_EUSAGE,
                 "--decisions is about inputs; leave it out, because a store tells what was decided");
    else if (err->status == MZG_OK && !of_store && settings.dataset)
        mzg_fail(err, MZG_EUSAGE, "--dataset chooses the table of a store, and %s is not a store", path);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return 0;
    if (settings.decisions && decide(context, path, settings.memory_limit, &decisions, err) != MZG_OK)
        return 0;
    if (context->rank == 0 && of_store)
        print_store(context, path, &settings, err);
    else if (context->rank == 0)
        print_description(path, decisions, settings.json, err);
    json_decref(decisions);
    mzg_agree(context->comm, err);
    return 0;
}

static bool works_without_mpi(const struct mzg_arguments *arguments)
{
    return !mzg_arguments_has(arguments, "decisions");
}

const struct mzg_command mzg_command_info = {
    .name = "info",
    .summary = "Tell what an imzML file or a store is.",
    .description =
        "Prints what INPUT is: format, number of spectra and pixels, image size, spectrum type, instrument. "
        "It reads only the header, the sizes of the files and some spectra, so it takes no longer for large "
        "inputs, unless --decisions is given. Of a store it prints sizes, mass axis, method, layout, "
        "feature table and skipped pixels.",
    .examples = "mzgrid info tissue.imzML\n"
                "mzgrid info tissue.imzML --decisions\n"
                "mzgrid info tissue.zarr --json",
    .operands = {"INPUT"},
    .options = options,
    .without_mpi = works_without_mpi,
    .run = run,
};
