/*
 * A reader for a format of one's own, and a conversion of it. The format is text, a line for each spectrum:
 *
 *     X Y MZ INTENSITY MZ INTENSITY ...
 *
 *     cc foreign.c $(pkg-config --cflags --libs mzgrid) -o foreign
 *     mpirun -n 3 ./foreign lines:tissue.txt tissue.zarr
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <mzgrid/mzgrid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An open file: where each line begins, and the spectrum that was read last. */
struct lines {
    FILE *file;
    long *begins;
    char error[200];
    char *line;
    size_t line_size;
    int32_t position[3];
    int64_t begin[2];
    double *mz, *intensity;
    size_t capacity;
};

static int fail(struct lines *lines, const char *what)
{
    snprintf(lines->error, sizeof lines->error, "%s: %s", what, strerror(errno));
    return 1;
}

static const char *lines_error(struct mzg_foreign_input *input)
{
    return ((struct lines *)input->data)->error;
}

static void lines_release(struct mzg_foreign_input *input)
{
    struct lines *lines = input->data;
    if (lines->file)
        fclose(lines->file);
    free(lines->begins);
    free(lines->line);
    free(lines->mz);
    free(lines->intensity);
    free(lines);
}

/* One spectrum: a reader need not give as many as it is asked for. */
static int lines_read(struct mzg_foreign_input *input, int64_t first, int64_t n, struct mzg_spectra *spectra)
{
    struct lines *lines = input->data;
    size_t points = 0;
    (void)n;
    if (fseek(lines->file, lines->begins[first], SEEK_SET) != 0 ||
        getline(&lines->line, &lines->line_size, lines->file) < 0)
        return fail(lines, "cannot read");
    char *at = lines->line, *end;
    for (int d = 0; d < 2; d++)
        lines->position[d] = (int32_t)strtol(at, &at, 10);
    lines->position[2] = 1;
    for (;; points++) {
        double mz = strtod(at, &end);
        if (end == at)
            break;
        if (points == lines->capacity) {
            size_t size = (2 * points + 64) * sizeof(double);
            double *grown_mz = realloc(lines->mz, size);
            double *grown_intensity = realloc(lines->intensity, size);
            lines->mz = grown_mz ? grown_mz : lines->mz;
            lines->intensity = grown_intensity ? grown_intensity : lines->intensity;
            if (!grown_mz || !grown_intensity)
                return fail(lines, "no memory");
            lines->capacity = 2 * points + 64;
        }
        lines->mz[points] = mz;
        lines->intensity[points] = strtod(end, &at);
    }
    lines->begin[1] = (int64_t)points;
    *spectra = (struct mzg_spectra){.n = 1,
                                    .positions = lines->position,
                                    .begin = lines->begin,
                                    .mz = lines->mz,
                                    .intensity = lines->intensity};
    return 0;
}

/* The lines are counted here; every rank does that for itself. */
static int lines_open(void *data, const char *path, struct mzg_foreign_input *input)
{
    struct lines *lines = calloc(1, sizeof *lines);
    int64_t n = 0;
    (void)data;
    if (!lines)
        return 1;
    input->data = lines;
    input->last_error = lines_error;
    input->release = lines_release;
    input->read = lines_read;
    lines->file = fopen(path, "r");
    if (!lines->file)
        return fail(lines, "cannot open");
    for (long begin = 0; getline(&lines->line, &lines->line_size, lines->file) > 0;
         begin = ftell(lines->file)) {
        long *grown = realloc(lines->begins, ((size_t)n + 1) * sizeof *grown);
        if (!grown)
            return fail(lines, "no memory");
        lines->begins = grown;
        lines->begins[n++] = begin;
    }
    input->n_spectra = n;
    input->type = MZG_SPECTRUM_CENTROID;
    input->metadata = "{\"software\": \"lines of text\"}";
    return 0;
}

int main(int argc, char **argv)
{
    const struct mzg_foreign_reader reader = {.size = sizeof reader, .name = "lines", .open = lines_open};
    struct mzg_convert_outcome outcome = {.size = sizeof outcome};
    struct mzg_convert_options options;
    struct mzg_context *context = NULL;
    struct mzg_error err;
    int level;

    if (argc != 3)
        return 2;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
    mzg_convert_defaults(&options);
    options.input = argv[1];
    options.output = argv[2];
    options.axis_type_auto = false;
    options.axis.type = MZG_AXIS_REFLECTOR_TOF;
    options.axis.bin_width = 0.01;
    options.axis.reference_mz = 500;
    options.pixel_size[0] = options.pixel_size[1] = 50;

    if (mzg_context_new(MPI_COMM_WORLD, NULL, &context, &err) == MZG_OK &&
        mzg_foreign_register(context, &reader, &err) == MZG_OK)
        mzg_convert(context, &options, NULL, &outcome, &err);
    if (err.status != MZG_OK && (!context || mzg_context_rank(context) == 0))
        fprintf(stderr, "error: %s\n", err.text);
    mzg_context_free(context);
    MPI_Finalize();
    return err.status != MZG_OK;
}
