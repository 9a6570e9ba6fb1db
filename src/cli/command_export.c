/* `mzgrid export`: a finished store as files of other formats. */
#include <cli/commands.h>
#include <cli/new_file.h>
#include <cli/prepare.h>
#include <cli/progress_view.h>
#include <core/agree.h>
#include <core/clock.h>
#include <core/context.h>
#include <core/file.h>
#include <core/format.h>
#include <run/export.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct export_settings {
    struct mzg_export_options export;
    bool imzml, csv, list, quiet;
    int64_t threads;
};

#define AT(field) offsetof(struct export_settings, field)

/* One row each, as a table is read. */
/* clang-format off */
static const struct mzg_option options[] = {
    {.kind = MZG_OPTION_GROUP, .name = "Format"},
    {.kind = MZG_OPTION_FLAG, .name = "imzml", .only_typed = true, .offset = AT(imzml),
     .help = "The spectra as imzML: one m/z array for all, the centres of the bins, and a value for each bin and pixel."},
    {.kind = MZG_OPTION_FLAG, .name = "processed", .only_typed = true, .offset = AT(export.processed),
     .help = "imzML in which each pixel has only the bins that have a value."},
    {.kind = MZG_OPTION_FLAG, .name = "csv", .only_typed = true, .offset = AT(csv),
     .help = "The feature table as CSV: x, y, and a column for each peak."},
    {.kind = MZG_OPTION_FLAG, .name = "peak-list", .only_typed = true, .offset = AT(list),
     .help = "The peaks of the feature table, a line each, as CSV that 'mzgrid peaks --peak-list' reads."},

    {.kind = MZG_OPTION_GROUP, .name = "Options"},
    {.kind = MZG_OPTION_TEXT, .name = "output", .argument = "FILE", .letter = 'o', .offset = AT(export.output),
     .standard = "beside the store: STORE.imzML, STORE.peaks.csv or STORE.peak-list.csv",
     .help = "Where it goes. FILE.imzML has its FILE.ibd beside it; without a format its end says which one."},
    {.kind = MZG_OPTION_TEXT, .name = "dataset", .argument = "NAME", .offset = AT(export.dataset),
     .help = "The table, if the store has several; the _z0 at its end may be left out."},
    {.kind = MZG_OPTION_FLAG, .name = "overwrite", .offset = AT(export.overwrite),
     .help = "Replace existing files, once the new ones are complete."},
    {.kind = MZG_OPTION_SIZE, .name = "memory-limit", .argument = "SIZE", .offset = AT(export.memory_limit),
     .standard = "the smaller of 8G and half of what the node has free",
     .help = "Memory for all ranks of a node together, such as 900M or 16G."},
    {.kind = MZG_OPTION_INTEGER, .name = "threads", .argument = "N", .offset = AT(threads), .least = 1,
     .most = 4096, .standard = "the cores that the launcher gave the rank",
     .help = "Threads of each rank that unpack, its main thread among them."},
    {.kind = MZG_OPTION_FLAG, .name = "quiet", .letter = 'q', .offset = AT(quiet),
     .help = "Only warnings and errors."},
    {0},
};
/* clang-format on */

/* How long a store's name is without its ".zarr" and what slashes follow. */
static size_t stem_of(const char *store)
{
    static const char end[] = ".zarr";
    size_t n = strlen(store), m = sizeof end - 1;
    while (n > 1 && store[n - 1] == '/')
        n--;
    return n > m && strncasecmp(store + n - m, end, m) == 0 ? n - m : n;
}

/* Which format is meant, if only another option or the output's name tells. */
static void guess_format(struct export_settings *settings)
{
    const char *output = settings->export.output;
    if (settings->imzml || settings->csv || settings->list)
        return;
    settings->imzml = settings->export.processed || (output && mzg_file_ends_in(output, ".imzML"));
    settings->csv = !settings->imzml && output && mzg_file_kind_of(output) == MZG_FILE_CSV;
}

static enum mzg_status read_settings(const struct mzg_arguments *arguments, struct export_settings *settings,
                                     char **output, struct mzg_error *err)
{
    const char *store = arguments->operands[0];
    *settings = (struct export_settings){.export.store = store};
    if (mzg_arguments_apply(arguments, settings, err) != MZG_OK)
        return err->status;
    guess_format(settings);
    int n = settings->imzml + settings->csv + settings->list;
    if (n == 0)
        return mzg_fail(err, MZG_EUSAGE, "a format is missing: give --imzml, --csv or --peak-list");
    if (n > 1)
        return mzg_fail(err, MZG_EUSAGE,
                        "--imzml, --csv and --peak-list are different files: give one of them");
    if (settings->export.processed && !settings->imzml)
        return mzg_fail(err, MZG_EUSAGE, "--processed is for --imzml");
    if (settings->export.output)
        return mzg_check_ending("-o", settings->export.output, settings->imzml ? ".imzML" : ".csv", err);
    const char *end = settings->imzml ? ".imzML" : settings->csv ? ".peaks.csv" : ".peak-list.csv";
    if (asprintf(output, "%.*s%s", (int)stem_of(store), store, end) < 0) {
        *output = NULL;
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for a name beside it", store);
    }
    settings->export.output = *output;
    return MZG_OK;
}

static void log_outcome(const struct mzg_context *context, const struct export_settings *settings,
                        const struct mzg_export_outcome *outcome)
{
    char pixels[MZG_FORMAT_SIZE], bins[MZG_FORMAT_SIZE], size[MZG_FORMAT_SIZE];
    const char *output = settings->export.output;
    bool is_named = !settings->imzml || mzg_file_ends_in(output, ".imzML");
    mzg_format_count(pixels, sizeof pixels, outcome->pixels);
    mzg_format_count(bins, sizeof bins, outcome->bins);
    mzg_log_line(context->log, MZG_LOG_INFO, "%s%s is complete: %s %s, %s %s, %s", output,
                 is_named ? "" : ".imzML", settings->list ? bins : pixels,
                 settings->list ? "peaks" : "pixels", settings->list ? pixels : bins,
                 settings->list  ? "pixels"
                 : settings->csv ? "peaks"
                                 : "m/z",
                 mzg_format_data(size, sizeof size, outcome->bytes));
}

static int run(struct mzg_context *context, const struct mzg_arguments *arguments, struct mzg_error *err)
{
    struct export_settings settings;
    struct mzg_export_outcome outcome = {0};
    struct mzg_progress_view view;
    char *output = NULL;
    read_settings(arguments, &settings, &output, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        goto cleanup;
    if (!settings.imzml && context->rank == 0) {
        if (mzg_check_new_file("-o", settings.export.output, settings.export.store, settings.export.overwrite,
                               err) == MZG_OK)
            mzg_export_csv(context, &settings.export, settings.list, &outcome, err);
    } else if (settings.imzml && mzg_prepare(context, settings.quiet ? MZG_LOG_WARNING : MZG_LOG_INFO, NULL,
                                             settings.threads, err) == MZG_OK) {
        mzg_progress_begin(&view, context->log, settings.quiet, mzg_clock_seconds());
        struct mzg_progress progress = {.update = mzg_progress_update, .context = &view};
        mzg_export_imzml(context, &settings.export, &progress, &outcome, err);
        mzg_progress_end(&view);
    }
    if (err->status == MZG_OK && !settings.quiet)
        log_outcome(context, &settings, &outcome);

cleanup:
    free(output);
    return 0;
}

/* Whoever asks for imzML, or errs, starts MPI. */
static bool works_without_mpi(const struct mzg_arguments *arguments)
{
    struct export_settings settings;
    struct mzg_error ignored = {0};
    char *output = NULL;
    bool is_text = read_settings(arguments, &settings, &output, &ignored) == MZG_OK && !settings.imzml;
    free(output);
    return is_text;
}

const struct mzg_command mzg_command_export = {
    .name = "export",
    .summary = "Write a store as imzML, or its feature table as CSV.",
    .description =
        "Writes STORE.zarr, which 'mzgrid convert' made, for programs that do not read it: its spectra as "
        "imzML, with the bins' centres as m/z, or its feature table, which 'mzgrid peaks' made, as CSV. The "
        "store is not changed. imzML is written by any number of MPI ranks, which write the same bytes.",
    .examples = "mzgrid export tissue.zarr --imzml --processed\n"
                "mzgrid export tissue.zarr --csv -o peaks.csv",
    .operands = {"STORE.zarr"},
    .needed = "--imzml | --csv | --peak-list",
    .options = options,
    .without_mpi = works_without_mpi,
    .run = run,
};
