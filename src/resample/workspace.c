#include <resample/workspace.h>

#include <core/array.h>
#include <core/memory.h>
#include <stdlib.h>

enum mzg_status mzg_workspace_new(struct mzg_workspace **workspace, struct mzg_error *err)
{
    err->status = MZG_OK;
    struct mzg_workspace *created = calloc(1, sizeof *created);
    if (!created)
        return mzg_fail(err, MZG_ENOMEM, "no memory for a resampling workspace");
    *workspace = created;
    return MZG_OK;
}

void mzg_workspace_free(struct mzg_workspace *workspace)
{
    if (!workspace)
        return;
    for (int i = 0; i < MZG_LANES; i++)
        free(workspace->lanes[i]);
    free(workspace);
}

void *mzg_workspace_lane(struct mzg_workspace *workspace, enum mzg_lane lane, int64_t n, size_t size,
                         struct mzg_error *err)
{
    int64_t wanted = mzg_size_product(n, (int64_t)size);
    if (workspace->lanes[lane] && wanted >= 0 && wanted <= workspace->sizes[lane])
        return workspace->lanes[lane];
    /* A quarter more than asked for, so that slowly growing spectra do not allocate each time. */
    int64_t roomy = wanted < 0 || wanted > INT64_MAX / 2 ? -1 : wanted + wanted / 4 + 64;
    mzg_array_reserve(&workspace->lanes[lane], 1, roomy, &workspace->sizes[lane],
                      "bytes to resample a spectrum", err);
    return err->status == MZG_OK ? workspace->lanes[lane] : NULL;
}
