#include <cli/how_far.h>
#include <cli/progress_view.h>
#include <core/clock.h>
#include <core/format.h>
#include <core/memory.h>

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const double bar_interval = 0.1;
static const double line_interval = 10;

/* The parts that both forms share, as text. */
struct parts {
    int percent;
    char rate[MZG_FORMAT_SIZE + 8]; /* with its unit; "" if there is none to tell */
    char left[MZG_FORMAT_SIZE];
    char memory[MZG_FORMAT_SIZE];
};

static void format_parts(const struct mzg_progress_state *state, struct parts *parts)
{
    double done_since = (double)(state->done - state->done_before);
    double to_do = (double)(state->total - state->done);
    double all = done_since + to_do;
    double seconds_left = -1; /* not known yet, "-" */
    if (to_do == 0 && state->following == 0)
        seconds_left = 0;
    else if (done_since > 0)
        seconds_left = state->seconds * (to_do + state->following * all) / done_since;
    parts->percent = (int)(100 * ((double)state->done / (double)state->total));
    parts->rate[0] = '\0';
    if (state->counts_pixels) {
        char rate[MZG_FORMAT_SIZE];
        mzg_format_rate(rate, sizeof rate, done_since, state->seconds);
        snprintf(parts->rate, sizeof parts->rate, "%s px/s", rate);
    }
    mzg_format_duration(parts->left, sizeof parts->left, seconds_left);
    mzg_format_memory(parts->memory, sizeof parts->memory, state->memory);
}

char *mzg_progress_bar(char *text, size_t size, int columns, const struct mzg_progress_state *state)
{
    enum { LEAST = 8, MOST = 30 };
    struct parts parts;
    char tail[128], bar[MOST + 4] = "";
    format_parts(state, &parts);
    int tail_length = snprintf(tail, sizeof tail, "%3d%%  %s%sETA %s  memory %s", parts.percent, parts.rate,
                               parts.rate[0] ? "  " : "", parts.left, parts.memory);

    int room = columns - (int)strlen(state->phase) - tail_length - 4;
    if (room >= LEAST) {
        int width = room < MOST ? room : MOST;
        int filled = (int)((double)width * ((double)state->done / (double)state->total));
        bar[0] = '[';
        memset(bar + 1, '-', (size_t)width);
        memset(bar + 1, '#', (size_t)filled);
        memcpy(bar + 1 + width, "] ", sizeof "] ");
    }
    snprintf(text, size, "%s %s%s", state->phase, bar, tail);
    if (columns >= 0 && (size_t)columns < strlen(text))
        text[columns] = '\0';
    return text;
}

char *mzg_progress_line(char *text, size_t size, const struct mzg_progress_state *state)
{
    struct parts parts;
    char done[MZG_FORMAT_SIZE], total[MZG_FORMAT_SIZE], pixels[4 * MZG_FORMAT_SIZE] = "";
    format_parts(state, &parts);
    if (state->counts_pixels)
        snprintf(pixels, sizeof pixels, "%s of %s pixels, %s, ",
                 mzg_format_count(done, sizeof done, state->done),
                 mzg_format_count(total, sizeof total, state->total), parts.rate);
    snprintf(text, size, "%s: %d%%, %sETA %s, memory %s", state->phase, parts.percent, pixels, parts.left,
             parts.memory);
    return text;
}

void mzg_progress_begin(struct mzg_progress_view *view, struct mzg_log *log, bool silent, double now)
{
    *view = (struct mzg_progress_view){.log = log, .silent = silent, .phase_begin = now, .last = now};
}

static int terminal_columns(void)
{
    struct winsize window;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0)
        return window.ws_col;
    return 80;
}

static double following(const struct mzg_progress_view *view, const char *phase)
{
    if (strcmp(phase, "resampling") == 0)
        return view->following;
    return strcmp(phase, "writing") == 0 ? view->last_part : 0;
}

void mzg_progress_tell(struct mzg_progress_view *view, const char *phase, int64_t done, int64_t total,
                       double now)
{
    if (view->silent || total <= 0)
        return;
    if (strcmp(view->phase, phase) != 0) {
        snprintf(view->phase, sizeof view->phase, "%s", phase);
        view->phase_begin = now;
        view->phase_begin_done = done;
    }
    bool terminal = mzg_log_is_terminal(view->log);
    bool is_shown = terminal && done >= total; /* a bar ends full, however short the phase was */
    if (!is_shown && now - view->last < (terminal ? bar_interval : line_interval))
        return;
    view->last = now;

    struct mzg_progress_state state = {.phase = view->phase,
                                       .counts_pixels = strcmp(phase, "resampling") == 0,
                                       .done = done < total ? done : total,
                                       .total = total,
                                       .done_before = view->phase_begin_done,
                                       .seconds = now - view->phase_begin,
                                       .following = following(view, phase),
                                       .memory = mzg_memory_resident()};
    char text[250];
    if (terminal) /* a line as wide as the terminal would wrap on some */
        mzg_log_status(view->log, mzg_progress_bar(text, sizeof text, terminal_columns() - 1, &state));
    else
        mzg_log_line(view->log, MZG_LOG_INFO, "%s", mzg_progress_line(text, sizeof text, &state));
}

void mzg_progress_end(struct mzg_progress_view *view)
{
    mzg_log_status(view->log, "");
}

void mzg_progress_update(void *view, const char *phase, int64_t done, int64_t total)
{
    double now = mzg_clock_seconds();
    mzg_how_far_note(phase, done, total, now);
    mzg_progress_tell(view, phase, done, total, now);
}
