#include <anndata/h5ad.h>

#include <anndata/hdf5_backend.h>
#include <core/agree.h>
#include <core/file.h>
#include <core/hdf5.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static hid_t open_file(const char *path)
{
    hid_t access = mzg_hdf5_serial_access();
    hid_t file = access < 0 ? access : H5Fopen(path, H5F_ACC_RDWR, access);
    return access >= 0 && H5Pclose(access) < 0 ? -1 : file;
}

/* X was staged as the arrays of a CSR matrix. */
static enum mzg_status complete_matrix(struct mzg_hdf5_backend *hdf5, const struct mzg_anndata *anndata,
                                       struct mzg_error *err)
{
    return mzg_hdf5_end_group(hdf5, H5Gopen2(hdf5->file, "X", H5P_DEFAULT),
                              mzg_encoding_of_sparse("csr_matrix", anndata->obs->n, anndata->var->n), err);
}

static enum mzg_status sync_file(const char *path, struct mzg_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        mzg_file_write_failed(err, path, "the .h5ad file to the disk", errno);
    if (fd >= 0)
        close(fd);
    return err->status;
}

/* Rank 0. */
static enum mzg_status complete(const char *path, const struct mzg_anndata *anndata,
                                struct mzg_row_pieces *pieces, struct mzg_error *err)
{
    struct mzg_hdf5_backend hdf5 = {.path = path};
    mzg_hdf5_prepare();
    errno = 0;
    hid_t file = open_file(path);
    if (file < 0)
        return mzg_hdf5_failed(&hdf5, err);
    if (mzg_hdf5_backend_open(path, file, &hdf5, err) != MZG_OK)
        return err->status;
    hdf5.pieces = pieces;
    if (mzg_hdf5_set_attributes(&hdf5, file, mzg_encoding("anndata", "0.1.0"), err) != MZG_OK ||
        complete_matrix(&hdf5, anndata, err) != MZG_OK ||
        mzg_anndata_write(&hdf5.base, anndata, err) != MZG_OK || mzg_hdf5_backend_close(&hdf5, err) != MZG_OK)
        return err->status;
    if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0 || H5Fclose(file) < 0)
        return mzg_hdf5_failed(&hdf5, err);
    return sync_file(path, err);
}

enum mzg_status mzg_h5ad_complete(const struct mzg_context *context, const char *path,
                                  const struct mzg_anndata *anndata, struct mzg_error *err)
{
    struct mzg_row_pieces pieces;
    mzg_row_pieces_init(context, anndata, &pieces, err);
    if (mzg_agree(context->comm, err) == MZG_OK) {
        if (context->rank == 0)
            complete(path, anndata, &pieces, err);
        mzg_row_pieces_finish(&pieces);
        mzg_agree(context->comm, err);
    }
    mzg_row_pieces_destroy(&pieces);
    return err->status;
}
