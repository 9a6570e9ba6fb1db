/*
 * What is odd about an input, said once for each kind of oddity: how often, and the first case. A file of a
 * million spectra with a million wrong references makes one line.
 */
#ifndef MZG_INPUT_FINDINGS_H
#define MZG_INPUT_FINDINGS_H

#include <mzgrid/error.h>
#include <stdbool.h>
#include <stdint.h>

struct mzg_log;
struct json_t;

enum mzg_finding {
    /* About identity: with `strict` an error. */
    MZG_FOUND_UUID,
    MZG_FOUND_TRUNCATED_IBD,
    MZG_FOUND_WRAPPED,
    MZG_FOUND_MISPLACED,
    MZG_FOUND_OVERLAP,
    MZG_FOUND_TWO_TYPES,
    MZG_FOUND_MODE,
    MZG_FOUND_SPECTRUM_TYPE,
    MZG_FOUND_CHECKSUM_TERM,
    MZG_FOUND_CHECKSUM,
    /* About form. */
    MZG_FOUND_TRUNCATED_XML,
    MZG_FOUND_TRAILING,
    MZG_FOUND_ENCODING,
    MZG_FOUND_GROUP_MISSING,
    MZG_FOUND_COUNT,
    MZG_FOUND_REPEATED_TERM,
    MZG_FOUND_EXTRA_ARRAY,
    MZG_FOUND_MOBILITY,
    MZG_FOUND_NO_TYPE,
    MZG_FOUND_MS_LEVEL,
    MZG_FOUND_POLARITIES,
    MZG_FOUND_NO_POSITION,
    MZG_FOUND_USER_POSITION,
    MZG_FOUND_DUPLICATES,
    MZG_FOUND_SMALL_GRID,
    MZG_FOUND_SPARSE,
    MZG_FOUND_PIXEL_SIZE,
    MZG_FOUND_PIXEL_AREA,
    MZG_FOUND_SCAN_SETTINGS,
    MZG_FOUND_OFFSET,
    MZG_FOUND_NOT_THERE,
    MZG_FINDINGS
};

/* All zero: nothing found. */
struct mzg_findings {
    int64_t n_spectra; /* of the input, to say "5 of 9"; 0 while it is not known */
    int64_t count[MZG_FINDINGS];
    char first[MZG_FINDINGS][200];
};

/* Counts a case; its text is kept where it is the first of its kind. Local. */
void mzg_find(struct mzg_findings *findings, enum mzg_finding kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds the findings of what follows in the input: of a kind that both have, `findings` keeps its first case.
 * Local. */
void mzg_findings_add(struct mzg_findings *findings, const struct mzg_findings *more);

/* The same for `n` cases at once, of which the text tells the first. Local. */
void mzg_find_many(struct mzg_findings *findings, enum mzg_finding kind, int64_t n, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Fails with the first finding about identity, MZG_EFORMAT, if there is one. Local. */
enum mzg_status mzg_findings_refuse(const struct mzg_findings *findings, const char *path,
                                    struct mzg_error *err);

/* Logs one warning for each kind found, or for one kind, if it was. Local. */
void mzg_findings_log(const struct mzg_findings *findings, const char *path, struct mzg_log *log);
void mzg_findings_log_kind(const struct mzg_findings *findings, enum mzg_finding kind, const char *path,
                           struct mzg_log *log);

/* The same lines, without the path, as an array of strings; NULL if there is no memory. Local. */
struct json_t *mzg_findings_json(const struct mzg_findings *findings);

/* The same as an array of objects, {kind, count, text}; NULL if there is no memory. Local. */
struct json_t *mzg_findings_objects(const struct mzg_findings *findings);

#endif
