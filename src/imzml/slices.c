#include <core/array.h>
#include <core/pool.h>
#include <core/stop.h>
#include <imzml/scan.h>
#include <imzml/slices.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_AHEAD = 1 << 13, /* read beyond a slice at first, for the spectrum that ends there */
    /* A slice with the spectra that reach out of it. A tag of it, with the piece that is fed before, stays
     * below the 10 million bytes at which libxml2 gives up, wherever the pieces end. */
    MAX_SLICE = 1 << 23,
    LIBRARY_PIECE = 1 << 20
};

/* What one worker has. */
struct worker {
    struct mzg_imzml_scanner *scanner;
    char *buffer;
    int64_t capacity;
    struct mzg_index_totals totals;
    struct mzg_findings findings;
    int64_t found_in[MZG_FINDINGS];
};

/* All slices of a part being parsed. */
struct job {
    const struct mzg_imzml_slices *slices;
    struct mzg_imzml_part *part;
    struct worker *workers;
    atomic_bool is_unusual;
};

int64_t mzg_imzml_slice_count(const struct mzg_imzml_slices *slices)
{
    return (slices->body.end - slices->body.begin + slices->size - 1) / slices->size;
}

/* Room for n bytes and a terminator. */
static bool reserve(struct worker *worker, int64_t n)
{
    struct mzg_error ignored = {0}; /* without it all is parsed from front to back */
    return mzg_array_grow(&worker->buffer, 1, n + 1, &worker->capacity, "bytes of XML", &ignored) == MZG_OK;
}

/* Reads the spectra that begin within slice i, and those alone: n bytes at *begin of the buffer, terminated.
 * False if they cannot be read, or are too long. */
static bool read_slice(const struct mzg_imzml_slices *slices, int64_t i, struct worker *worker,
                       const char **begin, int64_t *n)
{
    const int64_t from = slices->body.begin + i * slices->size, end = slices->body.end;
    const int64_t to = end - from < slices->size ? end : from + slices->size;
    const char *stop = NULL;
    int64_t have = 0;
    for (int64_t more = LOOK_AHEAD; !stop; more *= 2) {
        int64_t want = end - to < more ? end - from : to - from + more;
        struct mzg_error err = {0};
        if (want > MAX_SLICE || !reserve(worker, want) ||
            mzg_imzml_source_read(slices->source, from + have, want - have, worker->buffer + have, &err) !=
                MZG_OK)
            return false;
        have = want;
        stop = mzg_imzml_find_spectrum(worker->buffer + (to - from), have - (to - from));
        if (!stop && from + have == end)
            stop = worker->buffer + have;
    }
    *begin = mzg_imzml_find_spectrum(worker->buffer, stop - worker->buffer);
    if (!*begin)
        *begin = stop; /* a spectrum of a slice before reaches beyond this one */
    *n = stop - *begin;
    worker->buffer[stop - worker->buffer] = '\0';
    return true;
}

static bool is_ascii(const char *bytes, int64_t n)
{
    unsigned char all = 0;
    for (int64_t i = 0; i < n; i++)
        all |= (unsigned char)bytes[i];
    return all < 0x80;
}

/* A slice that the library parses, within elements that stand for those around it in the document. */
struct wrapped {
    struct mzg_xml *xml;
    struct mzg_imzml_index *index;
    int depth;
    int depth_around;
    struct mzg_error err;
};

static void on_start(void *context, const char *name, const struct mzg_xml_attributes *attributes)
{
    struct wrapped *wrapped = context;
    if (wrapped->depth++ < wrapped->depth_around)
        return;
    enum mzg_imzml_element element = mzg_element_parse(mzg_text_of(name));
    bool is_known = wrapped->index->in_spectrum || element == MZG_ELEMENT_SPECTRUM;
    if (!is_known ||
        mzg_imzml_index_start_element(wrapped->index, element, attributes, &wrapped->err) != MZG_OK)
        mzg_xml_stop(wrapped->xml);
}

static void on_end(void *context, const char *name)
{
    struct wrapped *wrapped = context;
    if (--wrapped->depth < wrapped->depth_around)
        return;
    if (mzg_imzml_index_end(wrapped->index, mzg_element_parse(mzg_text_of(name)), &wrapped->err) != MZG_OK)
        mzg_xml_stop(wrapped->xml);
}

/* Whether every piece of the slice, and its end, is as it should be. */
static bool push_wrapped(struct wrapped *wrapped, const char *bytes, int64_t n)
{
    static const char start[] = "<slice>", end[] = "</slice>";
    enum mzg_xml_state state = MZG_XML_MORE;
    /* What closed the elements around it would hide what follows. */
    if (memmem(bytes, (size_t)n, end, sizeof end - 2))
        return false;
    for (int i = 0; i < wrapped->depth_around; i++)
        state = mzg_xml_push(wrapped->xml, start, sizeof start - 1);
    for (int64_t at = 0; at < n; at += LIBRARY_PIECE)
        state =
            mzg_xml_push(wrapped->xml, bytes + at, (size_t)(n - at < LIBRARY_PIECE ? n - at : LIBRARY_PIECE));
    for (int i = 0; i < wrapped->depth_around; i++)
        state = mzg_xml_push(wrapped->xml, end, sizeof end - 1);
    if (state == MZG_XML_MORE)
        state = mzg_xml_push(wrapped->xml, NULL, 0);
    return state == MZG_XML_DONE;
}

static bool parse_by_library(const struct mzg_imzml_slices *slices, const char *bytes, int64_t n,
                             struct mzg_imzml_index *index)
{
    struct wrapped wrapped = {.index = index, .depth_around = slices->body.depth};
    struct mzg_xml_handler handler = {&wrapped, on_start, on_end};
    if ((!slices->body.is_utf8 && !is_ascii(bytes, n)) ||
        mzg_xml_new(&handler, NULL, &wrapped.xml, &wrapped.err) != MZG_OK)
        return false;
    bool parsed = push_wrapped(&wrapped, bytes, n);
    mzg_xml_free(wrapped.xml);
    return parsed;
}

/* Parses slice i into a new `index`; its first spectrum is the one of that ordinal. */
static bool parse_slice(const struct mzg_imzml_slices *slices, int64_t i, int64_t first_spectrum,
                        struct worker *worker, struct mzg_imzml_index *index, struct mzg_findings *findings)
{
    const char *bytes;
    int64_t n;
    if (!read_slice(slices, i, worker, &bytes, &n))
        return false;
    for (int by_library = slices->by_library; by_library < 2; by_library++) {
        *findings = (struct mzg_findings){0};
        mzg_imzml_index_init(index, slices->header, slices->ibd_size, findings);
        index->first_spectrum = first_spectrum;
        if (by_library ? parse_by_library(slices, bytes, n, index)
                       : mzg_imzml_scan(worker->scanner, bytes, n, index))
            return true;
        mzg_imzml_index_destroy(index);
    }
    return false;
}

/* Adds the findings of slice i; the slices of a worker come in their order. */
static void add_findings(struct worker *worker, int64_t i, const struct mzg_findings *findings)
{
    for (int kind = 0; kind < MZG_FINDINGS; kind++)
        if (findings->count[kind] > 0 && worker->findings.count[kind] == 0)
            worker->found_in[kind] = i;
    mzg_findings_add(&worker->findings, findings);
}

static void parse_item(void *context, int64_t item, int number)
{
    struct job *job = context;
    struct worker *worker = &job->workers[number];
    struct mzg_imzml_index index;
    struct mzg_findings findings;
    int64_t slice = job->part->first_slice + item;
    if (atomic_load_explicit(&job->is_unusual, memory_order_relaxed))
        return;
    if (!mzg_is_stopped(job->slices->stop) && parse_slice(job->slices, slice, 0, worker, &index, &findings)) {
        job->part->lists[item] = index.entries;
        mzg_index_totals_add(&worker->totals, &index.totals);
        add_findings(worker, slice, &findings);
    } else {
        atomic_store_explicit(&job->is_unusual, true, memory_order_relaxed);
    }
}

static bool worker_init(struct worker *worker)
{
    *worker = (struct worker){.scanner = mzg_imzml_scanner_new()};
    return worker->scanner != NULL;
}

static void worker_destroy(struct worker *worker)
{
    mzg_imzml_scanner_free(worker->scanner);
    free(worker->buffer);
}

/* Adds what a worker gathered: of first cases the one of the lowest slice. */
static void gather(const struct worker *worker, struct mzg_imzml_part *part)
{
    mzg_index_totals_add(&part->totals, &worker->totals);
    for (int kind = 0; kind < MZG_FINDINGS; kind++) {
        int64_t count = worker->findings.count[kind];
        bool is_first =
            count > 0 && (part->findings.count[kind] == 0 || worker->found_in[kind] < part->found_in[kind]);
        if (is_first) {
            memcpy(part->findings.first[kind], worker->findings.first[kind],
                   sizeof part->findings.first[kind]);
            part->found_in[kind] = worker->found_in[kind];
        }
        part->findings.count[kind] += count;
    }
}

static void run_items(struct mzg_pool *pool, int64_t items, struct job *job)
{
    if (pool)
        mzg_pool_run(pool, items, parse_item, job);
    for (int64_t i = 0; i < items && !pool; i++)
        parse_item(job, i, 0);
}

bool mzg_imzml_parse_slices(const struct mzg_imzml_slices *slices, int64_t first, int64_t count,
                            struct mzg_pool *pool, struct mzg_imzml_part *part)
{
    int n_workers = pool ? mzg_pool_size(pool) : 1;
    struct mzg_imzml_part parsed = {.first_slice = first, .n_lists = count};
    struct worker *workers = calloc((size_t)n_workers, sizeof *workers);
    parsed.lists = calloc((size_t)count + 1, sizeof *parsed.lists);
    bool ready = workers && parsed.lists;
    for (int i = 0; i < n_workers && ready; i++)
        ready = worker_init(&workers[i]);

    struct job job = {.slices = slices, .part = &parsed, .workers = workers};
    atomic_init(&job.is_unusual, !ready);
    if (ready)
        run_items(pool, count, &job);
    for (int i = 0; i < n_workers && workers; i++) {
        gather(&workers[i], &parsed);
        worker_destroy(&workers[i]);
    }
    free(workers);
    if (atomic_load(&job.is_unusual)) {
        mzg_imzml_part_destroy(&parsed);
        return false;
    }
    for (int64_t i = 0; i < count; i++)
        parsed.n += parsed.lists[i].n;
    *part = parsed;
    return true;
}

static bool is_found_in(const struct mzg_imzml_part *part, int kind, int64_t slice)
{
    return part->findings.count[kind] > 0 && part->found_in[kind] == slice;
}

/* Takes the texts of the first cases that slice i has. */
static bool name_findings(const struct mzg_imzml_slices *slices, int64_t i, int64_t first_spectrum,
                          struct worker *worker, struct mzg_imzml_part *part)
{
    struct mzg_imzml_index index;
    struct mzg_findings findings;
    if (!parse_slice(slices, i, first_spectrum, worker, &index, &findings))
        return false;
    for (int kind = 0; kind < MZG_FINDINGS; kind++)
        if (is_found_in(part, kind, i))
            memcpy(part->findings.first[kind], findings.first[kind], sizeof findings.first[kind]);
    mzg_imzml_index_destroy(&index);
    return true;
}

bool mzg_imzml_part_name_findings(const struct mzg_imzml_slices *slices, int64_t first_spectrum,
                                  struct mzg_imzml_part *part)
{
    struct worker worker;
    bool named = worker_init(&worker);
    for (int64_t i = 0; i < part->n_lists && named; i++) {
        bool is_wanted = false;
        for (int kind = 0; kind < MZG_FINDINGS; kind++)
            is_wanted = is_wanted || is_found_in(part, kind, part->first_slice + i);
        /* From the first spectrum of the file on, slices count as the file does. */
        if (is_wanted && first_spectrum > 0)
            named = name_findings(slices, part->first_slice + i, first_spectrum, &worker, part);
        first_spectrum += part->lists[i].n;
    }
    worker_destroy(&worker);
    return named;
}

void mzg_imzml_part_move(struct mzg_imzml_part *part, struct mzg_imzml_entry *to)
{
    for (int64_t i = 0; i < part->n_lists; i++) {
        int64_t n = part->lists[i].n;
        mzg_entry_list_move(&part->lists[i], to);
        to += n;
    }
}

void mzg_imzml_part_destroy(struct mzg_imzml_part *part)
{
    for (int64_t i = 0; i < part->n_lists && part->lists; i++)
        mzg_entry_list_destroy(&part->lists[i]);
    free(part->lists);
    *part = (struct mzg_imzml_part){0};
}
