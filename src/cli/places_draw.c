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

static enum mzg_status add_host(struct drawing *drawing, const json_t *of_host, const json_t *findings,
                                struct mzg_error *err)
{
    static const char *const right = "Each thread has a core of its own, and no core idles.";
    const json_t *place = json_array_get(of_host, 0), *node = json_object_get(place, "node");
    int n = 0, i = drawing->n++;
    struct mzg_host_pane *pane = &drawing->panes[i];
    struct mzg_core_use *use = mzg_places_use(of_host, &n);
    struct mzg_core_box *cores = drawing->cores[i] = calloc((size_t)n + 1, sizeof *cores);
    size_t k;
    json_t *finding;
    if (!use || !cores) {
        free(use);
        return mzg_fail(err, MZG_ENOMEM, "no memory to draw the cores of %s", host_of(place));
    }
    for (int c = 0; c < n; c++) {
        cores[c] = (struct mzg_core_box){
            .number = c, .socket = use[c].socket, .rank = use[c].rank, .is_crowded = use[c].n_threads > 1};
        snprintf(cores[c].text, sizeof cores[c].text, "%s", use[c].text);
    }
    free(use);
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
    json_t *hosts = mzg_places_by_host(places);
    struct mzg_aside *aside = NULL;
    size_t n_hosts = json_array_size(hosts);
    char note[200];
    if (!drawing || !hosts) {
        free(drawing);
        json_decref(hosts);
        return mzg_fail(err, MZG_ENOMEM, "no memory to draw the places of threads");
    }
    for (size_t i = 0; i < n_hosts && i < MOST_HOSTS && err->status == MZG_OK; i++)
        add_host(drawing, json_array_get(hosts, i), findings, err);
    snprintf(note, sizeof note,
             "Each core shows the rank.thread that it runs, - if none, with a frame if there are several. "
             "mzgrid %s",
             mzg_version());
    if (n_hosts > MOST_HOSTS)
        snprintf(note + strlen(note), sizeof note - strlen(note), "; %zu more nodes are left out",
                 n_hosts - MOST_HOSTS);
    if (err->status == MZG_OK && mzg_aside_new(path, overwrite, &aside, err) == MZG_OK) {
        mzg_hosts_write(drawing->panes, drawing->n, note, as_svg, mzg_aside_fd(aside), path, err);
        mzg_aside_end(aside, err);
    }
    for (int i = 0; i < drawing->n; i++)
        free(drawing->cores[i]);
    free(drawing);
    json_decref(hosts);
    return err->status;
}
