#include <anndata/anndata.h>

#include <anndata/elements.h>

#include <stdio.h>
#include <stdlib.h>

static enum mzg_status write_member(struct mzg_backend *backend, const char *parent,
                                    const struct mzg_anndata_member *member, struct mzg_error *err)
{
    char *path;
    if (asprintf(&path, "%s/%s", parent, member->name) < 0)
        return mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for its path", parent, member->name);
    struct mzg_numbers numbers = {.type = member->type,
                                  .n = member->n,
                                  .width = member->width,
                                  .values = member->values,
                                  .of_rows = member->of_rows};
    if (member->frame)
        mzg_write_frame(backend, path, member->frame, err);
    else
        backend->kind->numbers(backend, path, &numbers, err);
    free(path);
    return err->status;
}

/* A dict with these members. */
static enum mzg_status write_members(struct mzg_backend *backend, const char *path, int n,
                                     const struct mzg_anndata_member *members, struct mzg_error *err)
{
    mzg_write_dict(backend, path, err);
    for (int i = 0; i < n && err->status == MZG_OK; i++)
        write_member(backend, path, &members[i], err);
    return err->status;
}

enum mzg_status mzg_anndata_write_rows(struct mzg_backend *backend, const struct mzg_anndata *anndata,
                                       struct mzg_error *err)
{
    if (mzg_write_frame(backend, "obs", anndata->obs, err) != MZG_OK)
        return err->status;
    return write_members(backend, "obsm", anndata->n_obsm, anndata->obsm, err);
}

enum mzg_status mzg_anndata_write(struct mzg_backend *backend, const struct mzg_anndata *anndata,
                                  struct mzg_error *err)
{
    static const char *const empty[] = {"layers", "varm", "obsp", "varp"};
    size_t first = anndata->has_layers ? 1 : 0;
    if ((anndata->obs && mzg_write_frame(backend, "obs", anndata->obs, err) != MZG_OK) ||
        mzg_write_frame(backend, "var", anndata->var, err) != MZG_OK ||
        (anndata->obs && write_members(backend, "obsm", anndata->n_obsm, anndata->obsm, err) != MZG_OK) ||
        write_members(backend, "uns", anndata->n_uns, anndata->uns_members, err) != MZG_OK ||
        (anndata->uns && mzg_write_tree(backend, "uns", anndata->uns, err) != MZG_OK))
        return err->status;
    for (size_t i = first; i < sizeof empty / sizeof *empty; i++) {
        if (mzg_write_dict(backend, empty[i], err) != MZG_OK)
            break;
    }
    return err->status;
}
