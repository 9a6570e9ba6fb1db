/*
 * The size of a pixel and where the image lies, from the scan settings. Writers differ in what they put
 * there: some give an area for the size, some no size but the extent of the image, some nothing.
 */
#include <imzml/facts.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const double tolerance = 0.01; /* of sizes that agree: extents are often rounded */

/* Sizes in micrometres that imaging knows: above are areas and other units, below as well. */
static const double least_size = 0.02, most_size = 1000;

/* What one scanSettings element says. */
struct settings {
    const char *id;
    double size[2], extent[2], offset[2]; /* micrometres; 0: not told */
    int64_t count[2];                     /* of pixels; 0: not told */
};

static const struct mzg_imzml_param *find(const struct mzg_imzml_header *header, const char *id, int term)
{
    return mzg_imzml_header_find(header, MZG_SECTION_SCAN_SETTINGS, id, term);
}

/* A length in micrometres, which may be 0 or less. False for anything else. */
static bool read_length(const struct mzg_imzml_param *param, double *length)
{
    double unit = mzg_term_micrometres(param->unit);
    return mzg_text_to_double(mzg_text_of(param->value), length) && unit > 0 && isfinite(*length *= unit);
}

/* A positive length; 0 without one, which `findings`, unless NULL, hear of. */
static double length_of(const struct mzg_imzml_param *param, struct mzg_findings *findings)
{
    double length;
    if (!param)
        return 0;
    if (read_length(param, &length) && length > 0)
        return length;
    if (findings)
        mzg_find(findings, MZG_FOUND_PIXEL_SIZE,
                 "its %.20s = \"%.40s\"%s%.20s is not a positive length and is ignored", param->accession,
                 param->value, *param->unit_name ? " " : "", param->unit_name);
    return 0;
}

static double offset_of(const struct mzg_imzml_param *param, struct mzg_findings *findings)
{
    double offset;
    if (!param || !*param->value) /* some templates leave it empty */
        return 0;
    if (read_length(param, &offset))
        return offset;
    mzg_find(findings, MZG_FOUND_OFFSET,
             "its absolute position offset %.20s = \"%.40s\"%s%.20s is not a length and is ignored",
             param->accession, param->value, *param->unit_name ? " " : "", param->unit_name);
    return 0;
}

static int64_t count_of(const struct mzg_imzml_param *param)
{
    int64_t count;
    return param && mzg_text_to_int64(mzg_text_of(param->value), &count) && count > 0 ? count : 0;
}

static void read_settings(const struct mzg_imzml_header *header, const char *id,
                          struct mzg_findings *findings, struct settings *settings)
{
    static const int size_terms[2] = {MZG_TERM_PIXEL_SIZE_X, MZG_TERM_PIXEL_SIZE_Y};
    static const int count_terms[2] = {MZG_TERM_MAX_COUNT_X, MZG_TERM_MAX_COUNT_Y};
    static const int extent_terms[2] = {MZG_TERM_MAX_DIMENSION_X, MZG_TERM_MAX_DIMENSION_Y};
    settings->id = id;
    for (int d = 0; d < 2; d++) {
        settings->size[d] = length_of(find(header, id, size_terms[d]), findings);
        settings->count[d] = count_of(find(header, id, count_terms[d]));
        settings->extent[d] = length_of(find(header, id, extent_terms[d]), NULL);
    }
    for (int d = 0; d < 2; d++) /* the ontology: pixel size x is that of y, too, where y has none */
        if (settings->size[d] == 0)
            settings->size[d] = settings->size[1 - d];
}

static bool agree(double a, double b)
{
    return fabs(a - b) <= tolerance * fabs(b);
}

/* What a step of extent / count makes of a number given as size. */
enum meaning { UNTOLD, LENGTH, AREA };

static enum meaning meaning_of(double size, double extent, int64_t count)
{
    if (size == 0 || extent == 0 || count == 0)
        return UNTOLD;
    double step = extent / (double)count;
    return agree(size, step) ? LENGTH : agree(size, step * step) ? AREA : UNTOLD;
}

/* Old versions of the ontology, and files after them, give the area of a pixel where its width should be. The
 * extent of the image, divided by its count of pixels, proves it: that quotient squared is then the number
 * given. Where the file tells no count, the positions do (`grid`), or the number of spectra that fill the
 * image. */
static void repair_area(const struct settings *settings, const int64_t *grid, int64_t n_spectra,
                        struct mzg_findings *findings, struct mzg_imzml_geometry *geometry)
{
    for (int d = 0; d < 2; d++) {
        double size = settings->size[d], extent = settings->extent[d];
        int64_t count = settings->count[d];
        if (count == 0 && grid)
            count = grid[d];
        if (meaning_of(size, extent, count) != AREA)
            continue;
        for (int e = 0; e < 2; e++)
            if (settings->size[e] == size)
                geometry->pixel_size[e] = sqrt(size);
        mzg_find(findings, MZG_FOUND_PIXEL_AREA,
                 "its pixel size %g is an area: %g micrometres for %" PRId64
                 " pixels; taken as %g micrometres",
                 size, extent, count, sqrt(size));
    }
    const double *extent = settings->extent, size = settings->size[0];
    bool is_untold = !grid && settings->count[0] == 0 && settings->count[1] == 0 && extent[0] > 0 &&
                     extent[1] > 0 && size > 0 && size == settings->size[1] && size != 1;
    if (!is_untold || n_spectra <= 0 || !agree(size * (double)n_spectra, extent[0] * extent[1]))
        return;
    geometry->pixel_size[0] = geometry->pixel_size[1] = sqrt(size);
    mzg_find(findings, MZG_FOUND_PIXEL_AREA,
             "its pixel size %g is an area: %g x %g micrometres for %" PRId64
             " spectra; taken as %g micrometres",
             size, extent[0], extent[1], n_spectra, sqrt(size));
}

/* Without a size, the extent divided by the count is one, if both directions agree: extents that mean
 * something else, such as the way between the first and the last pixel, do so seldom. A step of 1 is a count
 * of pixels. */
static void derive_size(const struct settings *settings, const int64_t *grid, struct mzg_findings *findings,
                        struct mzg_imzml_geometry *geometry)
{
    double step[2] = {0, 0};
    int64_t count[2];
    for (int d = 0; d < 2; d++) {
        count[d] = settings->count[d] > 0 ? settings->count[d] : grid ? grid[d] : 0;
        step[d] = count[d] > 0 ? settings->extent[d] / (double)count[d] : 0;
    }
    if (step[0] <= 0 || step[1] <= 0 || !agree(step[0], step[1]) || step[0] == 1)
        return;
    memcpy(geometry->pixel_size, step, sizeof step);
    mzg_find(findings, MZG_FOUND_PIXEL_SIZE,
             "it has no pixel size (IMS:1000046), but extents of %g x %g micrometres for %" PRId64
             " x %" PRId64 " pixels; taken as %g x %g micrometres, unless --pixel-size says otherwise",
             settings->extent[0], settings->extent[1], count[0], count[1], step[0], step[1]);
}

static void judge_size(const double size[2], struct mzg_findings *findings)
{
    double most = fmax(size[0], size[1]), least = fmin(size[0], size[1]);
    if (least <= 0)
        return;
    if (most > most_size)
        mzg_find(findings, MZG_FOUND_PIXEL_SIZE,
                 "its pixel size of %g x %g micrometres is larger than that of any instrument; if it is an "
                 "area (an old "
                 "meaning of IMS:1000046), --pixel-size %g would be right",
                 size[0], size[1], round(1e3 * sqrt(most)) / 1e3);
    else if (least < least_size)
        mzg_find(findings, MZG_FOUND_PIXEL_SIZE,
                 "its pixel size of %g x %g micrometres is smaller than that of any instrument; if it is in "
                 "millimetres, "
                 "--pixel-size %g would be right",
                 size[0], size[1], 1e3 * least);
}

/* The scanSettings that the run's instrument configuration, or any, refers to; NULL without. */
static const char *referenced_settings(const struct mzg_imzml_header *header)
{
    const char *settings = NULL, *instrument = NULL;
    const struct mzg_imzml_param *param;
    struct mzg_imzml_cursor run = {.section = MZG_SECTION_RUN};
    while (!instrument && (param = mzg_imzml_header_next(header, &run)))
        if (param->kind == MZG_PARAM_ATTRIBUTE &&
            strcmp(param->name, "defaultInstrumentConfigurationRef") == 0)
            instrument = param->value;
    if (instrument)
        settings = mzg_imzml_header_attribute(header, MZG_SECTION_INSTRUMENTS, instrument, "scanSettingsRef");
    return settings;
}

/* The scanSettings elements of the file, at most `size` of them; more are nobody's. */
static int list_settings(const struct mzg_imzml_header *header, struct mzg_findings *findings,
                         struct settings *settings, int size)
{
    int n = 0;
    struct mzg_imzml_cursor cursor = {.section = MZG_SECTION_SCAN_SETTINGS};
    while (n < size && mzg_imzml_header_next(header, &cursor)) {
        const char *id = cursor.owner->path;
        if (n == 0 || strcmp(settings[n - 1].id, id) != 0)
            read_settings(header, id, findings, &settings[n++]);
    }
    return n;
}

static const struct settings *choose_settings(const struct mzg_imzml_header *header,
                                              const struct settings *settings, int n,
                                              struct mzg_findings *findings)
{
    const char *wanted = referenced_settings(header);
    int chosen = 0;
    for (int i = n - 1; i >= 0; i--)
        if (settings[i].size[0] > 0)
            chosen = i;
    for (int i = 0; i < n && wanted; i++)
        if (strcmp(settings[i].id, wanted) == 0)
            chosen = i;

    const double *used = settings[chosen].size;
    for (int i = 0; i < n; i++) {
        const double *size = settings[i].size;
        if (size[0] == 0 || (size[0] == used[0] && size[1] == used[1]))
            continue;
        mzg_find(
            findings, MZG_FOUND_SCAN_SETTINGS,
            "its scanSettings give different pixel sizes: \"%.40s\", which counts, %g x %g micrometres, and "
            "\"%.40s\" %g x %g",
            settings[chosen].id, used[0], used[1], settings[i].id, size[0], size[1]);
    }
    return &settings[chosen];
}

void mzg_imzml_geometry(const struct mzg_imzml_header *header, const int64_t *grid,
                        struct mzg_findings *findings, struct mzg_imzml_geometry *geometry)
{
    enum { MAX_SETTINGS = 32 };
    struct settings all[MAX_SETTINGS] = {0};
    int n = list_settings(header, findings, all, MAX_SETTINGS);
    *geometry = (struct mzg_imzml_geometry){0};
    if (n == 0)
        return;
    const struct settings *settings = choose_settings(header, all, n, findings);
    geometry->settings = settings->id;
    geometry->offset[0] = offset_of(find(header, settings->id, MZG_TERM_OFFSET_X), findings);
    geometry->offset[1] = offset_of(find(header, settings->id, MZG_TERM_OFFSET_Y), findings);
    memcpy(geometry->max_count, settings->count, sizeof settings->count);
    memcpy(geometry->pixel_size, settings->size, sizeof settings->size);
    if (settings->size[0] > 0)
        repair_area(settings, grid, header->declared_spectra, findings, geometry);
    else
        derive_size(settings, grid, findings, geometry);
    judge_size(geometry->pixel_size, findings);
}
