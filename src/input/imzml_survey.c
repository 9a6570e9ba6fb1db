#include <input/imzml_facts.h>
#include <input/imzml_survey.h>

#include <inttypes.h>
#include <string.h>

static bool same_mz(const struct mzg_imzml_entry *a, const struct mzg_imzml_entry *b)
{
    return memcmp(&a->array[MZG_MZ], &b->array[MZG_MZ], sizeof a->array[MZG_MZ]) == 0 &&
           a->format[MZG_MZ] == b->format[MZG_MZ];
}

/* Whether all sound spectra have one m/z array. The offsets decide, the declared mode only where there is but
 * one. */
static void find_shared_mz(struct mzg_imzml_document *document, const struct mzg_imzml_entry *entries,
                           int64_t n, struct mzg_imzml_summary *summary)
{
    int64_t first = -1, n_sound = 0;
    bool same = true;
    for (int64_t i = 0; i < n && same; i++) {
        if (entries[i].fault != MZG_ENTRY_OK)
            continue;
        if (first < 0)
            first = i;
        n_sound++;
        same = same_mz(&entries[first], &entries[i]);
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

static int64_t count_faulty_pixels(const struct mzg_imzml_entry *entries, const struct mzg_pixels *pixels)
{
    int64_t count = 0;
    for (int64_t p = 0; p < pixels->n; p++) {
        int64_t begin = pixels->begin ? pixels->begin[p] : p;
        int64_t end = pixels->begin ? pixels->begin[p + 1] : p + 1;
        bool readable = false;
        for (int64_t k = begin; k < end && !readable; k++)
            readable = entries[pixels->spectra ? pixels->spectra[k] : k].fault == MZG_ENTRY_OK;
        count += !readable;
    }
    return count;
}

static int64_t count_points(const struct mzg_imzml_entry *entries, int64_t n)
{
    int64_t points = 0;
    for (int64_t i = 0; i < n; i++)
        if (entries[i].fault == MZG_ENTRY_OK &&
            __builtin_add_overflow(points, entries[i].array[MZG_MZ].n, &points))
            return INT64_MAX;
    return points;
}

static void compare_with_header(struct mzg_imzml_document *document,
                                const struct mzg_imzml_geometry *geometry, const struct mzg_dataset *dataset)
{
    int64_t declared = document->header.declared_spectra;
    bool truncated = document->findings.count[MZG_FOUND_TRUNCATED_XML] > 0;
    if (declared >= 0 && declared != dataset->n_spectra && !truncated)
        mzg_find(&document->findings, MZG_FOUND_COUNT,
                 "its spectrumList announces %" PRId64 " spectra, but has %" PRId64 "; those are used",
                 declared, dataset->n_spectra);
    bool small = false;
    for (int d = 0; d < 2; d++)
        small = small || (geometry->max_count[d] > 0 && geometry->max_count[d] < dataset->max[d]);
    if (small)
        mzg_find(&document->findings, MZG_FOUND_SMALL_GRID,
                 "it declares a grid of %" PRId64 " x %" PRId64
                 ", but positions reach (%d, %d); the positions count",
                 geometry->max_count[0], geometry->max_count[1], dataset->max[0], dataset->max[1]);
}

enum mzg_status mzg_imzml_survey(struct mzg_imzml_document *document, const struct mzg_imzml_entry *entries,
                                 int64_t n, struct mzg_imzml_summary *summary, struct mzg_pixels *pixels,
                                 struct mzg_error *err)
{
    const struct mzg_index_totals *totals = &document->index.totals;
    struct mzg_dataset *dataset = &summary->dataset;
    if (totals->n_without_position == n)
        return mzg_fail(err, MZG_EFORMAT, "no spectrum has a usable position (IMS:1000050, IMS:1000051)");
    if (mzg_pixels_number(entries[0].position, sizeof *entries, n, pixels, err) != MZG_OK)
        return err->status;

    document->findings.n_spectra = n;
    dataset->n_spectra = n;
    dataset->n_pixels = pixels->n;
    dataset->n_duplicate_pixels = pixels->n_duplicate;
    dataset->n_points = count_points(entries, n);
    summary->faulty_pixels = count_faulty_pixels(entries, pixels);
    summary->repeated = pixels->begin != NULL;
    for (int d = 0; d < 3; d++) {
        dataset->min[d] = INT32_MAX;
        dataset->max[d] = INT32_MIN;
    }
    mzg_pixels_box(entries[0].position, sizeof *entries, n, dataset->min, dataset->max);

    dataset->has_mz_range = totals->n_with_range == n;
    if (dataset->has_mz_range) {
        dataset->min_mz = totals->min_mz;
        dataset->max_mz = totals->max_mz;
    }
    dataset->type = mzg_imzml_decide_type(&document->header, totals->n_type, &document->findings);
    find_shared_mz(document, entries, n, summary);

    struct mzg_imzml_geometry geometry;
    mzg_imzml_geometry(&document->header, &document->findings, &geometry);
    memcpy(dataset->pixel_size, geometry.pixel_size, sizeof dataset->pixel_size);
    compare_with_header(document, &geometry, dataset);
    return MZG_OK;
}
