#include <imzml/array_overlap.h>
#include <imzml/facts.h>
#include <imzml/positions.h>
#include <imzml/survey.h>
#include <imzml/wrap.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Whether all usable spectra have it. */
static bool has_shared_mz(const struct mzg_imzml_entry *entries, int64_t n)
{
    const struct mzg_imzml_entry *first = NULL;
    for (int64_t i = 0; i < n; i++) {
        if (entries[i].fault != MZG_ENTRY_OK)
            continue;
        if (first && !mzg_entry_same_mz(first, &entries[i]))
            return false;
        first = &entries[i];
    }
    return true;
}

static bool is_read(const struct mzg_kinds *kinds, const struct mzg_imzml_entry *entry)
{
    return mzg_kinds_include(kinds, mzg_entry_level(entry), mzg_entry_polarity(entry));
}

/* Whether all sound spectra that are read have one m/z array. The offsets decide, the declared mode only
 * where there is but one. */
static void find_shared_mz(struct mzg_imzml_document *document, const struct mzg_imzml_entry *entries,
                           int64_t n, struct mzg_imzml_summary *summary)
{
    int64_t first = -1, n_sound = 0;
    bool same = true;
    for (int64_t i = 0; i < n && same; i++) {
        if (entries[i].fault != MZG_ENTRY_OK || !is_read(&summary->dataset.kinds, &entries[i]))
            continue;
        if (first < 0)
            first = i;
        n_sound++;
        same = mzg_entry_same_mz(&entries[first], &entries[i]);
    }
    if (first < 0)
        return;

    enum mzg_imzml_mode declared = mzg_imzml_declared_mode(&document->header);
    bool several = n_sound > 1;
    bool shared = same && entries[first].array[MZG_MZ].n > 0 && (several || declared == MZG_MODE_CONTINUOUS);
    summary->dataset.shared_mz = shared;
    summary->shared_from = first;
    if (declared == MZG_MODE_UNKNOWN)
        mzg_find(&document->findings, MZG_FOUND_MODE,
                 "it does not say clearly whether it is continuous or processed; by its offsets it is %s",
                 shared ? "continuous" : "processed");
    else if (several && shared != (declared == MZG_MODE_CONTINUOUS))
        mzg_find(&document->findings, MZG_FOUND_MODE, "it is declared %s, but its spectra %s; read so",
                 mzg_imzml_mode_name(declared),
                 shared ? "all share one m/z array" : "do not all share one m/z array");
}

/* Arrays outside the ibd, and arrays in each other's bytes: repaired where its size proves what was meant,
 * refused where most of what is left cannot be right. */
static enum mzg_status check_places(struct mzg_imzml_document *document, struct mzg_imzml_entry *entries,
                                    int64_t n, struct mzg_imzml_summary *summary, struct mzg_error *err)
{
    struct mzg_findings *findings = &document->findings;
    const int64_t ibd_size = document->index.ibd_size;
    const bool is_continuous = mzg_imzml_declared_mode(&document->header) == MZG_MODE_CONTINUOUS;
    struct mzg_imzml_overlaps overlaps;
    int64_t n_outside = 0;
    if (mzg_imzml_find_overlaps(entries, n, ibd_size, &overlaps, err) != MZG_OK)
        return err->status;
    for (int64_t i = 0; i < n; i++)
        n_outside += entries[i].fault == MZG_ENTRY_OUTSIDE;
    if (n_outside == 0 && overlaps.n_spectra == 0)
        return MZG_OK;
    if (mzg_imzml_lay_out(entries, n, ibd_size, is_continuous, findings)) {
        summary->has_repairs = true;
        return MZG_OK;
    }
    if (overlaps.n_spectra > 0)
        mzg_find_many(findings, MZG_FOUND_OVERLAP, overlaps.n_spectra, "%s", overlaps.first);
    if (overlaps.n_crossing > overlaps.n_usable / 2)
        return mzg_fail(err, MZG_EFORMAT,
                        "%" PRId64 " of its %" PRId64 " usable spectra have m/z in the same bytes of the ibd "
                        "as intensities, so that its offsets cannot "
                        "be right; export it again; first: %s",
                        overlaps.n_crossing, overlaps.n_usable, overlaps.first);
    if (is_continuous && n_outside > 0 && n_outside < n && !has_shared_mz(entries, n))
        return mzg_fail(
            err, MZG_EFORMAT,
            "it is declared continuous, but its spectra do not share one m/z array, and %" PRId64
            " of %" PRId64
            " have arrays outside the ibd: which bytes are m/z and which intensities cannot be told; "
            "export it again",
            n_outside, n);
    return MZG_OK;
}

static void find_outside(const struct mzg_imzml_entry *entries, int64_t n, int64_t ibd_size,
                         struct mzg_findings *findings)
{
    for (int64_t i = 0; i < n; i++) {
        if (entries[i].fault != MZG_ENTRY_OUTSIDE)
            continue;
        struct mzg_fault fault;
        mzg_entry_explain(&entries[i], i, ibd_size, &fault);
        mzg_find(findings, MZG_FOUND_TRUNCATED_IBD, "spectrum %" PRId64 ", %s", i + 1, fault.text);
    }
}

/* Sums over the pixels that are read. */
static void count(const struct mzg_imzml_entry *entries, const struct mzg_pixels *pixels, int64_t ibd_size,
                  struct mzg_imzml_summary *summary)
{
    struct mzg_dataset *dataset = &summary->dataset;
    dataset->n_pixels = pixels->n;
    dataset->n_duplicate_pixels = pixels->n_duplicate;
    for (int64_t p = 0; p < pixels->n; p++) {
        int64_t n = mzg_pixels_count(pixels, p);
        bool readable = false;
        int64_t stored = 0;
        for (int64_t k = 0; k < n; k++) {
            const struct mzg_imzml_entry *entry = &entries[mzg_pixels_spectrum(pixels, p, k)];
            if (entry->fault != MZG_ENTRY_OK)
                continue;
            readable = true;
            if (__builtin_add_overflow(dataset->n_points, entry->array[MZG_MZ].n, &dataset->n_points))
                dataset->n_points = INT64_MAX;
            if (entry->array[MZG_MZ].n > dataset->most_points)
                dataset->most_points = entry->array[MZG_MZ].n;
            for (int which = 0; which < 2; which++)
                if (__builtin_add_overflow(stored, mzg_entry_stored(entry, which, ibd_size), &stored))
                    stored = INT64_MAX;
        }
        if (stored > dataset->most_bytes)
            dataset->most_bytes = stored;
        summary->faulty_pixels += !readable;
        dataset->n_spectra += n;
    }
}

/* The box of the pixels that are read. */
static void find_box(const struct mzg_imzml_entry *entries, const struct mzg_pixels *pixels,
                     struct mzg_dataset *dataset)
{
    for (int d = 0; d < 3; d++) {
        dataset->min[d] = INT32_MAX;
        dataset->max[d] = INT32_MIN;
    }
    for (int64_t p = 0; p < pixels->n; p++)
        mzg_pixels_box(entries[mzg_pixels_spectrum(pixels, p, 0)].position, sizeof *entries, 1, dataset->min,
                       dataset->max);
}

/* Which kinds of spectra are read. */
static enum mzg_status choose_kinds(struct mzg_imzml_document *document,
                                    const struct mzg_selection *selection, struct mzg_kinds *kinds,
                                    struct mzg_error *err)
{
    char counts[160];
    if (mzg_kinds_choose(&document->index.totals.kinds, &selection->kinds, kinds, err) != MZG_OK)
        return err->status;
    if (selection->kinds.all && kinds->polarities_vary)
        mzg_find(&document->findings, MZG_FOUND_POLARITIES,
                 "its spectra are of both polarities: %s; 'mzgrid convert' wants one, --polarity",
                 mzg_kinds_text(kinds, counts, sizeof counts));
    return MZG_OK;
}

/* Marks the spectra of the kinds that are read; NULL if these are all, or there is no memory. */
static unsigned char *mark_read(const struct mzg_imzml_entry *entries, int64_t n,
                                const struct mzg_kinds *kinds, struct mzg_error *err)
{
    if (kinds->n_left_out == 0)
        return NULL;
    unsigned char *marks = malloc((size_t)n);
    if (!marks)
        mzg_fail(err, MZG_ENOMEM, "no memory to choose from %" PRId64 " spectra", n);
    for (int64_t i = 0; i < n && marks; i++)
        marks[i] = is_read(kinds, &entries[i]);
    return marks;
}

static void compare_with_header(struct mzg_imzml_document *document,
                                const struct mzg_imzml_geometry *geometry, int64_t n_spectra,
                                const int32_t max[3])
{
    int64_t declared = document->header.declared_spectra;
    bool truncated = document->findings.count[MZG_FOUND_TRUNCATED_XML] > 0;
    if (declared >= 0 && declared != n_spectra && !truncated)
        mzg_find(&document->findings, MZG_FOUND_COUNT,
                 "its spectrumList announces %" PRId64 " spectra, but has %" PRId64 "; those are used",
                 declared, n_spectra);
    bool small = false;
    for (int d = 0; d < 2; d++)
        small = small || (geometry->max_count[d] > 0 && geometry->max_count[d] < max[d]);
    if (small)
        mzg_find(&document->findings, MZG_FOUND_SMALL_GRID,
                 "it declares a grid of %" PRId64 " x %" PRId64
                 ", but positions reach (%d, %d); the positions count",
                 geometry->max_count[0], geometry->max_count[1], max[0], max[1]);
}

/* What the spectra that are read say together. */
static struct mzg_kind_totals totals_of(const struct mzg_index_totals *totals, const struct mzg_kinds *kinds)
{
    struct mzg_kind_totals sum = {0};
    for (int level = 0; level < MZG_MS_LEVELS; level++)
        for (int polarity = 0; polarity < MZG_POLARITIES; polarity++)
            if (mzg_kinds_include(kinds, level, (enum mzg_polarity)polarity))
                mzg_kind_totals_add(&sum, &totals->kinds.of[level][polarity]);
    return sum;
}

/* What holds for the whole input, whatever part of it is read. */
static void survey_whole(struct mzg_imzml_document *document, const struct mzg_imzml_entry *entries,
                         int64_t n, struct mzg_imzml_summary *summary)
{
    struct mzg_dataset *dataset = &summary->dataset;
    struct mzg_kind_totals totals = totals_of(&document->index.totals, &dataset->kinds);
    int32_t min[3] = {INT32_MAX, INT32_MAX, INT32_MAX}, max[3] = {INT32_MIN, INT32_MIN, INT32_MIN};
    mzg_pixels_box(entries[0].position, sizeof *entries, n, min, max);
    for (int d = 0; d < 3; d++)
        dataset->origin[d] = min[d] < 1 ? min[d] : 1; /* imzML counts from 1; some files from 0 */

    dataset->has_mz_range = totals.n_with_range > 0 && totals.n_without_range == 0;
    if (dataset->has_mz_range) {
        dataset->min_mz = totals.min_mz;
        dataset->max_mz = totals.max_mz;
        dataset->stated_mz[0] = totals.stated_mz[0];
        dataset->stated_mz[1] = totals.stated_mz[1];
    }
    dataset->has_mobility = document->findings.count[MZG_FOUND_MOBILITY] > 0;
    dataset->type = mzg_imzml_decide_type(&document->header, totals.n_type, &document->findings);
    find_shared_mz(document, entries, n, summary);

    struct mzg_imzml_geometry geometry;
    const int64_t grid[2] = {(int64_t)max[0] - dataset->origin[0] + 1,
                             (int64_t)max[1] - dataset->origin[1] + 1};
    mzg_imzml_geometry(&document->header, grid, &document->findings, &geometry);
    memcpy(dataset->pixel_size, geometry.pixel_size, sizeof dataset->pixel_size);
    memcpy(dataset->position_offset, geometry.offset, sizeof dataset->position_offset);
    compare_with_header(document, &geometry, n, max);
}

enum mzg_status mzg_imzml_survey(struct mzg_imzml_document *document, struct mzg_imzml_entry *entries,
                                 int64_t n, struct mzg_selection *selection,
                                 struct mzg_imzml_summary *summary, struct mzg_pixels *pixels,
                                 struct mzg_error *err)
{
    const struct mzg_imzml_index *index = &document->index;
    struct mzg_findings *findings = &document->findings;
    size_t stride = sizeof *entries;
    if (index->totals.n_without_position == n)
        return mzg_imzml_refuse_positions(findings, err);
    if (choose_kinds(document, selection, &summary->dataset.kinds, err) != MZG_OK)
        return err->status;
    findings->n_spectra = n;
    summary->has_repairs = mzg_imzml_unwrap(entries, n, index->ibd_size, findings);
    if (check_places(document, entries, n, summary, err) != MZG_OK)
        return err->status;
    find_outside(entries, n, index->ibd_size, findings);
    if (mzg_pixels_number(entries[0].position, stride, n, pixels, err) != MZG_OK)
        return err->status;
    summary->dataset.n_all_pixels = pixels->n;
    unsigned char *marks = mark_read(entries, n, &summary->dataset.kinds, err);
    if (err->status == MZG_OK && (mzg_selection_is_part(selection) || marks))
        mzg_selection_apply(selection, entries[0].position, stride, marks, pixels, findings, err);
    free(marks);
    if (err->status != MZG_OK)
        return err->status;
    summary->has_table = pixels->begin != NULL;
    summary->is_part = pixels->ordinals != NULL;
    count(entries, pixels, index->ibd_size, summary);
    find_box(entries, pixels, &summary->dataset);
    mzg_imzml_judge_positions(entries, pixels, &summary->dataset, findings);
    survey_whole(document, entries, n, summary);
    return MZG_OK;
}
