/*
 * Axis files. They hold what an axis is made from, its law or for a native one its m/z, not its edges: these
 * are computed again, and the digest tells whether they are the same to the last bit.
 */
#include <mzgrid/axis.h>

#include <core/file.h>
#include <core/own_file.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char format_name[] = "mzgrid mass axis";
enum { FORMAT_VERSION = 2 }; /* 1: before bins of a width lay on one endless grid */

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the digest is of little-endian doubles"
#endif

enum mzg_status mzg_axis_digest(const struct mzg_axis *axis, char digest[65], struct mzg_error *err)
{
    err->status = MZG_OK;
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned int length;
    size_t size = ((size_t)axis->n_bins + 1) * sizeof *axis->edges;
    if (!EVP_Digest(axis->edges, size, bytes, &length, EVP_sha256(), NULL) || length != 32)
        return mzg_fail(err, MZG_ENOMEM, "the SHA-256 of the mass axis cannot be computed");
    for (unsigned int i = 0; i < length; i++)
        snprintf(digest + (size_t)2 * i, 3, "%02x", bytes[i]);
    return MZG_OK;
}

static json_t *describe(const struct mzg_axis *axis, const char *digest)
{
    const struct mzg_axis_spec *spec = &axis->spec;
    json_t *root =
        json_pack("{s:s, s:i, s:s, s:f, s:f}", "format", format_name, "version", FORMAT_VERSION, "type",
                  mzg_axis_type_name(spec->type), "min_mz", spec->min_mz, "max_mz", spec->max_mz);
    int wrong = 0;
    if (spec->type == MZG_AXIS_NATIVE) {
        json_t *mz = json_array();
        wrong |= json_object_set_new(root, "mz", mz);
        for (int64_t k = 0; k < axis->n_bins && !wrong; k++)
            wrong |= json_array_append_new(mz, json_real(axis->centers[k]));
    } else if (spec->bins != 0) {
        wrong |= json_object_set_new(root, "bins", json_integer(spec->bins));
    } else {
        wrong |= json_object_set_new(root, "bin_width", json_real(spec->bin_width));
        wrong |= json_object_set_new(root, "reference_mz", json_real(spec->reference_mz));
    }
    if (spec->type == MZG_AXIS_TOF) {
        wrong |= json_object_set_new(root, "tof_a", json_real(spec->tof_a));
        wrong |= json_object_set_new(root, "tof_b", json_real(spec->tof_b));
    }
    wrong |= json_object_set_new(root, "n_bins", json_integer(axis->n_bins));
    wrong |= json_object_set_new(root, "sha256", json_string(digest));
    if (!wrong)
        return root;
    json_decref(root);
    return NULL;
}

enum mzg_status mzg_axis_write(const struct mzg_axis *axis, const char *path, struct mzg_error *err)
{
    err->status = MZG_OK;
    char digest[65];
    if (mzg_axis_digest(axis, digest, err) != MZG_OK)
        return err->status;
    json_t *root = describe(axis, digest);
    if (!root)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to describe the mass axis", path);
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    char *lines = text ? mzg_file_path(text, "\n") : NULL;
    if (lines)
        mzg_aside_write(path, true, lines, strlen(lines), "the mass axis", err);
    else
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to describe the mass axis", path);
    free(lines);
    free(text);
    json_decref(root);
    return err->status;
}

static double number(const json_t *root, const char *key)
{
    return json_number_value(json_object_get(root, key));
}

/* Members of a wrong type count as 0 or missing; mzg_axis_build() refuses what makes no axis. */
static enum mzg_status parse(const json_t *root, const char *path, struct mzg_axis_spec *spec,
                             struct mzg_error *err)
{
    const char *format = json_string_value(json_object_get(root, "format"));
    const char *type = json_string_value(json_object_get(root, "type"));
    int64_t version = json_integer_value(json_object_get(root, "version"));
    if (!format || strcmp(format, format_name) != 0 || !type)
        return mzg_fail(err, MZG_EFORMAT,
                        "%s: not a mass axis: expected \"format\": \"%s\"; write one with mzgrid axis", path,
                        format_name);
    if (version != FORMAT_VERSION)
        return mzg_fail(err, MZG_EFORMAT,
                        "%s: a mass axis of version %" PRId64
                        ", expected %d, because its bins lie elsewhere; make it again with mzgrid axis",
                        path, version, FORMAT_VERSION);
    *spec = (struct mzg_axis_spec){.min_mz = number(root, "min_mz"),
                                   .max_mz = number(root, "max_mz"),
                                   .bin_width = number(root, "bin_width"),
                                   .reference_mz = number(root, "reference_mz"),
                                   .bins = json_integer_value(json_object_get(root, "bins")),
                                   .tof_a = number(root, "tof_a"),
                                   .tof_b = number(root, "tof_b")};
    struct mzg_error cause = {0};
    if (mzg_axis_type_parse(type, &spec->type, &cause) != MZG_OK)
        return mzg_fail(err, MZG_EFORMAT, "%s: %s", path, cause.text);
    return MZG_OK;
}

/* Before arrays of the wrong length, which may be huge, are made. */
static enum mzg_status check_number(const json_t *root, const char *path, const struct mzg_axis_spec *spec,
                                    struct mzg_error *err)
{
    struct mzg_axis measured;
    struct mzg_error cause = {0};
    if (mzg_axis_measure(spec, &measured, &cause) != MZG_OK)
        return mzg_fail(err, MZG_EFORMAT, "%s: %s", path, cause.text);
    int64_t expected = json_integer_value(json_object_get(root, "n_bins"));
    if (measured.n_bins != expected)
        return mzg_fail(err, MZG_EFORMAT,
                        "%s: this mass axis has %" PRId64 " bins, but its file says %" PRId64
                        ": the file was changed; make it again with mzgrid axis",
                        path, measured.n_bins, expected);
    return MZG_OK;
}

/* The axis of the m/z that the file lists. */
static enum mzg_status build_native(const json_t *root, struct mzg_axis *axis, struct mzg_error *err)
{
    const json_t *list = json_object_get(root, "mz");
    size_t n = json_array_size(list);
    double *mz = malloc((n + 1) * sizeof *mz);
    if (!mz)
        return mzg_fail(err, MZG_ENOMEM, "no memory for %zu m/z", n);
    for (size_t i = 0; i < n; i++)
        mz[i] = json_number_value(json_array_get(list, i)); /* 0, which is refused, for what is no number */
    mzg_axis_build_native(mz, (int64_t)n, axis, err);
    free(mz);
    return err->status;
}

static enum mzg_status build(const json_t *root, const char *path, const struct mzg_axis_spec *spec,
                             struct mzg_axis *axis, struct mzg_error *err)
{
    struct mzg_error cause = {0};
    if (spec->type == MZG_AXIS_NATIVE)
        build_native(root, axis, &cause);
    else if (check_number(root, path, spec, err) == MZG_OK)
        mzg_axis_build(spec, axis, &cause);
    if (cause.status != MZG_OK)
        mzg_fail(err, cause.status == MZG_ENOMEM ? MZG_ENOMEM : MZG_EFORMAT, "%s: %s", path, cause.text);
    return err->status;
}

static enum mzg_status verify(const json_t *root, const char *path, const struct mzg_axis *axis,
                              struct mzg_error *err)
{
    char digest[65];
    if (mzg_axis_digest(axis, digest, err) != MZG_OK)
        return err->status;
    const char *expected = json_string_value(json_object_get(root, "sha256"));
    if (!expected || strcmp(expected, digest) != 0)
        return mzg_fail(
            err, MZG_EFORMAT,
            "%s: the edges computed from this mass axis have the SHA-256 %.12s..., expected %.12s...: the "
            "file was changed, or another version wrote it; make it again with mzgrid axis",
            path, digest, expected ? expected : "one");
    return MZG_OK;
}

enum mzg_status mzg_axis_read(const char *path, struct mzg_axis *axis, struct mzg_error *err)
{
    err->status = MZG_OK;
    /* Opened otherwise, a pipe that nobody writes would hold the run up, and signals, too. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0)
        fcntl(fd, F_SETFL, 0);
    FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (!file) {
        mzg_fail(err, MZG_EIO, "%s: cannot open: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return err->status;
    }
    struct stat info;
    if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
        fclose(file);
        return mzg_fail(err, MZG_EIO, "%s: is a directory, expected a mass axis that 'mzgrid axis' wrote",
                        path);
    }
    json_error_t where;
    json_t *root = json_loadf(file, JSON_REJECT_DUPLICATES, &where);
    fclose(file);
    if (!root)
        return mzg_fail(err, MZG_EFORMAT,
                        "%s: not JSON, expected a mass axis that 'mzgrid axis' wrote: line %d, column %d: %s",
                        path, where.line, where.column, where.text);

    struct mzg_axis_spec spec;
    struct mzg_axis built = {0};
    if (parse(root, path, &spec, err) != MZG_OK || build(root, path, &spec, &built, err) != MZG_OK)
        goto cleanup;
    if (verify(root, path, &built, err) != MZG_OK) {
        mzg_axis_destroy(&built);
        goto cleanup;
    }
    *axis = built;

cleanup:
    json_decref(root);
    return err->status;
}
