#include <core/log.h>
#include <input/findings.h>
#include <input/json_text.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What a kind is called. `many` counts cases, `spectra` says that they are spectra; where it is NULL there is
 * one per file, and the case says all. */
static const struct {
    const char *many;
    bool identity;
    bool spectra;
} kinds[MZG_FINDINGS] = {
    [MZG_FOUND_UUID] = {NULL, true},
    [MZG_FOUND_TRUNCATED_IBD] = {"spectra have arrays outside the ibd", true, true},
    [MZG_FOUND_TWO_TYPES] = {"arrays declare two data types; their encoded length decides", true},
    [MZG_FOUND_MODE] = {NULL, true},
    [MZG_FOUND_SPECTRUM_TYPE] = {NULL, true},
    [MZG_FOUND_CHECKSUM_TERM] = {NULL, true},
    [MZG_FOUND_CHECKSUM] = {NULL, true},
    [MZG_FOUND_TRUNCATED_XML] = {NULL, false},
    [MZG_FOUND_ENCODING] = {NULL, false},
    [MZG_FOUND_GROUP_MISSING] = {"references name a parameter group that the file does not have", false},
    [MZG_FOUND_COUNT] = {NULL, false},
    [MZG_FOUND_REPEATED_TERM] = {"terms are given twice with different values; the first counts", false},
    [MZG_FOUND_EXTRA_ARRAY] = {"arrays are neither m/z nor intensity and are left out", false},
    [MZG_FOUND_NO_POSITION] = {"spectra have no usable position and are skipped", false, true},
    [MZG_FOUND_USER_POSITION] = {"spectra have their position in user parameters only", false, true},
    [MZG_FOUND_SMALL_GRID] = {NULL, false},
    [MZG_FOUND_PIXEL_SIZE] = {NULL, false},
    [MZG_FOUND_PIXEL_AREA] = {NULL, false},
    [MZG_FOUND_SCAN_SETTINGS] = {NULL, false},
};

void mzg_find(struct mzg_findings *findings, enum mzg_finding kind, const char *format, ...)
{
    if (findings->count[kind]++ > 0)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(findings->first[kind], sizeof findings->first[kind], format, args);
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

void mzg_findings_log(const struct mzg_findings *findings, const char *path, struct mzg_log *log)
{
    for (int kind = 0; kind < MZG_FINDINGS; kind++) {
        if (findings->count[kind] == 0)
            continue;
        char text[400];
        describe(findings, kind, text, sizeof text);
        mzg_log_line(log, MZG_LOG_WARNING, "%s: %s", path, text);
    }
}

struct json_t *mzg_findings_json(const struct mzg_findings *findings)
{
    json_t *lines = json_array();
    for (int kind = 0; lines && kind < MZG_FINDINGS; kind++) {
        if (findings->count[kind] == 0)
            continue;
        char text[400];
        describe(findings, kind, text, sizeof text);
        if (json_array_append_new(lines, mzg_json_text(text)) != 0) {
            json_decref(lines);
            return NULL;
        }
    }
    return lines;
}
