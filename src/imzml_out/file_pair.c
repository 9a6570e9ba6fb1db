/* The two files of an imzML, from .part to their final names. */
#include <imzml_out/file_pair.h>

#include <core/file.h>
#include <core/own_name.h>
#include <core/stop.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { HASH_BUFFER = 1 << 20 };

enum mzg_status mzg_file_pair_init(const char *path, struct mzg_file_pair *pair, struct mzg_error *err)
{
    static const char extension[] = ".imzML";
    size_t length = strlen(path), tail = sizeof extension - 1;
    bool extended = mzg_file_ends_in(path, extension);
    int stem = (int)(extended ? length - tail : length);

    *pair = (struct mzg_file_pair){.fd = {-1, -1}};
    if (stem == 0 || path[stem - 1] == '/')
        return mzg_fail(err, MZG_EUSAGE,
                        "'%s' is not the name of an imzML file; expected one such as sample.imzML", path);
    const char *suffix = extended ? path + stem : extension;
    if (asprintf(&pair->name[MZG_FILE_IMZML], "%.*s%s", stem, path, suffix) < 0)
        pair->name[MZG_FILE_IMZML] = NULL;
    if (asprintf(&pair->name[MZG_FILE_IBD], "%.*s.ibd", stem, path) < 0)
        pair->name[MZG_FILE_IBD] = NULL;
    if (pair->name[MZG_FILE_IMZML] && pair->name[MZG_FILE_IBD])
        return MZG_OK;
    mzg_file_pair_destroy(pair);
    return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its name", path);
}

void mzg_file_pair_destroy(struct mzg_file_pair *pair)
{
    for (int f = 0; f < MZG_FILES; f++) {
        if (pair->fd[f] >= 0)
            close(pair->fd[f]);
        free(pair->name[f]);
        free(pair->part[f]);
        pair->fd[f] = -1;
        pair->name[f] = pair->part[f] = NULL;
    }
    mzg_own_end(pair->own);
    pair->own = NULL;
}

enum mzg_status mzg_file_pair_check(struct mzg_file_pair *pair, bool overwrite, struct mzg_error *err)
{
    struct stat info;
    pair->overwrite = overwrite;
    for (int f = 0; f < MZG_FILES; f++) {
        if (lstat(pair->name[f], &info) != 0)
            continue;
        if (!overwrite)
            return mzg_fail(err, MZG_EIO, "%s: exists; give another name, or --overwrite to replace it",
                            pair->name[f]);
        if (!S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode))
            return mzg_fail(err, MZG_EIO, "%s is not a file: it is not replaced; give another name",
                            pair->name[f]);
    }
    return MZG_OK;
}

enum mzg_status mzg_file_pair_create(struct mzg_file_pair *pair, struct mzg_error *err)
{
    static const char *const roles[MZG_FILES] = {
        [MZG_FILE_IMZML] = "imzML.part", [MZG_FILE_IBD] = "ibd.part"};
    const char *imzml = pair->name[MZG_FILE_IMZML];
    char *directory = mzg_own_directory_of(imzml);
    if (!directory)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its path", imzml);
    /* Looked at again once they are this run's: another may have made them meanwhile, and left. */
    if (mzg_own_claim(directory, imzml, true, &pair->own, err) == MZG_OK)
        mzg_file_pair_check(pair, pair->overwrite, err);
    free(directory);
    for (int f = 0; f < MZG_FILES && err->status == MZG_OK; f++) {
        const char *path;
        int fd;
        if (mzg_own_file(pair->own, roles[f], &path, &fd, err) != MZG_OK)
            break;
        pair->part[f] = strdup(path);
        pair->fd[f] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (!pair->part[f] || pair->fd[f] < 0)
            mzg_fail(err, MZG_ENOMEM, "%s: no memory, or no descriptor, to write it", path);
    }
    return err->status;
}

enum mzg_status mzg_file_pair_open(struct mzg_file_pair *pair, struct mzg_error *err)
{
    for (int f = 0; f < MZG_FILES; f++) {
        pair->fd[f] = open(pair->part[f], O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
        if (pair->fd[f] < 0)
            return mzg_fail(err, MZG_EIO,
                            "%s: cannot open what rank 0 made: %s; the files must lie on a file system that "
                            "all nodes share",
                            pair->part[f], strerror(errno));
    }
    return MZG_OK;
}

/* Bytes free where `path` lies; -1 if the system does not tell. */
static int64_t free_bytes(const char *path)
{
    struct statvfs space;
    char *slash = strrchr(path, '/');
    char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    bool known = directory && statvfs(directory, &space) == 0;
    free(directory);
    return known ? (int64_t)((uint64_t)space.f_bavail * (uint64_t)space.f_frsize) : -1;
}

/* Why `n` bytes at `offset` could not be written, by `error`. */
static enum mzg_status fail_to_write(const char *path, int error, int64_t n, int64_t offset,
                                     struct mzg_error *err)
{
    if (error != ENOSPC)
        return mzg_fail(err, MZG_EIO, "%s: cannot write %" PRId64 " bytes at byte %" PRId64 ": %s", path, n,
                        offset, strerror(error));
    return mzg_fail(err, MZG_EIO,
                    "%s: the disk is full: %" PRId64 " bytes at byte %" PRId64 " do not fit into the %" PRId64
                    " bytes that are free; make room, or write elsewhere",
                    path, n, offset, free_bytes(path));
}

enum mzg_status mzg_file_pair_reserve(const struct mzg_file_pair *pair, enum mzg_file file, int64_t size,
                                      struct mzg_error *err)
{
    const char *path = pair->part[file];
    int64_t available = free_bytes(path);
    /* Asked for more than there is, some file systems take all there is before they refuse, and for that
     * moment nobody else can write. */
    if (available >= 0 && available < size)
        return fail_to_write(path, ENOSPC, size, 0, err);
    /* Not posix_fallocate(): it would write zeros on file systems that cannot reserve. */
    if (size > 0 && fallocate(pair->fd[file], 0, 0, size) != 0 && errno == ENOSPC)
        return fail_to_write(path, ENOSPC, size, 0, err);
    return MZG_OK;
}

enum mzg_status mzg_file_pair_write(const struct mzg_file_pair *pair, enum mzg_file file, const void *bytes,
                                    int64_t n, int64_t offset, struct mzg_error *err)
{
    const char *from = bytes;
    while (n > 0) {
        ssize_t written = pwrite(pair->fd[file], from, (size_t)n, offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return fail_to_write(pair->part[file], written < 0 ? errno : ENOSPC, n, offset, err);
        from += written;
        offset += written;
        n -= written;
    }
    return MZG_OK;
}

enum mzg_status mzg_file_pair_close(struct mzg_file_pair *pair, enum mzg_file file, struct mzg_error *err)
{
    int fd = pair->fd[file];
    pair->fd[file] = -1;
    if (close(fd) != 0)
        return mzg_fail(err, MZG_EIO, "%s: cannot finish writing: %s", pair->part[file], strerror(errno));
    return MZG_OK;
}

enum mzg_status mzg_file_pair_sha1(const struct mzg_file_pair *pair, enum mzg_file file,
                                   const atomic_int *stop, uint8_t digest[20], struct mzg_error *err)
{
    const char *path = pair->part[file];
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    uint8_t *buffer = malloc(HASH_BUFFER);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum mzg_status status = MZG_OK;
    ssize_t n = 0;

    if (fd < 0)
        status = mzg_fail(err, MZG_EIO, "%s: cannot open: %s", path, strerror(errno));
    else if (!hash || !buffer)
        status = mzg_fail(err, MZG_ENOMEM, "%s: no memory for its checksum", path);
    else if (!EVP_DigestInit_ex(hash, EVP_sha1(), NULL))
        status = mzg_fail(err, MZG_EIO, "%s: the cryptographic library refuses to compute SHA-1", path);
    while (status == MZG_OK && (status = mzg_check_stop(stop, err)) == MZG_OK &&
           (n = read(fd, buffer, HASH_BUFFER)) != 0) {
        if (n > 0)
            EVP_DigestUpdate(hash, buffer, (size_t)n);
        else if (errno != EINTR)
            status = mzg_fail(err, MZG_EIO, "%s: cannot read back: %s", path, strerror(errno));
    }
    if (status == MZG_OK)
        EVP_DigestFinal_ex(hash, digest, NULL);
    if (fd >= 0)
        close(fd);
    free(buffer);
    EVP_MD_CTX_free(hash);
    return status;
}

/* What it takes before a part may have its name. */
static enum mzg_status ready_part(const struct mzg_file_pair *pair, int f, struct mzg_error *err)
{
    int fd = open(pair->part[f], O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || !mzg_own_stands(pair->own, pair->part[f])) {
        mzg_fail(err, MZG_EIO, "%s: another program removed it while mzgrid wrote it", pair->part[f]);
    } else {
        mzg_file_ordinary_mode(fd);
        if (fsync(fd) != 0 && errno != EINVAL)
            mzg_file_write_failed(err, pair->part[f], "this file to the disk", errno);
    }
    if (fd >= 0)
        close(fd);
    return err->status;
}

enum mzg_status mzg_file_pair_finish(struct mzg_file_pair *pair, struct mzg_error *err)
{
    for (int f = 0; f < MZG_FILES; f++)
        if (ready_part(pair, f, err) != MZG_OK)
            return err->status;
    /* The imzML last: who sees it finds its ibd. One that is replaced goes before the ibd of the new one
     * comes. */
    if (pair->overwrite && unlink(pair->name[MZG_FILE_IMZML]) != 0 && errno != ENOENT)
        return mzg_fail(err, MZG_EIO, "%s: cannot be replaced: %s", pair->name[MZG_FILE_IMZML],
                        strerror(errno));
    for (int f = MZG_FILES - 1; f >= 0; f--) {
        if (mzg_file_rename(pair->part[f], pair->name[f], pair->overwrite) != 0) {
            int error = errno;
            if (f == MZG_FILE_IMZML)
                unlink(pair->name[MZG_FILE_IBD]);
            return mzg_fail(err, MZG_EIO, "%s: cannot rename to %s: %s", pair->part[f], pair->name[f],
                            strerror(error));
        }
        mzg_own_give_away(pair->own, pair->part[f]);
    }
    char *directory = mzg_own_directory_of(pair->name[MZG_FILE_IMZML]);
    if (directory)
        mzg_file_sync_directory(directory, err);
    else
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for its path", pair->name[MZG_FILE_IMZML]);
    free(directory);
    /* As after any failure nothing bears their names, unless that had been the names of others. */
    for (int f = 0; f < MZG_FILES && err->status != MZG_OK && !pair->overwrite; f++)
        unlink(pair->name[f]);
    return err->status;
}

enum mzg_status mzg_file_pair_leave(struct mzg_file_pair *pair, struct mzg_error *err)
{
    mzg_own_close(pair->own, err);
    pair->own = NULL;
    return err->status;
}
