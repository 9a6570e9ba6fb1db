/*
 * A staged HDF5 file that outgrows the window in which files are left to the system: it comes back value by
 * value, in rounds as the transposition reads it and in one part for each rank, and does not stay in memory.
 */
#include <core/passing_file.h>
#include <mpi_directory.h>
#include <page_cache.h>
#include <stage/sink.h>

#include <stdio.h>
#include <stdlib.h>

enum { ROW = 1 << 14, CHUNK_ROWS = 16, CHUNK = CHUNK_ROWS * ROW, CHUNKS = 48, ENTRY = 8 };
enum { N_BYTES = CHUNKS * CHUNK * ENTRY, WINDOW = N_BYTES / 3 };

static float value_of(int64_t i)
{
    return (float)(i % 8191) + 0.5F;
}

struct fixture {
    struct mzg_context context;
    struct mzg_error err;
    char directory[256], path[300];
    struct mzg_sink *sink;
    struct mzg_staged *staged;
    int32_t *bins;
    float *values;
};

static void begin(struct fixture *f)
{
    *f = (struct fixture){0};
    begin_directory(&f->context, 1, f->directory);
    snprintf(f->path, sizeof f->path, "%s/stage.h5", f->directory);
    f->bins = malloc(CHUNK * sizeof *f->bins);
    f->values = malloc(CHUNK * sizeof *f->values);
    cr_assert(f->bins && f->values);
    struct mzg_sink_spec spec = {.context = &f->context,
                                 .n_columns = ROW,
                                 .value_type = MZG_FLOAT32,
                                 .path = f->path,
                                 .passing_window = WINDOW};
    mzg_sink_open(&mzg_hdf5_sink, &spec, &f->sink, &f->err);
    cr_assert(eq(int, (int)f->err.status, MZG_OK), "%s", f->err.text);

    int64_t counts[CHUNK_ROWS];
    for (int i = 0; i < CHUNK_ROWS; i++)
        counts[i] = ROW;
    for (int64_t chunk = mpi_rank; chunk < CHUNKS; chunk += mpi_size) {
        for (int64_t i = 0; i < CHUNK; i++) {
            f->bins[i] = (int32_t)(i % ROW);
            f->values[i] = value_of(chunk * CHUNK + i);
        }
        struct mzg_rows rows = {.n_rows = CHUNK_ROWS,
                                .n_values = CHUNK,
                                .row_counts = counts,
                                .bins = f->bins,
                                .values = f->values};
        cr_assert(eq(int, (int)mzg_sink_append(f->sink, &rows, &f->err), MZG_OK), "%s", f->err.text);
    }
    cr_assert(eq(int, (int)mzg_sink_seal(&f->sink, &f->staged, &f->err), MZG_OK), "%s", f->err.text);
}

static void end(struct fixture *f)
{
    mzg_staged_close(f->staged);
    mzg_sink_close(f->sink);
    free(f->bins);
    free(f->values);
    end_directory(&f->context, f->directory);
}

static void check_chunk(struct fixture *f, int64_t chunk)
{
    int64_t first = chunk * CHUNK, wrong = 0;
    mzg_staged_read_values(f->staged, first, CHUNK, f->bins, f->values, &f->err);
    cr_assert(eq(int, (int)f->err.status, MZG_OK), "%s", f->err.text);
    for (int64_t i = 0; i < CHUNK; i++)
        wrong += f->bins[i] != (int32_t)(i % ROW) || f->values[i] != value_of(first + i);
    cr_expect(eq(i64, wrong, 0), "in chunk %ld", chunk);
}

/* Reads all in rounds, where ranks wait for each other, and expects that little of it is left in memory. */
static void check_rounds(struct fixture *f)
{
    for (int64_t chunk = mpi_rank; chunk < CHUNKS; chunk += mpi_size) {
        check_chunk(f, chunk);
        MPI_Barrier(MPI_COMM_WORLD);
    }
    if (mpi_rank != 0)
        return;
    int fd = open(f->path, O_RDONLY);
    cr_assert(fd >= 0);
    if (lies_on_disk(f->path))
        cr_expect(lt(i64, resident_bytes(fd, 0, N_BYTES), N_BYTES / 2));
    else
        cr_log_warn("%s lies in memory: what stays of files on a disk was not tested", f->path);
    close(fd);
}

MPI_TEST(stage_passing, is_read_in_rounds_and_does_not_stay_in_memory)
{
    struct fixture f;
    begin(&f);
    if (mpi_rank == 0) { /* the test does not depend on how fast the disk is */
        int fd = open(f.path, O_RDONLY);
        cr_assert(fd >= 0 && fsync(fd) == 0);
        close(fd);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    check_rounds(&f);
    MPI_Barrier(MPI_COMM_WORLD);
    check_rounds(&f);
    end(&f);
}

MPI_TEST(stage_passing, is_read_by_each_rank_in_one_part)
{
    struct fixture f;
    begin(&f);
    for (int64_t chunk = CHUNKS * mpi_rank / mpi_size; chunk < CHUNKS * (mpi_rank + 1) / mpi_size; chunk++)
        check_chunk(&f, chunk);
    end(&f);
}
