/* The table without its matrix, in its group of the store. */
#include <anndata/zarr_backend.h>
#include <anndata/zarr_rows.h>
#include <core/agree.h>
#include <spatialdata/sdata.h>

json_t *mzg_sdata_annotation(const char *region)
{
    return json_pack("{s:s, s:s, s:s}", "region", region, "region_key", "region", "instance_key",
                     "instance_key");
}

enum mzg_status mzg_sdata_write_table(struct mzg_sdata *sdata, const struct mzg_anndata *table,
                                      struct mzg_error *err)
{
    struct mzg_zarr_backend zarr = mzg_zarr_backend(sdata->store, sdata->table_path, sdata->codec);
    if (sdata->context->rank == 0)
        mzg_anndata_write(&zarr.base, table, err);
    return mzg_agree(sdata->context->comm, err);
}

enum mzg_status mzg_sdata_write_rows(struct mzg_sdata *sdata, const struct mzg_anndata *table,
                                     struct mzg_error *err)
{
    struct mzg_zarr_rows rows = {0};
    struct mzg_zarr_backend zarr = mzg_zarr_backend(sdata->store, sdata->table_path, sdata->codec);
    zarr.only_declares = sdata->context->rank > 0;
    zarr.rows = &rows;
    mzg_anndata_write_rows(&zarr.base, table, err);
    if (mzg_agree(sdata->context->comm, err) != MZG_OK)
        return err->status;
    return mzg_zarr_rows_write(&rows, sdata->context, table->obs->n, err);
}
