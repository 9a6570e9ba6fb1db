/* A file of metrics, as `mzgrid convert --metrics` writes it (stream/metrics.h), read back as columns of
 * numbers. */
#ifndef MZG_CLI_METRICS_FILE_H
#define MZG_CLI_METRICS_FILE_H

#include <mzgrid/error.h>
#include <stdint.h>

enum { MZG_METRICS_ROWS = 128 };

/* A line of a phase or of a round: sums over ranks, of the time from begin to end. */
struct mzg_metrics_line {
    char phase[32];
    int is_round;
    double begin, end; /* seconds since the run began */
    double pixels, bytes_in, bytes_out;
    double busy, waiting, reading; /* seconds */
    double memory, most_memory;    /* bytes at the end: of all ranks, and of the largest */
};

struct mzg_metrics_file {
    int64_t ranks, threads;
    int n_rows, ranks_of_row; /* ranks are taken together if there are many */
    struct mzg_metrics_line *lines;
    float *waiting; /* of each line, each row: the share of the time that its ranks waited; NaN: not told */
    int64_t n, room;
    int is_cut; /* the last line is not whole, as of a run that was killed */
};

/* Reads the file at `path`. MZG_EIO, MZG_EFORMAT with the line. Destroy it, on failure too. Local. */
enum mzg_status mzg_metrics_file_read(const char *path, struct mzg_metrics_file *file, struct mzg_error *err);
/* The first of the rounds at the end of the file whose phase did not end, as of a run that was killed; n:
 * none. */
int64_t mzg_metrics_file_open_rounds(const struct mzg_metrics_file *file);
/* Pixels that are done: those of phases, and those of such rounds. */
double mzg_metrics_file_pixels(const struct mzg_metrics_file *file);
void mzg_metrics_file_destroy(struct mzg_metrics_file *file);

#endif
