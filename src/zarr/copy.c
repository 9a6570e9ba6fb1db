/* Nodes of another store, copied as they are: their metadata, and their chunk files byte by byte; and how an
 * array was compressed, for others that are to be like it. */
#include <zarr/copy.h>

#include <core/file.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zarr/array_input.h>
#include <zarr/store.h>
#include <zarr/store_file.h>

enum { COPY_BYTES = 1 << 20 };

static enum mzg_status copy_bytes(int fd, int64_t size, const char *from, struct mzg_store_file *file,
                                  struct mzg_error *err)
{
    char *bytes = malloc(COPY_BYTES);
    if (!bytes)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to copy it", from);
    for (int64_t at = 0; at < size && err->status == MZG_OK;) {
        int64_t n = size - at < COPY_BYTES ? size - at : COPY_BYTES;
        int code = mzg_read_at(fd, bytes, n, at);
        if (code != 0)
            mzg_fail(err, MZG_EIO, "%s: it cannot be read: %s", from, strerror(code));
        else
            mzg_store_file_append(file, bytes, (size_t)n, err);
        at += n;
    }
    free(bytes);
    return err->status;
}

static enum mzg_status copy_file(struct mzg_zarr_store *store, const char *from, const char *to,
                                 struct mzg_error *err)
{
    int fd;
    int64_t size;
    struct mzg_store_file file = {.fd = -1};
    if (mzg_open_regular(from, &fd, &size, err) != MZG_OK)
        return err->status;
    if (mzg_store_file_create(to, &file, err) == MZG_OK) {
        if (copy_bytes(fd, size, from, &file, err) == MZG_OK && store->sync_each && fsync(file.fd) != 0 &&
            errno != EINVAL)
            mzg_file_write_failed(err, to, "this file to the disk", errno);
        mzg_store_file_close(&file, err);
        store->bytes_written += file.written;
    }
    close(fd);
    return err->status;
}

static enum mzg_status copy_entry(struct mzg_zarr_store *store, const char *from, const char *to,
                                  struct mzg_error *err);

/* All files below a directory; where `skips_metadata` but for zarr.json. */
static enum mzg_status copy_directory(struct mzg_zarr_store *store, const char *from, const char *to,
                                      bool skips_metadata, struct mzg_error *err)
{
    DIR *directory = opendir(from);
    if (!directory)
        return mzg_fail(err, MZG_EIO, "%s: it cannot be listed: %s", from, strerror(errno));
    errno = 0;
    for (const struct dirent *entry; err->status == MZG_OK && (entry = readdir(directory)); errno = 0) {
        char *source = NULL, *target = NULL;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            (skips_metadata && strcmp(entry->d_name, "zarr.json") == 0))
            continue;
        if (asprintf(&source, "%s/%s", from, entry->d_name) < 0)
            source = NULL;
        if (asprintf(&target, "%s/%s", to, entry->d_name) < 0)
            target = NULL;
        if (!source || !target)
            mzg_fail(err, MZG_ENOMEM, "%s: no memory for the paths of its files", from);
        else
            copy_entry(store, source, target, err);
        free(source);
        free(target);
    }
    if (errno != 0 && err->status == MZG_OK)
        mzg_fail(err, MZG_EIO, "%s: it cannot be listed: %s", from, strerror(errno));
    closedir(directory);
    return err->status;
}

static enum mzg_status copy_entry(struct mzg_zarr_store *store, const char *from, const char *to,
                                  struct mzg_error *err)
{
    struct stat info;
    if (lstat(from, &info) == 0 && S_ISDIR(info.st_mode))
        return copy_directory(store, from, to, false, err);
    return copy_file(store, from, to, err);
}

static enum mzg_status copy_members(struct mzg_zarr_store *store, const char *path, const char *from,
                                    const char *node, struct mzg_error *err)
{
    struct mzg_zarr_strings names = {0};
    mzg_zarr_members(from, node, &names, err);
    for (int64_t i = 0; i < names.n && err->status == MZG_OK; i++) {
        char *below = NULL, *source = NULL;
        if (asprintf(&below, "%s/%s", path, names.items[i]) < 0)
            below = NULL;
        if (asprintf(&source, "%s/%s", node, names.items[i]) < 0)
            source = NULL;
        if (!below || !source)
            mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for the paths below it", from, node);
        else
            mzg_zarr_copy(store, below, from, source, err);
        free(below);
        free(source);
    }
    mzg_zarr_strings_free(&names);
    return err->status;
}

enum mzg_status mzg_zarr_copy(struct mzg_zarr_store *store, const char *path, const char *from,
                              const char *node, struct mzg_error *err)
{
    json_t *metadata = NULL;
    char *source = NULL, *target = NULL;
    if (mzg_zarr_load(from, node, &metadata, err) != MZG_OK)
        return err->status;
    bool is_group = strcmp(json_string_value(json_object_get(metadata, "node_type")), "group") == 0;
    json_object_del(metadata, "consolidated_metadata"); /* what is copied may not be all of it */
    if (mzg_zarr_declare(store, path, metadata, err) != MZG_OK)
        return err->status;
    if (is_group)
        return copy_members(store, path, from, node, err);
    if (asprintf(&source, "%s/%s", from, node) < 0)
        source = NULL;
    if (asprintf(&target, "%s/%s", store->path, path) < 0)
        target = NULL;
    if (!source || !target)
        mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for its path", from, node);
    else
        copy_directory(store, source, target, true, err);
    free(source);
    free(target);
    return err->status;
}

/* The kind of the compressor of an array, and its level. */
static enum mzg_codec_kind read_compressor(const struct mzg_zarr_input *input, int *level)
{
    const json_t *codecs = json_object_get(input->metadata, "codecs"), *codec;
    if (input->sharded)
        codecs = json_object_get(json_object_get(json_array_get(codecs, 0), "configuration"), "codecs");
    size_t i;
    json_array_foreach(codecs, i, codec)
    {
        const char *name = json_string_value(json_object_get(codec, "name"));
        const json_t *settings = json_object_get(codec, "configuration");
        const char *cname = json_string_value(json_object_get(settings, "cname"));
        if (name && strcmp(name, "zstd") == 0) {
            *level = (int)json_integer_value(json_object_get(settings, "level"));
            return MZG_CODEC_ZSTD;
        }
        if (name && strcmp(name, "blosc") == 0) {
            *level = (int)json_integer_value(json_object_get(settings, "clevel"));
            return cname && strcmp(cname, "lz4") == 0 ? MZG_CODEC_BLOSC_LZ4 : MZG_CODEC_BLOSC_ZSTD;
        }
    }
    *level = 0;
    return MZG_CODEC_NONE;
}

struct mzg_codec mzg_zarr_codec_of(const struct mzg_zarr_input *numbers,
                                   const struct mzg_zarr_input *integers)
{
    struct mzg_codec codec = {0};
    codec.kind = read_compressor(numbers, &codec.level);
    read_compressor(integers, &codec.integer_level);
    return codec;
}
