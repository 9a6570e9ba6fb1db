/*
 * The report of a conversion: one page of HTML, for people, that needs nothing beside it. It is made from the
 * store, once that is complete, and from what only the run knows. What it shows is bounded: spectra by the
 * bins that stand out, images by dots, lists by lines. All functions are local, rank 0; main thread only.
 */
#ifndef MZG_REPORT_REPORT_H
#define MZG_REPORT_REPORT_H

#include <jansson.h>
#include <mzgrid/error.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* How far the run had come at a moment. */
struct mzg_report_point {
    double seconds; /* since it began */
    int64_t pixels; /* resampled so far */
    int64_t memory; /* of rank 0, bytes */
};

/* What is known beside the store; all borrowed. */
struct mzg_report_facts {
    const char *dataset;  /* whose table; NULL: the only one */
    const json_t *record; /* the run record (docs/cli.md), also an old one; NULL: there is none */
    const struct mzg_report_point *points; /* ascending; n_points 0: not known */
    int n_points;
    int64_t memory; /* bytes that may be taken for images; 0: 1 GiB */
    const atomic_int *stop;
};

/* Writes the report of a store as the file `path`, which is replaced only if `replace` and once the new one
 * is complete. */
enum mzg_status mzg_report_write(const char *store, const struct mzg_report_facts *facts, const char *path,
                                 bool replace, struct mzg_error *err);

/* Whether a report may take the name `path`: nothing stands there, or an earlier report. Anything else, a
 * link too, is somebody's: MZG_EIO. */
enum mzg_status mzg_report_check(const char *path, struct mzg_error *err);

/* Removes an earlier report; nothing else of that name. */
enum mzg_status mzg_report_remove(const char *path, struct mzg_error *err);

#endif
