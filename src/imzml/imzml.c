/*
 * The kind of input "imzML". All ranks parse the XML, each a part; the index then lies once on each node, and
 * every rank opens the ibd for itself.
 */
#include <core/agree.h>
#include <core/context.h>
#include <core/memory.h>
#include <core/mpi.h>
#include <imzml/imzml.h>
#include <imzml/imzml_kind.h>
#include <imzml/metadata.h>
#include <imzml/pair.h>
#include <imzml/spectra.h>
#include <imzml/survey.h>
#include <input/claims.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool claims(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && strcasecmp(dot, ".imzML") == 0;
}

static void imzml_close(struct mzg_reader *base)
{
    struct mzg_imzml_reader *reader = (struct mzg_imzml_reader *)base;
    mzg_checksum_end(reader->checksum, NULL, NULL);
    mzg_node_memory_free(reader->entries_memory);
    mzg_pixel_table_destroy(&reader->pixels);
    mzg_ibd_close(&reader->ibd);
    json_decref(base->dataset.metadata);
    free(reader->shared_mz);
    free(reader->path);
    free(reader);
}

/* What rank 0 holds while it opens. */
struct opening {
    struct mzg_imzml_outline outline;
    unsigned char head[MZG_UUID_SIZE]; /* of the ibd */
    struct mzg_selection selection;
    struct mzg_pixels pixels;
};

/* Rank 0: the header and the ibd, and whether the two are a pair. */
static enum mzg_status read_pair(struct mzg_imzml_reader *reader, struct opening *opening,
                                 struct mzg_error *err)
{
    const char *path = reader->path;
    const struct mzg_imzml_header *header = &opening->outline.document.header;
    struct mzg_findings ignored = {0};
    mzg_file_mark_set(-1, path, &reader->mark);
    if (mzg_imzml_outline_read(path, &opening->outline, err) != MZG_OK ||
        mzg_imzml_require(header, path, err) != MZG_OK ||
        mzg_imzml_open_ibd(path, &reader->ibd, opening->head, err) != MZG_OK)
        return err->status;
    mzg_imzml_identify(header, opening->head, &ignored, &reader->identity);
    return mzg_imzml_refuse_text(&reader->ibd, &reader->identity, err);
}

/* Rank 0: what is only known with all spectra. */
static enum mzg_status survey(const struct mzg_context *context, struct mzg_imzml_reader *reader,
                              const struct mzg_reader_options *options, int64_t n, struct opening *opening,
                              struct mzg_error *err)
{
    struct mzg_imzml_document *document = &opening->outline.document;
    struct mzg_findings *findings = &document->findings;
    struct mzg_imzml_entry *entries = mzg_node_memory_bytes(reader->entries_memory);
    struct mzg_error inner = {0};
    mzg_imzml_identify(&document->header, opening->head, findings, &reader->identity);
    opening->selection.kinds.of_the_file = mzg_imzml_declared_polarity(&document->header);
    if (options->strict && mzg_imzml_verify_now(reader, context->stop, findings, err) != MZG_OK)
        return err->status;
    if (mzg_imzml_survey(document, entries, n, &opening->selection, &reader->summary, &opening->pixels,
                         &inner) != MZG_OK)
        return mzg_fail(err, inner.status, "%s: %.900s", reader->path, inner.text);
    reader->summary.ibd_size = reader->ibd.size;
    reader->summary.dataset.n_bytes = document->size + reader->ibd.size;
    if (options->strict && mzg_findings_refuse(findings, reader->path, err) != MZG_OK)
        return err->status;
    if (options->mobility_sum)
        findings->count[MZG_FOUND_MOBILITY] = 0;
    if (options->pixel_size_known)
        findings->count[MZG_FOUND_PIXEL_SIZE] = findings->count[MZG_FOUND_PIXEL_AREA] =
            findings->count[MZG_FOUND_SCAN_SETTINGS] = 0;
    reader->findings = *findings;
    return mzg_imzml_metadata(document, &reader->identity, &reader->summary.dataset.kinds,
                              &reader->base.dataset.metadata, err);
}

/* Collective: the table of pixels, where there is one. */
static enum mzg_status share_pixels(MPI_Comm comm, int rank, struct mzg_imzml_reader *reader,
                                    const struct mzg_pixels *pixels, struct mzg_error *err)
{
    const struct mzg_imzml_summary *summary = &reader->summary;
    return summary->has_table ? mzg_pixel_table_share(comm, rank, pixels, &summary->dataset, summary->is_part,
                                                      &reader->pixels, err)
                              : MZG_OK;
}

/* Collective: the entries of all ranks, `*n`, into the memory of every node. */
static enum mzg_status gather_entries(const struct mzg_context *context, struct mzg_imzml_reader *reader,
                                      struct mzg_imzml_part *part, int64_t limit, int64_t *n,
                                      struct mzg_error *err)
{
    const int64_t entry_size = sizeof(struct mzg_imzml_entry), own = part->n;
    int64_t first = 0;
    MZG_MPI(MPI_Allreduce(&own, n, 1, MPI_INT64_T, MPI_SUM, context->comm));
    MZG_MPI(MPI_Exscan(&own, &first, 1, MPI_INT64_T, MPI_SUM, context->comm));
    if (*n == 0)
        return mzg_fail(err, MZG_EFORMAT, "%s: no spectra", reader->path);
    if (mzg_claims_check_index(reader->path, *n, entry_size, limit, err) != MZG_OK ||
        mzg_node_memory_new(context->comm, mzg_size_product(*n, entry_size), &reader->entries_memory, err) !=
            MZG_OK)
        return err->status;

    struct mzg_imzml_entry *entries = mzg_node_memory_bytes(reader->entries_memory);
    if (context->rank == 0)
        first = 0; /* MPI leaves it open */
    mzg_imzml_part_move(part, entries + first);
    mzg_memory_give_back(); /* there were twice as many for a moment */
    mzg_node_memory_share(reader->entries_memory, first * entry_size, own * entry_size);
    reader->entries = entries;
    return MZG_OK;
}

/* Collective: the index, to all nodes. */
static enum mzg_status make_index(const struct mzg_context *context, const struct mzg_reader_options *options,
                                  struct mzg_imzml_reader *reader, struct opening *opening,
                                  struct mzg_error *err)
{
    MPI_Comm comm = context->comm;
    const struct mzg_imzml_parse_options parse = {
        .allow_truncated = options->allow_truncated, .ibd_size = reader->ibd.size, .stop = context->stop};
    struct mzg_imzml_part part = {0};
    int64_t n = 0;
    enum mzg_status status =
        mzg_imzml_spectra_parse(context, reader->path, &parse, MZG_SLICE_SIZE, &opening->outline, &part, err);
    if (status == MZG_OK)
        status = gather_entries(context, reader, &part, options->memory_limit, &n, err);
    mzg_imzml_part_destroy(&part);
    if (status != MZG_OK)
        return status;

    if (context->rank == 0)
        survey(context, reader, options, n, opening, err);
    if (mzg_agree(comm, err) != MZG_OK)
        return err->status;
    MZG_MPI(MPI_Bcast(&reader->summary, sizeof reader->summary, MPI_BYTE, 0, comm));
    reader->summary.dataset.n_index_bytes = n * (int64_t)sizeof(struct mzg_imzml_entry);
    if (reader->summary.has_repairs)
        mzg_node_memory_share(reader->entries_memory, 0,
                              context->rank == 0 ? reader->summary.dataset.n_index_bytes : 0);
    return share_pixels(comm, context->rank, reader, &opening->pixels, err);
}

/* Collective: every rank opens the ibd that rank 0 found. */
static enum mzg_status open_everywhere(const struct mzg_context *context, struct mzg_imzml_reader *reader,
                                       struct mzg_error *err)
{
    int length = context->rank == 0 ? (int)strlen(reader->ibd.path) + 1 : 0;
    MZG_MPI(MPI_Bcast(&length, 1, MPI_INT, 0, context->comm));
    char *path = malloc((size_t)length);
    if (!path)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for a path", reader->path);
    if (mzg_agree(context->comm, err) != MZG_OK) {
        free(path);
        return err->status;
    }
    if (context->rank == 0)
        memcpy(path, reader->ibd.path, (size_t)length);
    MZG_MPI(MPI_Bcast(path, length, MPI_CHAR, 0, context->comm));
    if (context->rank != 0 && mzg_ibd_open(path, &reader->ibd, err) == MZG_OK &&
        reader->ibd.size != reader->summary.ibd_size)
        mzg_fail(err, MZG_EIO,
                 "%s: has %" PRId64 " bytes for rank %d, but %" PRId64
                 " for rank 0: is it still being written?",
                 path, reader->ibd.size, context->rank, reader->summary.ibd_size);
    free(path);
    return mzg_agree(context->comm, err);
}

static enum mzg_status new_reader(const char *path, struct mzg_imzml_reader **reader, struct mzg_error *err)
{
    struct mzg_imzml_reader *fresh = calloc(1, sizeof *fresh);
    if (fresh)
        fresh->path = strdup(path);
    if (!fresh || !fresh->path) {
        free(fresh);
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for a reader", path);
    }
    fresh->base.kind = &mzg_imzml_kind;
    fresh->ibd.fd = -1;
    *reader = fresh;
    return MZG_OK;
}

/* Rank 0 hashes the ibd by a thread of its own, while all ranks go on
 * (docs/decisions/015-checksum-by-a-thread-of-its-own.md). */
static void start_checksum(struct mzg_imzml_reader *reader, const struct mzg_reader_options *options,
                           struct mzg_error *err)
{
    bool verified = options->strict;
    if (options->verify && !verified && reader->identity.checksum_type)
        mzg_checksum_start(&reader->ibd, reader->identity.checksum_type, &reader->checksum, err);
}

/* Every rank: the facts to where callers look for them, and the m/z array that is shared. */
static void settle(struct mzg_imzml_reader *reader)
{
    struct json_t *metadata = reader->base.dataset.metadata;
    reader->base.dataset = reader->summary.dataset;
    reader->base.dataset.metadata = metadata;
    reader->base.dataset.path = reader->path;
    reader->base.dataset.findings = metadata ? &reader->findings : NULL;
    if (reader->base.dataset.shared_mz)
        mzg_imzml_load_shared_mz(reader);
}

static enum mzg_status imzml_open(const struct mzg_context *context, const char *path,
                                  const struct mzg_reader_options *options, struct mzg_reader **opened,
                                  struct mzg_error *err)
{
    struct mzg_imzml_reader *reader = NULL;
    struct opening opening = {0};
    if (new_reader(path, &reader, err) == MZG_OK && context->rank == 0 &&
        mzg_selection_make(options, &opening.selection, err) == MZG_OK)
        read_pair(reader, &opening, err);
    enum mzg_status status = mzg_agree(context->comm, err);
    if (status == MZG_OK)
        status = make_index(context, options, reader, &opening, err);
    if (status == MZG_OK)
        status = mzg_claims_check(context, &reader->summary.dataset, path, options->memory_limit, err);
    if (status == MZG_OK && context->rank == 0)
        start_checksum(reader, options, err);
    if (status == MZG_OK)
        status = open_everywhere(context, reader, err);
    if (status == MZG_OK) {
        settle(reader);
        if (context->rank == 0) {
            mzg_findings_log(&opening.outline.document.findings, path, context->log);
            mzg_kinds_log(&reader->base.dataset.kinds, &opening.selection.kinds, path, context->log);
        }
        *opened = &reader->base;
    } else if (reader) {
        imzml_close(&reader->base);
    }
    mzg_pixels_destroy(&opening.pixels);
    mzg_selection_destroy(&opening.selection);
    mzg_imzml_document_destroy(&opening.outline.document);
    return status;
}

/* Each rank looks at the file that it has open, and rank 0 also at what the names stand for. */
static enum mzg_status imzml_unchanged(const struct mzg_reader *base, struct mzg_error *err)
{
    const struct mzg_imzml_reader *reader = (const struct mzg_imzml_reader *)base;
    const struct mzg_ibd *ibd = &reader->ibd;
    if (mzg_file_mark_check(&ibd->mark, ibd->fd, ibd->path, err) != MZG_OK || !reader->mark.is_set ||
        mzg_file_mark_check(&ibd->mark, -1, ibd->path, err) != MZG_OK)
        return err->status;
    return mzg_file_mark_check(&reader->mark, -1, reader->path, err);
}

static void imzml_pixel(const struct mzg_reader *base, int64_t pixel, int32_t position[3],
                        int64_t *first_spectrum, int64_t *n_spectra)
{
    const struct mzg_imzml_reader *reader = (const struct mzg_imzml_reader *)base;
    *first_spectrum = mzg_pixel_table_spectrum(&reader->pixels, pixel, 0);
    *n_spectra = mzg_pixel_table_count(&reader->pixels, pixel);
    memcpy(position, reader->entries[*first_spectrum].position, 3 * sizeof *position);
}

static void imzml_measure(const struct mzg_reader *base, int64_t first_pixel, int64_t n_pixels,
                          int64_t *bytes, int64_t *points)
{
    /* Two ranges and an ordinal for each spectrum, and the order of the ranges. */
    const int64_t overhead = 2 * 32 + 8 + 2 * 8;
    const struct mzg_imzml_reader *reader = (const struct mzg_imzml_reader *)base;
    int64_t stored = (n_pixels + 1) * 8, n = 0;
    for (int64_t p = first_pixel; p < first_pixel + n_pixels; p++) {
        int64_t count = mzg_pixel_table_count(&reader->pixels, p);
        for (int64_t k = 0; k < count; k++) {
            const struct mzg_imzml_entry *entry =
                &reader->entries[mzg_pixel_table_spectrum(&reader->pixels, p, k)];
            stored += overhead;
            if (entry->fault != MZG_ENTRY_OK)
                continue;
            if (!base->dataset.shared_mz && !reader->known_mz)
                stored += mzg_entry_stored(entry, MZG_MZ, reader->ibd.size);
            stored += mzg_entry_stored(entry, MZG_INTENSITY, reader->ibd.size);
            n += entry->array[MZG_MZ].n;
        }
    }
    *bytes = stored;
    *points = n;
}

static int64_t imzml_ordinal(const struct mzg_reader *base, int64_t pixel)
{
    const struct mzg_imzml_reader *reader = (const struct mzg_imzml_reader *)base;
    return reader->pixels.ordinals ? reader->pixels.ordinals[pixel] : pixel;
}

static int64_t imzml_count_faulty(const struct mzg_reader *base)
{
    return ((const struct mzg_imzml_reader *)base)->summary.faulty_pixels;
}

static enum mzg_status imzml_shared_mz(struct mzg_reader *base, const double **mz, int64_t *n,
                                       struct mzg_error *err)
{
    const struct mzg_imzml_reader *reader = (const struct mzg_imzml_reader *)base;
    if (!base->dataset.shared_mz)
        return mzg_fail(err, MZG_EUSAGE, "%s: its spectra do not share one m/z array", reader->path);
    if (!reader->shared_mz) {
        *err = reader->shared_error;
        return err->status;
    }
    *mz = reader->shared_mz;
    *n = reader->entries[reader->summary.shared_from].array[MZG_MZ].n;
    return MZG_OK;
}

static void imzml_know_mz(struct mzg_reader *base, const double *mz)
{
    ((struct mzg_imzml_reader *)base)->known_mz = mz;
}

const struct mzg_reader_kind mzg_imzml_kind = {.name = "imzML",
                                               .metadata_key = "imzml",
                                               .claims = claims,
                                               .open = imzml_open,
                                               .close = imzml_close,
                                               .pixel = imzml_pixel,
                                               .measure = imzml_measure,
                                               .ordinal = imzml_ordinal,
                                               .count_faulty = imzml_count_faulty,
                                               .verify = mzg_imzml_verify,
                                               .unchanged = imzml_unchanged,
                                               .shared_mz = imzml_shared_mz,
                                               .fetch = mzg_imzml_fetch,
                                               .decode = mzg_imzml_decode,
                                               .scan_mz = mzg_imzml_scan_mz,
                                               .know_mz = imzml_know_mz,
                                               .describe = mzg_imzml_describe};
