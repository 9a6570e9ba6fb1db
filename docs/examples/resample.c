/* One spectrum onto a constant-ppm axis, without MPI: cc resample.c $(pkg-config --cflags --libs
 * mzgrid-resample) */
#include <mzgrid/resample.h>
#include <stdio.h>

int main(void)
{
    const double mz[] = {150.02, 150.04, 299.99, 300.01};
    const double intensity[] = {10, 5, 40, 2};
    struct mzg_spectrum spectrum = {.mz = mz, .intensity = intensity, .n = 4};
    struct mzg_axis_spec spec = {.type = MZG_AXIS_REFLECTOR_TOF, .min_mz = 100, .max_mz = 400, .bins = 1000};
    struct mzg_resampler_options options = {.size = sizeof options, .method = MZG_NEAREST_NEIGHBOR};
    struct mzg_axis axis = {0};
    struct mzg_resampler *resampler = NULL;
    struct mzg_workspace *workspace = NULL;
    struct mzg_spectrum_summary summary;
    struct mzg_sparse_row row;
    struct mzg_error err = {0};

    if (mzg_axis_build(&spec, &axis, &err) == MZG_OK &&
        mzg_resampler_new(&options, &axis, &resampler, &err) == MZG_OK &&
        mzg_workspace_new(&workspace, &err) == MZG_OK &&
        mzg_resample(resampler, workspace, &spectrum, &summary, &row, &err) == MZG_OK)
        for (int64_t i = 0; i < row.n; i++)
            printf("bin %d, m/z %.4f: %g\n", row.bins[i], axis.centers[row.bins[i]], row.values[i]);
    else
        fprintf(stderr, "%s\n", err.text);

    mzg_workspace_free(workspace);
    mzg_resampler_free(resampler);
    mzg_axis_destroy(&axis);
    return err.status;
}
