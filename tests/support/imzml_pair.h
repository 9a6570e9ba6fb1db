/* A pair of imzML files for MPI tests, put together in memory and written by rank 0 for all ranks. */
#ifndef IMZML_PAIR_H
#define IMZML_PAIR_H

#include <imzml_sample.h>
#include <mpi_test.h>
#include <temp_files.h>

static char directory[256];
static char imzml[512];
static struct sample sample;

/* The ibd as it grows. */
static unsigned char ibd[1 << 21];
static size_t ibd_size;

static const unsigned char uuid[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                       0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

static inline int64_t append(const void *bytes, size_t n)
{
    cr_assert(ibd_size + n <= sizeof ibd);
    if (n > 0)
        memcpy(ibd + ibd_size, bytes, n);
    ibd_size += n;
    return (int64_t)(ibd_size - n);
}

static inline void begin(const char *content, int count)
{
    sample.n = 0;
    sample_head(&sample, content, "", "", count);
    ibd_size = 0;
    append(uuid, sizeof uuid);
}

static inline void write_file(const char *name, const void *bytes, size_t n)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_expect(eq(sz, fwrite(bytes, 1, n, file), n));
    fclose(file);
}

/* Rank 0 writes the pair into a directory of its own, whose name all ranks get. */
static inline void write_pair(void)
{
    sample_tail(&sample);
    if (mpi_rank == 0) {
        make_temp_directory(directory);
        write_file("a.imzML", sample.text, sample.n);
        write_file("a.ibd", ibd, ibd_size);
    }
    MPI_Bcast(directory, sizeof directory, MPI_CHAR, 0, MPI_COMM_WORLD);
    snprintf(imzml, sizeof imzml, "%s/a.imzML", directory);
}

static inline void add_processed(int x, int y, const double *mz, const float *intensity, size_t n)
{
    int64_t at_mz = append(mz, n * sizeof *mz);
    int64_t at_intensity = append(intensity, n * sizeof *intensity);
    sample_spectrum(&sample, x, y, at_mz, at_intensity, (int64_t)n);
}

static const double mz3[] = {100.5, 200.25, 300.125};
static const float intensity3[] = {1.5f, -2, 0};

#endif
