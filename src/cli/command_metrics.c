/* `mzgrid metrics`: where time and memory of a run went, as a picture. Rank 0 works, the others look on. */
#include <cli/commands.h>
#include <cli/metrics_file.h>
#include <cli/new_file.h>
#include <core/context.h>
#include <core/escape.h>
#include <core/format.h>
#include <core/log.h>
#include <core/named_file.h>
#include <core/own_file.h>
#include <mzgrid/version.h>
#include <picture/picture.h>

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct metrics_settings {
    const char *output;
    bool overwrite;
    bool quiet;
};

#define AT(field) offsetof(struct metrics_settings, field)

/* clang-format off */
static const struct mzg_option options[] = {
    {.kind = MZG_OPTION_GROUP, .name = "Options"},
    {.kind = MZG_OPTION_TEXT, .name = "output", .letter = 'o', .argument = "FILE", .offset = AT(output),
     .help = "The picture: FILE.svg or FILE.png."},
    {.kind = MZG_OPTION_FLAG, .name = "overwrite", .offset = AT(overwrite),
     .help = "Replace an existing file."},
    {.kind = MZG_OPTION_FLAG, .name = "quiet", .letter = 'q', .offset = AT(quiet),
     .help = "Only warnings and errors."},
    {0},
};
/* clang-format on */

enum column { BEGIN, END, RATE, READ, WRITTEN, MEMORY, LARGEST, BUSY, WAITING, READING, COLUMNS };

/* Columns of lines: of all rounds, and of the phases that have none. */
struct columns {
    double *values[COLUMNS];
    float *waiting;
    int n;
    struct mzg_chart_phase *phases;
    int n_phases;
    const char **rounds; /* names of phases that have rounds, sorted */
    size_t n_rounds;
    double seconds;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of the phases of all rounds, sorted; to be freed. */
static const char **find_rounds(const struct mzg_metrics_file *file, size_t *n)
{
    const char **names = malloc(((size_t)file->n + 1) * sizeof *names);
    *n = 0;
    for (int64_t i = 0; names && i < file->n; i++)
        if (file->lines[i].is_round && (*n == 0 || strcmp(names[*n - 1], file->lines[i].phase) != 0))
            names[(*n)++] = file->lines[i].phase;
    if (names)
        qsort(names, *n, sizeof *names, compare_names);
    return names;
}

static void fill_line(const struct mzg_metrics_file *file, const struct mzg_metrics_line *line,
                      struct columns *c)
{
    double seconds = line->end - line->begin;
    double share = seconds > 0 ? 100 / seconds : 0;
    const double values[COLUMNS] = {
        [BEGIN] = line->begin,
        [END] = line->end,
        [RATE] = seconds > 0 ? line->pixels / seconds : 0,
        [READ] = seconds > 0 ? 1e-6 * line->bytes_in / seconds : 0,
        [WRITTEN] = seconds > 0 ? 1e-6 * line->bytes_out / seconds : 0,
        [MEMORY] = line->memory / (1 << 20),
        [LARGEST] = line->most_memory / (1 << 20),
        [BUSY] = fmin(100, share * line->busy / (double)file->threads),
        [WAITING] = fmin(100, share * line->waiting / (double)file->ranks),
        [READING] = fmin(100, share * line->reading / (double)file->ranks),
    };
    for (int k = 0; k < COLUMNS; k++)
        c->values[k][c->n] = values[k];
}

static enum mzg_status make_columns(const char *path, const struct mzg_metrics_file *file, struct columns *c,
                                    struct mzg_error *err)
{
    for (int k = 0; k < COLUMNS; k++)
        c->values[k] = calloc((size_t)file->n, sizeof(double));
    c->phases = calloc((size_t)file->n, sizeof *c->phases);
    c->waiting = calloc((size_t)file->n * (size_t)file->n_rows, sizeof *c->waiting);
    c->rounds = find_rounds(file, &c->n_rounds);
    for (int k = 0; k < COLUMNS; k++)
        if (!c->values[k] || !c->phases || !c->waiting || !c->rounds)
            return mzg_fail(err, MZG_ENOMEM, "%s: no memory to draw it", path);
    for (int64_t i = 0; i < file->n; i++) {
        const struct mzg_metrics_line *line = &file->lines[i];
        c->seconds = fmax(c->seconds, line->end);
        if (!line->is_round)
            c->phases[c->n_phases++] = (struct mzg_chart_phase){line->phase, line->begin, line->end};
        const char *phase = line->phase;
        if (!line->is_round && bsearch(&phase, c->rounds, c->n_rounds, sizeof phase, compare_names))
            continue;
        fill_line(file, line, c);
        memcpy(c->waiting + (int64_t)c->n * file->n_rows, file->waiting + i * file->n_rows,
               (size_t)file->n_rows * sizeof *c->waiting);
        c->n++;
    }
    int64_t open = mzg_metrics_file_open_rounds(file);
    if (open < file->n) /* the phase in which the run was killed */
        c->phases[c->n_phases++] =
            (struct mzg_chart_phase){file->lines[open].phase, file->lines[open].begin, c->seconds};
    if (!(c->seconds > 0))
        return mzg_fail(err, MZG_EFORMAT, "%s: no time passed in this run, so there is nothing to draw",
                        path);
    return MZG_OK;
}

static void destroy_columns(struct columns *c)
{
    for (int k = 0; k < COLUMNS; k++)
        free(c->values[k]);
    free(c->phases);
    free(c->rounds);
    free(c->waiting);
}

static void add_pane(struct mzg_chart *line, const struct columns *c, const char *title, const char *label,
                     double least_height, int n, const enum column *columns, const char *const *names)
{
    struct mzg_chart_pane *pane = &line->panes[line->n_panes++];
    *pane =
        (struct mzg_chart_pane){.title = title, .label = label, .n_series = n, .least_height = least_height};
    for (int s = 0; s < n; s++)
        pane->series[s] = (struct mzg_chart_series){.name = names[s],
                                                    .begins = c->values[BEGIN],
                                                    .ends = c->values[END],
                                                    .values = c->values[columns[s]],
                                                    .n = c->n};
}

static void fill_chart(const char *path, const struct mzg_metrics_file *file, const struct columns *c,
                       struct mzg_chart *line)
{
    char time[MZG_FORMAT_SIZE], pixels[MZG_FORMAT_SIZE];
    char name[80];
    const char *slash = strrchr(path, '/');
    mzg_escape(slash ? slash + 1 : path, strlen(slash ? slash + 1 : path), name, sizeof name);
    *line = (struct mzg_chart){.seconds = c->seconds, .phases = c->phases, .n_phases = c->n_phases};
    snprintf(line->title, sizeof line->title, "%s: %s, %lld rank%s, %lld thread%s", name,
             mzg_format_duration(time, sizeof time, c->seconds), (long long)file->ranks,
             file->ranks == 1 ? "" : "s", (long long)file->threads, file->threads == 1 ? "" : "s");
    snprintf(line->subtitle, sizeof line->subtitle, "%s pixels%s, drawn by mzgrid %s",
             mzg_format_count(pixels, sizeof pixels, (int64_t)mzg_metrics_file_pixels(file)),
             file->is_cut ? ", the file ends in the middle of a line" : "", mzg_version());
    add_pane(line, c, "Resampling", "pixels/s", 0, 1, (enum column[]){RATE}, (const char *const[]){NULL});
    add_pane(line, c, "Bytes moved by read and write calls", "MB/s", 0, 2, (enum column[]){READ, WRITTEN},
             (const char *const[]){"read", "written"});
    add_pane(line, c, "Memory", "MiB", 0, file->ranks == 1 ? 1 : 2, (enum column[]){MEMORY, LARGEST},
             (const char *const[]){"all ranks", "largest rank"});
    add_pane(line, c, "What ranks do", "% of the time", 100, 3, (enum column[]){BUSY, WAITING, READING},
             (const char *const[]){"threads compute", "ranks wait for others", "ranks wait for input"});
    if (file->ranks == 1) /* it waits for nobody */
        return;
    line->map = (struct mzg_chart_map){.title = "Each rank waits for others",
                                       .begins = c->values[BEGIN],
                                       .ends = c->values[END],
                                       .values = c->waiting,
                                       .n_columns = c->n,
                                       .n_rows = file->n_rows,
                                       .ranks_of_row = file->ranks_of_row};
}

static enum mzg_status draw(const char *path, const struct metrics_settings *settings,
                            const struct mzg_metrics_file *file, struct mzg_error *err)
{
    struct columns columns = {0};
    struct mzg_chart *line = calloc(1, sizeof *line);
    struct mzg_aside *aside = NULL;
    if (!line)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to draw it", path);
    else if (make_columns(path, file, &columns, err) == MZG_OK &&
             mzg_aside_new(settings->output, settings->overwrite, &aside, err) == MZG_OK) {
        fill_chart(path, file, &columns, line);
        mzg_chart_write(line, mzg_file_kind_of(settings->output) == MZG_FILE_SVG, mzg_aside_fd(aside),
                        settings->output, err);
        mzg_aside_end(aside, err);
    }
    destroy_columns(&columns);
    free(line);
    return err->status;
}

static enum mzg_status read_settings(const struct mzg_arguments *arguments, struct metrics_settings *settings,
                                     struct mzg_error *err)
{
    *settings = (struct metrics_settings){0};
    if (mzg_arguments_apply(arguments, settings, err) != MZG_OK)
        return err->status;
    if (!settings->output)
        return mzg_fail(err, MZG_EUSAGE, "the picture is missing: give it with -o FILE.svg or -o FILE.png");
    enum mzg_file_kind kind = mzg_file_kind_of(settings->output);
    if (kind != MZG_FILE_SVG && kind != MZG_FILE_PNG)
        return mzg_fail(err, MZG_EUSAGE, "-o: '%s' does not end in .svg or .png", settings->output);
    return MZG_OK;
}

static int run(struct mzg_context *context, const struct mzg_arguments *arguments, struct mzg_error *err)
{
    struct metrics_settings settings;
    struct mzg_metrics_file file = {0};
    const char *path = arguments->operands[0];
    if (read_settings(arguments, &settings, err) != MZG_OK || context->rank != 0)
        return 0;
    if (mzg_named_check("-o", settings.output, "the file of metrics", path, err) == MZG_OK &&
        mzg_check_new_file("-o", settings.output, NULL, settings.overwrite, err) == MZG_OK &&
        mzg_metrics_file_read(path, &file, err) == MZG_OK && draw(path, &settings, &file, err) == MZG_OK &&
        !settings.quiet)
        mzg_log_line(context->log, MZG_LOG_INFO, "%s is complete", settings.output);
    mzg_metrics_file_destroy(&file);
    return 0;
}

static bool works_without_mpi(const struct mzg_arguments *arguments)
{
    (void)arguments;
    return true;
}

const struct mzg_command mzg_command_metrics = {
    .name = "metrics",
    .summary = "Draw where time and memory of a run went.",
    .description = "Draws the file METRICS that 'mzgrid convert --metrics' wrote: phases, throughput, "
                   "memory, what the ranks did, and "
                   "how long each of them waited for others, over the time of the run. A run that was killed "
                   "is drawn as far as it "
                   "came.",
    .examples = "mzgrid convert tissue.imzML tissue.zarr --metrics run.jsonl\n"
                "mzgrid metrics run.jsonl -o run.svg",
    .operands = {"METRICS"},
    .needed = "-o FILE",
    .options = options,
    .without_mpi = works_without_mpi,
    .run = run,
};
