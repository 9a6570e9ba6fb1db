/*
 * The log of a run: lines on standard error and, if asked for, in a file, and one status line that is
 * redrawn in place while standard error is a terminal. There "error:" and
 * "warning:" have a colour, unless NO_COLOR is set. With TERM=dumb a terminal is as good as a file. Rank 0
 * speaks for all ranks: the log of every other rank is silent, so that code may log without asking which rank
 * it is.
 *
 * Only the main thread of a rank logs. A NULL log is valid and silent.
 */
#ifndef MZG_CORE_LOG_H
#define MZG_CORE_LOG_H

#include <mzgrid/error.h>
#include <mzgrid/log.h>
#include <stdbool.h>

struct mzg_log;

/* A log that prints lines up to `level` on standard error, and all lines up to MZG_LOG_DETAIL or `level`,
 * whichever is more, with time stamps, in the file at `path` (NULL: none; appended to). On ranks other than 0
 * it is silent and opens nothing. Local: the caller agrees on failure. */
enum mzg_status mzg_log_new(int rank, enum mzg_log_level level, const char *path, struct mzg_log **log,
                            struct mzg_error *err);

/* A log that hands lines up to `level`, without "mzgrid: " before them and with the names of parameters in
 * place of those of options, to `take` instead of printing them; `taker` is for `take`. On ranks other than 0
 * it is silent. Local: the caller agrees on failure. */
enum mzg_status mzg_log_new_told(int rank, enum mzg_log_level level,
                                 void (*take)(void *taker, enum mzg_log_level level, const char *text),
                                 void *taker, struct mzg_log **log, struct mzg_error *err);

/* Closes the file and clears the status line. Accepts NULL. Local. */
void mzg_log_free(struct mzg_log *log);

/* One line, without a newline at its end. Control characters and bytes that are no UTF-8 are shown escaped
 * (see core/escape.h), because what a line quotes may come from a file. Local. */
void mzg_log_line(struct mzg_log *log, enum mzg_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Lets the log of a rank other than 0 speak, too, on standard error, for the last line before the job ends.
 * Local. */
void mzg_log_speak(struct mzg_log *log);

/* Redraws the status line below the log; does nothing where mzg_log_is_terminal() is false. An empty text
 * removes it. Local. */
void mzg_log_status(struct mzg_log *log, const char *text);

/* Warning number `i` of those that were logged on rank 0, at whatever level, without a prefix; NULL behind
 * the last one. The first hundred are kept. Borrowed. Local. */
const char *mzg_log_warning(const struct mzg_log *log, int i);

/* Whether this log prints on a terminal. Local. */
bool mzg_log_is_terminal(const struct mzg_log *log);

#endif
