/* Hosts as boxes of sockets and cores, each core in the colour of the rank that runs there. */
#include <picture/drawing.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CELL_WIDTH = 116, CELL_HEIGHT = 84, GAP = 10, MARGIN = 32, SIZE = 24, COLUMNS = 8, TEXT = 200 };
static const uint32_t ink = 0x222222, pale = 0x666666, idle = 0xe6e6e6, alarm = 0xb00020;

/* Tints that the colour-blind tell apart (after Okabe and Ito), with dark letters on them. */
static const uint32_t tints[] = {0x9fd3f3, 0xf7c873, 0x8fd6bf, 0xf0a58a, 0xd9b3d0, 0xf2ec8a, 0x9db8dd};

struct hosts {
    const struct mzg_host_pane *panes;
    int n;
    const char *note;
    double width, height;
};

static int cores_of(const struct mzg_host_pane *host, int socket)
{
    int n = 0;
    for (int i = 0; i < host->n_cores; i++)
        n += host->cores[i].socket == socket;
    return n;
}

static int columns_of(int cores)
{
    return cores < COLUMNS ? (cores > 0 ? cores : 1) : COLUMNS;
}

static double socket_width(int cores)
{
    return columns_of(cores) * (CELL_WIDTH + GAP) + GAP;
}

static double socket_height(int cores)
{
    int columns = columns_of(cores), rows = (cores + columns - 1) / columns;
    return rows * (CELL_HEIGHT + GAP) + GAP + 2 * SIZE;
}

static void draw_core(cairo_t *cairo, const struct mzg_core_box *core, double x, double y)
{
    char text[TEXT];
    cairo_rectangle(cairo, x, y, CELL_WIDTH, CELL_HEIGHT);
    mzg_set_colour(cairo, core->rank < 0 ? idle : tints[(size_t)core->rank % (sizeof tints / sizeof *tints)]);
    cairo_fill(cairo);
    if (core->is_crowded) {
        cairo_rectangle(cairo, x + 2, y + 2, CELL_WIDTH - 4, CELL_HEIGHT - 4);
        mzg_set_colour(cairo, alarm);
        cairo_set_line_width(cairo, 5);
        cairo_stroke(cairo);
    }
    snprintf(text, sizeof text, "core %d", core->number);
    mzg_set_colour(cairo, pale);
    mzg_draw_text(cairo, x + CELL_WIDTH / 2.0, y + 20, 0.7 * SIZE, MZG_CENTRE, text);
    mzg_set_colour(cairo, ink);
    double size = SIZE, widest = CELL_WIDTH - 14;
    double width = mzg_text_width(cairo, size, core->text);
    mzg_draw_text(cairo, x + CELL_WIDTH / 2.0, y + 54, width > widest ? size * widest / width : size,
                  MZG_CENTRE, core->text);
}

static void draw_socket(cairo_t *cairo, const struct mzg_host_pane *host, int socket, double x, double y)
{
    char text[TEXT];
    int n = cores_of(host, socket), k = 0;
    double width = socket_width(n), height = socket_height(n);
    cairo_rectangle(cairo, x, y, width, height);
    mzg_set_colour(cairo, pale);
    cairo_set_line_width(cairo, 2);
    cairo_stroke(cairo);
    snprintf(text, sizeof text, "socket %d", socket);
    mzg_draw_text(cairo, x + GAP, y + SIZE, 0.85 * SIZE, MZG_LEFT, text);
    for (int i = 0; i < host->n_cores; i++)
        if (host->cores[i].socket == socket) {
            int column = k % columns_of(n), row = k / columns_of(n);
            draw_core(cairo, &host->cores[i], x + GAP + column * (CELL_WIDTH + GAP),
                      y + 2 * SIZE + row * (CELL_HEIGHT + GAP));
            k++;
        }
}

/* Draws, or only measures; returns where the next host begins. */
static double place_host(cairo_t *cairo, const struct mzg_host_pane *host, double y, double width,
                         bool is_drawn)
{
    double x = MARGIN, lowest = 0;
    mzg_set_colour(cairo, ink);
    if (is_drawn)
        mzg_draw_text(cairo, x, y + SIZE / 2.0, 1.1 * SIZE, MZG_LEFT, host->title);
    y += 2 * SIZE;
    for (int s = 0; s < host->n_sockets; s++) {
        int n = cores_of(host, s);
        if (x > MARGIN && x + socket_width(n) > width - MARGIN) {
            x = MARGIN;
            y += lowest + GAP;
            lowest = 0;
        }
        if (is_drawn)
            draw_socket(cairo, host, s, x, y);
        x += socket_width(n) + GAP;
        lowest = fmax(lowest, socket_height(n));
    }
    y += lowest + 1.5 * SIZE;
    for (int i = 0; i < host->n_notes; i++) {
        mzg_set_colour(cairo, host->is_fault ? alarm : ink);
        y = mzg_draw_wrapped(cairo, MARGIN, y, 0.85 * SIZE, width - 2 * MARGIN, host->notes[i], is_drawn) + 6;
    }
    return y + SIZE;
}

static void paint(cairo_t *cairo, const void *what)
{
    const struct hosts *hosts = what;
    double y = MARGIN;
    for (int i = 0; i < hosts->n; i++)
        y = place_host(cairo, &hosts->panes[i], y, hosts->width, true);
    mzg_set_colour(cairo, pale);
    mzg_draw_wrapped(cairo, MARGIN, y, 0.7 * SIZE, hosts->width - 2 * MARGIN, hosts->note, true);
}

enum mzg_status mzg_hosts_write(const struct mzg_host_pane *panes, int n, const char *note, bool as_svg,
                                int fd, const char *path, struct mzg_error *err)
{
    struct hosts hosts = {.panes = panes, .n = n, .note = note, .height = MARGIN};
    double widest = 0;
    for (int i = 0; i < n; i++)
        for (int s = 0; s < panes[i].n_sockets; s++)
            widest = fmax(widest, socket_width(cores_of(&panes[i], s)));
    hosts.width = fmax(1100, 2 * widest + GAP + 2 * MARGIN);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1, 1);
    cairo_t *cairo = mzg_cairo_new(surface);
    for (int i = 0; i < n; i++)
        hosts.height = place_host(cairo, &panes[i], hosts.height, hosts.width, false);
    hosts.height =
        mzg_draw_wrapped(cairo, MARGIN, hosts.height, 0.7 * SIZE, hosts.width - 2 * MARGIN, note, false);
    hosts.height += MARGIN / 2.0;
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    return mzg_canvas_write(hosts.width, hosts.height, as_svg, paint, &hosts, fd, path, err);
}
