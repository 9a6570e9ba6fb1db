/* Places as a picture. */
#include <cli/job_places.h>

#include <core/own_file.h>
#include <mzgrid/version.h>
#include <picture/picture.h>

#include <stdlib.h>
#include <string.h>

enum { MOST_HOSTS = 32, MOST_NOTES = 8 };

struct drawing {
    struct mzg_host_pane panes[MOST_HOSTS];
    struct mzg_core_box *cores[MOST_HOSTS];
    const char *notes[MOST_HOSTS][MOST_NOTES];
    int n;
};

static const char *host_of(const json_t *place)
{
    return json_string_value(json_object_get(place, "host"));
}

/* The first rank on a core, and how many threads run there. */
static int count_on(const json_t *places, const char *host, int number, int *threads)
{
    size_t i, t, k;
    json_t *place, *thread, *core;
    int first = -1;
    *threads = 0;
    json_array_foreach(places, i, place)
    {
        if (strcmp(host_of(place), host) != 0)
            continue;
        json_array_foreach(json_object_get(place, "threads"), t, thread)
        {
            json_array_foreach(json_object_get(thread, "cores"), k, core)
            {
                if (json_integer_value(core) != number)
                    continue;
                ++*threads;
                if (first < 0)
                    first = (int)json_integer_value(json_object_get(place, "rank"));
            }
        }
    }
    return first;
}

static enum mzg_status add_host(struct drawing *drawing, const json_t *places, const json_t *findings,
                                const json_t *place, struct mzg_error *err)
{
    static const char *const right = "Each thread has a core of its own, and no core idles.";
    const json_t *node = json_object_get(place, "node"), *socket_of = json_object_get(node, "socket_of_core");
    int n = (int)json_array_size(socket_of), i = drawing->n++;
    struct mzg_host_pane *pane = &drawing->panes[i];
    struct mzg_core_box *cores = drawing->cores[i] = calloc((size_t)n + 1, sizeof *cores);
    size_t k;
    json_t *finding;
    if (!cores)
        return mzg_fail(err, MZG_ENOMEM, "no memory to draw %d cores", n);
    for (int c = 0; c < n; c++) {
        int threads;
        cores[c] =
            (struct mzg_core_box){.number = c,
                                  .socket = (int)json_integer_value(json_array_get(socket_of, (size_t)c)),
                                  .rank = count_on(places, host_of(place), c, &threads)};
        cores[c].is_crowded = threads > 1;
        mzg_places_name_core(places, host_of(place), c, cores[c].text, sizeof cores[c].text);
    }
    *pane = (struct mzg_host_pane){.cores = cores, .n_cores = n, .notes = drawing->notes[i]};
    pane->n_sockets = (int)json_integer_value(json_object_get(node, "sockets"));
    snprintf(pane->title, sizeof pane->title, "%s: %d cores, %lld hardware threads", host_of(place), n,
             (long long)json_integer_value(json_object_get(node, "hardware_threads")));
    json_array_foreach(findings, k, finding)
    {
        if (strcmp(host_of(finding), host_of(place)) == 0 && pane->n_notes < MOST_NOTES)
            drawing->notes[i][pane->n_notes++] = json_string_value(json_object_get(finding, "text"));
    }
    pane->is_fault = pane->n_notes > 0;
    if (!pane->is_fault)
        drawing->notes[i][pane->n_notes++] = right;
    return MZG_OK;
}

enum mzg_status mzg_places_draw(const char *path, bool as_svg, bool overwrite, const json_t *places,
                                const json_t *findings, struct mzg_error *err)
{
    struct drawing *drawing = calloc(1, sizeof *drawing);
    struct mzg_aside *aside = NULL;
    int left_out = 0;
    char note[200];
    if (!drawing)
        return mzg_fail(err, MZG_ENOMEM, "no memory to draw the places of threads");
    for (size_t i = 0; i < json_array_size(places) && err->status == MZG_OK; i++) {
        if (!mzg_places_is_first(places, i))
            continue;
        if (drawing->n == MOST_HOSTS)
            left_out++;
        else
            add_host(drawing, places, findings, json_array_get(places, i), err);
    }
    snprintf(note, sizeof note,
             "Each core shows the rank.thread that it runs, - if none, with a frame if there are several. "
             "mzgrid %s",
             mzg_version());
    if (left_out > 0)
        snprintf(note + strlen(note), sizeof note - strlen(note), "; %d more nodes are left out", left_out);
    if (err->status == MZG_OK && mzg_aside_new(path, overwrite, &aside, err) == MZG_OK) {
        mzg_hosts_write(drawing->panes, drawing->n, note, as_svg, mzg_aside_fd(aside), path, err);
        mzg_aside_end(aside, err);
    }
    for (int i = 0; i < drawing->n; i++)
        free(drawing->cores[i]);
    free(drawing);
    return err->status;
}
