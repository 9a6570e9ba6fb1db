#include <cli/metrics_file.h>

#include <core/array.h>
#include <core/escape.h>
#include <core/file.h>

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SCHEMA = 1, MOST_LINES = 1 << 20, LONGEST_LINE = 1 << 26, FIRST_ROOM = 1 << 16 };
static const int64_t most_ranks = 1 << 24;

/* A number of a line; 0 if it is none, or cannot be. */
static double number(const json_t *object, const char *name)
{
    double value = json_number_value(json_object_get(object, name));
    return isfinite(value) && value > 0 && value < 1e18 ? value : 0;
}

static enum mzg_status fail(const char *path, int64_t line, const char *what, struct mzg_error *err)
{
    return mzg_fail(err, MZG_EFORMAT,
                    "%s, line %lld: %s, expected metrics that 'mzgrid convert --metrics' wrote", path,
                    (long long)line, what);
}

static enum mzg_status take_run(const char *path, const json_t *line, struct mzg_metrics_file *file,
                                struct mzg_error *err)
{
    const char *event = json_string_value(json_object_get(line, "event"));
    json_int_t schema = json_integer_value(json_object_get(line, "schema"));
    file->ranks = json_integer_value(json_object_get(line, "ranks"));
    file->threads = json_integer_value(json_object_get(line, "threads"));
    if (!event || strcmp(event, "run") != 0)
        return fail(path, 1, "does not describe a run", err);
    if (schema != SCHEMA)
        return mzg_fail(err, MZG_EFORMAT,
                        "%s: has schema %lld of metrics, and this mzgrid reads %d; use the one that wrote it",
                        path, (long long)schema, SCHEMA);
    if (file->ranks < 1 || file->ranks > most_ranks || file->threads < 1 || file->threads > 4096 * most_ranks)
        return fail(path, 1, "has no number of ranks and threads that can be", err);
    file->ranks_of_row = (int)((file->ranks + MZG_METRICS_ROWS - 1) / MZG_METRICS_ROWS);
    file->n_rows = (int)((file->ranks + file->ranks_of_row - 1) / file->ranks_of_row);
    return MZG_OK;
}

static enum mzg_status make_room(const char *path, struct mzg_metrics_file *file, struct mzg_error *err)
{
    const struct mzg_array arrays[] = {
        {&file->lines, sizeof *file->lines},
        {&file->waiting, file->n_rows * (int64_t)sizeof *file->waiting},
    };
    if (file->n >= MOST_LINES)
        return mzg_fail(err, MZG_ERANGE, "%s: has more than %d lines", path, MOST_LINES);
    return mzg_arrays_grow(arrays, 2, file->n + 1, &file->room, "lines of metrics", err);
}

/* Adds up the ranks of a line. */
static void take_ranks(const json_t *ranks, const struct mzg_metrics_file *file,
                       struct mzg_metrics_line *line, float *waiting)
{
    size_t i;
    json_t *rank;
    double seconds = line->end - line->begin, sums[MZG_METRICS_ROWS] = {0};
    int counts[MZG_METRICS_ROWS] = {0};
    json_array_foreach(ranks, i, rank)
    {
        json_int_t which = json_integer_value(json_object_get(rank, "rank"));
        double memory = number(rank, "pss");
        if (which < 0 || which >= file->ranks || !json_is_object(rank))
            continue;
        if (memory == 0)
            memory = number(rank, "rss");
        line->busy += number(rank, "busy");
        line->waiting += number(rank, "waiting");
        line->reading += number(rank, "reading");
        line->memory += memory;
        line->most_memory = fmax(line->most_memory, memory);
        sums[which / file->ranks_of_row] += number(rank, "waiting");
        counts[which / file->ranks_of_row]++;
    }
    for (int r = 0; r < file->n_rows; r++)
        waiting[r] = counts[r] > 0 && seconds > 0 ? (float)fmin(sums[r] / counts[r] / seconds, 1) : NAN;
}

static enum mzg_status take_line(const char *path, const json_t *json, int64_t n,
                                 struct mzg_metrics_file *file, struct mzg_error *err)
{
    const char *event = json_string_value(json_object_get(json, "event"));
    const char *phase = json_string_value(json_object_get(json, "stage"));
    if (!event || !phase || (strcmp(event, "stage") != 0 && strcmp(event, "round") != 0))
        return fail(path, n, "describes neither a phase nor a round", err);
    if (make_room(path, file, err) != MZG_OK)
        return err->status;
    struct mzg_metrics_line *line = &file->lines[file->n];
    *line = (struct mzg_metrics_line){.is_round = strcmp(event, "round") == 0, .end = number(json, "at")};
    mzg_escape(phase, strlen(phase), line->phase, sizeof line->phase);
    line->begin = fmax(0, line->end - number(json, "seconds"));
    line->pixels = number(json, "pixels");
    line->bytes_in = number(json, "bytes_in");
    line->bytes_out = number(json, "bytes_out");
    take_ranks(json_object_get(json, "ranks"), file, line, file->waiting + file->n * file->n_rows);
    file->n++;
    return MZG_OK;
}

/* The next line with its end, if it has one, and a zero byte behind it; NULL at the end of the file or with
 * `err`. */
static char *read_line(FILE *stream, const char *path, int64_t n, char **room, int64_t *size,
                       struct mzg_error *err)
{
    int64_t used = 0;
    int byte = 0;
    while (byte != '\n' && (byte = getc_unlocked(stream)) != EOF) {
        if (used >= LONGEST_LINE || byte == 0) {
            fail(path, n, byte == 0 ? "has a zero byte" : "is too long", err);
            return NULL;
        }
        if (used + 2 > *size && mzg_array_grow(room, 1, used > 0 ? used + 2 : FIRST_ROOM, size,
                                               "a line of metrics", err) != MZG_OK)
            return NULL;
        (*room)[used++] = (char)byte;
    }
    if (ferror(stream)) {
        mzg_fail(err, MZG_EIO, "%s: cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    if (used == 0)
        return NULL;
    (*room)[used] = '\0';
    return *room;
}

enum mzg_status mzg_metrics_file_read(const char *path, struct mzg_metrics_file *file, struct mzg_error *err)
{
    int fd = -1;
    int64_t bytes, n = 0;
    char *line, *room = NULL;
    int64_t size = 0;
    *file = (struct mzg_metrics_file){0};
    if (mzg_open_regular(path, &fd, &bytes, err) != MZG_OK)
        return err->status;
    FILE *stream = fdopen(fd, "r");
    if (!stream) {
        close(fd);
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to read it", path);
    }
    while (err->status == MZG_OK && (line = read_line(stream, path, n + 1, &room, &size, err))) {
        json_t *json = json_loads(line, 0, NULL);
        n++;
        if (n == 1 && json)
            take_run(path, json, file, err);
        else if (json)
            take_line(path, json, n, file, err);
        else if (n > 1 && !strchr(line, '\n'))
            file->is_cut = 1;
        else
            fail(path, n, "is not JSON", err);
        json_decref(json);
    }
    if (err->status == MZG_OK && file->n == 0)
        fail(path, n + 1, "nothing happened before the file ends", err);
    free(room);
    fclose(stream);
    return err->status;
}

int64_t mzg_metrics_file_open_rounds(const struct mzg_metrics_file *file)
{
    int64_t first = file->n;
    while (first > 0 && file->lines[first - 1].is_round) /* the line of a phase stands behind its rounds */
        first--;
    return first;
}

double mzg_metrics_file_pixels(const struct mzg_metrics_file *file)
{
    int64_t open = mzg_metrics_file_open_rounds(file);
    double pixels = 0;
    for (int64_t i = 0; i < file->n; i++)
        if (!file->lines[i].is_round || i >= open)
            pixels += file->lines[i].pixels;
    return pixels;
}

void mzg_metrics_file_destroy(struct mzg_metrics_file *file)
{
    free(file->lines);
    free(file->waiting);
    *file = (struct mzg_metrics_file){0};
}
