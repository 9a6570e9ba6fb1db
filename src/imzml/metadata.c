#include <core/json_text.h>
#include <imzml/glance.h>
#include <imzml/ibd.h>
#include <imzml/metadata.h>
#include <imzml/pair.h>
#include <imzml/spectra.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The sections that are kept, by the key they are kept under. */
static const struct {
    enum mzg_imzml_section section;
    const char *key;
} kept[] = {{MZG_SECTION_FILE_CONTENT, "file_content"}, {MZG_SECTION_SOURCE_FILES, "source_files"},
            {MZG_SECTION_CONTACT, "contact"},           {MZG_SECTION_SAMPLES, "samples"},
            {MZG_SECTION_SOFTWARE, "software"},         {MZG_SECTION_SCAN_SETTINGS, "scan_settings"},
            {MZG_SECTION_INSTRUMENTS, "instruments"},   {MZG_SECTION_DATA_PROCESSING, "data_processing"},
            {MZG_SECTION_GROUPS, "parameter_groups"},   {MZG_SECTION_RUN, "run"}};
enum { N_KEPT = sizeof kept / sizeof *kept };

/* A parameter as a line of text. */
static json_t *line_of(const struct mzg_imzml_param *param, const char *path)
{
    char *line;
    if (asprintf(&line, "%s%s%s%s%s%s%s%s%s", path, *path ? ": " : "", param->accession,
                 *param->accession && *param->name ? " " : "", param->name, *param->value ? " = " : "",
                 param->value, *param->unit_name ? " " : "", param->unit_name) < 0)
        return NULL;
    json_t *string = mzg_json_text(line);
    free(line);
    return string;
}

/* Whether all parameters of a section stand in one element, whose path then says nothing. */
static bool has_one_element(const struct mzg_imzml_header *header, enum mzg_imzml_section section)
{
    const char *path = NULL;
    struct mzg_imzml_cursor cursor = {.section = section};
    while (mzg_imzml_header_next(header, &cursor)) {
        if (path && strcmp(path, cursor.owner->path) != 0)
            return false;
        path = cursor.owner->path;
    }
    return true;
}

/* The lines of a section; NULL if there is no memory. */
static json_t *lines_of(const struct mzg_imzml_header *header, enum mzg_imzml_section section)
{
    json_t *lines = json_array();
    bool short_form = section != MZG_SECTION_GROUPS && has_one_element(header, section);
    const struct mzg_imzml_param *param;
    struct mzg_imzml_cursor cursor = {.section = section};
    while (lines && (param = mzg_imzml_header_next(header, &cursor))) {
        if (json_array_append_new(lines, line_of(param, short_form ? "" : cursor.owner->path)) != 0) {
            json_decref(lines);
            return NULL;
        }
    }
    return lines;
}

/* The accessions of a section's terms, or the lines of its terms without those of attributes. */
static json_t *terms_of(const struct mzg_imzml_header *header, enum mzg_imzml_section section,
                        bool accessions_only)
{
    json_t *terms = json_array();
    const struct mzg_imzml_param *param;
    struct mzg_imzml_cursor cursor = {.section = section};
    while (terms && (param = mzg_imzml_header_next(header, &cursor))) {
        if (param->kind != MZG_PARAM_TERM)
            continue;
        if (json_array_append_new(terms, accessions_only ? mzg_json_text(param->accession)
                                                         : line_of(param, "")) != 0) {
            json_decref(terms);
            return NULL;
        }
    }
    return terms;
}

/* Whether a parameter of an instrument is one that has the name of its model as its value, as MS:1000031
 * "instrument model" should not have, or a userParam of any writer. */
static bool names_model(const struct mzg_imzml_param *param)
{
    bool says_so = strcasestr(param->name, "model") != NULL ||
                   (param->kind == MZG_PARAM_USER && strcasestr(param->name, "instrument") != NULL);
    return (param->kind == MZG_PARAM_TERM || param->kind == MZG_PARAM_USER) && *param->value &&
           (param->term == MZG_TERM_INSTRUMENT_MODEL || says_so);
}

/* The texts that may name the instrument's model. */
static json_t *instrument_names(const struct mzg_imzml_header *header)
{
    json_t *names = json_array();
    const struct mzg_imzml_param *param;
    struct mzg_imzml_cursor cursor = {.section = MZG_SECTION_INSTRUMENTS};
    while (names && (param = mzg_imzml_header_next(header, &cursor)))
        if (names_model(param) && json_array_append_new(names, mzg_json_text(param->value)) != 0) {
            json_decref(names);
            return NULL;
        }
    return names;
}

/* Adds them, where there are any. */
static bool add_instrument_names(const struct mzg_imzml_header *header, json_t *object)
{
    json_t *names = instrument_names(header);
    bool added =
        names && (json_array_size(names) == 0 || json_object_set(object, "instrument_names", names) == 0);
    json_decref(names);
    return added;
}

/* "positive", "negative", "both" or "unknown": what fileContent and the parameter groups say. */
static const char *polarity_of(const struct mzg_imzml_header *header)
{
    static const enum mzg_imzml_section sections[] = {MZG_SECTION_FILE_CONTENT, MZG_SECTION_GROUPS};
    bool positive = false, negative = false;
    for (int i = 0; i < 2; i++) {
        positive = positive || mzg_imzml_header_find(header, sections[i], NULL, MZG_TERM_POSITIVE_SCAN);
        negative = negative || mzg_imzml_header_find(header, sections[i], NULL, MZG_TERM_NEGATIVE_SCAN);
    }
    if (positive && negative)
        return "both";
    return positive ? "positive" : negative ? "negative" : "unknown";
}

/* The same by what the spectra state, if any does. */
static const char *polarity_of_spectra(const struct mzg_imzml_header *header, const struct mzg_kinds *kinds)
{
    bool has[MZG_POLARITIES] = {false};
    for (int level = 0; level < MZG_MS_LEVELS; level++)
        for (int p = 0; p < MZG_POLARITIES; p++)
            has[p] = has[p] || kinds->n[level][p] > 0;
    if (has[MZG_POLARITY_POSITIVE] && has[MZG_POLARITY_NEGATIVE])
        return "both";
    return has[MZG_POLARITY_POSITIVE]   ? "positive"
           : has[MZG_POLARITY_NEGATIVE] ? "negative"
                                        : polarity_of(header);
}

/* Ends a function that built `object` from parts that may be NULL for want of memory. */
static enum mzg_status hand_over(json_t *object, bool complete, json_t **result, struct mzg_error *err)
{
    if (!object || !complete) {
        json_decref(object);
        return mzg_fail(err, MZG_ENOMEM, "no memory for the metadata");
    }
    *result = object;
    return MZG_OK;
}

enum mzg_status mzg_imzml_metadata(const struct mzg_imzml_document *document,
                                   const struct mzg_imzml_identity *identity, const struct mzg_kinds *kinds,
                                   json_t **metadata, struct mzg_error *err)
{
    const struct mzg_imzml_header *header = &document->header;
    json_t *object = json_pack("{s:s, s:o, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s}", "format", "imzML",
                               "mzml_version", mzg_json_text(header->version), "mode",
                               mzg_imzml_mode_name(mzg_imzml_declared_mode(header)), "polarity",
                               polarity_of_spectra(header, kinds), "uuid", identity->uuid, "uuid_in_ibd",
                               identity->uuid_in_ibd, "uuid_agrees", identity->uuid_agrees, "checksum_type",
                               identity->checksum_type ? identity->checksum_type : "none", "checksum",
                               identity->checksum, "checksum_status", identity->checksum_status);
    bool complete = object != NULL;
    if (complete && (kinds->levels_vary || kinds->polarities_vary))
        complete = json_object_set_new(object, "kinds", mzg_kinds_lines(kinds)) == 0;
    for (int i = 0; i < N_KEPT && complete; i++)
        complete = json_object_set_new(object, kept[i].key, lines_of(header, kept[i].section)) == 0;
    complete = complete &&
               json_object_set_new(object, "instrument_accessions",
                                   terms_of(header, MZG_SECTION_INSTRUMENTS, true)) == 0 &&
               add_instrument_names(header, object) &&
               json_object_set_new(object, "findings", mzg_findings_json(&document->findings)) == 0 &&
               json_object_set_new(object, "header_xml", mzg_json_text(document->header_xml)) == 0;
    return hand_over(object, complete, metadata, err);
}

/* What a parameter group says of the array it describes; a type of MZG_ARRAY_UNTYPED where it describes none.
 */
struct array_group {
    int kind; /* MZG_MZ, MZG_INTENSITY, -1 */
    enum mzg_array_type type;
    const char *compression;
};

static struct array_group array_of(const struct mzg_imzml_group *group)
{
    struct array_group array = {-1, MZG_ARRAY_UNTYPED, "none"};
    for (int64_t i = 0; i < group->n; i++) {
        int term = group->params[i]->term;
        if (term == MZG_TERM_MZ_ARRAY || term == MZG_TERM_INTENSITY_ARRAY)
            array.kind = term == MZG_TERM_MZ_ARRAY ? MZG_MZ : MZG_INTENSITY;
        else if (mzg_array_type_of(term) != MZG_ARRAY_UNTYPED)
            array.type = mzg_array_type_of(term);
        else if (term == MZG_TERM_ZLIB)
            array.compression = "zlib";
        else if (mzg_term_unsupported(term))
            array.compression = mzg_term_unsupported(term);
    }
    return array;
}

/* The points of the whole file as its size tells; -1 if arrays are compressed or their types not known. */
static int64_t estimate_points(const struct mzg_imzml_header *header, int64_t ibd_size)
{
    int size[2] = {0, 0};
    for (int64_t g = 0; g < header->n_groups; g++) {
        struct array_group array = array_of(&header->groups[g]);
        if (array.kind >= 0 && strcmp(array.compression, "none") != 0)
            return -1;
        if (array.kind >= 0)
            size[array.kind] = mzg_array_item_size(array.type);
    }
    if (size[MZG_MZ] == 0 || size[MZG_INTENSITY] == 0)
        return -1;
    double bytes = (double)(ibd_size - MZG_UUID_SIZE);
    double n = (double)header->declared_spectra;
    bool shared = mzg_imzml_declared_mode(header) == MZG_MODE_CONTINUOUS;
    if (shared && n < 1)
        return -1;
    double mz_bytes_per_point = shared ? size[MZG_MZ] / n : size[MZG_MZ];
    return (int64_t)(bytes / (size[MZG_INTENSITY] + mz_bytes_per_point));
}

static json_t *describe_arrays(const struct mzg_imzml_header *header)
{
    json_t *arrays = json_array();
    for (int64_t g = 0; arrays && g < header->n_groups; g++) {
        struct array_group array = array_of(&header->groups[g]);
        if (array.kind < 0)
            continue;
        json_t *one = json_pack("{s:o, s:s, s:s, s:s}", "group", mzg_json_text(header->groups[g].id.p),
                                "array", mzg_entry_array_name(array.kind), "type",
                                mzg_array_type_name(array.type), "compression", array.compression);
        if (json_array_append_new(arrays, one) != 0) {
            json_decref(arrays);
            return NULL;
        }
    }
    return arrays;
}

/* fileContent decides, else what the parameter groups say. */
static enum mzg_spectrum_type describe_type(const struct mzg_imzml_header *header)
{
    enum mzg_spectrum_type type = mzg_imzml_declared_type(header);
    bool centroid = mzg_imzml_header_find(header, MZG_SECTION_GROUPS, NULL, MZG_TERM_CENTROID);
    bool profile = mzg_imzml_header_find(header, MZG_SECTION_GROUPS, NULL, MZG_TERM_PROFILE);
    if (type != MZG_SPECTRUM_UNKNOWN || centroid == profile)
        return type;
    return centroid ? MZG_SPECTRUM_CENTROID : MZG_SPECTRUM_PROFILE;
}

/* A pair of numbers, or null where they are unknown. */
static json_t *pair(double x, double y, bool whole)
{
    if (x <= 0)
        return json_null();
    return whole ? json_pack("[I, I]", (json_int_t)x, (json_int_t)y) : json_pack("[f, f]", x, y);
}

static json_t *count_or_null(int64_t n)
{
    return n < 0 ? json_null() : json_integer(n);
}

/* The kinds of spectra at the beginning, in the middle and at the end, for to read all would take as long as
 * the file is; `*n` are looked at. Of some of them the range of m/z. */
static void look_at_kinds(const struct mzg_imzml_outline *outline, const char *path,
                          const struct mzg_ibd *ibd, struct mzg_kinds *kinds, int64_t *n,
                          struct mzg_mz_glance *glance)
{
    struct mzg_imzml_source source = {.path = path, .fd = -1, .size = -1};
    struct mzg_kinds_wish wish = {.all = true,
                                  .of_the_file = mzg_imzml_declared_polarity(&outline->document.header)};
    struct mzg_index_totals totals = {0};
    struct mzg_error ignored = {0};
    *kinds = (struct mzg_kinds){0};
    *n = 0;
    if (!outline->has_body || mzg_imzml_source_open(path, &source, &ignored) != MZG_OK)
        return;
    struct mzg_imzml_slices slices = {.source = &source,
                                      .header = &outline->document.header,
                                      .body = outline->body,
                                      .ibd_size = ibd->size,
                                      .size = MZG_SLICE_SIZE};
    int64_t last = mzg_imzml_slice_count(&slices) - 1, done = -1;
    const int64_t looks[3] = {0, last / 2, last};
    for (int i = 0; i < 3; i++) {
        struct mzg_imzml_part part = {0};
        if (looks[i] == done || !mzg_imzml_parse_slices(&slices, looks[i], 1, NULL, &part))
            continue;
        done = looks[i];
        *n += part.n;
        mzg_index_totals_add(&totals, &part.totals);
        mzg_mz_glance_add(glance, &part, ibd->fd);
        mzg_imzml_part_destroy(&part);
    }
    mzg_imzml_source_close(&source);
    mzg_kinds_choose(&totals.kinds, &wish, kinds, &ignored);
}

static json_t *describe_document(const char *path, const struct mzg_imzml_outline *outline,
                                 struct mzg_imzml_document *document, const struct mzg_ibd *ibd,
                                 const unsigned char *ibd_head)
{
    const struct mzg_imzml_header *header = &document->header;
    struct mzg_imzml_identity identity;
    struct mzg_imzml_geometry geometry;
    struct mzg_kinds kinds;
    int64_t n_looked_at;
    struct mzg_mz_glance glance = {0};
    look_at_kinds(outline, path, ibd, &kinds, &n_looked_at, &glance);
    mzg_imzml_identify(header, ibd_head, &document->findings, &identity);
    mzg_imzml_geometry(header, NULL, &document->findings, &geometry);

    json_t *object = json_pack(
        "{s:s, s:o, s:o, s:[{s:o, s:I}, {s:o, s:I}], s:I, s:s, s:s, s:s, s:{s:s, s:s, s:b}, s:{s:s, s:s, "
        "s:b}}",
        "format", "imzML", "mzml_version", mzg_json_text(header->version), "path", mzg_json_text(path),
        "files", "path", mzg_json_text(path), "bytes", (json_int_t)document->size, "path",
        mzg_json_text(ibd->path), "bytes", (json_int_t)ibd->size, "bytes",
        (json_int_t)(document->size + ibd->size), "mode",
        mzg_imzml_mode_name(mzg_imzml_declared_mode(header)), "spectrum_type",
        mzg_spectrum_type_name(describe_type(header)), "polarity", polarity_of_spectra(header, &kinds),
        "uuid", "xml", identity.uuid, "ibd", identity.uuid_in_ibd, "agrees", identity.uuid_agrees, "checksum",
        "type", identity.checksum_type ? identity.checksum_type : "none", "value", identity.checksum,
        "verified", 0);
    if (!object)
        return NULL;
    int failed = json_object_set_new(
        object, "mz_range", glance.n > 0 ? json_pack("[f, f]", glance.low, glance.high) : json_null());
    failed |= json_object_set_new(object, "mz_range_spectra", json_integer(glance.n));
    failed |= json_object_set_new(object, "declared_spectra", count_or_null(header->declared_spectra));
    failed |= json_object_set_new(object, "kinds", mzg_kinds_json(&kinds));
    failed |= json_object_set_new(object, "kinds_counted", json_integer(n_looked_at));
    failed |= json_object_set_new(object, "declared_grid",
                                  pair((double)geometry.max_count[0], (double)geometry.max_count[1], true));
    failed |= json_object_set_new(object, "pixel_size_um",
                                  pair(geometry.pixel_size[0], geometry.pixel_size[1], false));
    if (geometry.offset[0] != 0 || geometry.offset[1] != 0)
        failed |= json_object_set_new(object, "position_offset_um",
                                      json_pack("[f, f]", geometry.offset[0], geometry.offset[1]));
    failed |=
        json_object_set_new(object, "pixel_size_from",
                            geometry.pixel_size[0] > 0 ? mzg_json_text(geometry.settings) : json_null());
    failed |=
        json_object_set_new(object, "points_estimate", count_or_null(estimate_points(header, ibd->size)));
    failed |= json_object_set_new(object, "arrays", describe_arrays(header));
    failed |= json_object_set_new(object, "instrument", terms_of(header, MZG_SECTION_INSTRUMENTS, false));
    failed |=
        json_object_set_new(object, "instrument_accessions", terms_of(header, MZG_SECTION_INSTRUMENTS, true));
    failed |= json_object_set_new(object, "software", lines_of(header, MZG_SECTION_SOFTWARE));
    failed |= json_object_set_new(object, "source_files", lines_of(header, MZG_SECTION_SOURCE_FILES));
    failed |= json_object_set_new(object, "scan_settings", lines_of(header, MZG_SECTION_SCAN_SETTINGS));
    failed |= json_object_set_new(object, "findings", mzg_findings_json(&document->findings));
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}

enum mzg_status mzg_imzml_describe(const char *path, json_t **description, struct mzg_error *err)
{
    struct mzg_imzml_outline outline = {0};
    struct mzg_imzml_document *document = &outline.document;
    struct mzg_ibd ibd = {.fd = -1};
    unsigned char head[MZG_UUID_SIZE];
    enum mzg_status status = mzg_imzml_outline_read(path, &outline, err);
    if (status == MZG_OK)
        status = mzg_imzml_require(&document->header, path, err);
    if (status == MZG_OK)
        status = mzg_imzml_open_ibd(path, &ibd, head, err);
    if (status == MZG_OK) {
        json_t *object = describe_document(path, &outline, document, &ibd, head);
        status = hand_over(object, object != NULL, description, err);
    }
    mzg_ibd_close(&ibd);
    mzg_imzml_document_destroy(document);
    return status;
}
