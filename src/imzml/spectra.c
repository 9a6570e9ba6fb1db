#include <core/agree.h>
#include <core/block.h>
#include <core/mpi.h>
#include <core/stop.h>
#include <imzml/spectra.h>

#include <stdlib.h>

/* What rank 0 tells the others: plain data, sent as it is. */
struct plan {
    bool is_cut;
    struct mzg_imzml_body body;
    int64_t size; /* of the XML */
    int64_t ibd_size;
};

/* What a rank tells rank 0 of its part. */
struct part_facts {
    struct mzg_index_totals totals;
    struct mzg_findings findings;
};

enum mzg_status mzg_imzml_outline_read(const char *path, struct mzg_imzml_outline *outline,
                                       struct mzg_error *err)
{
    static const struct mzg_imzml_parse_options options = {.header_only = true};
    struct mzg_imzml_source source;
    if (mzg_imzml_source_open(path, &source, err) != MZG_OK)
        return err->status;
    outline->has_body = mzg_imzml_parse_around(&source, &outline->document, &outline->body);
    mzg_imzml_source_close(&source);
    return outline->has_body ? MZG_OK : mzg_imzml_parse(path, &options, &outline->document, err);
}

static bool all_are(MPI_Comm comm, bool is)
{
    int all = is;
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_LAND, comm));
    return all;
}

/* Brings the bytes before the first spectrum from rank 0 to all: `*head`, to be freed also where it fails.
 * Collective. */
static bool share_head(const struct mzg_context *context, const struct mzg_imzml_source *source,
                       const struct plan *plan, char **head)
{
    struct mzg_error err = {0};
    int64_t n = plan->body.begin;
    *head = malloc((size_t)n);
    bool ready = *head != NULL;
    if (context->rank == 0)
        ready =
            ready && source->size == plan->size && mzg_imzml_source_read(source, 0, n, *head, &err) == MZG_OK;
    if (!all_are(context->comm, ready))
        return false;
    MZG_MPI(MPI_Bcast(*head, mzg_mpi_count(n, "bytes of the header"), MPI_CHAR, 0, context->comm));
    return true;
}

/* This rank's slices. */
static bool parse_share(const struct mzg_context *context, const struct mzg_imzml_slices *slices,
                        struct mzg_imzml_part *part)
{
    struct mzg_block share = mzg_block_of(mzg_imzml_slice_count(slices), context->size, context->rank);
    return mzg_imzml_parse_slices(slices, share.first, share.count, context->pool, part);
}

/* Counts the spectra of the ranks before this one, and lets the findings name theirs. Collective. */
static bool name_findings(const struct mzg_context *context, const struct mzg_imzml_slices *slices,
                          struct mzg_imzml_part *part)
{
    int64_t first = 0;
    MZG_MPI(MPI_Exscan(&part->n, &first, 1, MPI_INT64_T, MPI_SUM, context->comm));
    return mzg_imzml_part_name_findings(slices, context->rank == 0 ? 0 : first, part);
}

/* Adds what all parts say to the document of rank 0, in the order of ranks. Collective. */
static void add_facts(const struct mzg_context *context, const struct mzg_imzml_part *part,
                      struct mzg_imzml_document *document)
{
    enum { TAG = 1 };
    struct part_facts facts = {part->totals, part->findings};
    if (context->rank != 0) {
        MZG_MPI(MPI_Send(&facts, sizeof facts, MPI_BYTE, 0, TAG, context->comm));
        return;
    }
    for (int rank = 0; rank < context->size; rank++) {
        if (rank > 0)
            MZG_MPI(MPI_Recv(&facts, sizeof facts, MPI_BYTE, rank, TAG, context->comm, MPI_STATUS_IGNORE));
        mzg_index_totals_add(&document->index.totals, &facts.totals);
        mzg_findings_add(&document->findings, &facts.findings);
    }
}

/* The header, on ranks that do not have it yet. */
static bool parse_head(const char *head, int64_t n, const char *path, struct mzg_imzml_document *document)
{
    enum { PIECE = 1 << 20 };
    static const struct mzg_imzml_parse_options options = {.header_only = true};
    struct mzg_error err = {0};
    return mzg_imzml_parse_bytes(head, n, PIECE, path, &options, document, &err) == MZG_OK;
}

/* Each rank its slices. False on all ranks where any of them met anything unusual; then nothing is left.
 * Collective. */
static bool parse_cut(const struct mzg_context *context, const struct mzg_imzml_source *source,
                      const struct plan *plan, int64_t slice_size, struct mzg_imzml_document *document,
                      struct mzg_imzml_part *part)
{
    struct mzg_imzml_document own = {0};
    char *head;
    bool is_first = context->rank == 0;
    bool shared = share_head(context, source, plan, &head);
    bool parsed = shared && source->size == plan->size &&
                  (is_first || parse_head(head, plan->body.begin, source->path, &own));
    free(head);
    if (!shared)
        return false;

    struct mzg_imzml_slices slices = {.source = source,
                                      .header = is_first ? &document->header : &own.header,
                                      .body = plan->body,
                                      .ibd_size = plan->ibd_size,
                                      .size = slice_size,
                                      .stop = context->stop};
    parsed = all_are(context->comm, parsed && parse_share(context, &slices, part));
    parsed = parsed && all_are(context->comm, name_findings(context, &slices, part));
    if (parsed) {
        document->index.ibd_size = plan->ibd_size;
        add_facts(context, part, document);
    } else {
        mzg_imzml_part_destroy(part);
    }
    mzg_imzml_document_destroy(&own);
    return parsed;
}

/* Rank 0: the whole file from front to back, its entries as the only list of the part. */
static enum mzg_status parse_whole(const char *path, const struct mzg_imzml_parse_options *options,
                                   struct mzg_imzml_document *document, struct mzg_imzml_part *part,
                                   struct mzg_error *err)
{
    mzg_imzml_document_destroy(document);
    struct mzg_entry_list *list = calloc(1, sizeof *list);
    if (!list)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for the index", path);
    if (mzg_imzml_parse(path, options, document, err) != MZG_OK) {
        free(list);
        return err->status;
    }
    *list = document->index.entries;
    document->index.entries = (struct mzg_entry_list){0};
    *part = (struct mzg_imzml_part){.lists = list, .n_lists = 1, .n = list->n};
    return MZG_OK;
}

enum mzg_status mzg_imzml_spectra_parse(const struct mzg_context *context, const char *path,
                                        const struct mzg_imzml_parse_options *options, int64_t slice_size,
                                        struct mzg_imzml_outline *outline, struct mzg_imzml_part *part,
                                        struct mzg_error *err)
{
    struct plan plan = {0};
    bool parsed = false;
    if (context->rank == 0)
        plan = (struct plan){outline->has_body, outline->body, outline->document.size, options->ibd_size};
    MZG_MPI(MPI_Bcast(&plan, sizeof plan, MPI_BYTE, 0, context->comm));
    if (plan.is_cut) {
        struct mzg_imzml_source source = {.path = path, .fd = -1, .size = -1};
        struct mzg_error unopened = {0};
        mzg_imzml_source_open(path, &source, &unopened);
        parsed = parse_cut(context, &source, &plan, slice_size, &outline->document, part);
        mzg_imzml_source_close(&source);
    }
    if (parsed)
        return MZG_OK;
    mzg_check_stop(context->stop, err);
    if (mzg_agree(context->comm, err) == MZG_OK && context->rank == 0)
        parse_whole(path, options, &outline->document, part, err);
    return mzg_agree(context->comm, err);
}
