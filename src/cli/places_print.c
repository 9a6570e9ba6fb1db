/* Places as text: for each host its sockets and cores, what runs there as RANK.THREAD, and what is wrong. */
#include <cli/job_places.h>

#include <core/escape.h>

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 80, NAMED = 3 /* threads of a core */ };

static const char *host_of(const json_t *place)
{
    return json_string_value(json_object_get(place, "host"));
}

static void add_thread(struct mzg_core_use *use, int rank, size_t thread)
{
    size_t used = strlen(use->text);
    if (use->n_threads++ == 0)
        use->rank = rank;
    if (use->n_threads <= NAMED)
        snprintf(use->text + used, sizeof use->text - used, "%s%d.%zu", used ? " " : "", rank, thread);
}

static void end_text(struct mzg_core_use *use)
{
    size_t used = strlen(use->text);
    if (use->n_threads == 0)
        snprintf(use->text, sizeof use->text, "-");
    else if (use->n_threads > NAMED)
        snprintf(use->text + used, sizeof use->text - used, " +%d", use->n_threads - NAMED);
}

struct mzg_core_use *mzg_places_use(const json_t *of_host, int *n_cores)
{
    const json_t *node = json_object_get(json_array_get(of_host, 0), "node");
    const json_t *socket_of = json_object_get(node, "socket_of_core");
    json_t *place, *thread, *number;
    size_t i, t, k;
    int n = (int)json_array_size(socket_of);
    struct mzg_core_use *use = calloc((size_t)n + 1, sizeof *use);
    if (!use)
        return NULL;
    *n_cores = n;
    for (int c = 0; c < n; c++) {
        use[c].socket = (int)json_integer_value(json_array_get(socket_of, (size_t)c));
        use[c].rank = -1;
    }
    json_array_foreach(of_host, i, place)
    {
        int rank = (int)json_integer_value(json_object_get(place, "rank"));
        json_array_foreach(json_object_get(place, "threads"), t, thread)
        {
            json_array_foreach(json_object_get(thread, "cores"), k, number)
            {
                json_int_t c = json_integer_value(number);
                if (c >= 0 && c < n)
                    add_thread(&use[c], rank, t);
            }
        }
    }
    for (int c = 0; c < n; c++)
        end_text(&use[c]);
    return use;
}

/* Columns of a core, with what is between it and the next. */
static int width_of_cores(const struct mzg_core_use *use, int n)
{
    int width = 4;
    for (int c = 0; c < n; c++) {
        int length = snprintf(NULL, 0, "%d: %s", c, use[c].text);
        width = length + 3 > width ? length + 3 : width;
    }
    return width;
}

static void print_cores(FILE *file, const struct mzg_core_use *use, int n, int width, int socket)
{
    int column = 0, written = 0;
    for (int c = 0; c < n; c++) {
        if (use[c].socket != socket)
            continue;
        if (column + width > WIDTH - 4) {
            fputc('\n', file);
            column = 0;
        }
        fprintf(file, "%*s", column > 0 ? column - written : 4, "");
        written = (column > 0 ? column : 0) + fprintf(file, "%d: %s", c, use[c].text);
        column += width;
    }
    fputc('\n', file);
}

static enum mzg_status print_host(FILE *file, const json_t *of_host, struct mzg_error *err)
{
    const json_t *first = json_array_get(of_host, 0), *node = json_object_get(first, "node");
    int sockets = (int)json_integer_value(json_object_get(node, "sockets")), cores = 0;
    struct mzg_core_use *use = mzg_places_use(of_host, &cores);
    if (!use)
        return mzg_fail(err, MZG_ENOMEM, "no memory to print the places of threads");
    int width = width_of_cores(use, cores);
    mzg_escape_print(file, host_of(first));
    fprintf(file, ": %d socket%s, %d core%s, %lld hardware threads\n", sockets, sockets == 1 ? "" : "s",
            cores, cores == 1 ? "" : "s",
            (long long)json_integer_value(json_object_get(node, "hardware_threads")));
    for (int s = 0; s < sockets; s++) {
        fprintf(file, "  socket %d, each core with the rank.thread that it runs\n", s);
        print_cores(file, use, cores, width, s);
    }
    free(use);
    size_t i;
    json_t *place;
    json_array_foreach(of_host, i, place)
    {
        size_t n = json_array_size(json_object_get(place, "threads"));
        fprintf(file, "  rank %lld: %zu thread%s, %s\n",
                (long long)json_integer_value(json_object_get(place, "rank")), n, n == 1 ? "" : "s",
                json_is_true(json_object_get(place, "bound")) ? "bound by the launcher"
                                                              : "not bound by the launcher");
    }
    return MZG_OK;
}

enum mzg_status mzg_places_print(FILE *file, const json_t *places, const json_t *findings,
                                 struct mzg_error *err)
{
    size_t i, k = 0;
    json_t *hosts = mzg_places_by_host(places), *of_host;
    if (!hosts)
        return mzg_fail(err, MZG_ENOMEM, "no memory to print the places of threads");
    json_array_foreach(hosts, i, of_host)
    {
        const char *host = host_of(json_array_get(of_host, 0));
        if (print_host(file, of_host, err) != MZG_OK)
            break;
        for (; k < json_array_size(findings); k++) {
            const json_t *finding = json_array_get(findings, k);
            if (strcmp(host_of(finding), host) != 0)
                break;
            fprintf(file, "  ! %s\n", json_string_value(json_object_get(finding, "text")));
        }
    }
    json_decref(hosts);
    if (err->status == MZG_OK && json_array_size(findings) == 0)
        fputs("Nothing is wrong: each thread has a core of its own, and no core idles.\n", file);
    return err->status;
}
