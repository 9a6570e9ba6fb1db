/* What every command that works on pixels asks for first: a log and threads as the user wants them. */
#ifndef MZG_CLI_PREPARE_H
#define MZG_CLI_PREPARE_H

#include <core/context.h>
#include <core/log.h>
#include <mzgrid/error.h>

#include <stdint.h>

/* A log of this level, copied to `log_file` (NULL: none), takes the place of that of `context`, and gets
 * `n_threads` workers (0: as many as the launcher gave cores). `context` owns both, on failure too. Warns of
 * threads that share a core, and lets ranks that wait nap if they are too many (cli/nap.h). Collective over
 * context->comm. */
enum mzg_status mzg_prepare(struct mzg_context *context, enum mzg_log_level level, const char *log_file,
                            int64_t n_threads, struct mzg_error *err);

/* Whether the user named for something else, by `option`, what is read or made: the input `input` with its
 * ibd, or the output `output` (either may be NULL). `path` may be NULL. Local. */
enum mzg_status mzg_check_named(const char *option, const char *path, const char *input, const char *output,
                                struct mzg_error *err);

/* Whether the input, or its ibd, is the output `output` or lies in it. `option` is what the user calls it.
 * MZG_EUSAGE. Local. */
enum mzg_status mzg_check_input(const char *option, const char *input, const char *output,
                                struct mzg_error *err);

#endif
