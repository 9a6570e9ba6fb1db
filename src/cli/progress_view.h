/*
 * How far a run has come, as rank 0 sees it: on a terminal one line that is redrawn in place, at most ten
 * times a second and when a phase is done; elsewhere a line of the log every ten seconds, so that runs
 * shorter than that say nothing. The time left is that of the whole run: what follows the present phase is
 * guessed from how long this one takes.
 */
#ifndef MZG_CLI_PROGRESS_VIEW_H
#define MZG_CLI_PROGRESS_VIEW_H

#include <core/log.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is told. */
struct mzg_progress_state {
    const char *phase;
    bool counts_pixels;  /* else the parts that are done may differ in size, and no rate is told */
    int64_t done;        /* in [0, total] */
    int64_t total;       /* above 0 */
    int64_t done_before; /* of `done`, what was there when the clock started */
    double seconds;      /* since then */
    double following;    /* how long what follows this phase takes, of this phase's time */
    int64_t memory;      /* bytes of this process in RAM */
};

/* One line without a newline: phase, bar, percentage, rate, time left, memory, in at most `columns` columns
 * and `size` bytes. The bar is left out where there is no room for it. Returns `text`. Local. */
char *mzg_progress_bar(char *text, size_t size, int columns, const struct mzg_progress_state *state);

/* The same as a line of a log. Returns `text`. Local. */
char *mzg_progress_line(char *text, size_t size, const struct mzg_progress_state *state);

struct mzg_progress_view {
    struct mzg_log *log; /* borrowed */
    bool silent;
    double following; /* after resampling, and */
    double last_part; /*   after writing: as in struct mzg_progress_state; 0: nothing */
    char phase[48];
    double phase_begin; /* seconds on the monotonic clock */
    int64_t phase_begin_done;
    double last; /* when something was shown last, or the run began */
};

/* Begins a view at time `now`. Local. */
void mzg_progress_begin(struct mzg_progress_view *view, struct mzg_log *log, bool silent, double now);

/* Tells the view that `done` of `total` are done at time `now`. Local. */
void mzg_progress_tell(struct mzg_progress_view *view, const char *phase, int64_t done, int64_t total,
                       double now);

/* Removes the line from the terminal. Local. */
void mzg_progress_end(struct mzg_progress_view *view);

/* mzg_progress_tell() by the clock, to be used as `update` of struct mzg_progress, whose context is the view.
 * Local. */
void mzg_progress_update(void *view, const char *phase, int64_t done, int64_t total);

#endif
