/*
 * What went wrong, in a form to branch on and a sentence for the user.
 *
 * Every mzgrid function that can fail takes `struct mzg_error *err` last and returns MZG_OK, or the status
 * that it also leaves there. `err` is never NULL. It need not be set before, except for mzg_context_share(),
 * which reads it. `text` says something only if a call failed. On failure the outputs are untouched.
 */
#ifndef MZGRID_ERROR_H
#define MZGRID_ERROR_H

#include <mzgrid/export.h>

enum mzg_status {
    MZG_OK = 0,
    MZG_EUSAGE,      /* the caller asked for something impossible or contradictory */
    MZG_ENOMEM,      /* no memory, or more than the limit allows */
    MZG_EIO,         /* the operating system refused: open, read, write, disk full */
    MZG_EFORMAT,     /* a file does not hold what it should */
    MZG_ERANGE,      /* a number is outside what can be computed or stored */
    MZG_ESKIPPED,    /* more pixels are corrupted than the run may skip */
    MZG_EINTERRUPTED /* the user or the scheduler asked the run to stop */
};

/* All zero, as from `= {0}`, means: no error. */
struct mzg_error {
    enum mzg_status status;
    char text[1020]; /* one line: what, where, what was expected, what to do; no newline, no full stop */
};

MZG_BEGIN_API

/* Fills `err` and returns `status`, to be used as `return mzg_fail(err, MZG_EIO, ...)`. Control characters of
 * the text are shown escaped. Local. */
enum mzg_status mzg_fail(struct mzg_error *err, enum mzg_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

MZG_END_API

#endif
