/*
 * Where time and memory go, as lines of JSON: one for each phase of a run, and while pixels stream one for a
 * round now and then. docs/tuning.md describes them (the name of a phase
 * stands under the key "stage"; schema 1 called it so). Rank 0 writes what all ranks count.
 */
#ifndef MZG_STREAM_METRICS_H
#define MZG_STREAM_METRICS_H

#include <core/context.h>
#include <mzgrid/error.h>
#include <stdbool.h>
#include <stdint.h>

struct mzg_metrics;

/* Begins metrics in a new file at `path`, or replaces it; with NULL `*metrics` becomes NULL, which all
 * functions below accept and then do nothing. All ranks return the same status. Collective over
 * context->comm. */
enum mzg_status mzg_metrics_open(const struct mzg_context *context, const char *path, bool overwrite,
                                 struct mzg_metrics **metrics, struct mzg_error *err);

/* Accepts NULL. Local. */
void mzg_metrics_close(struct mzg_metrics *metrics);

/* Counts pixels that this rank is done with, and seconds in which it waited for its input. Local. */
void mzg_metrics_count(struct mzg_metrics *metrics, int64_t pixels, double seconds_reading);

/* Whether it is time for the line of a round; on rank 0, false elsewhere. Local. */
bool mzg_metrics_is_due(const struct mzg_metrics *metrics);

/* Writes a line about all since the line of a round before, or since the phase began. Collective. */
void mzg_metrics_round(struct mzg_metrics *metrics, const char *phase, int64_t round, int64_t chunk_size);

/* Writes a line about the phase that just ended: all since the one before. Returns when that was, by
 * MPI_Wtime(), also without metrics. Collective. */
double mzg_metrics_phase(struct mzg_metrics *metrics, const char *phase);

#endif
