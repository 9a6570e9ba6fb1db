/*
 * Converts IN.imzML to OUT.zarr on all ranks, with the log on standard error:
 *     cc convert.c $(pkg-config --cflags --libs mzgrid) -o convert
 *     mpirun -n 4 ./convert tissue.imzML tissue.zarr
 */
#include <inttypes.h>
#include <mzgrid/mzgrid.h>
#include <stdio.h>

static void print(void *log_data, enum mzg_log_level level, const char *text)
{
    fprintf(log_data, "%s%s\n", level == MZG_LOG_WARNING ? "warning: " : "", text);
}

int main(int argc, char **argv)
{
    struct mzg_context_options settings = {
        .size = sizeof settings, .log = print, .log_data = stderr, .log_level = MZG_LOG_WARNING};
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
    options.overwrite = true;
    options.axis_type_auto = false;
    options.axis.type = MZG_AXIS_REFLECTOR_TOF;
    options.axis.bin_width = 0.01;
    options.axis.reference_mz = 500;

    if (mzg_context_new(MPI_COMM_WORLD, &settings, &context, &err) == MZG_OK &&
        mzg_convert(context, &options, NULL, &outcome, &err) == MZG_OK && mzg_context_rank(context) == 0)
        printf("%" PRId64 " pixels, %" PRId64 " bins\n", outcome.pixels, outcome.bins);
    if (err.status != MZG_OK && (!context || mzg_context_rank(context) == 0))
        fprintf(stderr, "error: %s\n", err.text);
    mzg_context_free(context);
    MPI_Finalize();
    return err.status != MZG_OK;
}
