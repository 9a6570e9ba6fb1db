/*
 * How far a run has come, and why it failed, for programs that started this one: lines of JSON on standard
 * output, which holds nothing else while a conversion runs. Rank 0 writes them; the log on standard error
 * stays as it is.
 */
#ifndef MZG_CLI_PROGRESS_JSON_H
#define MZG_CLI_PROGRESS_JSON_H

#include <mzgrid/error.h>

#include <stdint.h>

struct mzg_progress_json {
    char phase[48];
    double last; /* when the last line was written */
};

/* Writes {"phase", "done", "total", "unit": "pixels" | "parts"} if the phase is new or at its end, or the
 * last line is a tenth of a second old at time `now`. A reader that is gone is no failure. Local. */
void mzg_progress_json_tell(struct mzg_progress_json *json, const char *phase, int64_t done, int64_t total,
                            double now);

/* mzg_progress_json_tell() by the clock, to be used as `update` of struct mzg_progress. Local. */
void mzg_progress_json_update(void *json, const char *phase, int64_t done, int64_t total);

/* Writes {"error", "text"}, the first being "usage", "memory", "system", "format", "range", "skipped" or
 * "interrupted"; nothing for MZG_OK. Local. */
void mzg_progress_json_fail(const struct mzg_error *err);

#endif
