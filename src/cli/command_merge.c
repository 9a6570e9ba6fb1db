/* `mzgrid merge`: several stores as one. */
#include <cli/commands.h>
#include <cli/convert_words.h>
#include <cli/new_file.h>
#include <cli/prepare.h>
#include <cli/progress_view.h>
#include <core/agree.h>
#include <core/clock.h>
#include <core/context.h>
#include <core/format.h>
#include <core/named_file.h>
#include <run/merge.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_RULES = 64, MOST_SAMPLES = 4096 };

struct rules {
    int n;
    struct mzg_rename rules[MOST_RULES];
};

struct merge_settings {
    const char *output;
    struct rules rename;
    const char *samples;
    int systems;
    int files;
    bool concat;
    const char *table;
    const char *compression;
    int64_t threads;
    bool overwrite;
    const char *log_file;
    bool quiet;
    int verbose;
};

static const char *const system_words[] = {"per-sample", "shared"};
static const char *const file_words[] = {"auto", "copy"};

static const char *system_choice(int number)
{
    return number < 2 ? system_words[number] : NULL;
}

static const char *file_choice(int number)
{
    return number < 2 ? file_words[number] : NULL;
}

static enum mzg_status add_rule(const char *text, void *target, struct mzg_error *err)
{
    struct rules *rules = target;
    if (rules->n == MOST_RULES)
        return mzg_fail(err, MZG_EUSAGE, "'%s' is one too many: expected at most %d", text, MOST_RULES);
    return mzg_rename_parse(text, &rules->rules[rules->n++], err);
}

/* One row each, as a table is read. */
/* clang-format off */
static const struct mzg_option options[] = {
    {.kind = MZG_OPTION_GROUP, .name = "Output"},
    {.kind = MZG_OPTION_TEXT, .name = "output", .letter = 'o', .argument = "STUDY",
     .offset = offsetof(struct merge_settings, output),
     .help = "The store to be made. It gets this name once it is complete."},
    {.kind = MZG_OPTION_FLAG, .name = "overwrite", .offset = offsetof(struct merge_settings, overwrite),
     .help = "Replace an existing output, once the new one is complete."},
    {.kind = MZG_OPTION_CHOICE, .name = "files", .argument = "HOW",
     .offset = offsetof(struct merge_settings, files), .choice = file_choice, .standard = "auto",
     .help = "auto: files of arrays share their blocks with those of the samples if the file system can do that "
             "(reflink), else they are the same files under a second name (hard link), else copies; "
             "copy: always copies."},
    {.kind = MZG_OPTION_GROUP, .name = "Names"},
    {.kind = MZG_OPTION_OWN, .name = "rename", .argument = "OLD=NEW",
     .offset = offsetof(struct merge_settings, rename), .set = add_rule,
     .help = "Elements that are called OLD, or OLD and more behind '_', '-' or '.', are called NEW instead. In "
             "NEW, {sample} stands for the name of the sample and {number} for its number, from 1. OLD may be "
             "'*', any name, and {name} in its NEW is that name. It may be given several times: the first that "
             "fits wins."},
    {.kind = MZG_OPTION_TEXT, .name = "samples", .argument = "NAME,...",
     .offset = offsetof(struct merge_settings, samples), .standard = "the names of the stores without '.zarr'",
     .help = "Names of the samples, one for each STORE."},
    {.kind = MZG_OPTION_CHOICE, .name = "coordinate-systems", .argument = "WHICH",
     .offset = offsetof(struct merge_settings, systems), .choice = system_choice, .standard = "per-sample",
     .help = "per-sample: what lies in 'global' of a store lies in a coordinate system with the name of its "
             "sample; shared: coordinate systems keep their names, and the samples overlap."},
    {.kind = MZG_OPTION_GROUP, .name = "One table"},
    {.kind = MZG_OPTION_FLAG, .name = "concat", .offset = offsetof(struct merge_settings, concat),
     .help = "The tables of bins become one, with the rows of all samples and the bins of any; its obs has the "
             "column 'sample'. mzgrid refuses bins that differ in law or width."},
    {.kind = MZG_OPTION_TEXT, .name = "table", .argument = "NAME",
     .offset = offsetof(struct merge_settings, table), .standard = "all_samples",
     .help = "With --concat: the name of that table."},
    {.kind = MZG_OPTION_TEXT, .name = "compression", .argument = "CODEC", .choice = mzg_codec_choice,
     .offset = offsetof(struct merge_settings, compression), .standard = "blosc-zstd",
     .help = "With --concat: the codec of its numeric arrays, as for convert."},
    {.kind = MZG_OPTION_GROUP, .name = "Run"},
    {.kind = MZG_OPTION_INTEGER, .name = "threads", .argument = "N",
     .offset = offsetof(struct merge_settings, threads), .least = 1, .most = 4096,
     .standard = "the cores that the launcher gave the rank",
     .help = "Threads of each rank that compute, its main thread among them."},
    {.kind = MZG_OPTION_TEXT, .name = "log-file", .argument = "FILE",
     .offset = offsetof(struct merge_settings, log_file),
     .help = "Append all messages, with their times, to FILE as well."},
    {.kind = MZG_OPTION_FLAG, .name = "quiet", .letter = 'q',
     .offset = offsetof(struct merge_settings, quiet), .help = "Only warnings and errors."},
    {.kind = MZG_OPTION_REPEAT, .name = "verbose", .rivals = "quiet", .letter = 'v',
     .offset = offsetof(struct merge_settings, verbose), .help = "Say how it is done; -vv says more."},
    {0},
};
/* clang-format on */

/* Takes "a,b,c" apart, in place. */
static enum mzg_status split(char *text, const char **names, int *n, struct mzg_error *err)
{
    *n = 0;
    for (char *name = text; name;) {
        char *comma = strchr(name, ',');
        if (*n == MOST_SAMPLES)
            return mzg_fail(err, MZG_EUSAGE, "--samples: expected at most %d names", MOST_SAMPLES);
        names[(*n)++] = name;
        if (comma)
            *comma = '\0';
        name = comma ? comma + 1 : NULL;
    }
    return MZG_OK;
}

static enum mzg_status check(const struct mzg_arguments *arguments, const struct merge_settings *settings,
                             struct mzg_error *err)
{
    if (!settings->output)
        return mzg_fail(err, MZG_EUSAGE, "the merged store is missing: give it with -o STUDY.zarr");
    if (mzg_check_ending("-o", settings->output, ".zarr", err) != MZG_OK)
        return err->status;
    if (!settings->concat &&
        (mzg_arguments_has(arguments, "table") || mzg_arguments_has(arguments, "compression")))
        return mzg_fail(err, MZG_EUSAGE,
                        "--table and --compression are for the table that --concat makes: add --concat, or "
                        "leave them out");
    for (int i = 0; settings->log_file && i < arguments->n_repeated; i++) {
        if (mzg_named_check("--log-file", settings->log_file, "a store that is merged",
                            arguments->repeated[i], err) != MZG_OK)
            return err->status;
    }
    if (settings->log_file)
        mzg_named_check("--log-file", settings->log_file, "the output", settings->output, err);
    return err->status;
}

static void log_outcome(const struct mzg_context *context, const struct mzg_merge_options *merge,
                        const struct mzg_merge_outcome *outcome)
{
    char copied[32];
    mzg_format_data(copied, sizeof copied, outcome->bytes_copied);
    if (merge->concat)
        mzg_log_line(context->log, MZG_LOG_INFO,
                     "table %s: %" PRId64 " pixels x %" PRId64 " bins, %" PRId64 " values", merge->table,
                     outcome->rows, outcome->bins, outcome->non_zeros);
    mzg_log_line(context->log, MZG_LOG_INFO,
                 "%s is complete: %" PRId64 " elements of %d samples; files: %" PRId64 " reflinked, %" PRId64
                 " hard-linked, %" PRId64 " copied (%s); %.1f s",
                 merge->output, outcome->elements, merge->n_inputs, outcome->shared, outcome->linked,
                 outcome->copied, copied, outcome->seconds);
}

static int run(struct mzg_context *context, const struct mzg_arguments *arguments, struct mzg_error *err)
{
    struct merge_settings settings = {.table = "all_samples"};
    struct mzg_merge_outcome outcome;
    struct mzg_progress_view view;
    const char *names[MOST_SAMPLES];
    int n_names = 0;
    char *samples = NULL;
    if (mzg_arguments_apply(arguments, &settings, err) == MZG_OK)
        check(arguments, &settings, err);
    if (err->status == MZG_OK && settings.samples && !(samples = strdup(settings.samples)))
        mzg_fail(err, MZG_ENOMEM, "no memory for the names of the samples");
    if (err->status == MZG_OK && samples)
        split(samples, names, &n_names, err);
    enum mzg_log_level level = settings.quiet          ? MZG_LOG_WARNING
                               : settings.verbose == 0 ? MZG_LOG_INFO
                               : settings.verbose == 1 ? MZG_LOG_DETAIL
                                                       : MZG_LOG_DEBUG;
    if (mzg_agree(context->comm, err) != MZG_OK ||
        mzg_prepare(context, level, settings.log_file, settings.threads, err) != MZG_OK)
        goto cleanup;

    struct mzg_merge_options merge = {.inputs = arguments->repeated,
                                      .n_inputs = arguments->n_repeated,
                                      .output = settings.output,
                                      .samples = names,
                                      .n_samples = n_names,
                                      .renames = settings.rename.rules,
                                      .n_renames = settings.rename.n,
                                      .shared_systems = settings.systems == 1,
                                      .copy = settings.files == 1,
                                      .concat = settings.concat,
                                      .table = settings.table,
                                      .compression = settings.compression,
                                      .overwrite = settings.overwrite};
    mzg_progress_begin(&view, context->log, false, mzg_clock_seconds());
    struct mzg_progress progress = {.update = mzg_progress_update, .context = &view};
    mzg_merge(context, &merge, &progress, &outcome, err);
    mzg_progress_end(&view);
    if (err->status == MZG_OK)
        log_outcome(context, &merge, &outcome);

cleanup:
    free(samples);
    return 0;
}

const struct mzg_command mzg_command_merge = {
    .name = "merge",
    .summary = "Make one SpatialData store of several.",
    .description =
        "Puts the elements of all STOREs into one store, each under its name or a new one (--rename). STOREs "
        "are not changed. Images, labels, points, shapes and tables of any SpatialData store in Zarr 3 are "
        "taken "
        "over as they are.",
    .examples = "mzgrid merge a.zarr b.zarr -o study.zarr --rename 'msi_dataset={sample}'\n"
                "mzgrid merge liver.zarr kidney.zarr -o study.zarr --concat",
    .operands = {"STORE"},
    .needed = "-o STUDY.zarr",
    .repeats = true,
    .options = options,
    .run = run,
};
