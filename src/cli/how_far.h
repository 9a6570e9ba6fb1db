/*
 * How far a run had come when it was told to stop: what a user needs who asks for more time. Kept on rank 0,
 * whose main thread alone tells and asks.
 */
#ifndef MZG_CLI_HOW_FAR_H
#define MZG_CLI_HOW_FAR_H

#include <mzgrid/error.h>

#include <stdint.h>

/* Notes that `done` of `total` are done in `phase`, as a `struct mzg_progress` has it, at time `now` in
 * seconds. Local. */
void mzg_how_far_note(const char *phase, int64_t done, int64_t total, double now);

/* Forgets everything, as before a run that begins at time `now`. Local. */
void mzg_how_far_begin(double now);

/* Makes the sentence of MZG_EINTERRUPTED say by which `signal` (0: not known on this rank), after how long,
 * what was done by then and how long the phase takes at that rate; once in a run. Any other error stays.
 * Local. */
void mzg_how_far_explain(int signal, double now, struct mzg_error *err);

#endif
