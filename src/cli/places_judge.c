/* The classic mistakes, host by host. All pure. */
#include <cli/job_places.h>

#include <core/json.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* What a host has, core by core. */
struct host {
    const char *name, *launcher;
    bool is_bound; /* its first rank */
    int n_cores, n_ranks;
    int *ranks;   /* how many ranks have threads on each core */
    int *threads; /* how many threads, of all ranks */
};

static int integer(const json_t *object, const char *name)
{
    return (int)json_integer_value(json_object_get(object, name));
}

/* Counts the threads of a place at each core; returns how many cores that are. */
static int count_threads(const json_t *place, int *threads, int n_cores)
{
    size_t i, k;
    json_t *thread, *core;
    int used = 0;
    json_array_foreach(json_object_get(place, "threads"), i, thread)
    {
        json_array_foreach(json_object_get(thread, "cores"), k, core)
        {
            json_int_t c = json_integer_value(core);
            if (c >= 0 && c < n_cores)
                threads[c]++;
        }
    }
    for (int c = 0; c < n_cores; c++)
        used += threads[c] > 0;
    return used;
}

static json_t *add(json_t *findings, const struct host *host, const char *what, const char *text)
{
    return mzg_json_append(findings,
                           json_pack("{s:s, s:s, s:s}", "host", host->name, "what", what, "text", text));
}

/* "rank 3", "ranks 0, 1 and 5 more". */
static void name_ranks(char *text, size_t size, int first, int second, int n)
{
    if (n == 1)
        snprintf(text, size, "rank %d", first);
    else if (n == 2)
        snprintf(text, size, "ranks %d and %d", first, second);
    else
        snprintf(text, size, "ranks %d, %d and %d more", first, second, n - 2);
}

/* More threads of a rank than cores of a rank. */
static json_t *judge_crowding(json_t *findings, const json_t *of_host, const struct host *host)
{
    size_t i;
    json_t *place;
    int n = 0, ranks[2] = {0, 0}, threads = 0, cores = 0;
    bool is_bound = false;
    char text[400], names[80];
    int *counts = calloc((size_t)host->n_cores + 1, sizeof *counts);
    json_array_foreach(of_host, i, place)
    {
        if (!counts)
            continue;
        memset(counts, 0, (size_t)host->n_cores * sizeof *counts);
        int used = count_threads(place, counts, host->n_cores);
        int size = (int)json_array_size(json_object_get(place, "threads"));
        if (size <= used)
            continue;
        if (n < 2)
            ranks[n] = integer(place, "rank");
        if (n++ == 0) {
            threads = size;
            cores = used;
            is_bound = json_is_true(json_object_get(place, "bound"));
        }
    }
    free(counts);
    if (n == 0)
        return findings;
    name_ranks(names, sizeof names, ranks[0], ranks[1], n);
    const char *mend = !is_bound                             ? "use fewer ranks, or --threads %d"
                       : strcmp(host->launcher, "srun") == 0 ? "start it with srun -c %d"
                       : strcmp(host->launcher, "mpirun") == 0
                           ? "start it with mpirun --map-by slot:PE=%d --bind-to core, or with --bind-to none"
                           : "let it run on %d cores, as taskset does";
    char mended[160];
    snprintf(mended, sizeof mended, mend, is_bound ? threads : cores);
    snprintf(text, sizeof text, "%s: %d threads%s share %d core%s%s; %s", names, threads,
             n == 1 ? "" : " of each", cores, cores == 1 ? "" : "s",
             !is_bound ? ""
             : n == 1  ? ", to which the launcher bound it"
                       : ", to which the launcher bound them",
             mended);
    return add(findings, host, "crowded", text);
}

static json_t *judge_idle(json_t *findings, const struct host *host)
{
    int used = 0;
    char text[400];
    for (int c = 0; c < host->n_cores; c++)
        used += host->threads[c] > 0;
    if (used == host->n_cores)
        return findings;
    int each = host->n_cores / (host->n_ranks > 0 ? host->n_ranks : 1);
    const char *mend = !host->is_bound                       ? "leave --threads out, or take --threads %d"
                       : strcmp(host->launcher, "srun") == 0 ? "start it with srun -c %d"
                       : strcmp(host->launcher, "mpirun") == 0
                           ? "start more ranks, or each with more cores: mpirun "
                             "--map-by slot:PE=%d --bind-to core"
                           : "let each rank run on %d cores, as taskset does";
    char mended[160];
    snprintf(mended, sizeof mended, mend, each > 0 ? each : 1);
    snprintf(text, sizeof text, "%d of %d cores are used; %s", used, host->n_cores, mended);
    return add(findings, host, "idle", text);
}

static json_t *judge_sharing(json_t *findings, const struct host *host)
{
    int cores = 0, first = -1, most = 0;
    char text[400];
    for (int c = host->n_cores - 1; c >= 0; c--)
        if (host->ranks[c] > 1) {
            cores++;
            first = c;
            most = host->ranks[c] > most ? host->ranks[c] : most;
        }
    if (cores == 0)
        return findings;
    int fair = host->n_ranks > 0 ? host->n_cores / host->n_ranks : 0;
    if (fair > 0)
        snprintf(text, sizeof text, "up to %d ranks share a core (core %d%s); give each %d of its own: %s",
                 most, first, cores > 1 ? " and others" : "", fair,
                 strcmp(host->launcher, "srun") == 0
                     ? "srun --cpu-bind=cores -c N"
                     : "mpirun --bind-to none, or --map-by slot:PE=N --bind-to core");
    else
        snprintf(text, sizeof text, "%d ranks have %d cores; start at most %d ranks here", host->n_ranks,
                 host->n_cores, host->n_cores);
    return add(findings, host, "shared", text);
}

/* Memory that one socket filled is far from the other. */
static json_t *judge_spread(json_t *findings, const json_t *of_host, const struct host *host)
{
    size_t i, t, k;
    json_t *place, *thread, *core;
    int n = 0, ranks[2] = {0, 0}, sockets = 1;
    char text[400], names[80];
    json_array_foreach(of_host, i, place)
    {
        const json_t *socket_of = json_object_get(json_object_get(place, "node"), "socket_of_core");
        json_int_t low = INT_MAX, high = -1;
        json_array_foreach(json_object_get(place, "threads"), t, thread)
        {
            json_array_foreach(json_object_get(thread, "cores"), k, core)
            {
                json_int_t socket =
                    json_integer_value(json_array_get(socket_of, (size_t)json_integer_value(core)));
                low = socket < low ? socket : low;
                high = socket > high ? socket : high;
            }
        }
        if (high <= low)
            continue;
        sockets = integer(json_object_get(place, "node"), "sockets");
        if (n < 2)
            ranks[n] = integer(place, "rank");
        n++;
    }
    if (n == 0)
        return findings;
    name_ranks(names, sizeof names, ranks[0], ranks[1], n);
    int each = host->n_cores / sockets;
    const char *mend = strcmp(host->launcher, "srun") == 0
                           ? "srun --ntasks-per-socket=1 -c %d"
                           : "mpirun --map-by ppr:1:socket:PE=%d --bind-to core";
    char mended[160];
    snprintf(mended, sizeof mended, mend, each);
    snprintf(text, sizeof text,
             "%s: threads on several sockets, which reach each other's memory slowly; a rank for each socket "
             "is faster: %s",
             names, mended);
    return add(findings, host, "spread", text);
}

/* Counts what stands on the host whose places these are; false without memory. */
static bool count_host(const json_t *of_host, struct host *host)
{
    size_t i;
    const json_t *place = json_array_get(of_host, 0);
    json_t *other;
    *host = (struct host){.name = json_string_value(json_object_get(place, "host")),
                          .launcher = json_string_value(json_object_get(place, "launcher"))};
    host->is_bound = json_is_true(json_object_get(place, "bound"));
    host->n_cores = (int)json_array_size(json_object_get(json_object_get(place, "node"), "socket_of_core"));
    host->ranks = calloc((size_t)host->n_cores + 1, sizeof *host->ranks);
    host->threads = calloc((size_t)host->n_cores + 1, sizeof *host->threads);
    int *mine = calloc((size_t)host->n_cores + 1, sizeof *mine);
    bool has_memory = host->ranks && host->threads && mine;
    json_array_foreach(of_host, i, other)
    {
        if (!has_memory)
            continue;
        memset(mine, 0, (size_t)host->n_cores * sizeof *mine);
        count_threads(other, mine, host->n_cores);
        host->n_ranks++;
        for (int c = 0; c < host->n_cores; c++) {
            host->ranks[c] += mine[c] > 0;
            host->threads[c] += mine[c];
        }
    }
    free(mine);
    return has_memory;
}

json_t *mzg_places_by_host(const json_t *places)
{
    json_t *hosts = json_array(), *numbers = json_object(), *place;
    size_t i;
    json_array_foreach(places, i, place)
    {
        const char *name = json_string_value(json_object_get(place, "host"));
        json_t *number = json_object_get(numbers, name);
        if (!number) {
            number = json_integer((json_int_t)json_array_size(hosts));
            numbers = mzg_json_with(numbers, name, number);
            hosts = mzg_json_append(hosts, json_array());
        }
        if (!numbers || !hosts ||
            json_array_append(json_array_get(hosts, (size_t)json_integer_value(number)), place) != 0) {
            json_decref(hosts);
            hosts = NULL;
            break;
        }
    }
    json_decref(numbers);
    return hosts;
}

json_t *mzg_places_judge(const json_t *places)
{
    json_t *hosts = mzg_places_by_host(places), *of_host;
    json_t *findings = hosts ? json_array() : NULL;
    size_t i;
    json_array_foreach(hosts, i, of_host)
    {
        struct host host;
        if (!findings)
            break;
        if (!count_host(of_host, &host)) {
            json_decref(findings);
            findings = NULL;
        } else if (host.n_cores > 0) {
            findings = judge_crowding(findings, of_host, &host);
            findings = judge_idle(findings, &host);
            findings = judge_sharing(findings, &host);
            findings = judge_spread(findings, of_host, &host);
        }
        free(host.ranks);
        free(host.threads);
    }
    json_decref(hosts);
    return findings;
}
