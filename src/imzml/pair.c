#include <core/file.h>
#include <imzml/pair.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum mzg_status mzg_imzml_require(const struct mzg_imzml_header *header, const char *path,
                                  struct mzg_error *err)
{
    static const int terms[] = {MZG_TERM_CONTINUOUS, MZG_TERM_PROCESSED, MZG_TERM_PROCESSED_OLD,
                                MZG_TERM_UUID};
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++)
        if (mzg_imzml_header_find(header, MZG_SECTION_FILE_CONTENT, NULL, terms[i]))
            return MZG_OK;
    /* Positions and offsets stand in the spectra; without any of these terms the groups may still have them.
     */
    if (mzg_imzml_header_find(header, MZG_SECTION_GROUPS, NULL, MZG_IMS(1000101)))
        return MZG_OK;
    return mzg_fail(
        err, MZG_EFORMAT,
        "%s: mzML, but not imzML: its fileContent has neither a UUID (IMS:1000080) nor a storage mode "
        "(IMS:1000030, IMS:1000031)",
        path);
}

enum mzg_status mzg_imzml_open_ibd(const char *path, struct mzg_ibd *ibd, unsigned char head[16],
                                   struct mzg_error *err)
{
    char *ibd_path = NULL;
    if (mzg_ibd_find(path, &ibd_path, err) != MZG_OK)
        return err->status;
    struct mzg_ibd opened = {.fd = -1};
    enum mzg_status status = mzg_ibd_open(ibd_path, &opened, err);
    free(ibd_path);
    if (status != MZG_OK)
        return status;

    char start[256];
    int64_t n = opened.size < (int64_t)sizeof start ? opened.size : (int64_t)sizeof start;
    int error = mzg_read_at(opened.fd, start, n, 0);
    if (error)
        status = mzg_fail(err, MZG_EIO, "%s: cannot read: %s", opened.path, strerror(error));
    else if (n == 0)
        status = mzg_fail(err, MZG_EFORMAT, "%s: the ibd is empty (not even the 16 bytes of its UUID)",
                          opened.path);
    else if (mzg_is_lfs_pointer(start, (size_t)n))
        status = mzg_fail(err, MZG_EFORMAT,
                          "%s: a Git LFS pointer, not the data; fetch them with `git lfs pull`", opened.path);
    else if (n < MZG_UUID_SIZE)
        status = mzg_fail(err, MZG_EFORMAT,
                          "%s: the ibd has %" PRId64 " bytes, fewer than the 16 of its UUID", opened.path, n);
    if (status != MZG_OK) {
        mzg_ibd_close(&opened);
        return status;
    }
    memcpy(head, start, MZG_UUID_SIZE);
    *ibd = opened;
    return MZG_OK;
}

enum mzg_status mzg_imzml_refuse_text(const struct mzg_ibd *ibd, const struct mzg_imzml_identity *identity,
                                      struct mzg_error *err)
{
    char start[4096];
    int64_t n = ibd->size < (int64_t)sizeof start ? ibd->size : (int64_t)sizeof start;
    if (identity->uuid_agrees || mzg_read_at(ibd->fd, start, n, 0) != 0 || !mzg_is_text(start, (size_t)n))
        return MZG_OK;
    return mzg_fail(err, MZG_EFORMAT,
                    "%s: looks like text, not like data (%" PRId64
                    " bytes; it should begin with the UUID %s); get the "
                    "real ibd",
                    ibd->path, ibd->size, identity->uuid);
}
