/*
 * One conversion, told top to bottom: open the input and the output, decide and build the mass axis, stream
 * all pixels into the stage, assemble the store from it, finish.
 */
#include <run/runs.h>

#include <anndata/h5ad.h>
#include <core/agree.h>
#include <core/file.h>
#include <core/log.h>
#include <core/memory.h>
#include <core/mpi.h>
#include <core/stop.h>
#include <input/reader.h>
#include <run/axis_broadcast.h>
#include <run/check.h>
#include <run/choices.h>
#include <run/decide.h>
#include <run/layout.h>
#include <run/paths.h>
#include <run/peaks.h>
#include <run/plan.h>
#include <run/range.h>
#include <run/stages.h>
#include <run/table.h>
#include <run/warnings.h>
#include <spatialdata/direct.h>
#include <spatialdata/matrix.h>
#include <stream/metrics.h>
#include <stream/stream.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Temporary files. */
enum { STAGE, SCRATCH, HELD };

/* Everything that lives as long as the conversion, so that one function can release it, whatever was reached.
 */
struct conversion {
    const struct mzg_context *context;
    const struct mzg_convert_options *options;
    struct mzg_progress progress;
    struct mzg_metrics *metrics; /* NULL: none */
    struct mzg_convert_outcome *outcome;
    double clock; /* when the present phase began */

    struct mzg_sdata *sdata;
    struct mzg_reader *reader;
    struct mzg_decisions decisions;
    struct mzg_axis axis;
    bool memory_is_shared;
    struct mzg_plan plan;
    struct mzg_resampler *resampler;
    struct mzg_sink *sink;     /* takes rows, until it is sealed */
    struct mzg_staged *staged; /* they are read from there */
    struct mzg_paths paths;
    struct mzg_codec codec;
    bool stage_kept;
    int held[HELD]; /* files without a name; -1: none */
    struct mzg_statistics statistics;
    struct mzg_stream_result stream;
    int64_t *column_begins;
    int matrices_written;
    struct mzg_sdata_geometry geometry;
    struct mzg_table table;
};

/* The seconds since the last call, for the phase that just ended. Collective. */
static double lap(struct conversion *c, const char *phase)
{
    double now = mzg_metrics_phase(c->metrics, phase);
    double seconds = now - c->clock;
    c->clock = now;
    return seconds;
}

/* Opens the output first: that it cannot be written should be known before an hour of reading. */
static enum mzg_status open_ends(struct conversion *c, struct mzg_error *err)
{
    const struct mzg_convert_options *options = c->options;
    struct mzg_reader_options input = mzg_check_reading(options);
    input.memory_limit = mzg_plan_limit(c->context->comm, options->memory_limit);
    if (mzg_codec_parse(options->compression, &c->codec, err) == MZG_OK)
        mzg_paths_make(options, &c->paths, err);
    struct mzg_sdata_options output = {.path = options->output,
                                       .dataset_id = options->dataset_id,
                                       .overwrite = options->overwrite,
                                       .codec = c->codec};
    if (err->status == MZG_OK && c->context->rank == 0)
        mzg_paths_look(options, &c->paths, err);
    if (mzg_agree(c->context->comm, err) != MZG_OK ||
        (options->peaks && mzg_peaks_look(c->context, options->peaks, err) != MZG_OK) ||
        mzg_plan_try_memory(c->context, options, &c->memory_is_shared, err) != MZG_OK ||
        mzg_metrics_open(c->context, options->metrics, options->overwrite, &c->metrics, err) != MZG_OK ||
        mzg_sdata_new(c->context, &output, &c->sdata, err) != MZG_OK ||
        (!options->dry_run && mzg_paths_claim(c->context, options, &c->paths, err) != MZG_OK) ||
        mzg_reader_open(c->context, options->input, &input, &c->reader, err) != MZG_OK)
        return err->status;
    c->outcome->seconds_open = lap(c, "open");
    return MZG_OK;
}

static enum mzg_status check_input(struct conversion *c, struct mzg_error *err)
{
    const struct mzg_dataset *dataset = &c->reader->dataset;
    mzg_table_geometry(c->options, dataset, &c->geometry);
    if (mzg_check_dataset(c->options, c->reader, c->context->log, err) != MZG_OK)
        return err->status;
    return mzg_check_grid(c->options, &c->geometry, dataset, c->context->log, err);
}

static enum mzg_status make_axis(struct conversion *c, struct mzg_error *err)
{
    struct mzg_mz_set native = {0};
    if (mzg_decide_axis(c->context, c->options, c->reader, &c->decisions, &native, err) == MZG_OK)
        mzg_axis_make(c->context, c->options, &c->decisions, &native, &c->axis, err);
    bool knows_mz = native.is_of_each;
    mzg_mz_set_destroy(&native);
    if (err->status != MZG_OK)
        return err->status;
    if (mzg_decide_codec(c->options, &c->axis, c->context->log, &c->codec))
        mzg_sdata_set_codec(c->sdata, c->codec);
    const struct mzg_axis *axis = &c->axis;
    if (c->options->axis_file &&
        mzg_range_check(c->context, c->reader, axis->edges[0], axis->edges[axis->n_bins], err) != MZG_OK)
        return err->status;
    mzg_log_line(c->context->log, MZG_LOG_INFO,
                 "mass axis %s (%s): %" PRId64 " bins, m/z %.6g to %.6g (%s), widths %.4g to %.4g",
                 mzg_axis_type_name(axis->spec.type), c->decisions.axis_reason, axis->n_bins, axis->edges[0],
                 axis->edges[axis->n_bins], c->decisions.range_reason, axis->edges[1] - axis->edges[0],
                 axis->edges[axis->n_bins] - axis->edges[axis->n_bins - 1]);

    mzg_decide_method(c->options, &c->reader->dataset, axis, c->context->log, &c->decisions);
    struct mzg_resampler_options resampling = {.size = sizeof resampling,
                                               .method = c->decisions.method,
                                               .max_gap = c->decisions.max_gap,
                                               .sampling = c->decisions.fit.sampling};
    if (c->reader->dataset.shared_mz) {
        mzg_reader_shared_mz(c->reader, &resampling.shared_mz, &resampling.n_shared, err);
    } else if (knows_mz) {
        resampling.shared_mz = axis->centers;
        resampling.n_shared = axis->n_bins;
        mzg_reader_know_mz(c->reader, axis->centers);
    }
    if (err->status == MZG_OK)
        mzg_resampler_new(&resampling, axis, &c->resampler, err);
    c->outcome->seconds_axis = lap(c, "axis");
    return mzg_agree(c->context->comm, err);
}

/* What the axis does not hold: a warning, or the end of the run. */
static enum mzg_status judge_outside(const struct conversion *c, struct mzg_error *err)
{
    const struct mzg_convert_options *options = c->options;
    struct mzg_outside_axis axis = {.min_mz = c->axis.edges[0],
                                    .max_mz = c->axis.edges[c->axis.n_bins],
                                    .asked = {options->axis_file || options->axis.min_mz > 0,
                                              options->axis_file || options->axis.max_mz > 0},
                                    .reason = c->decisions.range_reason};
    return mzg_outside_judge(&c->stream.outside, &axis, c->reader->dataset.path,
                             c->stream.first[MZG_COUNT_OUTSIDE_POINTS], c->context->log, err);
}

static enum mzg_type value_type(const struct conversion *c)
{
    return mzg_dtype_type(c->options->dtype);
}

static enum mzg_status make_plan(struct conversion *c, struct mzg_error *err)
{
    struct mzg_plan_request request = {.options = c->options,
                                       .reader = c->reader,
                                       .method = c->decisions.method,
                                       .n_bins = c->axis.n_bins,
                                       .value_type = value_type(c),
                                       .memory_is_shared = c->memory_is_shared,
                                       .temporary_path = c->paths.directory};
    if (mzg_plan_make(c->context, &request, &c->plan, err) == MZG_OK)
        mzg_plan_log(&c->plan, c->context->log, c->options->dry_run ? MZG_LOG_INFO : MZG_LOG_DETAIL);
    return err->status;
}

static struct mzg_matrix_spec matrix_spec(const struct conversion *c, int number)
{
    const struct mzg_layout_matrix *matrix = &mzg_layout_rule(c->options->layout)->matrices[number];
    return (struct mzg_matrix_spec){.path = matrix->path,
                                    .layout = matrix->layout,
                                    .value_type = value_type(c),
                                    .n_columns = c->axis.n_bins,
                                    .most_rows = c->reader->dataset.n_pixels,
                                    .most_values = c->plan.most_values,
                                    .codec = c->codec};
}

/* Of the file in which rows wait, if it is to be kept. */
static enum mzg_type type_of_kept_indices(const struct conversion *c)
{
    return c->options->keep_hdf5 ? mzg_matrix_index_type(c->plan.most_values, 0) : MZG_BOOL;
}

static enum mzg_status make_sink(struct conversion *c, struct mzg_error *err)
{
    const struct mzg_direct_target store = {.sdata = c->sdata,
                                            .matrix = matrix_spec(c, 0),
                                            .memory = c->plan.bands + mzg_plan_left(&c->plan, 0) / 2};
    struct mzg_sink_spec spec = {.context = c->context,
                                 .n_columns = c->axis.n_bins,
                                 .value_type = value_type(c),
                                 .index_type = type_of_kept_indices(c),
                                 .by_column = c->plan.by_column,
                                 .path = c->paths.stage,
                                 .mpi_info = c->options->mpi_info,
                                 .most_bytes = c->plan.stage_share,
                                 .target = &store};
    return mzg_stage_open(c->plan.stage, &spec, &c->sink, err);
}

static enum mzg_status stream_pixels(struct conversion *c, struct mzg_error *err)
{
    const struct mzg_convert_options *options = c->options;
    struct mzg_stream_options stream = {
        .chunk = {.reader = c->reader,
                  .resampler = c->resampler,
                  .value_type = value_type(c),
                  .min_intensity = options->min_intensity,
                  .first_only = options->duplicates == MZG_DUPLICATES_FIRST},
        .chunk_size = c->plan.chunk_size,
        .chunk_bytes = c->plan.chunk_bytes,
        .weight = c->plan.weight,
        .memory_limit = c->plan.limit,
        .max_skipped = mzg_check_allowed_skips(options, &c->reader->dataset),
        .keep_going = options->keep_going,
        .fail_on_error = options->fail_on_error,
        .progress = c->progress,
        .metrics = c->metrics,
    };
    mzg_statistics_init(c->axis.n_bins, value_type(c), &c->statistics, err);
    if (mzg_agree(c->context->comm, err) != MZG_OK || make_sink(c, err) != MZG_OK ||
        mzg_stream(c->context, &stream, &c->sink, &c->statistics, &c->stream, err) != MZG_OK)
        return err->status;
    if (mzg_reader_check_unchanged(c->context, c->reader, err) != MZG_OK)
        return err->status;
    if (c->stream.n_skipped == c->reader->dataset.n_pixels)
        return mzg_fail(err, MZG_ESKIPPED, "%s: no pixel could be read, so there is nothing to write",
                        c->reader->dataset.path);
    if (judge_outside(c, err) != MZG_OK || mzg_sink_seal(&c->sink, &c->staged, err) != MZG_OK)
        return err->status;
    mzg_sink_close(c->sink);
    c->sink = NULL;
    mzg_statistics_reduce(&c->statistics, c->context->comm);
    mzg_warn_of_counts(&c->stream, c->options->mobility_sum && c->reader->dataset.has_mobility,
                       c->context->log);
    if (mzg_check_values(c->options, c->reader->dataset.path, &c->axis, c->statistics.counts,
                         &c->stream.outside, c->decisions.method, err) != MZG_OK)
        return err->status;
    c->outcome->seconds_stream = lap(c, "stream");
    return MZG_OK;
}

static void tell_matrix(void *context, int64_t done, int64_t total)
{
    struct conversion *c = context;
    if (c->context->rank == 0 && c->progress.update)
        c->progress.update(c->progress.context, "writing", c->matrices_written * total + done,
                           c->plan.n_matrices * total);
}

static enum mzg_status write_matrix(struct conversion *c, struct mzg_error *err)
{
    if (c->staged->in_store)
        return MZG_OK;
    c->column_begins = malloc(((size_t)c->axis.n_bins + 1) * sizeof *c->column_begins);
    if (!c->column_begins)
        mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " column pointers", c->axis.n_bins);
    if (mzg_agree(c->context->comm, err) != MZG_OK)
        return err->status;
    c->column_begins[0] = 0;
    for (int64_t k = 0; k < c->axis.n_bins; k++)
        c->column_begins[k + 1] = c->column_begins[k] + c->statistics.counts[k];
    struct mzg_sdata_matrix matrix = {.staged = c->staged,
                                      .column_begins = c->column_begins,
                                      .memory = mzg_plan_left(&c->plan, c->staged->memory),
                                      .scratch_path = c->paths.scratch,
                                      .scratch_fd = &c->held[SCRATCH],
                                      .progress = tell_matrix,
                                      .progress_context = c};
    for (; c->matrices_written < c->plan.n_matrices && err->status == MZG_OK; c->matrices_written++) {
        matrix.spec = matrix_spec(c, c->matrices_written);
        mzg_sdata_write_matrix(c->sdata, &matrix, err);
    }
    return err->status;
}

static enum mzg_status write_elements(struct conversion *c, struct mzg_error *err)
{
    struct mzg_table_source source = {.options = c->options,
                                      .decisions = &c->decisions,
                                      .reader = c->reader,
                                      .axis = &c->axis,
                                      .statistics = &c->statistics,
                                      .stream = &c->stream,
                                      .geometry = &c->geometry,
                                      .region = mzg_sdata_region(c->sdata)};
    mzg_reader_verify(c->context, c->reader, err);
    if (mzg_agree(c->context->comm, err) != MZG_OK ||
        mzg_table_build(c->context, &source, &c->table, err) != MZG_OK)
        return err->status;
    struct mzg_anndata table = c->table.anndata; /* a kept .h5ad has no layers */
    if (mzg_sdata_write_rows(c->sdata, &table, err) != MZG_OK)
        return err->status;
    table.obs = NULL;
    table.has_layers = c->plan.n_matrices > 1;
    if (mzg_sdata_write_table(c->sdata, &table, err) != MZG_OK)
        return err->status;
    mzg_table_narrow(c->context, &c->table, &c->reader->dataset, &c->geometry);
    struct mzg_sdata_pixels pixels = /* the last that want the records, unless the .h5ad does */
        mzg_table_pixels(&c->table, c->options->keep_hdf5 ? NULL : &c->stream.records);
    return mzg_sdata_write_rasters(c->sdata, &c->geometry, &pixels, err);
}

/* Gives the space of files without a name back, which takes seconds for many GB. When a run fails that comes
 * last: mpirun kills ranks that do not end within one. */
static void close_held(struct conversion *c)
{
    for (int i = 0; i < HELD; i++) {
        if (c->held[i] >= 0)
            close(c->held[i]);
        c->held[i] = -1;
    }
}

/* The rows are in the store, which may go to the disk while the rest is made. Gives back the memory of the
 * stage, and removes its file unless it is to be kept: before, or that would go to the disk as well. */
static void drop_stage(struct conversion *c)
{
    bool has_file = c->staged->memory == 0;
    if (!has_file)
        mzg_zarr_store_start_sync(mzg_sdata_store(c->sdata));
    c->outcome->pixels = c->staged->n_rows;
    c->outcome->non_zeros = c->staged->n_values;
    mzg_staged_close(c->staged);
    c->staged = NULL;
    if (!c->options->keep_hdf5 && c->context->rank == 0)
        unlink(c->paths.stage);
    close_held(c);
    if (has_file)
        mzg_zarr_store_start_sync(mzg_sdata_store(c->sdata));
}

/* Completes the staged file as an .h5ad, where it is to be kept. */
static enum mzg_status complete_h5ad(struct conversion *c, struct mzg_error *err)
{
    return !c->options->keep_hdf5 ? MZG_OK
                                  : mzg_h5ad_complete(c->context, c->paths.stage, &c->table.anndata, err);
}

/* Gives the completed file its name, once the store is complete but for its own. */
static enum mzg_status keep_stage(struct conversion *c, struct mzg_error *err)
{
    if (!c->options->keep_hdf5)
        return MZG_OK;
    if (c->context->rank == 0)
        mzg_paths_keep(&c->paths, c->options->overwrite, err);
    c->stage_kept = mzg_agree(c->context->comm, err) == MZG_OK;
    return err->status;
}

/* The feature table, in the store that is complete but for its name. */
static enum mzg_status add_peaks(struct conversion *c, struct mzg_error *err)
{
    if (!c->options->peaks)
        return MZG_OK;
    struct mzg_peaks_options peaks = *c->options->peaks;
    peaks.memory_limit = c->plan.limit;
    peaks.table = NULL;
    return mzg_peaks_add(c->context, mzg_sdata_part(c->sdata), true, &peaks, &c->progress, &c->outcome->peaks,
                         err);
}

/* Both get their names, or neither. */
static enum mzg_status publish(struct conversion *c, struct mzg_error *err)
{
    if (complete_h5ad(c, err) != MZG_OK || mzg_sdata_complete(c->sdata, err) != MZG_OK ||
        add_peaks(c, err) != MZG_OK || keep_stage(c, err) != MZG_OK)
        return err->status;
    if (mzg_sdata_finish(c->sdata, err) != MZG_OK && c->stage_kept) {
        if (c->context->rank == 0)
            mzg_paths_take_back(&c->paths);
        c->stage_kept = false;
    }
    return err->status;
}

static enum mzg_status assemble(struct conversion *c, struct mzg_error *err)
{
    if (write_matrix(c, err) != MZG_OK)
        return err->status;
    drop_stage(c);
    if (write_elements(c, err) != MZG_OK)
        return err->status;
    mzg_check_stop(c->context->stop, err);
    if (mzg_agree(c->context->comm, err) != MZG_OK ||
        mzg_reader_check_unchanged(c->context, c->reader, err) != MZG_OK)
        return err->status;
    c->outcome->seconds_assemble = lap(c, "assemble");
    return publish(c, err);
}

static void fill_outcome(struct conversion *c, double begin)
{
    struct mzg_convert_outcome *outcome = c->outcome;
    outcome->skipped = c->stream.n_skipped;
    outcome->skipped_too_many = outcome->skipped > mzg_check_allowed_skips(c->options, &c->reader->dataset);
    outcome->bins = c->axis.n_bins;
    outcome->bytes_read = c->stream.bytes_read;
    int64_t sums[2] = {mzg_zarr_bytes_written(mzg_sdata_store(c->sdata)), mzg_memory_peak()};
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_INT64_T, MPI_SUM, c->context->comm));
    outcome->bytes_written = sums[0];
    outcome->peak_memory = sums[1];
    outcome->seconds_finish = lap(c, "finish");
    outcome->seconds = c->clock - begin;
}

/* Takes the staged file's name away, unless it is kept, but holds the file. */
static void unlink_stage(struct conversion *c)
{
    if (c->context->rank != 0 || !c->paths.stage || c->stage_kept)
        return;
    c->held[STAGE] = open(c->paths.stage, O_RDONLY | O_CLOEXEC);
    unlink(c->paths.stage);
}

/* `complete`: the output has its name, so that what is left beside it would not be known from a failure. */
static void release(struct conversion *c, bool complete)
{
    struct mzg_error left = {0};
    unlink_stage(c);
    mzg_table_destroy(&c->table);
    mzg_stream_result_destroy(&c->stream);
    mzg_statistics_destroy(&c->statistics);
    free(c->column_begins);
    mzg_staged_close(c->staged);
    mzg_sink_close(c->sink);
    if (mzg_paths_destroy(&c->paths, &left) != MZG_OK && complete)
        mzg_log_line(c->context->log, MZG_LOG_WARNING, "the output is complete, but %s", left.text);
    mzg_resampler_free(c->resampler);
    mzg_axis_destroy(&c->axis);
    mzg_reader_close(c->reader);
    mzg_sdata_free(c->sdata);
    mzg_metrics_close(c->metrics);
    close_held(c);
}

enum mzg_status mzg_run_convert(const struct mzg_context *context, const struct mzg_convert_options *options,
                                const struct mzg_progress *progress, struct mzg_convert_outcome *outcome,
                                struct mzg_error *err)
{
    double begin = MPI_Wtime();
    struct mzg_convert_outcome result = {0};
    mzg_mpi_set_output(options->dry_run ? NULL : options->output);
    struct conversion c = {
        .context = context, .options = options, .outcome = &result, .clock = begin, .held = {-1, -1}};
    if (progress)
        c.progress = *progress;

    if (mzg_check_options(options, err) == MZG_OK && open_ends(&c, err) == MZG_OK &&
        check_input(&c, err) == MZG_OK && make_axis(&c, err) == MZG_OK && make_plan(&c, err) == MZG_OK) {
        if (!options->dry_run && stream_pixels(&c, err) == MZG_OK && assemble(&c, err) == MZG_OK)
            fill_outcome(&c, begin);
        *outcome = result;
    }
    if (err->status != MZG_OK)
        mzg_check_changed(context, c.reader, err);
    release(&c, err->status == MZG_OK);
    mzg_mpi_set_output(NULL);
    return err->status;
}
