/*
 * Each rank keeps counters that only grow. For a line all ranks send what they stand at, and rank 0 writes
 * how much they have grown since the line before.
 */
#include <stream/metrics.h>

#include <core/agree.h>
#include <core/json.h>
#include <core/log.h>
#include <core/memory.h>
#include <core/mpi.h>
#include <core/named_file.h>
#include <core/pool.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double round_seconds = 0.5; /* between the lines of two rounds, at least */

static const char first_bytes[] = "{\"event\":\"run\","; /* of every file of metrics */

enum { SCHEMA = 1 };

/* What a rank stands at; the counters first, then what is so now. */
enum value {
    PIXELS,
    BYTES_IN,
    BYTES_OUT,
    BUSY,
    WAITING,
    READING,
    COUNTERS,
    RSS = COUNTERS,
    PSS,
    PRESSURE,
    VALUES
};

struct mzg_metrics {
    const struct mzg_context *context;
    FILE *file; /* rank 0; NULL after a failed write */
    const char *path;
    double begin;
    struct mzg_memory_gauge used;
    double counted[COUNTERS]; /* those that are counted here */
    double *now;              /* rank 0, as all below: of each rank its values, */
    double *at_round;         /*  as they were at the line of a round before, */
    double *at_phase;         /*  and when the phase began */
    double round_time, phase_time;
};

static enum mzg_status open_file(struct mzg_metrics *m, bool overwrite, struct mzg_error *err)
{
    size_t size = (size_t)m->context->size * VALUES;
    m->now = calloc(3 * size, sizeof *m->now);
    if (!m->now) /* other ranks than 0 */
        return mzg_fail(err, MZG_ENOMEM, "no memory for the metrics of %d ranks", m->context->size);
    m->at_round = m->now + size;
    m->at_phase = m->at_round + size;
    int fd = -1;
    if (mzg_named_open("--metrics", m->path, &fd, err) == MZG_OK)
        mzg_named_empty("--metrics", m->path, fd, first_bytes, overwrite, err);
    if (err->status == MZG_OK && !(m->file = fdopen(fd, "a")))
        mzg_fail(err, MZG_ENOMEM, "--metrics: %s: no memory to write it", m->path);
    if (!m->file && fd >= 0)
        close(fd);
    return err->status;
}

/* Writes `line`, whose reference it takes. A failure ends the metrics, not the run. */
static void write_line(struct mzg_metrics *m, json_t *line)
{
    char *text = line ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(line);
    if (m->file && (!text || fprintf(m->file, "%s\n", text) < 0 || fflush(m->file) != 0)) {
        mzg_log_line(m->context->log, MZG_LOG_WARNING, "%s: the metrics cannot be written: %s", m->path,
                     text ? strerror(errno) : "no memory");
        fclose(m->file);
        m->file = NULL;
    }
    free(text);
}

void mzg_metrics_close(struct mzg_metrics *metrics)
{
    if (!metrics)
        return;
    if (metrics->file)
        fclose(metrics->file);
    free(metrics->now);
    free(metrics);
}

void mzg_metrics_count(struct mzg_metrics *metrics, int64_t pixels, double seconds_reading)
{
    if (!metrics)
        return;
    metrics->counted[PIXELS] += (double)pixels;
    metrics->counted[READING] += seconds_reading;
}

bool mzg_metrics_is_due(const struct mzg_metrics *metrics)
{
    return metrics && metrics->context->rank == 0 && MPI_Wtime() - metrics->round_time >= round_seconds;
}

/* What all ranks stand at, to rank 0. Collective. */
static void gather(struct mzg_metrics *m)
{
    double mine[VALUES];
    int64_t bytes_in, bytes_out;
    memcpy(mine, m->counted, sizeof m->counted);
    mzg_memory_file_bytes(&bytes_in, &bytes_out);
    mine[BYTES_IN] = (double)bytes_in;
    mine[BYTES_OUT] = (double)bytes_out;
    mine[BUSY] = mzg_pool_busy(m->context->pool);
    mine[WAITING] = mzg_agree_seconds();
    mine[RSS] = (double)mzg_memory_resident();
    mine[PSS] = (double)mzg_memory_gauge_read(&m->used);
    mine[PRESSURE] = mzg_memory_pressure();
    MZG_MPI(MPI_Gather(mine, VALUES, MPI_DOUBLE, m->now, VALUES, MPI_DOUBLE, 0, m->context->comm));
}

/* What follows is counted from `now`. */
static void begin_phase(struct mzg_metrics *m, double now)
{
    m->phase_time = m->round_time = now;
    if (!m->now) /* other ranks than 0 */
        return;
    size_t size = (size_t)m->context->size * VALUES * sizeof *m->now;
    memcpy(m->at_phase, m->now, size);
    memcpy(m->at_round, m->now, size);
}

/* The first line. Collective. */
static void write_run(struct mzg_metrics *m)
{
    int threads = mzg_pool_size(m->context->pool);
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &threads, 1, MPI_INT, MPI_SUM, m->context->comm));
    if (m->context->rank == 0)
        write_line(m, json_pack("{s:s, s:i, s:i, s:i}", "event", "run", "schema", SCHEMA, "ranks",
                                m->context->size, "threads", threads));
}

enum mzg_status mzg_metrics_open(const struct mzg_context *context, const char *path, bool overwrite,
                                 struct mzg_metrics **metrics, struct mzg_error *err)
{
    *metrics = NULL;
    if (!path)
        return MZG_OK;
    struct mzg_metrics *m = calloc(1, sizeof *m);
    if (!m) {
        mzg_fail(err, MZG_ENOMEM, "no memory for the metrics");
    } else {
        m->context = context;
        m->path = path;
        m->begin = MPI_Wtime();
        if (context->rank == 0)
            open_file(m, overwrite, err);
    }
    if (mzg_agree(context->comm, err) != MZG_OK) {
        mzg_metrics_close(m);
        return err->status;
    }
    write_run(m);
    gather(m);
    begin_phase(m, MPI_Wtime());
    *metrics = m;
    return MZG_OK;
}

static json_t *rank_object(const struct mzg_metrics *m, int rank, const double *before)
{
    const double *now = m->now + (ptrdiff_t)rank * VALUES;
    before += (ptrdiff_t)rank * VALUES;
    return json_pack("{s:i, s:I, s:I, s:I, s:f, s:f, s:f, s:I, s:I, s:f}", "rank", rank, "pixels",
                     (json_int_t)(now[PIXELS] - before[PIXELS]), "bytes_in",
                     (json_int_t)(now[BYTES_IN] - before[BYTES_IN]), "bytes_out",
                     (json_int_t)(now[BYTES_OUT] - before[BYTES_OUT]), "busy", now[BUSY] - before[BUSY],
                     "waiting", now[WAITING] - before[WAITING], "reading", now[READING] - before[READING],
                     "rss", (json_int_t)now[RSS], "pss", (json_int_t)now[PSS], "pressure", now[PRESSURE]);
}

static double growth_of_all(const struct mzg_metrics *m, const double *before, enum value value)
{
    double sum = 0;
    for (int i = 0; i < m->context->size * VALUES; i += VALUES)
        sum += m->now[i + (int)value] - before[i + (int)value];
    return sum;
}

/* What rank 0 says of the growth since `before`, in `seconds` of wall time. */
static json_t *describe(const struct mzg_metrics *m, const char *event, const char *phase, double now,
                        double seconds, const double *before)
{
    json_t *ranks = json_array();
    for (int rank = 0; rank < m->context->size; rank++)
        ranks = mzg_json_append(ranks, rank_object(m, rank, before));
    return json_pack("{s:s, s:s, s:f, s:f, s:I, s:I, s:I, s:o}", "event", event, "stage", phase, "at",
                     now - m->begin, "seconds", seconds, "pixels",
                     (json_int_t)growth_of_all(m, before, PIXELS), "bytes_in",
                     (json_int_t)growth_of_all(m, before, BYTES_IN), "bytes_out",
                     (json_int_t)growth_of_all(m, before, BYTES_OUT), "ranks", ranks);
}

void mzg_metrics_round(struct mzg_metrics *metrics, const char *phase, int64_t round, int64_t chunk_size)
{
    if (!metrics)
        return;
    gather(metrics);
    if (metrics->context->rank != 0)
        return;
    double now = MPI_Wtime();
    json_t *line = describe(metrics, "round", phase, now, now - metrics->round_time, metrics->at_round);
    line = mzg_json_with(line, "round", json_integer(round));
    line = mzg_json_with(line, "chunk_size", json_integer(chunk_size));
    write_line(metrics, line);
    memcpy(metrics->at_round, metrics->now, (size_t)metrics->context->size * VALUES * sizeof *metrics->now);
    metrics->round_time = now;
}

double mzg_metrics_phase(struct mzg_metrics *metrics, const char *phase)
{
    if (metrics)
        gather(metrics);
    double now = MPI_Wtime();
    if (!metrics)
        return now;
    if (metrics->context->rank == 0)
        write_line(metrics,
                   describe(metrics, "stage", phase, now, now - metrics->phase_time, metrics->at_phase));
    begin_phase(metrics, now);
    return now;
}
