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

/* The places host by host, hosts in the order of their first ranks: an array of arrays, which share the
 * places. NULL without memory. Local. */
json_t *mzg_places_by_host(const json_t *places);

/* A core, and what runs there. */
struct mzg_core_use {
    int socket;
    int rank; /* the first that runs there; -1: none */
    int n_threads;
    char text[40]; /* as "0.1 2.0", rank and thread of the first three, "-" if there is none */
};

/* What runs on each core of the host whose places these are, which the caller frees. NULL without memory.
 * Local. */
struct mzg_core_use *mzg_places_use(const json_t *of_host, int *n_cores);

/* What is wrong with `places`, host by host in the same order: {"host", "what", "text"}, what being "crowded"
 * (more threads of a rank than it has cores), "idle" (cores that nobody uses), "shared" (ranks on the same
 * cores) or "spread" (a rank on several sockets); `text` says what to do. NULL without memory. Local. */
json_t *mzg_places_judge(const json_t *places);

/* Places, and findings as mzg_places_judge() gives them, as text. MZG_ENOMEM. Local. */
enum mzg_status mzg_places_print(FILE *file, const json_t *places, const json_t *findings,
                                 struct mzg_error *err);

/* Draws places, at most 32 hosts, with what is wrong, as the file `path`. Local. */
enum mzg_status mzg_places_draw(const char *path, bool as_svg, bool overwrite, const json_t *places,
                                const json_t *findings, struct mzg_error *err);

/* Warns in one line, on rank 0, if the launcher bound ranks so that threads share cores, or that cores idle
 * although nobody said how many threads there should be. Collective over context->comm. */
void mzg_places_warn(const struct mzg_context *context, bool threads_asked);

#endif
