/*
 * A feature table, told top to bottom: look at the table, pick or place the peaks, add up their bins, write
 * what belongs to them, put it all in its place.
 */
#include <run/peaks.h>

#include <core/agree.h>
#include <core/file.h>
#include <core/log.h>
#include <core/memory.h>
#include <core/mpi.h>
#include <core/pool.h>
#include <input/file_mark.h>
#include <peaks/list.h>
#include <run/peaks_matrix.h>
#include <run/peaks_table.h>
#include <run/plan.h>
#include <zarr/copy.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_LIST = 1 << 28 };

/* What rank 0 takes for each peak: its row of var and the list's line among them. */
enum { TABLE_BYTES = 256 };

struct run {
    const struct mzg_context *context;
    const struct mzg_peaks_options *options;
    const char *store;
    bool is_part;
    struct mzg_file_mark mark; /* rank 0: of the store's root metadata */
    struct mzg_peaks_source source;
    struct mzg_peak_list list; /* rank 0 */
    struct mzg_peaks peaks;
    struct mzg_peaks_sums sums;
    struct mzg_peaks_matrix matrix;
    struct mzg_update *update;
    struct mzg_peaks_table table; /* rank 0 */
};

void mzg_peaks_set_defaults(struct mzg_peaks_options *options)
{
    *options = (struct mzg_peaks_options){.size = sizeof *options, .snr = 10, .tolerance = 10};
}

/* MZG_EUSAGE for options that make no sense. */
static enum mzg_status check(const struct mzg_peaks_options *options, struct mzg_error *err)
{
    if (!(options->snr > 0) || !isfinite(options->snr))
        return mzg_fail(err, MZG_EUSAGE, "the least S/N of a peak must be a number above 0");
    if (!(options->tolerance > 0) || !isfinite(options->tolerance))
        return mzg_fail(err, MZG_EUSAGE, "the tolerance of a peak must be a number above 0");
    if (options->table && (strchr(options->table, '/') || options->table[0] == '.' || !options->table[0]))
        return mzg_fail(err, MZG_EUSAGE, "'%s' is not a valid name of a table", options->table);
    return MZG_OK;
}

/* That a list of so many lines can be read within the limit. */
static enum mzg_status check_list(const struct mzg_peaks_options *options, int64_t size, int64_t n_lines,
                                  struct mzg_error *err)
{
    int64_t takes = mzg_peak_list_memory(size, n_lines);
    if (size > MOST_LIST)
        return mzg_fail(err, MZG_EFORMAT, "%s: it has %" PRId64 " bytes; a list of peaks has at most %d",
                        options->list, size, MOST_LIST);
    if (options->memory_limit > 0 && takes > options->memory_limit)
        return mzg_fail(err, MZG_EFORMAT,
                        "%s: it has %" PRId64 " bytes, and takes %" PRId64
                        " times as much memory; the limit is %" PRId64 " bytes",
                        options->list, size, takes / (size > 0 ? size : 1), options->memory_limit);
    return MZG_OK;
}

static int64_t count_lines(const char *text, int64_t size)
{
    int64_t n = 1;
    for (int64_t i = 0; i < size; i++)
        n += text[i] == '\n';
    return n;
}

/* Rank 0. */
static enum mzg_status read_list(const struct mzg_peaks_options *options, struct mzg_peak_list *list,
                                 struct mzg_error *err)
{
    const char *path = options->list;
    char *text = NULL;
    int fd;
    int64_t size;
    if (mzg_open_regular(path, &fd, &size, err) != MZG_OK)
        return err->status;
    if (check_list(options, size, 0, err) != MZG_OK)
        goto cleanup;
    text = malloc((size_t)size + 1);
    int code = text ? mzg_read_at(fd, text, size, 0) : 0;
    if (!text)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to read it", path);
    else if (code != 0)
        mzg_fail(err, MZG_EIO, "%s: it cannot be read: %s", path, strerror(code));
    else if (check_list(options, size, count_lines(text, size), err) == MZG_OK)
        mzg_peak_list_parse(path, text, (size_t)size, list, err);

cleanup:
    close(fd);
    free(text);
    return err->status;
}

enum mzg_status mzg_peaks_look(const struct mzg_context *context, const struct mzg_peaks_options *options,
                               struct mzg_error *err)
{
    struct mzg_peak_list list = {0};
    if (check(options, err) == MZG_OK && context->rank == 0 && options->list)
        read_list(options, &list, err);
    mzg_peak_list_destroy(&list);
    return mzg_agree(context->comm, err);
}

/* Rank 0: what of a list the user may not expect. */
static void tell_of_list(const struct run *run)
{
    struct mzg_log *log = run->context->log;
    int64_t n_outside = 0, first = -1;
    for (int64_t i = 0; i < run->peaks.n; i++) {
        if (run->peaks.items[i].first == run->peaks.items[i].end) {
            first = first < 0 ? i : first;
            n_outside++;
        }
    }
    if (run->list.n_repeated > 0)
        mzg_log_line(log, MZG_LOG_WARNING,
                     "%s: %" PRId64 " line%s an m/z; mzgrid makes one peak of those that are equal, with "
                     "all their names",
                     run->options->list, run->list.n_repeated,
                     run->list.n_repeated == 1 ? " repeats" : "s repeat");
    if (n_outside > 0)
        mzg_log_line(log, MZG_LOG_WARNING,
                     "%s: %" PRId64
                     " %s outside the mass axis, m/z %.6g to %.6g, without a value; first: m/z %.10g",
                     run->options->list, n_outside, n_outside == 1 ? "peak lies" : "peaks lie",
                     run->source.edges[0], run->source.edges[run->source.n_bins], run->list.items[first].mz);
}

/* No peak was found: `peaks` fails, and a conversion is worth having without. Rank 0. */
static void tell_of_none(const struct run *run, struct mzg_error *err)
{
    const char *than_chance = "", *what_helps = "a lower --snr finds smaller ones";
    if (run->source.is_centroid) {
        than_chance = " in more pixels than share a bin by chance";
        what_helps = "wider bins (--bin-width of 'mzgrid convert') hold peaks together that wander, a lower "
                     "--snr finds smaller ones";
    }
    if (run->is_part)
        mzg_log_line(run->context->log, MZG_LOG_WARNING,
                     "no peak reaches S/N %g%s: there is no feature table; %s, and 'mzgrid peaks' "
                     "with a --peak-list makes one of peaks that are known",
                     run->options->snr, than_chance, what_helps);
    else
        mzg_fail(err, MZG_EFORMAT,
                 "%s/%s: no peak reaches S/N %g%s; %s, and --peak-list takes peaks that are known",
                 run->store, run->source.table, run->options->snr, than_chance, what_helps);
}

/* Rank 0. */
static enum mzg_status find_peaks(struct run *run, struct mzg_error *err)
{
    const struct mzg_peaks_options *options = run->options;
    struct mzg_spectra spectra = mzg_peaks_source_spectra(&run->source);
    if (!options->list) {
        if (mzg_peaks_pick(&spectra, options->snr, &run->peaks, err) == MZG_OK && run->peaks.n == 0)
            tell_of_none(run, err);
        return err->status;
    }
    struct mzg_tolerance tolerance = {options->tolerance, !options->tolerance_in_da};
    if (read_list(options, &run->list, err) == MZG_OK &&
        mzg_peak_list_place(&run->list, tolerance, &spectra, run->source.edges, &run->peaks, err) == MZG_OK)
        tell_of_list(run);
    return err->status;
}

/* The values that the sums can have which are not 0: of each peak as many as its bins have, or all pixels. */
static int64_t most_values(const struct run *run)
{
    int64_t sum = 0;
    for (int64_t p = 0; p < run->peaks.n; p++) {
        const struct mzg_peak *peak = &run->peaks.items[p];
        int64_t n = 0;
        for (int64_t k = peak->first; k < peak->end && n < run->source.n_rows; k++)
            n += run->source.n_pixels[k];
        sum += n < run->source.n_rows ? n : run->source.n_rows;
    }
    return sum;
}

/* All ranks get the peaks. Collective. */
static enum mzg_status share_peaks(struct run *run, struct mzg_error *err)
{
    const struct mzg_context *context = run->context;
    int64_t numbers[2] = {run->peaks.n, 0};
    if (context->rank == 0)
        numbers[1] = most_values(run);
    MZG_MPI(MPI_Bcast(numbers, 2, MPI_INT64_T, 0, context->comm));
    run->sums.most_values = numbers[1];
    if (context->rank != 0) {
        run->peaks.n = numbers[0];
        run->peaks.items = malloc(((size_t)numbers[0] + 1) * sizeof *run->peaks.items);
    }
    run->matrix.n_pixels = calloc((size_t)numbers[0] + 1, sizeof *run->matrix.n_pixels);
    if (!run->peaks.items || !run->matrix.n_pixels)
        mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " peaks", numbers[0]);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    int size = (int)sizeof *run->peaks.items;
    MZG_MPI(MPI_Bcast(run->peaks.items, mzg_mpi_count(run->peaks.n * size, "bytes of peaks"), MPI_BYTE, 0,
                      context->comm));
    return MZG_OK;
}

/* As many slots as the memory and the workers allow, the same on all ranks. Collective. */
static enum mzg_status make_slots(struct run *run, struct mzg_error *err)
{
    const struct mzg_peaks_source *source = &run->source;
    const struct mzg_context *context = run->context;
    int64_t memory = mzg_plan_share(context->comm, run->options->memory_limit);
    int64_t value = mzg_type_size(source->value_type), n_peaks = run->peaks.n;
    int64_t columns = MZG_PEAKS_CHUNK / source->n_rows;
    struct mzg_peaks_matrix *matrix = &run->matrix;
    matrix->is_dense = run->options->layout == MZG_PEAKS_AUTO
                           ? source->n_rows <= MZG_PEAKS_MOST_DENSE / n_peaks
                           : run->options->layout == MZG_PEAKS_DENSE;
    matrix->chunk_columns = columns < 1 ? 1 : columns < n_peaks ? columns : n_peaks;
    /* A slot: what it reads, and a column or a chunk that it makes, packed as well. */
    int64_t chunk = source->n_rows * (matrix->is_dense ? matrix->chunk_columns : 1);
    int64_t slot = mzg_peaks_slot_bytes(source, n_peaks) + 3 * chunk * (value + (int64_t)sizeof(int32_t));
    int64_t fixed = source->layout == MZG_MATRIX_CSC ? source->n_bins * (int64_t)sizeof(int64_t)
                    : matrix->is_dense ? source->n_rows * n_peaks * value / context->size + 2 * chunk * value
                                       : 0;
    fixed += context->rank == 0 ? n_peaks * TABLE_BYTES : 0;
    int64_t slots = (memory - fixed) * 2 / 3 / slot, workers = mzg_pool_size(context->pool);
    slots = slots < workers ? slots : workers;
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &slots, 1, MPI_INT64_T, MPI_MIN, context->comm));
    if (slots < 1) {
        /* Of the libraries also what others have a share of now, but perhaps not beside the next run. */
        int64_t used = mzg_memory_pss() + mzg_memory_shared_elsewhere(1);
        mzg_fail(err, MZG_ENOMEM,
                 "%" PRId64 " peaks of %" PRId64 " pixels need %" PRId64 " MiB for each of %d ranks; raise "
                 "--memory-limit, or use fewer ranks",
                 n_peaks, source->n_rows, ((fixed + slot * 3 / 2 + used) >> 20) + 1, context->size);
        return mzg_agree(context->comm, err); /* for the sentence: ranks take different memory */
    }
    matrix->memory = memory - fixed - slots * slot;
    matrix->sums = &run->sums;
    run->sums.context = context;
    run->sums.source = source;
    run->sums.peaks = &run->peaks;
    mzg_peaks_sums_init(&run->sums, (int)slots, err);
    return mzg_agree(context->comm, err);
}

/* Numbers of the new table are packed as those of the old one. Rank 0. */
static enum mzg_status read_codec(const struct run *run, struct mzg_codec *codec, struct mzg_error *err)
{
    struct mzg_zarr_input *integers = NULL;
    char *node = NULL;
    if (asprintf(&node, "%s/obs/instance_key", run->source.table) < 0)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for the paths in it", run->store);
    if (mzg_zarr_input_open(run->store, node, &integers, err) == MZG_OK)
        *codec = mzg_zarr_codec_of(run->source.values, integers);
    mzg_zarr_input_free(integers);
    free(node);
    return err->status;
}

static enum mzg_status begin_update(struct run *run, struct mzg_error *err)
{
    char *new_table = NULL;
    struct mzg_update_options options = {.path = run->store,
                                         .table = run->source.table,
                                         .replace = run->options->replace,
                                         .is_part = run->is_part};
    if (asprintf(&new_table, "%s_peaks", run->source.table) < 0) {
        new_table = NULL;
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for the paths in it", run->store);
    } else if (run->context->rank == 0) {
        read_codec(run, &options.codec, err);
    }
    options.new_table = new_table;
    if (mzg_agree(run->context->comm, err) == MZG_OK)
        mzg_update_new(run->context, &options, &run->update, err);
    free(new_table);
    run->matrix.update = run->update;
    return err->status;
}

/* Of a dense X a chunk may be absent because all in it is 0, or because it was lost: then peaks have values
 * in fewer pixels than one of their bins alone. Collective; rank 0 tells. */
static enum mzg_status check_absent(struct run *run, struct mzg_error *err)
{
    const struct mzg_peaks_source *source = &run->source;
    for (int i = 0; source->layout == MZG_MATRIX_DENSE && i < run->sums.n_slots; i++)
        run->matrix.n_absent += run->sums.slots[i].value_cursor.n_absent;
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &run->matrix.n_absent, 1, MPI_INT64_T, MPI_SUM, run->context->comm));
    for (int64_t p = 0; run->context->rank == 0 && run->matrix.n_absent > 0 && p < run->peaks.n; p++) {
        const struct mzg_peak *peak = &run->peaks.items[p];
        for (int64_t k = peak->first; k < peak->end; k++)
            if (source->n_pixels[k] > run->matrix.n_pixels[p])
                return mzg_fail(
                    err, MZG_EFORMAT,
                    "%s/%s/X: chunks are missing, and bin %" PRId64
                    " has values in fewer pixels than var/n_pixels says; the store is incomplete, "
                    "copy it again",
                    run->store, source->table, k);
    }
    return MZG_OK;
}

/* All of the table but X, and the marks. Collective. */
static enum mzg_status write_rest(struct run *run, struct mzg_error *err)
{
    const struct mzg_context *context = run->context;
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, run->matrix.n_pixels, mzg_mpi_count(run->peaks.n, "peaks"),
                          MPI_INT64_T, MPI_SUM, context->comm));
    struct mzg_peaks_facts facts = {.source = &run->source,
                                    .options = run->options,
                                    .peaks = &run->peaks,
                                    .list = run->options->list ? &run->list : NULL,
                                    .n_pixels = run->matrix.n_pixels};
    if (check_absent(run, err) == MZG_OK && context->rank == 0)
        mzg_peaks_table_build(&facts, &run->table, err);
    if (mzg_agree(context->comm, err) != MZG_OK ||
        mzg_sdata_write_table(mzg_update_sdata(run->update), &run->table.anndata, err) != MZG_OK ||
        mzg_update_copy_rows(run->update, err) != MZG_OK)
        return err->status;
    return mzg_update_mark(run->update, "is_peak", run->source.n_bins, run->table.is_peak, err);
}

static void fill_outcome(const struct run *run, double begin, struct mzg_peaks_outcome *outcome)
{
    const struct mzg_context *context = run->context;
    *outcome = (struct mzg_peaks_outcome){.pixels = run->source.n_rows,
                                          .bins = run->source.n_bins,
                                          .peaks = run->peaks.n,
                                          .is_dense = run->matrix.is_dense};
    for (int64_t p = 0; p < run->peaks.n; p++) {
        outcome->of_maximum += run->peaks.items[p].source == MZG_PEAK_MAXIMUM;
        outcome->outside += run->peaks.items[p].first == run->peaks.items[p].end;
        outcome->non_zeros += run->matrix.n_pixels[p];
    }
    int64_t bytes = mzg_zarr_bytes_written(mzg_sdata_store(mzg_update_sdata(run->update)));
    MZG_MPI(MPI_Allreduce(&bytes, &outcome->bytes_written, 1, MPI_INT64_T, MPI_SUM, context->comm));
    outcome->seconds = MPI_Wtime() - begin;
}

static void release(struct run *run)
{
    mzg_update_free(run->update);
    mzg_peaks_table_destroy(&run->table);
    mzg_peaks_sums_destroy(&run->sums);
    mzg_peaks_destroy(&run->peaks);
    mzg_peak_list_destroy(&run->list);
    mzg_peaks_source_close(&run->source);
    free(run->matrix.n_pixels);
}

/* Sets or, once it is set, holds the mark of the store's root metadata, which whoever changes or replaces a
 * store writes last. All ranks return the same status. Collective. */
static enum mzg_status watch_store(struct run *run, struct mzg_error *err)
{
    if (run->is_part)
        return MZG_OK;
    char *root = run->context->rank == 0 ? mzg_file_path(run->store, "/zarr.json") : NULL;
    if (run->context->rank == 0 && !root)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for the paths in it", run->store);
    else if (root && run->mark.is_set)
        mzg_file_mark_check(&run->mark, -1, root, err);
    else if (root)
        mzg_file_mark_set(-1, root, &run->mark);
    free(root);
    return mzg_agree(run->context->comm, err);
}

/* All ranks return the same status. Collective. */
static enum mzg_status write_matrix(struct mzg_peaks_matrix *matrix, struct mzg_error *err)
{
    bool by_column = matrix->sums->source->layout == MZG_MATRIX_CSC;
    if ((by_column ? mzg_peaks_write_from_columns(matrix, err) : mzg_peaks_write_from_rows(matrix, err)) !=
        MZG_OK)
        return err->status;
    return mzg_agree(matrix->sums->context->comm, err);
}

enum mzg_status mzg_peaks_add(const struct mzg_context *context, const char *store, bool is_part,
                              const struct mzg_peaks_options *options, const struct mzg_progress *progress,
                              struct mzg_peaks_outcome *outcome, struct mzg_error *err)
{
    double begin = MPI_Wtime();
    struct run run = {.context = context,
                      .options = options,
                      .store = store,
                      .is_part = is_part,
                      .matrix = {.progress = progress}};
    check(options, err);
    if (mzg_agree(context->comm, err) != MZG_OK || watch_store(&run, err) != MZG_OK ||
        mzg_peaks_source_open(context, store, options->table, &run.source, err) != MZG_OK)
        goto cleanup;
    if (context->rank == 0)
        find_peaks(&run, err);
    if (mzg_agree(context->comm, err) != MZG_OK || share_peaks(&run, err) != MZG_OK)
        goto cleanup;
    if (run.peaks.n == 0)
        goto cleanup;
    if (make_slots(&run, err) == MZG_OK && begin_update(&run, err) == MZG_OK &&
        watch_store(&run, err) == MZG_OK && write_matrix(&run.matrix, err) == MZG_OK &&
        write_rest(&run, err) == MZG_OK && watch_store(&run, err) == MZG_OK &&
        mzg_update_finish(run.update, err) == MZG_OK)
        fill_outcome(&run, begin, outcome);

cleanup:
    release(&run);
    return err->status;
}
