/*
 * The table as imzML, all ranks at once. Each rank owns consecutive rows; what they take in either file is
 * known before it is written:
 *
 *     ibd     UUID | m/z of all bins | intensities of all bins, row by row      continuous
 *     ibd     UUID | m/z, intensities of the bins with values, row by row       processed
 *     imzML   header | an element for each row | trailer
 */
#include <run/export.h>

#include <core/agree.h>
#include <core/block.h>
#include <core/file.h>
#include <core/log.h>
#include <core/memory.h>
#include <core/mpi.h>
#include <core/named_file.h>
#include <core/pool.h>
#include <core/stop.h>
#include <imzml_out/file_pair.h>
#include <input/file_mark.h>
#include <run/export_header.h>
#include <run/export_rows.h>
#include <run/plan.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER = 8 << 20, MANY_READINGS = 4 };

struct writer {
    const struct mzg_context *context;
    const struct mzg_export_options *options;
    const struct mzg_progress *progress;
    struct mzg_file_mark mark; /* rank 0: of the store's root metadata */
    struct mzg_view *view;
    struct mzg_export_facts facts; /* rank 0, but for n_spectra, most, is_continuous and is_wide */
    struct mzg_export_rows rows;
    struct mzg_file_pair files;
    int64_t *positions[3]; /* of this rank's rows */
    bool has_z;
    int64_t *offsets; /* n + 1, of this rank's spectra in the ibd */
    int64_t head;     /* bytes of the ibd before the first spectrum */
    int64_t total;    /* bytes of the ibd */
    char *buffer;     /* what is written next, of one of the files: */
    int64_t used, at; /*  bytes in it, and where they go */
};

static enum mzg_status flush(struct writer *w, enum mzg_file file, struct mzg_error *err)
{
    mzg_file_pair_write(&w->files, file, w->buffer, w->used, w->at, err);
    w->at += w->used;
    w->used = 0;
    return err->status;
}

static enum mzg_status put(struct writer *w, enum mzg_file file, const void *bytes, int64_t n,
                           struct mzg_error *err)
{
    const char *from = bytes;
    while (n > 0 && err->status == MZG_OK) {
        int64_t more = BUFFER - w->used < n ? BUFFER - w->used : n;
        memcpy(w->buffer + w->used, from, (size_t)more);
        w->used += more;
        from += more;
        n -= more;
        if (w->used == BUFFER)
            flush(w, file, err);
    }
    return err->status;
}

/* Sets or, once it is set, holds the mark of the store's root metadata, which whoever changes or replaces a
 * store writes last. Collective. */
static enum mzg_status watch_store(struct writer *w, struct mzg_error *err)
{
    char *root = w->context->rank == 0 ? mzg_file_path(w->options->store, "/zarr.json") : NULL;
    if (w->context->rank == 0 && !root)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for the paths in it", w->options->store);
    else if (root && w->mark.is_set)
        mzg_file_mark_check(&w->mark, -1, root, err);
    else if (root)
        mzg_file_mark_set(-1, root, &w->mark);
    free(root);
    return mzg_agree(w->context->comm, err);
}

/* The positions of this rank's rows in one dimension; adds how many of their chunks are not there. */
static enum mzg_status read_positions(const struct writer *w, const char *name, int64_t first, int64_t n,
                                      int64_t **positions, int64_t *n_absent, struct mzg_error *err)
{
    struct mzg_zarr_input *input = NULL;
    struct mzg_zarr_cursor cursor = {0};
    char *node = NULL;
    int64_t *made = calloc((size_t)n + 1, sizeof *made);
    if (!made || asprintf(&node, "%s/obs/%s", w->view->table, name) < 0) {
        node = NULL;
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for the positions of its pixels", w->view->store);
    } else if (mzg_zarr_input_open(w->view->store, node, &input, err) == MZG_OK) {
        mzg_zarr_read_int64(input, &cursor, first, n, made, err);
    }
    for (int64_t i = 0; i < n && err->status == MZG_OK; i++)
        if (made[i] < INT32_MIN || made[i] > INT32_MAX)
            mzg_fail(err, MZG_EFORMAT, "%s/%s: pixel %" PRId64 " lies at %" PRId64 "; the store is damaged",
                     w->view->store, node, first + i, made[i]);
    *n_absent += cursor.n_absent;
    mzg_zarr_cursor_close(&cursor);
    mzg_zarr_input_free(input);
    free(node);
    *positions = made;
    return err->status;
}

/* Opens the table on all ranks, and learns what of it the header tells. Collective. */
static enum mzg_status open_table(struct writer *w, struct mzg_error *err)
{
    static const char *const names[] = {"x", "y", "z"};
    const struct mzg_context *context = w->context;
    mzg_view_open(w->options->store, w->options->dataset, context->stop, &w->view, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    struct mzg_block mine = mzg_block_of(w->view->n_pixels, context->size, context->rank);
    int64_t most[5] = {INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, 0}; /* x, y, z, -z; absent chunks */
    for (int d = 0; d < 3; d++)
        if (read_positions(w, names[d], mine.first, mine.count, &w->positions[d], &most[4], err) != MZG_OK)
            break;
    for (int64_t i = 0; i < mine.count && err->status == MZG_OK; i++) {
        for (int d = 0; d < 3; d++)
            most[d] = w->positions[d][i] > most[d] ? w->positions[d][i] : most[d];
        most[3] = -w->positions[2][i] > most[3] ? -w->positions[2][i] : most[3];
    }
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, most, 5, MPI_INT64_T, MPI_MAX, context->comm));
    if (most[4] > 0 && context->rank == 0)
        mzg_view_check_places(w->view, err);
    if (most[4] > 0 && mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    w->has_z = most[2] != 1 || most[3] != -1;
    w->rows = (struct mzg_export_rows){.view = w->view,
                                       .pool = context->pool,
                                       .first = mine.first,
                                       .n = mine.count,
                                       .counted = w->options->processed};
    w->facts = (struct mzg_export_facts){
        .n_spectra = w->view->n_pixels, .most = {most[0], most[1]}, .is_continuous = !w->options->processed};
    return MZG_OK;
}

/* Counts, and makes room for rows. Collective. */
static enum mzg_status open_rows(struct writer *w, struct mzg_error *err)
{
    const struct mzg_context *context = w->context;
    int64_t fixed = mzg_export_rows_overhead(w->view, w->rows.n, mzg_pool_size(context->pool)) + BUFFER +
                    (w->options->processed ? w->rows.n * (int64_t)sizeof(int64_t) : 0);
    int64_t share = mzg_plan_share(context->comm, w->options->memory_limit);
    w->rows.memory = share - share / 8 - fixed; /* what the allocator and the libraries take beside it */
    if (w->rows.memory < BUFFER)
        w->rows.memory = BUFFER;
    w->buffer = malloc(BUFFER);
    if (!w->buffer)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to write it", w->options->output);
    else
        mzg_export_rows_open(&w->rows, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    if (w->rows.n_batches >= MANY_READINGS && !w->view->dense && !w->view->rows.data)
        mzg_log_line(context->log, MZG_LOG_WARNING,
                     "%s: it has columns alone (csc), which are read %" PRId64
                     " times, once for each part of "
                     "its pixels that fits in memory; a higher --memory-limit needs fewer readings, and "
                     "'convert --layout csc+csr' makes a store that needs one",
                     w->view->store, w->rows.n_batches);
    w->facts.is_wide = w->rows.type == MZG_FLOAT64;
    if (context->rank == 0)
        mzg_export_facts_read(w->view, &w->facts, err);
    return mzg_agree(context->comm, err);
}

static enum mzg_status open_files(struct writer *w, struct mzg_error *err)
{
    MPI_Comm comm = w->context->comm;
    bool is_root = w->context->rank == 0;
    if (mzg_file_pair_init(w->options->output, &w->files, err) == MZG_OK && is_root &&
        mzg_file_pair_check(&w->files, w->options->overwrite, err) == MZG_OK)
        for (int f = 0; f < MZG_FILES && err->status == MZG_OK; f++)
            mzg_export_check("-o", w->options->store, w->files.name[f], err);
    if (mzg_agree(comm, err) != MZG_OK)
        return err->status;
    if (is_root)
        mzg_file_pair_create(&w->files, err);
    for (int f = 0; f < MZG_FILES; f++)
        if (mzg_agree_text(comm, &w->files.part[f], err) != MZG_OK)
            return err->status;
    if (!is_root)
        mzg_file_pair_open(&w->files, err);
    return mzg_agree(comm, err);
}

/* Gives every spectrum its place in the ibd. Collective. */
static enum mzg_status place_spectra(struct writer *w, struct mzg_error *err)
{
    const struct mzg_context *context = w->context;
    int64_t size = mzg_type_size(w->rows.type), n = w->rows.n, before = 0;
    w->offsets = calloc((size_t)n + 1, sizeof *w->offsets);
    if (!w->offsets)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for the places of its spectra", w->options->output);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    w->offsets[0] = 0;
    for (int64_t i = 0; i < n; i++)
        w->offsets[i + 1] =
            w->offsets[i] + (w->options->processed ? w->rows.counts[i] * (size + (int64_t)sizeof(double))
                                                   : w->view->n_bins * size);
    MZG_MPI(MPI_Exscan(&w->offsets[n], &before, 1, MPI_INT64_T, MPI_SUM, context->comm));
    MZG_MPI(MPI_Allreduce(&w->offsets[n], &w->total, 1, MPI_INT64_T, MPI_SUM, context->comm));
    w->head = MZG_IMZML_UUID + (w->options->processed ? 0 : w->view->n_bins * (int64_t)sizeof(double));
    w->total += w->head;
    for (int64_t i = 0; i <= n; i++)
        w->offsets[i] += w->head + (context->rank > 0 ? before : 0);
    return MZG_OK;
}

/* The first bytes of the ibd. Rank 0. */
static enum mzg_status write_head(const struct writer *w, struct mzg_error *err)
{
    int64_t available = mzg_file_free_space(w->files.part[MZG_FILE_IBD]);
    if (!w->options->processed && available >= 0 && available < w->total)
        return mzg_fail(err, MZG_EIO,
                        "%s: the disk is full: %" PRId64 " spectra of %" PRId64 " m/z take %" PRId64
                        " bytes, and %" PRId64 " are free; --processed writes only the bins with values",
                        w->files.name[MZG_FILE_IBD], w->view->n_pixels, w->view->n_bins, w->total, available);
    if (mzg_file_pair_reserve(&w->files, MZG_FILE_IBD, w->total, err) != MZG_OK ||
        mzg_file_pair_write(&w->files, MZG_FILE_IBD, w->facts.uuid, MZG_IMZML_UUID, 0, err) != MZG_OK)
        return err->status;
    return mzg_file_pair_write(&w->files, MZG_FILE_IBD, w->view->mz, w->head - MZG_IMZML_UUID, MZG_IMZML_UUID,
                               err);
}

/* The spectrum of a row of the batch: m/z and values of its bins. */
static enum mzg_status put_processed(struct writer *w, int64_t row, struct mzg_error *err)
{
    const struct mzg_export_rows *rows = &w->rows;
    int64_t begin = rows->begins[row], end = rows->begins[row + 1], size = mzg_type_size(rows->type);
    for (int64_t i = begin; i < end && err->status == MZG_OK; i++)
        put(w, MZG_FILE_IBD, &w->view->mz[rows->bins[i]], sizeof(double), err);
    return put(w, MZG_FILE_IBD, (const char *)rows->values + begin * size, (end - begin) * size, err);
}

/* The same with a value of every bin; `spectrum` is all zero, and is so again. */
static enum mzg_status put_continuous(struct writer *w, int64_t row, char *spectrum, struct mzg_error *err)
{
    const struct mzg_export_rows *rows = &w->rows;
    size_t size = (size_t)mzg_type_size(rows->type);
    for (int64_t i = rows->begins[row]; i < rows->begins[row + 1]; i++)
        memcpy(spectrum + (size_t)rows->bins[i] * size, (const char *)rows->values + (size_t)i * size, size);
    put(w, MZG_FILE_IBD, spectrum, w->view->n_bins * (int64_t)size, err);
    for (int64_t i = rows->begins[row]; i < rows->begins[row + 1]; i++)
        memset(spectrum + (size_t)rows->bins[i] * size, 0, size);
    return err->status;
}

static enum mzg_status write_arrays(struct writer *w, struct mzg_error *err)
{
    const struct mzg_progress *progress = w->progress;
    char *spectrum = NULL;
    if (!w->options->processed &&
        !(spectrum = calloc((size_t)w->view->n_bins, (size_t)mzg_type_size(w->rows.type))))
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for a spectrum", w->options->output);
    w->used = 0;
    w->at = w->offsets[0];
    while (err->status == MZG_OK && mzg_export_rows_next(&w->rows, err) == MZG_OK && w->rows.n_at > 0) {
        for (int64_t row = 0; row < w->rows.n_at && mzg_check_stop(w->context->stop, err) == MZG_OK; row++) {
            if (spectrum)
                put_continuous(w, row, spectrum, err);
            else
                put_processed(w, row, err);
        }
        if (w->context->rank == 0 && progress && progress->update)
            progress->update(progress->context, "writing", w->rows.at + w->rows.n_at, w->rows.n);
    }
    if (err->status == MZG_OK)
        flush(w, MZG_FILE_IBD, err);
    free(spectrum);
    return err->status;
}

/* A chunk of a dense X that is absent holds zeros, or was lost. Collective. */
static enum mzg_status check_absent(struct writer *w, struct mzg_error *err)
{
    struct mzg_export_rows *rows = &w->rows;
    bool is_root = w->context->rank == 0;
    if (!w->view->dense)
        return MZG_OK;
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &rows->n_absent, 1, MPI_INT64_T, MPI_SUM, w->context->comm));
    if (rows->n_absent == 0)
        return MZG_OK;
    MZG_MPI(MPI_Reduce(is_root ? MPI_IN_PLACE : rows->seen, is_root ? rows->seen : NULL, (int)w->view->n_bins,
                       MPI_INT64_T, MPI_SUM, 0, w->context->comm));
    if (is_root)
        mzg_export_rows_check(rows, err);
    return mzg_agree(w->context->comm, err);
}

/* Collective. */
static enum mzg_status write_ibd(struct writer *w, struct mzg_error *err)
{
    if (w->context->rank == 0)
        write_head(w, err);
    if (mzg_agree(w->context->comm, err) != MZG_OK)
        return err->status;
    /* Closed, so that on a network file system rank 0 reads what the others wrote. */
    if (write_arrays(w, err) == MZG_OK)
        mzg_file_pair_close(&w->files, MZG_FILE_IBD, err);
    if (mzg_agree(w->context->comm, err) != MZG_OK)
        return err->status;
    return check_absent(w, err);
}

/* The element of a row of this rank; returns its length. */
static int64_t make_element(const struct writer *w, int64_t row, char *text)
{
    int64_t size = mzg_type_size(w->rows.type);
    struct mzg_imzml_spectrum spectrum = {.index = w->rows.first + row,
                                          .x = (int32_t)w->positions[0][row],
                                          .y = (int32_t)w->positions[1][row],
                                          .z = (int32_t)w->positions[2][row],
                                          .has_z = w->has_z,
                                          .n = w->view->n_bins,
                                          .mz_offset = MZG_IMZML_UUID,
                                          .intensity_offset = w->offsets[row],
                                          .intensity_size = (int)size};
    if (w->options->processed) {
        spectrum.n = w->rows.counts[row];
        spectrum.mz_offset = w->offsets[row];
        spectrum.intensity_offset += spectrum.n * (int64_t)sizeof(double);
    }
    return mzg_imzml_spectrum(&spectrum, text);
}

/* The elements of this rank's rows: their bytes, or, with `write`, they are written from w->at on. */
static int64_t make_elements(struct writer *w, bool write, struct mzg_error *err)
{
    char text[MZG_IMZML_MAX_SPECTRUM];
    int64_t bytes = 0;
    for (int64_t row = 0; row < w->rows.n && mzg_check_stop(w->context->stop, err) == MZG_OK; row++) {
        int64_t length = make_element(w, row, text);
        bytes += length;
        if (write)
            put(w, MZG_FILE_IMZML, text, length, err);
    }
    if (write && err->status == MZG_OK)
        flush(w, MZG_FILE_IMZML, err);
    return bytes;
}

/* Header and trailer, around elements that end at `end`. Rank 0, before the others write: what they took of
 * the disk would be missing where room for all is looked for. */
static enum mzg_status write_frame(const struct writer *w, const char *header, int64_t end,
                                   struct mzg_error *err)
{
    const char *trailer = mzg_imzml_trailer();
    int64_t bytes = (int64_t)strlen(trailer);
    if (mzg_file_pair_reserve(&w->files, MZG_FILE_IMZML, end + bytes, err) != MZG_OK ||
        mzg_file_pair_write(&w->files, MZG_FILE_IMZML, header, (int64_t)strlen(header), 0, err) != MZG_OK)
        return err->status;
    return mzg_file_pair_write(&w->files, MZG_FILE_IMZML, trailer, bytes, end, err);
}

/* Collective. */
static enum mzg_status write_imzml(struct writer *w, struct mzg_error *err)
{
    const struct mzg_context *context = w->context;
    uint8_t sha1[MZG_IMZML_SHA1] = {0};
    char *header = NULL;
    int64_t bytes = make_elements(w, false, err), head = 0, before = 0, all = 0;
    if (context->rank == 0 && err->status == MZG_OK &&
        mzg_file_pair_sha1(&w->files, MZG_FILE_IBD, context->stop, sha1, err) == MZG_OK) {
        header = mzg_export_header(&w->facts, sha1);
        if (!header)
            mzg_fail(err, MZG_ENOMEM, "%s: no memory for its header", w->options->output);
    }
    if (mzg_agree(context->comm, err) != MZG_OK)
        goto cleanup;
    head = header ? (int64_t)strlen(header) : 0;
    MZG_MPI(MPI_Bcast(&head, 1, MPI_INT64_T, 0, context->comm));
    MZG_MPI(MPI_Exscan(&bytes, &before, 1, MPI_INT64_T, MPI_SUM, context->comm));
    MZG_MPI(MPI_Allreduce(&bytes, &all, 1, MPI_INT64_T, MPI_SUM, context->comm));
    w->used = 0;
    w->at = head + (context->rank > 0 ? before : 0);
    if (header)
        write_frame(w, header, head + all, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        goto cleanup;
    make_elements(w, true, err);
    if (err->status == MZG_OK)
        mzg_file_pair_close(&w->files, MZG_FILE_IMZML, err);
    mzg_agree(context->comm, err);

cleanup:
    free(header);
    return err->status;
}

static void release(struct writer *w)
{
    mzg_export_rows_close(&w->rows);
    mzg_export_facts_destroy(&w->facts);
    mzg_file_pair_destroy(&w->files);
    mzg_view_free(w->view);
    for (int d = 0; d < 3; d++)
        free(w->positions[d]);
    free(w->offsets);
    free(w->buffer);
}

enum mzg_status mzg_export_imzml(const struct mzg_context *context, const struct mzg_export_options *options,
                                 const struct mzg_progress *progress, struct mzg_export_outcome *outcome,
                                 struct mzg_error *err)
{
    struct writer w = {
        .context = context, .options = options, .progress = progress, .files = {.fd = {-1, -1}}};
    if (watch_store(&w, err) == MZG_OK && open_table(&w, err) == MZG_OK && open_files(&w, err) == MZG_OK &&
        open_rows(&w, err) == MZG_OK && place_spectra(&w, err) == MZG_OK && write_ibd(&w, err) == MZG_OK &&
        write_imzml(&w, err) == MZG_OK && watch_store(&w, err) == MZG_OK) {
        if (context->rank == 0)
            mzg_file_pair_finish(&w.files, err);
        if (mzg_agree(context->comm, err) == MZG_OK)
            *outcome = (struct mzg_export_outcome){.pixels = w.view->n_pixels,
                                                   .bins = w.view->n_bins,
                                                   .bytes = w.total,
                                                   .readings = w.rows.n_batches};
    }
    struct mzg_error left = {0};
    if (err->status == MZG_OK && mzg_file_pair_leave(&w.files, &left) != MZG_OK)
        mzg_log_line(context->log, MZG_LOG_WARNING, "the output is complete, but %s", left.text);
    release(&w);
    return err->status;
}
