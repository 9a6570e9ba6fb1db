/* The table without its matrix: obs, var, obsm, uns and the empty members that AnnData itself writes. */
#include <core/agree.h>
#include <spatialdata/sdata.h>

#include <stdio.h>
#include <stdlib.h>

/* A path in the table's group, to be freed; NULL with `err` filled. */
static char *table_member(const struct mzg_sdata *sdata, const char *member, struct mzg_error *err)
{
    char *path;
    if (asprintf(&path, "%s/%s", sdata->table_path, member) < 0) {
        mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for its path", sdata->table_path, member);
        return NULL;
    }
    return path;
}

static enum mzg_status write_dict(struct mzg_sdata *sdata, const char *member, struct mzg_error *err)
{
    char *path = table_member(sdata, member, err);
    if (path)
        mzg_write_dict(sdata->store, path, err);
    free(path);
    return err->status;
}

static enum mzg_status write_frame(struct mzg_sdata *sdata, const char *member, const struct mzg_frame *frame,
                                   struct mzg_error *err)
{
    char *path = table_member(sdata, member, err);
    if (path)
        mzg_write_frame(sdata->store, path, frame, sdata->codec, err);
    free(path);
    return err->status;
}

static enum mzg_status write_array(struct mzg_sdata *sdata, const char *member, int64_t n, int64_t width,
                                   const double *values, struct mzg_error *err)
{
    char *path = table_member(sdata, member, err);
    if (path)
        mzg_write_numbers(sdata->store, path, MZG_FLOAT64, n, width, values, sdata->codec, err);
    free(path);
    return err->status;
}

/* uns: what the caller says, and the link from the table's rows to the labels. */
static enum mzg_status write_uns(struct mzg_sdata *sdata, const struct mzg_sdata_table *table,
                                 struct mzg_error *err)
{
    if (write_dict(sdata, "uns", err) != MZG_OK ||
        write_array(sdata, "uns/average_spectrum", table->var->n, 0, table->average_spectrum, err) !=
            MZG_OK ||
        write_frame(sdata, "uns/skipped_pixels", table->skipped, err) != MZG_OK)
        return err->status;

    char *path = table_member(sdata, "uns", err);
    json_t *tree = json_pack("{s:{s:s, s:s, s:s}}", "spatialdata_attrs", "region", sdata->region,
                             "region_key", "region", "instance_key", "instance_key");
    if (!path || !tree || (table->uns && json_object_update_missing(tree, table->uns) != 0))
        mzg_fail(err, MZG_ENOMEM, "%s/uns: no memory for it", sdata->table_path);
    else
        mzg_write_tree(sdata->store, path, tree, sdata->codec, err);
    json_decref(tree);
    free(path);
    return err->status;
}

static enum mzg_status write_table(struct mzg_sdata *sdata, const struct mzg_sdata_table *table,
                                   struct mzg_error *err)
{
    static const char *const empty[] = {"layers", "varm", "obsp", "varp"};
    if (write_frame(sdata, "obs", table->obs, err) != MZG_OK ||
        write_frame(sdata, "var", table->var, err) != MZG_OK || write_dict(sdata, "obsm", err) != MZG_OK ||
        write_array(sdata, "obsm/spatial", table->obs->n, 2, table->spatial, err) != MZG_OK ||
        write_uns(sdata, table, err) != MZG_OK)
        return err->status;
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        if (write_dict(sdata, empty[i], err) != MZG_OK)
            break;
    }
    return err->status;
}

enum mzg_status mzg_sdata_write_table(struct mzg_sdata *sdata, const struct mzg_sdata_table *table,
                                      struct mzg_error *err)
{
    if (sdata->context->rank == 0)
        write_table(sdata, table, err);
    return mzg_agree(sdata->context->comm, err);
}
