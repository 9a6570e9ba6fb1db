/* `mzgrid report`: the page about a store, of one that was made without it, or was moved. */
#include <cli/commands.h>
#include <cli/new_file.h>
#include <core/context.h>
#include <core/file.h>
#include <core/log.h>
#include <core/memory.h>
#include <report/report.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct report_settings {
    const char *dataset;
    const char *output;
    bool overwrite;
    bool quiet;
};

/* One row each, as a table is read. */
/* clang-format off */
static const struct mzg_option options[] = {
    {.kind = MZG_OPTION_GROUP, .name = "Options"},
    {.kind = MZG_OPTION_TEXT, .name = "dataset", .argument = "NAME", .offset = offsetof(struct report_settings, dataset),
     .help = "The table, if the store has several; the _z0 at its end may be left out."},
    {.kind = MZG_OPTION_TEXT, .name = "output", .argument = "FILE.html", .letter = 'o',
     .offset = offsetof(struct report_settings, output), .standard = "STORE.zarr.report.html, beside the store",
     .help = "Where the report goes."},
    {.kind = MZG_OPTION_FLAG, .name = "overwrite", .offset = offsetof(struct report_settings, overwrite),
     .help = "Replace an existing file."},
    {.kind = MZG_OPTION_FLAG, .name = "quiet", .letter = 'q', .offset = offsetof(struct report_settings, quiet),
     .help = "Only warnings and errors."},
    {0},
};
/* clang-format on */

/* The run record beside the store; NULL if there is none, or it is none. */
static json_t *load_record(const struct mzg_context *context, const char *store)
{
    enum { MOST = 64 << 20 };
    struct mzg_error err = {0};
    json_error_t error;
    json_t *record = NULL;
    int64_t size = 0;
    int fd = -1;
    char *path = mzg_file_path(store, ".run.json"), *text = NULL;
    if (path && access(path, F_OK) == 0 && mzg_open_regular(path, &fd, &size, &err) == MZG_OK) {
        text = size > 0 && size <= MOST ? malloc((size_t)size) : NULL;
        if (text && mzg_read_at(fd, text, size, 0) == 0)
            record = json_loadb(text, (size_t)size, 0, &error);
        if (!json_is_object(record)) {
            mzg_log_line(context->log, MZG_LOG_WARNING, "%s is no run record, and is left out", path);
            json_decref(record);
            record = NULL;
        }
        close(fd);
    }
    free(text);
    free(path);
    return record;
}

/* The path of a store without slashes at its end. */
static char *trim(const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    return strndup(path, n);
}

static int run(struct mzg_context *context, const struct mzg_arguments *arguments, struct mzg_error *err)
{
    struct report_settings settings = {0};
    json_t *record = NULL;
    char *store = NULL, *usual = NULL;
    if (mzg_arguments_apply(arguments, &settings, err) != MZG_OK || context->rank != 0)
        return 0;
    store = trim(arguments->operands[0]);
    usual = store ? mzg_file_path(store, ".report.html") : NULL;
    if (!usual) {
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for its report", arguments->operands[0]);
        goto cleanup;
    }
    const char *output = settings.output ? settings.output : usual;
    if (mzg_check_new_file("-o", output, store, settings.overwrite, err) != MZG_OK ||
        (!settings.output && mzg_report_check(output, err) != MZG_OK))
        goto cleanup;
    record = load_record(context, store);
    const struct mzg_report_facts facts = {.dataset = settings.dataset,
                                           .record = record,
                                           .memory = mzg_memory_available() / 2,
                                           .stop = context->stop};
    if (mzg_report_write(store, &facts, output, settings.overwrite, err) == MZG_OK && !settings.quiet)
        mzg_log_line(context->log, MZG_LOG_INFO, "%s is complete", output);

cleanup:
    json_decref(record);
    free(usual);
    free(store);
    return 0;
}

static bool works_without_mpi(const struct mzg_arguments *arguments)
{
    (void)arguments;
    return true;
}

const struct mzg_command mzg_command_report = {
    .name = "report",
    .summary = "Make a page that shows what a store is.",
    .description =
        "Makes one page of HTML from STORE.zarr, as 'mzgrid convert' does at the end of a run: total ion "
        "current, mean and maximum spectrum, strongest peaks, skipped pixels, decisions, provenance. It "
        "needs nothing "
        "beside it. What only the run knew comes from STORE.zarr.run.json if that is there; only the "
        "report of the run shows how speed and memory went over time.",
    .examples = "mzgrid report tissue.zarr --overwrite",
    .operands = {"STORE.zarr"},
    .options = options,
    .without_mpi = works_without_mpi,
    .run = run,
};
