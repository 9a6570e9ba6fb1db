/*
 * Where the ranks and threads of a job compute: gathered on rank 0, judged, and shown as text. A place is
 * JSON:
 *
 *   {"rank", "host", "launcher": "mpirun" | "srun" | "other", "bound", "threads_asked": bool,
 *    "node": {"sockets", "hardware_threads", "socket_of_core": [0, 0, 1, 1]},
 *    "threads": [{"cores": [0], "hardware_threads": "0"}, ...]}
 *
 * Cores and sockets are numbered from 0 as hwloc numbers them, hardware threads as the system does.
 */
#ifndef MZG_CLI_JOB_PLACES_H
#define MZG_CLI_JOB_PLACES_H

#include <core/context.h>
#include <mzgrid/error.h>

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* The places of all ranks, in their order, on rank 0, who owns them; NULL elsewhere. `threads_asked`: the
 * user said how many. Collective over context->comm. */
enum mzg_status mzg_places_gather(const struct mzg_context *context, bool threads_asked, json_t **places,
                                  struct mzg_error *err);

/* What is wrong with `places`: {"host", "what", "text"}, what being "crowded" (more threads of a rank than it
 * has cores), "idle" (cores that nobody uses), "shared" (ranks on the same cores) or "spread" (a rank on
 * several sockets); `text` says what to do. NULL without memory. Local. */
json_t *mzg_places_judge(const json_t *places);

/* Both as text. Local. */
void mzg_places_print(FILE *file, const json_t *places, const json_t *findings);

/* What runs on a core of a host, as "0.1 2.0", rank and thread of each, "-" if nothing does. Local. */
void mzg_places_name_core(const json_t *places, const char *host, int core, char *text, size_t size);

/* Whether no earlier rank is on the host of place `number`. Local. */
bool mzg_places_is_first(const json_t *places, size_t number);

/* Draws places, at most 32 hosts, with what is wrong, as the file `path`. Local. */
enum mzg_status mzg_places_draw(const char *path, bool as_svg, bool overwrite, const json_t *places,
                                const json_t *findings, struct mzg_error *err);

/* Warns in one line, on rank 0, if the launcher bound ranks so that threads share cores, or that cores idle
 * although nobody said how many threads there should be. Collective over context->comm. */
void mzg_places_warn(const struct mzg_context *context, bool threads_asked);

#endif
