/*
 * The run record OUTPUT.zarr.run.json: what the store itself must not hold, because its bytes depend on input
 * and options alone: how, where, when and how fast it was made.
 */
#ifndef MZG_CLI_RUN_RECORD_H
#define MZG_CLI_RUN_RECORD_H

#include <cli/options.h>
#include <mzgrid/convert.h>

#include <jansson.h>
#include <time.h>

/* Which hosts take part: {host: {"ranks": n, "threads": n}}, on rank 0, who owns it; NULL elsewhere.
 * Collective over context->comm. */
enum mzg_status mzg_hosts_gather(const struct mzg_context *context, json_t **hosts, struct mzg_error *err);

/* The record of a finished run; borrows `hosts`. NULL if there is no memory. The caller owns it. Local. */
json_t *mzg_run_record_new(const struct mzg_context *context, const struct mzg_arguments *arguments,
                           time_t started, json_t *hosts, const struct mzg_convert_outcome *outcome);

/* Writes `record` to `path`, which is replaced only once the new one is complete. Local: rank 0 calls it. */
enum mzg_status mzg_run_record_write(const char *path, const json_t *record, struct mzg_error *err);

/* Whether a record may take the name `path`: nothing stands there, or the record of an earlier run. Anything
 * else, a link too, is somebody's. Local: rank 0 calls it. */
enum mzg_status mzg_run_record_check(const char *path, struct mzg_error *err);

#endif
