/* Files of synthetic tissue: the same bytes from any number of ranks and threads, and nothing left after a
 * failure. */
#include <core/context.h>
#include <core/pool.h>
#include <mpi_test.h>
#include <synthetic/synthetic.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME = 200 };

/* A directory that all ranks know, in `path`. */
static void make_directory(char path[NAME])
{
    snprintf(path, NAME, "%s/mzgrid-synthetic-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    if (mpi_rank == 0)
        cr_assert(mkdtemp(path) != NULL);
    MPI_Bcast(path, NAME, MPI_CHAR, 0, MPI_COMM_WORLD);
}

static void file_name(const char *directory, const char *name, char path[NAME + 50])
{
    snprintf(path, NAME + 50, "%s/%s", directory, name);
}

static bool exists(const char *directory, const char *name)
{
    char path[NAME + 50];
    file_name(directory, name, path);
    return access(path, F_OK) == 0;
}

/* The content of a file, to be freed. */
static char *content(const char *directory, const char *name, size_t *size)
{
    char path[NAME + 50];
    file_name(directory, name, path);
    FILE *file = fopen(path, "rb");
    cr_assert(file != NULL, "%s", path);
    struct stat status;
    fstat(fileno(file), &status);
    *size = (size_t)status.st_size;
    char *bytes = malloc(*size + 1);
    cr_assert(eq(sz, fread(bytes, 1, *size, file), *size));
    bytes[*size] = '\0';
    fclose(file);
    return bytes;
}

static bool same(const char *directory, const char *a, const char *b)
{
    size_t n, m;
    char *one = content(directory, a, &n), *other = content(directory, b, &m);
    bool equal = n == m && memcmp(one, other, n) == 0;
    free(one);
    free(other);
    return equal;
}

static enum mzg_status write_with(MPI_Comm comm, int threads, const char *directory, const char *name,
                                  const struct mzg_synthetic_options *options, struct mzg_error *err)
{
    struct mzg_context context = {.comm = comm};
    char path[NAME + 50];
    file_name(directory, name, path);
    MPI_Comm_rank(comm, &context.rank);
    MPI_Comm_size(comm, &context.size);
    cr_assert(eq(int, (int)mzg_pool_new(comm, threads, &context.pool, err), MZG_OK));
    enum mzg_status status = mzg_synthetic_write(&context, path, options, err);
    mzg_pool_free(context.pool);
    return status;
}

static void remove_all(const char *directory)
{
    static const char *const names[] = {"a.imzML", "a.ibd", "b.imzML", "b.ibd"};
    char path[NAME + 50];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        file_name(directory, names[i], path);
        unlink(path);
    }
    cr_expect(eq(int, rmdir(directory), 0)); /* nothing else is left */
}

MPI_TEST(synthetic, bytes_do_not_depend_on_ranks_and_threads)
{
    char directory[NAME];
    make_directory(directory);
    for (int kind = MZG_SYNTHETIC_CENTROID; kind <= MZG_SYNTHETIC_CONTINUOUS; kind++) {
        /* More than one round of 8 MiB on a single rank. */
        struct mzg_synthetic_options options = {.width = 40,
                                                .height = 30,
                                                .kind = (enum mzg_synthetic_kind)kind,
                                                .points = kind == MZG_SYNTHETIC_CONTINUOUS ? 3000 : 1000,
                                                .seed = 7,
                                                .overwrite = true};
        struct mzg_error err = {0};
        enum mzg_status status = write_with(MPI_COMM_WORLD, 2, directory, "a.imzML", &options, &err);
        cr_expect(eq(int, (int)status, MZG_OK), "%s", err.text);
        if (mpi_rank == 0) {
            status = write_with(MPI_COMM_SELF, 1, directory, "b", &options, &err);
            cr_expect(eq(int, (int)status, MZG_OK), "%s", err.text);
            cr_expect(same(directory, "a.ibd", "b.ibd"), "ibd of kind %d", kind);
            cr_expect(same(directory, "a.imzML", "b.imzML"), "imzML of kind %d", kind);
        }
    }
    MPI_Barrier(MPI_COMM_WORLD);
    if (mpi_rank == 0)
        remove_all(directory);
}

MPI_TEST(synthetic, fewer_spectra_than_ranks)
{
    char directory[NAME];
    make_directory(directory);
    struct mzg_synthetic_options options = {.width = 1, .height = 1, .points = 10, .seed = 1};
    struct mzg_error err = {0};
    cr_expect(eq(int, (int)write_with(MPI_COMM_WORLD, 1, directory, "a.imzML", &options, &err), MZG_OK));
    if (mpi_rank == 0) {
        size_t size;
        char *text = content(directory, "a.imzML", &size);
        cr_expect(strstr(text, "<spectrumList count=\"1\"") != NULL);
        cr_expect(eq(str, text + size - 8, "</mzML>\n"));
        free(text);
        remove_all(directory);
    }
}

MPI_TEST(synthetic, existing_files_stay_unless_overwritten)
{
    char directory[NAME], path[NAME + 50];
    make_directory(directory);
    file_name(directory, "a.ibd", path);
    if (mpi_rank == 0) {
        FILE *file = fopen(path, "w");
        fputs("precious", file);
        fclose(file);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    struct mzg_synthetic_options options = {.width = 3, .height = 3, .points = 10, .seed = 1};
    struct mzg_error err = {0};
    cr_expect(eq(int, (int)write_with(MPI_COMM_WORLD, 1, directory, "a.imzML", &options, &err), MZG_EIO));
    cr_expect(strstr(err.text, path) != NULL);
    cr_expect(strstr(err.text, "--overwrite") != NULL);
    MPI_Barrier(MPI_COMM_WORLD);
    if (mpi_rank == 0) {
        size_t size;
        char *text = content(directory, "a.ibd", &size);
        cr_expect(eq(str, text, "precious"));
        free(text);
        cr_expect(not(exists(directory, "a.imzML")));
    }
    MPI_Barrier(MPI_COMM_WORLD);
    options.overwrite = true;
    err = (struct mzg_error){0};
    cr_expect(eq(int, (int)write_with(MPI_COMM_WORLD, 1, directory, "a.imzML", &options, &err), MZG_OK));
    if (mpi_rank == 0) {
        cr_expect(exists(directory, "a.imzML"));
        remove_all(directory);
    }
}

MPI_TEST(synthetic, a_missing_directory_is_named)
{
    char directory[NAME];
    make_directory(directory);
    struct mzg_synthetic_options options = {.width = 3, .height = 3, .points = 10, .seed = 1};
    struct mzg_error err = {0};
    cr_expect(
        eq(int, (int)write_with(MPI_COMM_WORLD, 1, directory, "none/a.imzML", &options, &err), MZG_EIO));
    cr_expect(strstr(err.text, "none/a.imzML: its directory cannot be used: No such file or directory") !=
                  NULL,
              "%s", err.text);
    if (mpi_rank == 0)
        remove_all(directory);
}

/* Larger than any disk: the reservation fails, before anything is made. */
MPI_TEST(synthetic, a_full_disk_leaves_nothing)
{
    char directory[NAME];
    make_directory(directory);
    struct mzg_synthetic_options options = {.width = 2000,
                                            .height = 2000,
                                            .kind = MZG_SYNTHETIC_CONTINUOUS,
                                            .points = 1000000,
                                            .seed = 1,
                                            .full = true};
    struct mzg_error err = {0};
    cr_expect(eq(int, (int)write_with(MPI_COMM_WORLD, 1, directory, "a.imzML", &options, &err), MZG_EIO));
    cr_expect(strstr(err.text, ".ibd.part: the disk is full: 16000008000016 bytes") != NULL, "%s", err.text);
    cr_expect(strstr(err.text, " that are free") != NULL, "%s", err.text);
    MPI_Barrier(MPI_COMM_WORLD);
    if (mpi_rank == 0)
        remove_all(directory);
}
