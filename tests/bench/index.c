/*
 * Times the index of an imzML, for `scripts/bench`: how fast its XML is parsed by all ranks and threads.
 *
 *     mpirun -n R index FILE.imzML [THREADS [REPEATS]]
 */
#include <core/context.h>
#include <core/pool.h>
#include <imzml/spectra.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One index, which is thrown away. Collective. */
static enum mzg_status build(const struct mzg_context *context, const char *path, double *seconds,
                             int64_t *n_bytes, int64_t *n_spectra, struct mzg_error *err)
{
    const struct mzg_imzml_parse_options options = {.ibd_size = INT64_MAX / 2};
    struct mzg_imzml_outline outline = {0};
    struct mzg_imzml_part part = {0};
    MPI_Barrier(context->comm);
    double begin = MPI_Wtime();
    if (context->rank == 0 && mzg_imzml_outline_read(path, &outline, err) != MZG_OK)
        return err->status;
    enum mzg_status status =
        mzg_imzml_spectra_parse(context, path, &options, MZG_SLICE_SIZE, &outline, &part, err);
    *seconds = MPI_Wtime() - begin;
    *n_bytes = outline.document.size;
    MPI_Allreduce(&part.n, n_spectra, 1, MPI_INT64_T, MPI_SUM, context->comm);
    mzg_imzml_part_destroy(&part);
    mzg_imzml_document_destroy(&outline.document);
    return status;
}

int main(int argc, char **argv)
{
    enum { MAX_REPEATS = 100 };
    double seconds[MAX_REPEATS];
    int64_t n_bytes = 0, n_spectra = 0;
    struct mzg_context context = {.comm = MPI_COMM_WORLD};
    struct mzg_error err = {0};
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(context.comm, &context.rank);
    MPI_Comm_size(context.comm, &context.size);
    int threads = argc > 2 ? atoi(argv[2]) : 1;
    int repeats = argc > 3 ? atoi(argv[3]) : 5;
    if (argc < 2 || repeats < 1 || repeats > MAX_REPEATS) {
        fprintf(stderr, "usage: index FILE.imzML [THREADS [REPEATS]]\n");
        MPI_Abort(context.comm, 2);
    }
    mzg_pool_new(context.comm, threads, &context.pool, &err);
    for (int i = 0; i < repeats && err.status == MZG_OK; i++)
        build(&context, argv[1], &seconds[i], &n_bytes, &n_spectra, &err);
    if (err.status != MZG_OK) {
        fprintf(stderr, "%s\n", err.text);
        MPI_Abort(context.comm, 1);
    }
    qsort(seconds, (size_t)repeats, sizeof *seconds, compare);
    if (context.rank == 0)
        printf("%d ranks x %d threads: %" PRId64 " spectra, %.0f MB of XML, median %.3f s, %.0f MB/s\n",
               context.size, threads, n_spectra, (double)n_bytes / 1e6, seconds[repeats / 2],
               (double)n_bytes / 1e6 / seconds[repeats / 2]);
    mzg_pool_free(context.pool);
    MPI_Finalize();
    return 0;
}
