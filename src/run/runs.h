/* What the doors of the library (library.c) and the program call: as the public functions of similar name,
 * but options are whole, messages speak of options of the command line, and JSON is still a tree. */
#ifndef MZG_RUN_RUNS_H
#define MZG_RUN_RUNS_H

#include <mzgrid/convert.h>
#include <mzgrid/validate.h>

struct json_t;

/* All defaults. Local. */
void mzg_options_defaults(struct mzg_convert_options *options);

/* mzg_convert_check(). Local. */
enum mzg_status mzg_check_options(const struct mzg_convert_options *options, struct mzg_error *err);

/* mzg_convert(); `*outcome` is filled on success. Collective over context->comm. */
enum mzg_status mzg_run_convert(const struct mzg_context *context, const struct mzg_convert_options *options,
                                const struct mzg_progress *progress, struct mzg_convert_outcome *outcome,
                                struct mzg_error *err);

/* mzg_convert_axis(). Collective over context->comm. */
enum mzg_status mzg_run_axis(const struct mzg_context *context, const struct mzg_convert_options *options,
                             const char *const *inputs, int n_inputs, struct mzg_axis *axis,
                             struct mzg_error *err);

/* mzg_convert_preview(), mzg_validate(); the caller owns the object, which is NULL on ranks other than 0.
 * Collective over context->comm. */
enum mzg_status mzg_run_preview(const struct mzg_context *context, const struct mzg_convert_options *options,
                                struct json_t **decisions, struct mzg_error *err);
enum mzg_status mzg_run_validate(const struct mzg_context *context, const char *path, int64_t memory_limit,
                                 const struct mzg_progress *progress, struct json_t **verdict, bool *valid,
                                 struct mzg_error *err);

#endif
