#include <core/escape.h>
#include <core/json_text.h>
#include <core/log.h>
#include <input/findings.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What a kind is called. `many` counts cases, `spectra` says that they are spectra; where it is NULL there is
 * one per file, and the case says all. */
static const struct {
    const char *name;
    const char *many;
    bool identity;
    bool spectra;
} kinds[MZG_FINDINGS] = {
    [MZG_FOUND_UUID] = {"uuid", NULL, true},
    [MZG_FOUND_TRUNCATED_IBD] = {"truncated_ibd", "spectra have arrays outside the ibd", true, true},
    [MZG_FOUND_WRAPPED] =
        {"wrapped_offsets",
         "offsets wrapped around at 32 bits and are repaired, because the arrays follow one "
         "another up to the end of the ibd",
         true},
    [MZG_FOUND_MISPLACED] =
        {"misplaced_offsets",
         "offsets contradict the size of the ibd and are repaired, because arrays that follow one "
         "another fill it to the last byte",
         true},
    [MZG_FOUND_OVERLAP] = {"overlap", "spectra have an array in the same bytes of the ibd as another array",
                           true, true},
    [MZG_FOUND_TWO_TYPES] = {"two_types", "arrays declare two data types; their encoded length decides",
                             true},
    [MZG_FOUND_MODE] = {"mode", NULL, true},
    [MZG_FOUND_SPECTRUM_TYPE] = {"spectrum_type", NULL, true},
    [MZG_FOUND_CHECKSUM_TERM] = {"checksum_term", NULL, true},
    [MZG_FOUND_CHECKSUM] = {"checksum", NULL, true},
    [MZG_FOUND_TRUNCATED_XML] = {"truncated_xml", NULL, false},
    [MZG_FOUND_TRAILING] = {"trailing_bytes", NULL, false},
    [MZG_FOUND_ENCODING] = {"encoding", NULL, false},
    [MZG_FOUND_GROUP_MISSING] = {"group_missing",
                                 "references name a parameter group that the file does not have", false},
    [MZG_FOUND_COUNT] = {"count", NULL, false},
    [MZG_FOUND_REPEATED_TERM] = {"repeated_term",
                                 "terms are given twice with different values; the first counts", false},
    [MZG_FOUND_EXTRA_ARRAY] = {"extra_array", "arrays are neither m/z nor intensity and are left out", false},
    [MZG_FOUND_MOBILITY] = {"mobility",
                            "spectra have an array of ion mobilities, which is left out (--mobility sum says "
                            "that this is meant)",
                            false, true},
    [MZG_FOUND_NO_TYPE] = {"no_type", NULL, false},
    [MZG_FOUND_MS_LEVEL] =
        {"ms_level",
         "spectra have an ms level (MS:1000511) that is not a whole number from 0 on; taken as if they "
         "stated none",
         false, true},
    [MZG_FOUND_POLARITIES] = {"polarities", NULL, false},
    [MZG_FOUND_NO_POSITION] = {"no_position", "spectra have no usable position and are skipped", false, true},
    [MZG_FOUND_USER_POSITION] = {"user_position", "spectra have their position in user parameters only",
                                 false, true},
    [MZG_FOUND_DUPLICATES] = {"duplicate_pixels", "pixels have more than one spectrum", false},
    [MZG_FOUND_SPARSE] = {"sparse_grid", NULL, false},
    [MZG_FOUND_SMALL_GRID] = {"small_grid", NULL, false},
    [MZG_FOUND_PIXEL_SIZE] = {"pixel_size", NULL, false},
    [MZG_FOUND_PIXEL_AREA] = {"pixel_area", NULL, false},
    [MZG_FOUND_SCAN_SETTINGS] = {"scan_settings", NULL, false},
    [MZG_FOUND_OFFSET] = {"position_offset", NULL, false},
    [MZG_FOUND_NOT_THERE] = {"not_there", "of the positions asked for are not in the input", false},
};

static void note(struct mzg_findings *findings, enum mzg_finding kind, int64_t n, const char *format,
                 va_list args)
{
    char *first = findings->first[kind];
    int size = sizeof findings->first[kind];
    if (findings->count[kind] == 0 && vsnprintf(first, (size_t)size, format, args) >= size)
        mzg_escape_trim(first);
    findings->count[kind] += n;
}

void mzg_find(struct mzg_findings *findings, enum mzg_finding kind, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    note(findings, kind, 1, format, args);
    va_end(args);
}

void mzg_findings_add(struct mzg_findings *findings, const struct mzg_findings *more)
{
    for (int kind = 0; kind < MZG_FINDINGS; kind++) {
        if (more->count[kind] > 0 && findings->count[kind] == 0)
            memcpy(findings->first[kind], more->first[kind], sizeof findings->first[kind]);
        findings->count[kind] += more->count[kind];
    }
}

void mzg_find_many(struct mzg_findings *findings, enum mzg_finding kind, int64_t n, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    note(findings, kind, n, format, args);
    va_end(args);
}

static void describe(const struct mzg_findings *findings, int kind, char *text, size_t size)
{
    const char *first = findings->first[kind];
    if (!kinds[kind].many)
        snprintf(text, size, "%s", first);
    else if (kinds[kind].spectra && findings->n_spectra > 0)
        snprintf(text, size, "%" PRId64 " of %" PRId64 " %s; first: %s", findings->count[kind],
                 findings->n_spectra, kinds[kind].many, first);
    else
        snprintf(text, size, "%" PRId64 " %s; first: %s", findings->count[kind], kinds[kind].many, first);
}

enum mzg_status mzg_findings_refuse(const struct mzg_findings *findings, const char *path,
                                    struct mzg_error *err)
{
    for (int kind = 0; kind < MZG_FINDINGS; kind++) {
        if (findings->count[kind] == 0 || !kinds[kind].identity)
            continue;
        char text[400];
        describe(findings, kind, text, sizeof text);
        return mzg_fail(err, MZG_EFORMAT, "%s: %s (refused because of --strict)", path, text);
    }
    return MZG_OK;
}

void mzg_findings_log_kind(const struct mzg_findings *findings, enum mzg_finding kind, const char *path,
                           struct mzg_log *log)
{
    if (findings->count[kind] == 0)
        return;
    char text[400];
    describe(findings, (int)kind, text, sizeof text);
    mzg_log_line(log, MZG_LOG_WARNING, "%s: %s", path, text);
}

void mzg_findings_log(const struct mzg_findings *findings, const char *path, struct mzg_log *log)
{
    for (int kind = 0; kind < MZG_FINDINGS; kind++)
        mzg_findings_log_kind(findings, (enum mzg_finding)kind, path, log);
}

/* One finding as a line of text, or as an object. */
static json_t *entry_of(const struct mzg_findings *findings, int kind, bool as_object)
{
    char text[400];
    describe(findings, kind, text, sizeof text);
    if (!as_object)
        return mzg_json_text(text);
    return json_pack("{s:s, s:I, s:o}", "kind", kinds[kind].name, "count", (json_int_t)findings->count[kind],
                     "text", mzg_json_text(text));
}

static json_t *list(const struct mzg_findings *findings, bool as_objects)
{
    json_t *entries = json_array();
    for (int kind = 0; entries && kind < MZG_FINDINGS; kind++) {
        if (findings->count[kind] == 0)
            continue;
        if (json_array_append_new(entries, entry_of(findings, kind, as_objects)) != 0) {
            json_decref(entries);
            return NULL;
        }
    }
    return entries;
}

struct json_t *mzg_findings_json(const struct mzg_findings *findings)
{
    return list(findings, false);
}

struct json_t *mzg_findings_objects(const struct mzg_findings *findings)
{
    return list(findings, true);
}
