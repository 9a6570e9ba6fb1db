/*
 * The same imzML parsed from front to back and in slices: whether both say the same, to the last entry and
 * finding. Where the whole is an error, or has no spectra, no slicing may be accepted.
 */
#ifndef INDEX_EQUALITY_H
#define INDEX_EQUALITY_H

#include <imzml/parse.h>
#include <imzml/slices.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a document in memory. */
struct whole {
    const char *bytes;
    int64_t n;
    int64_t ibd_size;
    bool parsed;
    struct mzg_imzml_document document; /* where it could be parsed */
};

static inline void whole_parse(struct whole *whole, const char *bytes, int64_t n, int64_t ibd_size)
{
    const struct mzg_imzml_parse_options options = {.ibd_size = ibd_size};
    struct mzg_error err = {0};
    *whole = (struct whole){.bytes = bytes, .n = n, .ibd_size = ibd_size};
    whole->parsed =
        mzg_imzml_parse_bytes(bytes, n, 1 << 20, "x.imzML", &options, &whole->document, &err) == MZG_OK;
}

static inline void whole_free(struct whole *whole)
{
    if (whole->parsed)
        mzg_imzml_document_destroy(&whole->document);
}

static inline const char *differing_header(const struct mzg_imzml_header *a, const struct mzg_imzml_header *b)
{
    if (a->n != b->n || a->n_groups != b->n_groups || a->is_mzml != b->is_mzml ||
        a->declared_spectra != b->declared_spectra || strcmp(a->version, b->version) != 0)
        return "facts of the header";
    for (int64_t i = 0; i < a->n; i++) {
        const struct mzg_imzml_param *p = &a->params[i], *q = &b->params[i];
        if (p->kind != q->kind || p->section != q->section || p->term != q->term || p->unit != q->unit ||
            strcmp(p->path, q->path) != 0 || strcmp(p->accession, q->accession) != 0 ||
            strcmp(p->name, q->name) != 0 || strcmp(p->value, q->value) != 0 ||
            strcmp(p->unit_name, q->unit_name) != 0)
            return "a parameter of the header";
    }
    return NULL;
}

static inline const char *differing_findings(const struct mzg_findings *a, const struct mzg_findings *b)
{
    for (int kind = 0; kind < MZG_FINDINGS; kind++) {
        if (a->count[kind] != b->count[kind])
            return "the count of a finding";
        if (a->count[kind] > 0 && strcmp(a->first[kind], b->first[kind]) != 0)
            return "the first case of a finding";
    }
    return NULL;
}

static inline const char *differing_entries(const struct mzg_entry_list *a, struct mzg_imzml_part *b)
{
    if (a->n != b->n)
        return "the number of spectra";
    const char *difference = NULL;
    struct mzg_imzml_entry *entries = malloc((size_t)b->n * sizeof *entries + 1);
    mzg_imzml_part_move(b, entries);
    for (int64_t i = 0; i < a->n && !difference; i++)
        if (memcmp(mzg_entry_list_at(a, i), &entries[i], sizeof *entries) != 0)
            difference = "an entry";
    free(entries);
    return difference;
}

/* What differs between the whole document and its slices; NULL: nothing, or it was not cut. */
static inline const char *sliced_difference(const struct whole *whole, int64_t slice_size, bool by_library,
                                            bool *was_cut)
{
    struct mzg_imzml_source source = {"x.imzML", -1, whole->bytes, whole->n};
    struct mzg_imzml_document document = {0};
    struct mzg_imzml_part part = {0};
    struct mzg_imzml_slices slices = {.source = &source,
                                      .header = &document.header,
                                      .ibd_size = whole->ibd_size,
                                      .size = slice_size,
                                      .by_library = by_library};
    *was_cut = false;
    if (!mzg_imzml_parse_around(&source, &document, &slices.body))
        return NULL;
    *was_cut = mzg_imzml_parse_slices(&slices, 0, mzg_imzml_slice_count(&slices), NULL, &part) &&
               mzg_imzml_part_name_findings(&slices, 0, &part);
    const char *difference = NULL;
    if (*was_cut) {
        const struct mzg_imzml_document *wanted = &whole->document;
        mzg_index_totals_add(&document.index.totals, &part.totals);
        mzg_findings_add(&document.findings, &part.findings);
        if (!whole->parsed)
            difference = "the whole is an error";
        else if (document.size != wanted->size || strcmp(document.header_xml, wanted->header_xml) != 0)
            difference = "the text of the header";
        else if (!(difference = differing_header(&document.header, &wanted->header)) &&
                 !(difference = differing_findings(&document.findings, &wanted->findings)) &&
                 memcmp(&document.index.totals, &wanted->index.totals, sizeof wanted->index.totals) != 0)
            difference = "the totals";
        if (!difference)
            difference = differing_entries(&wanted->index.entries, &part);
    }
    mzg_imzml_part_destroy(&part);
    mzg_imzml_document_destroy(&document);
    return difference;
}

#endif
