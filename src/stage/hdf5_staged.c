/*
 * Rows in an HDF5 file (stage/hdf5_layout.h), which each rank reads by itself. What was read by all is given
 * back to the system, piece by piece (core/passing_file.h).
 */
#include <stage/hdf5_layout.h>

#include <core/agree.h>
#include <core/file.h>
#include <core/hdf5.h>

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 << 20 }; /* HDF5 fails on 2 GiB; beyond 64 MiB nothing is gained */

const struct mzg_hdf5_spec mzg_hdf5_specs[MZG_HDF5_ARRAYS] = {
    [MZG_HDF5_DATA] = {"X/data", 1 << 20},
    [MZG_HDF5_INDICES] = {"X/indices", 1 << 20},
    [MZG_HDF5_INDPTR] = {"X/indptr", 1 << 17},
};

struct hdf5_staged {
    struct mzg_staged base;
    char *path;
    hid_t file;
    hid_t arrays[MZG_HDF5_ARRAYS];
    struct mzg_hdf5_types types;
    struct mzg_passing_file passing;
    int64_t last_read; /* where the values began that this rank read last */
    int64_t passed;    /* bytes of the file before which nothing is needed any more */
};

struct mzg_hdf5_types mzg_hdf5_types(enum mzg_type value_type, enum mzg_type index_type)
{
    bool is_kept = index_type != MZG_BOOL;
    return (struct mzg_hdf5_types){{[MZG_HDF5_DATA] = value_type,
                                    [MZG_HDF5_INDICES] = is_kept ? index_type : MZG_INT32,
                                    [MZG_HDF5_INDPTR] = is_kept ? index_type : MZG_INT64}};
}

int64_t mzg_hdf5_memory_size(enum mzg_hdf5_array which, enum mzg_type value_type)
{
    switch (which) {
    case MZG_HDF5_DATA:
        return mzg_type_size(value_type);
    case MZG_HDF5_INDICES:
        return (int64_t)sizeof(int32_t);
    default:
        return (int64_t)sizeof(int64_t);
    }
}

int64_t mzg_hdf5_chunks_of_value(int64_t value, int64_t n_rows, int64_t n_values,
                                 const struct mzg_hdf5_types *types)
{
    int64_t chunk = mzg_hdf5_specs[MZG_HDF5_DATA].chunk, first = value / chunk * chunk;
    double rows_per_value = (double)n_rows / (double)(n_values + 1);
    return first * (mzg_type_size(types->of[MZG_HDF5_DATA]) + mzg_type_size(types->of[MZG_HDF5_INDICES])) +
           (int64_t)((double)first * rows_per_value) * mzg_type_size(types->of[MZG_HDF5_INDPTR]);
}

static int64_t chunks_of_value(const struct hdf5_staged *staged, int64_t value)
{
    const struct mzg_staged *base = &staged->base;
    return mzg_hdf5_chunks_of_value(value, base->n_rows, base->n_values, &staged->types);
}

static hid_t memory_type(enum mzg_hdf5_array which, enum mzg_type value_type)
{
    if (which == MZG_HDF5_DATA)
        return value_type == MZG_FLOAT64 ? H5T_NATIVE_DOUBLE : H5T_NATIVE_FLOAT;
    return which == MZG_HDF5_INDICES ? H5T_NATIVE_INT32 : H5T_NATIVE_INT64;
}

static enum mzg_status read_piece(const struct hdf5_staged *staged, enum mzg_hdf5_array which, hsize_t start,
                                  hsize_t count, void *buffer, struct mzg_error *err)
{
    hid_t array = staged->arrays[which];
    hid_t file_space = H5Dget_space(array), memory_space = H5Screate_simple(1, &count, NULL);
    bool failed = file_space < 0 || memory_space < 0 ||
                  H5Sselect_hyperslab(file_space, H5S_SELECT_SET, &start, NULL, &count, NULL) < 0 ||
                  H5Dread(array, memory_type(which, staged->base.value_type), memory_space, file_space,
                          H5P_DEFAULT, buffer) < 0;
    failed |= memory_space >= 0 && H5Sclose(memory_space) < 0;
    failed |= file_space >= 0 && H5Sclose(file_space) < 0;
    if (failed)
        mzg_fail(err, MZG_EIO, "%s: cannot read elements %lld to %lld of %s from the staged HDF5 file",
                 staged->path, (long long)start, (long long)(start + count), mzg_hdf5_specs[which].path);
    return err->status;
}

static enum mzg_status read_slab(const struct hdf5_staged *staged, enum mzg_hdf5_array which, int64_t first,
                                 int64_t n, void *buffer, struct mzg_error *err)
{
    int64_t element = mzg_hdf5_memory_size(which, staged->base.value_type);
    int64_t piece = PIECE_BYTES / element;
    for (int64_t done = 0; done < n && err->status == MZG_OK; done += piece)
        read_piece(staged, which, (hsize_t)(first + done), (hsize_t)(n - done < piece ? n - done : piece),
                   (char *)buffer + done * element, err);
    return err->status;
}

static enum mzg_status hdf5_read_row_begins(struct mzg_staged *base, int64_t first, int64_t n,
                                            int64_t *begins, struct mzg_error *err)
{
    return read_slab((struct hdf5_staged *)base, MZG_HDF5_INDPTR, first, n, begins, err);
}

/* This rank has read values first .. first + n - 1. Where ranks read in rounds, all are done with those
 * before the ones that it read last, and it goes on by as much. */
static enum mzg_status pass_values(struct hdf5_staged *staged, int64_t first, int64_t n,
                                   struct mzg_error *err)
{
    if (first < staged->last_read) { /* begins, here or again */
        staged->passed = chunks_of_value(staged, first);
    } else {
        int64_t end = chunks_of_value(staged, staged->last_read), next = 2 * first - staged->last_read;
        int code = mzg_passing_read(&staged->passing, staged->passed, end);
        if (code != 0)
            mzg_file_write_failed(err, staged->path, "resampled rows to the staged HDF5 file", code);
        staged->passed = end;
        mzg_passing_soon(&staged->passing, chunks_of_value(staged, next),
                         chunks_of_value(staged, next + n + mzg_hdf5_specs[MZG_HDF5_DATA].chunk));
    }
    staged->last_read = first;
    return err->status;
}

static enum mzg_status hdf5_read_values(struct mzg_staged *base, int64_t first, int64_t n, int32_t *bins,
                                        void *values, struct mzg_error *err)
{
    struct hdf5_staged *staged = (struct hdf5_staged *)base;
    if (bins && read_slab(staged, MZG_HDF5_INDICES, first, n, bins, err) != MZG_OK)
        return err->status;
    if (values && read_slab(staged, MZG_HDF5_DATA, first, n, values, err) != MZG_OK)
        return err->status;
    return pass_values(staged, first, n, err);
}

/* Nothing waits in memory. */
static void hdf5_forget(struct mzg_staged *staged, int64_t block, const struct mzg_stage_taken *taken,
                        int64_t end)
{
    (void)staged;
    (void)block;
    (void)taken;
    (void)end;
}

/* The file was only read, so that failing to close it loses nothing. */
static void hdf5_close(struct mzg_staged *base)
{
    struct hdf5_staged *staged = (struct hdf5_staged *)base;
    for (int i = 0; i < MZG_HDF5_ARRAYS; i++)
        if (staged->arrays[i] >= 0)
            (void)H5Dclose(staged->arrays[i]);
    if (staged->file >= 0)
        (void)H5Fclose(staged->file);
    if (staged->passing.fd >= 0)
        close(staged->passing.fd);
    free(staged->path);
    free(staged);
}

static const struct mzg_staged_kind hdf5_kind = {
    .read_row_begins = hdf5_read_row_begins,
    .read_values = hdf5_read_values,
    .forget = hdf5_forget,
    .close = hdf5_close,
};

static int open_for_reading(struct hdf5_staged *staged)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    /* Several ranks read one file that nobody writes any more; some parallel file systems have no locks. */
    if (access < 0 || mzg_hdf5_unlock(access) != 0)
        return -1;
    staged->file = H5Fopen(staged->path, H5F_ACC_RDONLY, access);
    if (H5Pclose(access) < 0 || staged->file < 0)
        return -1;
    for (int i = 0; i < MZG_HDF5_ARRAYS; i++) {
        staged->arrays[i] = H5Dopen2(staged->file, mzg_hdf5_specs[i].path, H5P_DEFAULT);
        if (staged->arrays[i] < 0)
            return -1;
    }
    return 0;
}

enum mzg_status mzg_hdf5_stage(const char *path, const struct mzg_staged *like,
                               const struct mzg_hdf5_types *types, const struct mzg_passing_file *passing,
                               struct mzg_staged **staged, struct mzg_error *err)
{
    struct hdf5_staged *made = calloc(1, sizeof *made);
    if (made) {
        made->base = *like;
        made->base.kind = &hdf5_kind;
        made->path = strdup(path);
        made->types = *types;
        made->file = -1;
        made->passing.fd = -1;
        made->last_read = INT64_MAX; /* nothing */
        for (int i = 0; i < MZG_HDF5_ARRAYS; i++)
            made->arrays[i] = -1;
    }
    if (!made || !made->path)
        mzg_fail(err, MZG_ENOMEM, "no memory to read the staged HDF5 file");
    else if (open_for_reading(made) != 0)
        mzg_fail(err, MZG_EIO, "%s: the staged HDF5 file cannot be opened again for reading", path);
    if (mzg_agree(like->context->comm, err) != MZG_OK) {
        if (made)
            hdf5_close(&made->base);
        return err->status;
    }
    made->passing = *passing;
    *staged = &made->base;
    return MZG_OK;
}
