/*
 * How a run went over time, for its report: on rank 0 a point now and then while progress is told, which is
 * passed on. As many points as there is room for, however long the run is: when they are full every second
 * one goes, and points come half as often.
 */
#ifndef MZG_CLI_TIMELINE_H
#define MZG_CLI_TIMELINE_H

#include <mzgrid/progress.h>
#include <report/report.h>

enum { MZG_TIMELINE_POINTS = 400 };

struct mzg_timeline {
    struct mzg_report_point points[MZG_TIMELINE_POINTS];
    int n;
    double begin, interval;
    int64_t pixels;
    const struct mzg_progress *next;
};

/* Begins at time `now`, with a first point; `next` is borrowed. Local. */
void mzg_timeline_begin(struct mzg_timeline *timeline, const struct mzg_progress *next, double now,
                        int64_t memory);

/* Takes a point if it is time for one, or the phase is "" at the end of the run. Local. */
void mzg_timeline_tell(struct mzg_timeline *timeline, const char *phase, int64_t done, double now,
                       int64_t memory);

/* mzg_timeline_tell() by the clock, and what is next; to be used as `update` of struct mzg_progress, whose
 * context, the first parameter, is the timeline. Local. */
void mzg_timeline_update(void *context, const char *phase, int64_t done, int64_t total);

#endif
