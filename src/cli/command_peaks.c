/* `mzgrid peaks`: options → a feature table in a store that stands → what came of it. */
#include <cli/commands.h>
#include <cli/numbers.h>
#include <cli/peaks_options.h>
#include <cli/prepare.h>
#include <cli/progress_view.h>
#include <cli/summary.h>
#include <core/agree.h>
#include <core/clock.h>
#include <core/context.h>
#include <core/format.h>
#include <run/peaks.h>

#include <string.h>

struct peaks_settings {
    struct mzg_peaks_options peaks;
    int layout; /* enum mzg_peaks_layout */
    int64_t threads;
    int verbose;
    bool quiet;
    const char *log_file;
};

#define AT(field) offsetof(struct peaks_settings, field)

static const char *layout_choice(int number)
{
    static const char *const names[] = {
        [MZG_PEAKS_AUTO] = "auto", [MZG_PEAKS_CSC] = "csc", [MZG_PEAKS_DENSE] = "dense", NULL};
    return names[number];
}

/* One row each, as a table is read. */
/* clang-format off */
static const struct mzg_option options[] = {
    {.kind = MZG_OPTION_GROUP, .name = "Peaks"},
    MZG_PEAKS_ROWS(AT(peaks)),

    {.kind = MZG_OPTION_GROUP, .name = "Store"},
    {.kind = MZG_OPTION_TEXT, .name = "table", .argument = "NAME", .offset = AT(peaks.table),
     .standard = "the only one",
     .help = "The table whose bins become peaks, in a store that has several."},
    {.kind = MZG_OPTION_CHOICE, .name = "layout", .argument = "LAYOUT", .offset = AT(layout),
     .choice = layout_choice, .standard = "auto",
     .help = "How the matrix of pixels and peaks is stored; 'auto' is dense up to 2^26 values, and csc above."},
    {.kind = MZG_OPTION_FLAG, .name = "replace", .offset = AT(peaks.replace),
     .help = "Replace a feature table that the store has already, once the new one is complete."},

    {.kind = MZG_OPTION_GROUP, .name = "Running"},
    {.kind = MZG_OPTION_SIZE, .name = "memory-limit", .argument = "SIZE", .offset = AT(peaks.memory_limit),
     .standard = "the smaller of 8G and half of what the node has free",
     .help = "Memory for all ranks of a node together, such as 900M or 16G."},
    {.kind = MZG_OPTION_INTEGER, .name = "threads", .argument = "N", .offset = AT(threads), .least = 1,
     .most = 4096, .standard = "the cores that the launcher gave the rank",
     .help = "Threads of each rank that compute, its main thread among them."},

    {.kind = MZG_OPTION_GROUP, .name = "Messages"},
    {.kind = MZG_OPTION_REPEAT, .name = "verbose", .rivals = "quiet", .letter = 'v', .offset = AT(verbose),
     .help = "Say how it is done; -vv says more."},
    {.kind = MZG_OPTION_FLAG, .name = "quiet", .letter = 'q', .offset = AT(quiet),
     .help = "Only warnings and errors."},
    {.kind = MZG_OPTION_TEXT, .name = "log-file", .argument = "FILE", .offset = AT(log_file),
     .help = "Append all messages, with their times, to FILE as well."},
    {0},
};
/* clang-format on */

enum mzg_status mzg_set_tolerance(const char *text, void *target, struct mzg_error *err)
{
    struct mzg_peaks_options *peaks = target;
    const char *unit;
    double value;
    if (!mzg_read_number(text, &unit, &value) || !(value > 0))
        return mzg_fail(err, MZG_EUSAGE, "'%s' is not a tolerance above 0 such as 10ppm or 5mDa", text);
    bool is_milli = strcmp(unit, "mDa") == 0;
    if (strcmp(unit, "ppm") != 0 && strcmp(unit, "Da") != 0 && !is_milli)
        return mzg_fail(err, MZG_EUSAGE, "'%s' has an unknown unit: expected ppm, mDa or Da", text);
    peaks->tolerance = is_milli ? value / 1000 : value;
    peaks->tolerance_in_da = strcmp(unit, "ppm") != 0;
    return MZG_OK;
}

static enum mzg_log_level log_level(const struct peaks_settings *settings)
{
    if (settings->quiet)
        return MZG_LOG_WARNING;
    return settings->verbose == 0 ? MZG_LOG_INFO : settings->verbose == 1 ? MZG_LOG_DETAIL : MZG_LOG_DEBUG;
}

static int run(struct mzg_context *context, const struct mzg_arguments *arguments, struct mzg_error *err)
{
    struct peaks_settings settings = {0};
    struct mzg_peaks_outcome outcome = {0};
    struct mzg_progress_view view;
    const char *store = arguments->operands[0];
    mzg_peaks_defaults(&settings.peaks);
    if (mzg_arguments_apply(arguments, &settings, err) == MZG_OK && settings.quiet && settings.verbose > 0)
        mzg_fail(err, MZG_EUSAGE, "--quiet and --verbose contradict each other");
    settings.peaks.layout = (enum mzg_peaks_layout)settings.layout;
    if (err->status == MZG_OK && settings.peaks.list && mzg_arguments_has(arguments, "snr"))
        mzg_fail(err, MZG_EUSAGE,
                 "--snr is for peaks that mzgrid picks, but --peak-list names them: give one of the two");
    if (err->status == MZG_OK && !settings.peaks.list && mzg_arguments_has(arguments, "tolerance"))
        mzg_fail(err, MZG_EUSAGE, "--tolerance is for the peaks of a --peak-list: give one, or leave it out");
    if (err->status == MZG_OK && context->rank == 0)
        mzg_check_named("--log-file", settings.log_file, settings.peaks.list, store, err);
    if (mzg_agree(context->comm, err) != MZG_OK ||
        mzg_prepare(context, log_level(&settings), settings.log_file, settings.threads, err) != MZG_OK)
        return 0;
    mzg_progress_begin(&view, context->log, settings.quiet, mzg_clock_seconds());
    struct mzg_progress progress = {.update = mzg_progress_update, .context = &view};
    mzg_peaks_add(context, store, false, &settings.peaks, &progress, &outcome, err);
    mzg_progress_end(&view);
    if (err->status == MZG_OK)
        mzg_peaks_log(context->log, &outcome, store);
    return 0;
}

const struct mzg_command mzg_command_peaks = {
    .name = "peaks",
    .summary = "Add a feature table to a store: pixels and peaks instead of bins.",
    .description = "Adds a table of peaks, NAME_z0_peaks, to STORE.zarr, which 'mzgrid convert' wrote. Picks "
                   "the peaks on "
                   "the mean spectrum, and rare ones on the largest spectrum, or takes them from a list. "
                   "Each column is the sum "
                   "of a peak's bins. Marks the tops of the peaks in var[\"is_peak\"] of NAME_z0. The store "
                   "opens at any "
                   "moment. Runs on any number of MPI ranks; the result is the same.",
    .examples = "mzgrid peaks tissue.zarr\n"
                "mzgrid peaks tissue.zarr --peak-list lipids.csv --tolerance 5ppm --replace",
    .operands = {"STORE.zarr"},
    .options = options,
    .run = run,
};
