/* Places as text: for each host its sockets and cores, what runs there as RANK.THREAD, and what is wrong. */
#include <cli/job_places.h>

#include <core/escape.h>

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 80, CELL = 40 };

static const char *host_of(const json_t *place)
{
    return json_string_value(json_object_get(place, "host"));
}

void mzg_places_name_core(const json_t *places, const char *host, int core, char *text, size_t size)
{
    size_t i, t, k;
    json_t *place, *thread, *number;
    int n = 0;
    text[0] = '\0';
    json_array_foreach(places, i, place)
    {
        if (strcmp(host_of(place), host) != 0)
            continue;
        json_array_foreach(json_object_get(place, "threads"), t, thread)
        {
            json_array_foreach(json_object_get(thread, "cores"), k, number)
            {
                size_t used = strlen(text);
                if (json_integer_value(number) == core && n++ < 3)
                    snprintf(text + used, size - used, "%s%lld.%zu", used ? " " : "",
                             (long long)json_integer_value(json_object_get(place, "rank")), t);
            }
        }
    }
    if (n > 3)
        snprintf(text + strlen(text), size - strlen(text), " +%d", n - 3);
    if (n == 0)
        snprintf(text, size, "-");
}

static void print_cores(FILE *file, const json_t *places, const char *host, const json_t *socket_of,
                        int socket)
{
    int n = (int)json_array_size(socket_of), width = 4, column = 0, written = 0;
    char text[CELL], cell[CELL + 16];
    for (int c = 0; c < n; c++) {
        mzg_places_name_core(places, host, c, text, sizeof text);
        int length = snprintf(cell, sizeof cell, "%d: %s", c, text);
        width = length + 3 > width ? length + 3 : width;
    }
    for (int c = 0; c < n; c++) {
        if (json_integer_value(json_array_get(socket_of, (size_t)c)) != socket)
            continue;
        if (column + width > WIDTH - 4) {
            fputc('\n', file);
            column = 0;
        }
        mzg_places_name_core(places, host, c, text, sizeof text);
        fprintf(file, "%*s", column > 0 ? column - written : 4, "");
        written = (column > 0 ? column : 0) + fprintf(file, "%d: %s", c, text);
        column += width;
    }
    fputc('\n', file);
}

static void print_host(FILE *file, const json_t *places, const json_t *first)
{
    const json_t *node = json_object_get(first, "node"), *socket_of = json_object_get(node, "socket_of_core");
    int sockets = (int)json_integer_value(json_object_get(node, "sockets"));
    size_t cores = json_array_size(socket_of);
    const char *host = host_of(first);
    mzg_escape_print(file, host);
    fprintf(file, ": %d socket%s, %zu core%s, %lld hardware threads\n", sockets, sockets == 1 ? "" : "s",
            cores, cores == 1 ? "" : "s",
            (long long)json_integer_value(json_object_get(node, "hardware_threads")));
    for (int s = 0; s < sockets; s++) {
        fprintf(file, "  socket %d, each core with the rank.thread that it runs\n", s);
        print_cores(file, places, host, socket_of, s);
    }
    size_t i;
    json_t *place;
    json_array_foreach(places, i, place)
    {
        if (strcmp(host_of(place), host) != 0)
            continue;
        size_t n = json_array_size(json_object_get(place, "threads"));
        fprintf(file, "  rank %lld: %zu thread%s, %s\n",
                (long long)json_integer_value(json_object_get(place, "rank")), n, n == 1 ? "" : "s",
                json_is_true(json_object_get(place, "bound")) ? "bound by the launcher"
                                                              : "not bound by the launcher");
    }
}

void mzg_places_print(FILE *file, const json_t *places, const json_t *findings)
{
    size_t i, k;
    json_t *place, *finding;
    json_array_foreach(places, i, place)
    {
        if (!mzg_places_is_first(places, i))
            continue;
        print_host(file, places, place);
        json_array_foreach(findings, k, finding)
        {
            if (strcmp(host_of(finding), host_of(place)) == 0)
                fprintf(file, "  ! %s\n", json_string_value(json_object_get(finding, "text")));
        }
    }
    if (json_array_size(findings) == 0)
        fputs("Nothing is wrong: each thread has a core of its own, and no core idles.\n", file);
}
