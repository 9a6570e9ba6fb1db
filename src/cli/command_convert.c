/* `mzgrid convert`: options → one conversion → closing summary and run record. */
#include <cli/commands.h>
#include <cli/convert_options.h>
#include <cli/how_far.h>
#include <cli/new_file.h>
#include <cli/prepare.h>
#include <cli/preview_picture.h>
#include <cli/progress_json.h>
#include <cli/progress_view.h>
#include <cli/run_record.h>
#include <cli/signals.h>
#include <cli/summary.h>
#include <cli/timeline.h>
#include <core/agree.h>
#include <core/clock.h>
#include <core/context.h>
#include <core/file.h>
#include <core/memory.h>
#include <core/named_file.h>
#include <report/report.h>
#include <run/paths.h>
#include <run/runs.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_SKIPPED_TOO_MANY = 3 };
enum { PROGRESS_AUTO, PROGRESS_NONE, PROGRESS_JSON }; /* as mzg_progress_choice() counts them */

/* HDF5 tells little about a directory that it cannot write to. */
static enum mzg_status check_temp_dir(const struct mzg_context *context, const char *path,
                                      struct mzg_error *err)
{
    struct stat info;
    if (path && stat(path, &info) != 0)
        mzg_fail(err, MZG_EIO, "--temp-dir: %s: %s", path, strerror(errno));
    else if (path && !S_ISDIR(info.st_mode))
        mzg_fail(err, MZG_EIO, "--temp-dir: %s is not a directory", path);
    else if (path && access(path, W_OK | X_OK) != 0)
        mzg_fail(err, MZG_EIO, "--temp-dir: %s: cannot be written to: %s", path, strerror(errno));
    return mzg_agree(context->comm, err);
}

/* Terminals, pipes and /dev/null take what comes, from the log and of metrics alike. */
static bool is_stream(const char *path)
{
    struct stat info;
    return path && stat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

/* A picture that cannot be had should be known before an hour of reading. */
static enum mzg_status check_preview(const char *preview, const struct mzg_convert_options *options,
                                     struct mzg_error *err)
{
    if (!preview)
        return MZG_OK;
    if (mzg_file_kind_of(preview) != MZG_FILE_PNG)
        return mzg_fail(err, MZG_EUSAGE, "--preview: '%s' does not end in .png", preview);
    return mzg_check_new_file("--preview", preview, options->output, options->overwrite, err);
}

/* What is made, added to or emptied is neither read nor made for something else; and what is read or kept
 * does not lie in the output, for an old one goes away with all that is in it. Rank 0. */
static enum mzg_status check_named_files(const struct mzg_convert_settings *settings, struct mzg_error *err)
{
    const struct mzg_convert_options *options = &settings->convert;
    const char *log = settings->log_file, *metrics = options->metrics, *output = options->output;
    const char *preview = settings->preview;
    struct mzg_paths paths = {0};
    char *record = mzg_file_path(output, ".run.json"), *report = mzg_file_path(output, ".report.html");
    if (!record || !report)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for the names of its files", output);
    else if (mzg_paths_make(options, &paths, err) == MZG_OK &&
             mzg_check_named("--log-file", log, options->input, output, err) == MZG_OK &&
             mzg_check_named("--metrics", metrics, options->input, output, err) == MZG_OK &&
             mzg_check_named("--preview", preview, options->input, output, err) == MZG_OK &&
             check_preview(preview, options, err) == MZG_OK &&
             mzg_check_input("INPUT", options->input, output, err) == MZG_OK) {
        const char *kept = options->keep_hdf5 ? paths.h5ad : NULL;
        const struct {
            const char *option, *path, *what, *used;
        } pairs[] = {
            {"--log-file", log, "the run record", record},
            {"--log-file", log, "the report", report},
            {"--log-file", log, "the file that --keep-hdf5 keeps", kept},
            {"--log-file", log, "that of --metrics", is_stream(log) ? NULL : metrics},
            {"--log-file", log, "that of --mass-axis-file", options->axis_file},
            {"--log-file", log, "that of --pixels", options->pixels_file},
            {"--metrics", metrics, "the run record", record},
            {"--metrics", metrics, "the report", report},
            {"--metrics", metrics, "the file that --keep-hdf5 keeps", kept},
            {"--metrics", metrics, "that of --mass-axis-file", options->axis_file},
            {"--metrics", metrics, "that of --pixels", options->pixels_file},
            {"--preview", preview, "the run record", record},
            {"--preview", preview, "the report", report},
            {"--preview", preview, "the file that --keep-hdf5 keeps", kept},
            {"--preview", preview, "that of --log-file", is_stream(log) ? NULL : log},
            {"--preview", preview, "that of --metrics", is_stream(metrics) ? NULL : metrics},
            {"--preview", preview, "that of --mass-axis-file", options->axis_file},
            {"--preview", preview, "that of --pixels", options->pixels_file},
            {"--preview", preview, "that of --peak-list", settings->peaks.list},
            {"--mass-axis-file", options->axis_file, "the output", output},
            {"--pixels", options->pixels_file, "the output", output},
            {"--temp-dir", options->temp_dir, "the output", output},
            {"--peak-list", settings->peaks.list, "the output", output},
            {"--log-file", log, "that of --peak-list", settings->peaks.list},
            {"--metrics", metrics, "that of --peak-list", settings->peaks.list},
        };
        for (size_t i = 0; i < sizeof pairs / sizeof *pairs && err->status == MZG_OK; i++)
            if (pairs[i].path)
                mzg_named_check(pairs[i].option, pairs[i].path, pairs[i].what, pairs[i].used, err);
        if (err->status == MZG_OK && mzg_run_record_check(record, err) == MZG_OK && !settings->no_report)
            mzg_report_check(report, err);
    }
    mzg_paths_destroy(&paths, err);
    free(report);
    free(record);
    return err->status;
}

/* The store is complete, so that failing here is no failure of the run. */
static void write_record(const struct mzg_context *context, const char *output, json_t *record)
{
    struct mzg_error err = {0};
    char *path = mzg_file_path(output, ".run.json");
    if (!path)
        mzg_fail(&err, MZG_ENOMEM, "%s: no memory for the run record", output);
    else
        mzg_run_record_write(path, record, &err);
    if (err.status != MZG_OK)
        mzg_log_line(context->log, MZG_LOG_WARNING, "%s", err.text);
    free(path);
}

/* Likewise. */
static void draw_preview(const struct mzg_context *context, const struct mzg_convert_settings *settings)
{
    struct mzg_error err = {0};
    const struct mzg_convert_options *options = &settings->convert;
    if (!settings->preview)
        return;
    mzg_preview_draw(context, options->output, options->dataset_id, settings->preview, options->overwrite,
                     &err);
    if (err.status != MZG_OK)
        mzg_log_line(context->log, MZG_LOG_WARNING, "the store is complete, but has no preview: %s",
                     err.text);
}

/* Likewise. A report that stands there is that of the store before this one: it goes, whatever comes. */
static void write_report(const struct mzg_context *context, const struct mzg_convert_settings *settings,
                         const json_t *record, const struct mzg_timeline *timeline)
{
    struct mzg_error err = {0};
    const struct mzg_convert_options *options = &settings->convert;
    int64_t free_memory = mzg_memory_available() / 2;
    const struct mzg_report_facts facts = {
        .dataset = options->dataset_id,
        .record = record,
        .points = timeline->points,
        .n_points = timeline->n,
        .memory = options->memory_limit > 0 && options->memory_limit / 2 < free_memory
                      ? options->memory_limit / 2
                      : free_memory,
        .stop = context->stop,
    };
    char *path = mzg_file_path(options->output, ".report.html");
    if (!path)
        mzg_fail(&err, MZG_ENOMEM, "%s: no memory for the report", options->output);
    else if (mzg_report_remove(path, &err) == MZG_OK && !settings->no_report &&
             mzg_report_check(path, &err) == MZG_OK)
        mzg_report_write(options->output, &facts, path, true, &err);
    if (err.status != MZG_OK)
        mzg_log_line(context->log, MZG_LOG_WARNING, "the store is complete, but has no report: %s", err.text);
    free(path);
}

static void finish(const struct mzg_context *context, const struct mzg_arguments *arguments,
                   const struct mzg_convert_settings *settings, time_t started, json_t *hosts,
                   const struct mzg_timeline *timeline, const struct mzg_convert_outcome *outcome)
{
    const char *output = settings->convert.output;
    if (context->rank != 0)
        return;
    draw_preview(context, settings);
    mzg_summary_log(context, output, outcome);
    json_t *record = mzg_run_record_new(context, arguments, started, hosts, outcome);
    write_record(context, output, record);
    write_report(context, settings, record, timeline);
    json_decref(record);
}

/* What writing and peaks take, of the time that resampling took: about what scripts/bench measured, whose
 * workloads lie between two thirds and one and a half times that. Until these phases begin nothing better is
 * known. */
static void foresee_phases(const struct mzg_convert_settings *settings, struct mzg_progress_view *view)
{
    static const double of_layout[] = {
        [MZG_LAYOUT_CSC] = 1.1, [MZG_LAYOUT_CSR] = 0.9, [MZG_LAYOUT_DENSE] = 3, [MZG_LAYOUT_CSC_CSR] = 1.8};
    double writing = of_layout[settings->convert.layout];
    if (settings->convert.streaming == MZG_STREAMING_DIRECT)
        writing = 0.1;
    double peaks = settings->convert.peaks ? 0.3 : 0;
    view->following = writing + peaks;
    view->last_part = peaks / writing;
}

static int run(struct mzg_context *context, const struct mzg_arguments *arguments, struct mzg_error *err)
{
    struct mzg_convert_settings settings;
    struct mzg_convert_outcome outcome = {0};
    struct mzg_progress_view view;
    struct mzg_progress_json lines = {0};
    struct mzg_timeline timeline;
    json_t *hosts = NULL;
    time_t started = time(NULL);

    if (mzg_convert_settings_read(arguments, &settings, err) == MZG_OK && context->rank == 0)
        check_named_files(&settings, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        goto cleanup;
    if (mzg_prepare(context, mzg_convert_log_level(&settings), settings.log_file, settings.threads, err) !=
            MZG_OK ||
        check_temp_dir(context, settings.convert.temp_dir, err) != MZG_OK ||
        mzg_hosts_gather(context, &hosts, err) != MZG_OK)
        goto cleanup;

    mzg_warn_of_width(context->log, &settings);
    mzg_progress_begin(&view, context->log, settings.progress != PROGRESS_AUTO || settings.quiet,
                       mzg_clock_seconds());
    foresee_phases(&settings, &view);
    struct mzg_progress progress = {.update = mzg_progress_update, .context = &view};
    if (settings.progress == PROGRESS_JSON)
        progress = (struct mzg_progress){.update = mzg_progress_json_update, .context = &lines};
    mzg_timeline_begin(&timeline, &progress, mzg_clock_seconds(), mzg_memory_resident());
    const struct mzg_progress recorded = {.update = mzg_timeline_update, .context = &timeline};
    mzg_run_convert(context, &settings.convert, &recorded, &outcome, err);
    mzg_progress_end(&view);
    mzg_timeline_tell(&timeline, "", 0, mzg_clock_seconds(), mzg_memory_resident());
    if (err->status == MZG_OK && !settings.convert.dry_run)
        finish(context, arguments, &settings, started, hosts, &timeline, &outcome);

cleanup:
    if (settings.progress == PROGRESS_JSON && context->rank == 0) {
        mzg_how_far_explain(*mzg_signals_stop(), mzg_clock_seconds(), err);
        mzg_progress_json_fail(err);
    }
    json_decref(hosts);
    mzg_convert_settings_destroy(&settings);
    return outcome.skipped_too_many ? EXIT_SKIPPED_TOO_MANY : 0;
}

const struct mzg_command mzg_command_convert = {
    .name = "convert",
    .summary = "Convert an imzML file to a SpatialData Zarr store.",
    .description =
        "Resamples every spectrum of INPUT (imzML, with its .ibd beside it; or synthetic:WxH:POINTS, made in "
        "memory) onto one mass axis and writes the SpatialData Zarr store OUTPUT.zarr. Runs on any number of "
        "MPI ranks, as in 'mpirun -n 8 "
        "mzgrid convert ...'; the result is the same. A record of the run is left in "
        "OUTPUT.zarr.run.json, and a report to look at in OUTPUT.zarr.report.html.",
    .examples = "mzgrid convert tissue.imzML tissue.zarr\n"
                "mzgrid convert tissue.imzML tissue.zarr --bin-width 5ppm --peaks\n"
                "mpirun -n 8 mzgrid convert tissue.imzML tissue.zarr --memory-limit 16G",
    .operands = {"INPUT", "OUTPUT.zarr"},
    .options = mzg_convert_option_table,
    .run = run,
};
