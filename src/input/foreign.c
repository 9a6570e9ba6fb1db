/*
 * The kind of input "foreign": spectra come from callbacks of the program that uses the library. All ranks
 * walk once through all spectra, each through its part, and what they learn makes the index that lies once on
 * each node; then ranges of spectra are asked for again, as they are needed.
 *
 *     fetch     asks for the spectra of a range of pixels, and copies them into the batch
 *     decode    points there
 */
#include <input/foreign.h>

#include <core/agree.h>
#include <core/block.h>
#include <core/context.h>
#include <core/memory.h>
#include <core/mpi.h>
#include <core/parameters.h>
#include <input/claims.h>
#include <input/foreign_index.h>
#include <input/foreign_kind.h>
#include <input/selection.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mzg_foreign_entry {
    struct mzg_link link; /* first: the context frees it */
    struct mzg_foreign_reader reader;
    char name[32];
};

static bool is_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    return name && name[0] && strlen(name) < sizeof((struct mzg_foreign_entry *)0)->name &&
           strspn(name, allowed) == strlen(name) && strcmp(name, "synthetic") != 0;
}

const struct mzg_foreign_entry *mzg_foreign_find(const struct mzg_context *context, const char *path)
{
    for (const struct mzg_link *link = context->foreign; link; link = link->next) {
        const struct mzg_foreign_entry *entry = (const struct mzg_foreign_entry *)link;
        size_t length = strlen(entry->name);
        if (strncmp(path, entry->name, length) == 0 && path[length] == ':')
            return entry;
    }
    return NULL;
}

enum mzg_status mzg_foreign_register(struct mzg_context *context, const struct mzg_foreign_reader *reader,
                                     struct mzg_error *err)
{
    char path[sizeof((struct mzg_foreign_entry *)0)->name + 1];
    *err = (struct mzg_error){0};
    if (mzg_size_check("mzg_foreign_reader", reader->size, sizeof *reader, sizeof *reader, err) != MZG_OK)
        return err->status;
    if (!is_name(reader->name))
        return mzg_fail(err, MZG_EUSAGE,
                        "'%s' cannot name a reader: a name has up to 31 lower-case letters, digits, '-' and "
                        "'_', and is not "
                        "'synthetic'",
                        reader->name ? reader->name : "");
    if (!reader->open)
        return mzg_fail(err, MZG_EUSAGE, "the reader '%s' has no open()", reader->name);
    snprintf(path, sizeof path, "%s:", reader->name);
    if (mzg_foreign_find(context, path))
        return mzg_fail(err, MZG_EUSAGE, "a reader '%s' is registered already", reader->name);
    struct mzg_foreign_entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the reader '%s'", reader->name);
    entry->reader = *reader;
    memcpy(entry->name, reader->name, strlen(reader->name) + 1);
    entry->link.next = context->foreign;
    context->foreign = &entry->link;
    return MZG_OK;
}

/* This rank's input. Local. */
static struct mzg_foreign *new_reader(const struct mzg_foreign_entry *entry, const char *path,
                                      struct mzg_error *err)
{
    struct mzg_foreign *reader = calloc(1, sizeof *reader);
    if (reader)
        reader->path = strdup(path);
    if (!reader || !reader->path) {
        free(reader);
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for a reader", path);
        return NULL;
    }
    struct mzg_foreign_source *source = &reader->source;
    reader->base.kind = &mzg_foreign_kind;
    pthread_mutex_init(&source->lock, NULL);
    source->path = reader->path;
    source->is_open = true;
    source->input.size = sizeof source->input;
    if (entry->reader.open(entry->reader.data, path + strlen(entry->name) + 1, &source->input) != 0)
        mzg_fail(err, MZG_EIO, "%s: cannot open: %s", path, mzg_foreign_words(source));
    else if (!source->input.read)
        mzg_fail(err, MZG_EFORMAT, "%s: its reader has no read()", path);
    else if (source->input.n_spectra < 1)
        mzg_fail(err, MZG_EFORMAT, "%s: no spectra", path);
    else if ((int)source->input.type < 0 || source->input.type > MZG_SPECTRUM_PROFILE ||
             (int)source->input.polarity < 0 || source->input.polarity >= MZG_POLARITIES)
        mzg_fail(err, MZG_EFORMAT,
                 "%s: its reader gives a spectrum type or polarity that mzgrid does not know", path);
    else if (!(source->input.pixel_size[0] >= 0 && source->input.pixel_size[1] >= 0))
        mzg_fail(err, MZG_EFORMAT, "%s: its reader gives a pixel size that is negative or not a number",
                 path);
    return reader;
}

/* Whether all names in a tree can be names in a store. */
static bool has_good_names(const json_t *tree)
{
    const char *key;
    json_t *value;
    size_t i;
    json_array_foreach(tree, i, value) if (!has_good_names(value)) return false;
    json_object_foreach((json_t *)tree, key, value) if (!key[0] || strchr(key, '/') || key[0] == '.' ||
                                                        strlen(key) > 100 ||
                                                        !has_good_names(value)) return false;
    return true;
}

/* Rank 0: what is kept of the metadata. */
static void take_metadata(struct mzg_foreign *reader, const char *name, struct mzg_error *err)
{
    const char *text = reader->source.input.metadata;
    json_error_t why;
    json_t *metadata = text ? json_loads(text, JSON_REJECT_DUPLICATES, &why) : json_object();
    if (text && !json_is_object(metadata))
        mzg_fail(err, MZG_EFORMAT, "%s: the metadata of its reader are not a JSON object: %s", reader->path,
                 metadata ? "something else" : why.text);
    else if (!has_good_names(metadata))
        mzg_fail(err, MZG_EFORMAT,
                 "%s: a name in the metadata of its reader is empty, longer than 100 bytes, begins with '.' "
                 "or has a '/'",
                 reader->path);
    else if (!metadata || json_object_set_new(metadata, "format", json_string(name)) != 0)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for the metadata", reader->path);
    reader->base.dataset.metadata = metadata;
}

/* Whether all ranks see as many spectra. Collective. */
static enum mzg_status compare_ranks(const struct mzg_context *context, const struct mzg_foreign *reader,
                                     struct mzg_error *err)
{
    int64_t ends[2] = {reader->source.input.n_spectra, -reader->source.input.n_spectra};
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, ends, 2, MPI_INT64_T, MPI_MAX, context->comm));
    if (ends[0] == -ends[1])
        return MZG_OK;
    return mzg_fail(err, MZG_EFORMAT,
                    "%s: its reader has %" PRId64 " spectra on one rank and %" PRId64 " on another",
                    reader->path, -ends[1], ends[0]);
}

/* Collective: the walk through all spectra. */
static enum mzg_status make_index(const struct mzg_context *context, const struct mzg_reader_options *options,
                                  struct mzg_foreign *reader, struct mzg_error *err)
{
    const int64_t entry_size = sizeof(struct mzg_foreign_spectrum);
    int64_t n = reader->source.input.n_spectra;
    struct mzg_block block = mzg_block_of(n, context->size, context->rank);
    if (mzg_claims_check_index(reader->path, n, entry_size, options->memory_limit, err) != MZG_OK ||
        mzg_node_memory_new(context->comm, mzg_size_product(n, entry_size), &reader->index_memory, err) !=
            MZG_OK)
        return err->status;
    struct mzg_foreign_spectrum *index = mzg_node_memory_bytes(reader->index_memory);
    mzg_foreign_index(&reader->source, block.first, block.count, context->stop, index, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    mzg_node_memory_share(reader->index_memory, block.first * entry_size, block.count * entry_size);
    reader->index = index;
    return MZG_OK;
}

/* Sums over the pixels that are read. */
static void count(const struct mzg_foreign_spectrum *index, const struct mzg_pixels *pixels,
                  struct mzg_foreign_summary *summary)
{
    struct mzg_dataset *dataset = &summary->dataset;
    dataset->n_pixels = pixels->n;
    dataset->n_duplicate_pixels = pixels->n_duplicate;
    for (int64_t p = 0; p < pixels->n; p++) {
        int64_t n = mzg_pixels_count(pixels, p), points = 0;
        bool is_readable = false;
        for (int64_t k = 0; k < n; k++) {
            const struct mzg_foreign_spectrum *entry = &index[mzg_pixels_spectrum(pixels, p, k)];
            is_readable |= !entry->is_faulty;
            points += entry->n;
            if (entry->n > dataset->most_points)
                dataset->most_points = entry->n;
        }
        dataset->n_points += points;
        if (MZG_FOREIGN_POINT * points > dataset->most_bytes)
            dataset->most_bytes = MZG_FOREIGN_POINT * points;
        summary->faulty_pixels += !is_readable;
        dataset->n_spectra += n;
    }
    dataset->n_bytes = MZG_FOREIGN_POINT * dataset->n_points;
}

static void find_box(const struct mzg_foreign_spectrum *index, const struct mzg_pixels *pixels,
                     struct mzg_dataset *dataset)
{
    for (int d = 0; d < 3; d++) {
        dataset->min[d] = INT32_MAX;
        dataset->max[d] = INT32_MIN;
    }
    for (int64_t p = 0; p < pixels->n; p++)
        mzg_pixels_box(index[mzg_pixels_spectrum(pixels, p, 0)].position, sizeof *index, 1, dataset->min,
                       dataset->max);
}

/* Rank 0: what is only known with all spectra. */
static enum mzg_status survey(const struct mzg_foreign *reader, struct mzg_selection *selection,
                              struct mzg_foreign_summary *summary, struct mzg_pixels *pixels,
                              struct mzg_findings *findings, struct mzg_error *err)
{
    const struct mzg_foreign_input *input = &reader->source.input;
    const struct mzg_foreign_spectrum *index = reader->index;
    struct mzg_dataset *dataset = &summary->dataset;
    struct mzg_kinds_table table = {0};
    int32_t min[3] = {INT32_MAX, INT32_MAX, INT32_MAX}, max[3] = {INT32_MIN, INT32_MIN, INT32_MIN};
    struct mzg_error inner = {0};
    table.of[0][0].n = input->n_spectra;
    selection->kinds.of_the_file = input->polarity;
    if (mzg_kinds_choose(&table, &selection->kinds, &dataset->kinds, &inner) == MZG_OK &&
        mzg_pixels_number(index[0].position, sizeof *index, input->n_spectra, pixels, &inner) == MZG_OK) {
        dataset->n_all_pixels = pixels->n;
        if (mzg_selection_is_part(selection))
            mzg_selection_apply(selection, index[0].position, sizeof *index, NULL, pixels, findings, &inner);
    }
    if (inner.status != MZG_OK)
        return mzg_fail(err, inner.status, "%s: %.900s", reader->path, inner.text);
    summary->has_table = pixels->begin != NULL;
    summary->is_part = pixels->ordinals != NULL;
    count(index, pixels, summary);
    find_box(index, pixels, dataset);
    mzg_pixels_box(index[0].position, sizeof *index, input->n_spectra, min, max);
    for (int d = 0; d < 3; d++)
        dataset->origin[d] = min[d] < 1 ? min[d] : 1;
    dataset->n_index_bytes = input->n_spectra * (int64_t)sizeof *index;
    dataset->type = input->type;
    memcpy(dataset->pixel_size, input->pixel_size, sizeof dataset->pixel_size);
    return MZG_OK;
}

/* Collective: what rank 0 knows, to all. */
static enum mzg_status share(const struct mzg_context *context, const char *path, int64_t memory_limit,
                             struct mzg_foreign *reader, const struct mzg_pixels *pixels,
                             struct mzg_error *err)
{
    struct mzg_foreign_summary *summary = &reader->summary;
    MZG_MPI(MPI_Bcast(summary, sizeof *summary, MPI_BYTE, 0, context->comm));
    if (mzg_claims_check(context, &summary->dataset, path, memory_limit, err) != MZG_OK)
        return err->status;
    return summary->has_table ? mzg_pixel_table_share(context->comm, context->rank, pixels, &summary->dataset,
                                                      summary->is_part, &reader->pixels, err)
                              : MZG_OK;
}

enum mzg_status mzg_foreign_open(const struct mzg_context *context, const struct mzg_foreign_entry *entry,
                                 const char *path, const struct mzg_reader_options *options,
                                 struct mzg_reader **opened, struct mzg_error *err)
{
    struct mzg_selection selection = {0};
    struct mzg_pixels pixels = {0};
    struct mzg_findings findings = {0};
    struct mzg_foreign *reader = new_reader(entry, path, err);
    if (context->rank == 0 && err->status == MZG_OK && mzg_selection_make(options, &selection, err) == MZG_OK)
        take_metadata(reader, entry->name, err);
    if (mzg_agree(context->comm, err) == MZG_OK && compare_ranks(context, reader, err) == MZG_OK &&
        make_index(context, options, reader, err) == MZG_OK) {
        if (context->rank == 0)
            survey(reader, &selection, &reader->summary, &pixels, &findings, err);
        if (mzg_agree(context->comm, err) == MZG_OK)
            share(context, path, options->memory_limit, reader, &pixels, err);
    }
    if (err->status == MZG_OK) {
        struct json_t *metadata = reader->base.dataset.metadata;
        reader->base.dataset = reader->summary.dataset;
        reader->base.dataset.metadata = metadata;
        reader->base.dataset.path = reader->path;
        if (context->rank == 0) {
            mzg_findings_log(&findings, path, context->log);
            mzg_kinds_log(&reader->base.dataset.kinds, &selection.kinds, path, context->log);
        }
        *opened = &reader->base;
    } else if (reader) {
        mzg_foreign_kind.close(&reader->base);
    }
    mzg_pixels_destroy(&pixels);
    mzg_selection_destroy(&selection);
    return err->status;
}
