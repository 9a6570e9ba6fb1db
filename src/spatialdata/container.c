/* The container as a whole: its names, the root of the store, its beginning and its end. */
#include <core/agree.h>
#include <core/json.h>
#include <core/log.h>
#include <core/mpi.h>
#include <spatialdata/names.h>
#include <spatialdata/sdata.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The version of spatialdata whose files ours are like. */
static const char reference_version[] = "0.8.0";

static enum mzg_status set_names(struct mzg_sdata *sdata, const char *id, struct mzg_error *err)
{
    if (mzg_check_dataset_id(id, err) != MZG_OK)
        return err->status;
    if (asprintf(&sdata->table_path, "tables/%s_z0", id) < 0)
        sdata->table_path = NULL;
    if (asprintf(&sdata->region, "%s_z0_pixels", id) < 0)
        sdata->region = NULL;
    if (asprintf(&sdata->image, "%s_z0_tic", id) < 0)
        sdata->image = NULL;
    if (!sdata->table_path || !sdata->region || !sdata->image)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the names of the store's elements");
    return MZG_OK;
}

/* Of a store whose caller declares all. */
static enum mzg_status set_table(struct mzg_sdata *sdata, const char *name, struct mzg_error *err)
{
    if (name && asprintf(&sdata->table_path, "tables/%s", name) < 0) {
        sdata->table_path = NULL;
        mzg_fail(err, MZG_ENOMEM, "no memory for the names of the store's elements");
    }
    return err->status;
}

json_t *mzg_sdata_root_attributes(void)
{
    return json_pack("{s:{s:s, s:s}}", "spatialdata_attrs", "version", "0.2", "spatialdata_software_version",
                     reference_version);
}

json_t *mzg_sdata_table_attributes(json_t *region)
{
    json_t *link =
        json_pack("{s:s, s:o, s:s, s:s, s:s}", "spatialdata-encoding-type", "ngff:regions_table", "region",
                  region, "region_key", "region", "instance_key", "instance_key", "version", "0.2");
    return mzg_json_merge(mzg_encoding("anndata", "0.1.0"), link);
}

/* The groups above the table and the table itself, whose X any rank may write. */
static enum mzg_status declare_groups(struct mzg_sdata *sdata, struct mzg_error *err)
{
    if (mzg_zarr_group(sdata->store, "", mzg_sdata_root_attributes(), err) != MZG_OK ||
        mzg_zarr_group(sdata->store, "tables", json_object(), err) != MZG_OK ||
        mzg_zarr_group(sdata->store, sdata->table_path,
                       mzg_sdata_table_attributes(json_string(sdata->region)), err) != MZG_OK)
        return err->status;
    return mzg_zarr_consolidate(sdata->store, sdata->table_path, err); /* anndata opens the table alone */
}

/* Makes the directory of the store on rank 0 and tells its name to all. Collective. */
static enum mzg_status prepare_place(struct mzg_sdata *sdata, bool overwrite, struct mzg_error *err)
{
    const struct mzg_context *context = sdata->context;
    if (context->rank == 0 && mzg_place_prepare(sdata->place, overwrite, err) == MZG_OK) {
        if (mzg_place_left(sdata->place)[0])
            mzg_log_line(context->log, MZG_LOG_WARNING, "%s", mzg_place_left(sdata->place));
        sdata->part = strdup(mzg_place_part(sdata->place));
        if (!sdata->part)
            mzg_fail(err, MZG_ENOMEM, "no memory for the path of the store");
    }
    return mzg_agree_text(context->comm, &sdata->part, err);
}

/* Local. */
static void destroy(struct mzg_sdata *sdata)
{
    struct mzg_error err = {0};
    if (!sdata)
        return;
    if (sdata->place && !sdata->finished && mzg_place_discard(sdata->place, &err) != MZG_OK)
        mzg_log_line(sdata->context->log, MZG_LOG_WARNING, "%s", err.text);
    mzg_zarr_store_free(sdata->store);
    mzg_place_free(sdata->place);
    free(sdata->part);
    free(sdata->table_path);
    free(sdata->region);
    free(sdata->image);
    free(sdata);
}

enum mzg_status mzg_sdata_new(const struct mzg_context *context, const struct mzg_sdata_options *options,
                              struct mzg_sdata **sdata, struct mzg_error *err)
{
    struct mzg_sdata *new_sdata = calloc(1, sizeof *new_sdata);
    if (!new_sdata) {
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for this store", options->path);
    } else {
        new_sdata->context = context;
        new_sdata->codec = options->codec;
        if (mzg_place_new(options->path, &new_sdata->place, err) == MZG_OK && options->bare)
            set_table(new_sdata, options->dataset_id, err);
        else if (err->status == MZG_OK)
            set_names(new_sdata, options->dataset_id, err);
    }
    if (mzg_agree(context->comm, err) != MZG_OK || !new_sdata ||
        prepare_place(new_sdata, options->overwrite, err) != MZG_OK)
        goto fail;

    if (mzg_check_seen(context->rank, new_sdata->part, "the output", err) == MZG_OK &&
        mzg_zarr_store_new(context, new_sdata->part, &new_sdata->store, err) == MZG_OK && !options->bare)
        declare_groups(new_sdata, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        goto fail;
    *sdata = new_sdata;
    return MZG_OK;

fail:
    destroy(new_sdata);
    return err->status;
}

void mzg_sdata_free(struct mzg_sdata *sdata)
{
    if (!sdata)
        return;
    MZG_MPI(MPI_Barrier(sdata->context->comm)); /* nobody writes any more into what is removed now */
    destroy(sdata);
}

struct mzg_zarr_store *mzg_sdata_store(struct mzg_sdata *sdata)
{
    return sdata->store;
}

const char *mzg_sdata_table_path(const struct mzg_sdata *sdata)
{
    return sdata->table_path;
}

void mzg_sdata_set_codec(struct mzg_sdata *sdata, struct mzg_codec codec)
{
    sdata->codec = codec;
}

struct mzg_codec mzg_sdata_codec(const struct mzg_sdata *sdata)
{
    return sdata->codec;
}

const char *mzg_sdata_part(const struct mzg_sdata *sdata)
{
    return sdata->part;
}

const char *mzg_sdata_region(const struct mzg_sdata *sdata)
{
    return sdata->region;
}

enum mzg_status mzg_sdata_complete(struct mzg_sdata *sdata, struct mzg_error *err)
{
    if (!sdata->complete)
        sdata->complete = mzg_zarr_store_finish(sdata->store, err) == MZG_OK;
    return err->status;
}

enum mzg_status mzg_sdata_finish(struct mzg_sdata *sdata, struct mzg_error *err)
{
    if (mzg_sdata_complete(sdata, err) != MZG_OK)
        return err->status;
    mzg_mpi_set_output(NULL); /* from here on it may stand */
    if (sdata->context->rank == 0)
        mzg_place_publish(sdata->place, err);
    sdata->finished = mzg_agree(sdata->context->comm, err) == MZG_OK;

    struct mzg_error left = {0};
    if (sdata->finished && mzg_place_remove_old(sdata->place, &left) != MZG_OK)
        mzg_log_line(sdata->context->log, MZG_LOG_WARNING, "the output is complete, but %s", left.text);
    return err->status;
}
