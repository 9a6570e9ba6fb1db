/*
 * The arrays grow chunk by chunk; HDF5 gives each new chunk its place, and writes nothing there. Space is
 * reserved before, if the file system can do that: a full disk is then found before a part of the file is
 * written.
 */
#include <stage/hdf5_file.h>

#include <core/file.h>
#include <core/file_system.h>
#include <core/hdf5.h>
#include <core/mpi_hints.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { METADATA_BYTES = 256 << 10, METADATA_BYTES_PER_CHUNK = 64 };

void mzg_hdf5_file_init(struct mzg_hdf5_file *file, const char *path, const struct mzg_hdf5_types *types)
{
    *file = (struct mzg_hdf5_file){.path = path, .types = *types, .metadata = -1, .fd = -1};
    for (enum mzg_hdf5_array i = 0; i < MZG_HDF5_ARRAYS; i++)
        file->arrays[i] = -1;
}

void mzg_hdf5_file_drop(struct mzg_hdf5_file *file)
{
    if (file->metadata >= 0)
        mzg_hdf5_abandon(file->metadata);
    if (file->fd >= 0)
        close(file->fd);
}

enum mzg_status mzg_hdf5_write_failed(const char *path, int code, struct mzg_error *err)
{
    return mzg_file_write_failed(err, path, "resampled rows to the staged HDF5 file", code);
}

static hid_t file_type(const struct mzg_hdf5_file *file, enum mzg_hdf5_array which)
{
    if (which == MZG_HDF5_DATA)
        return file->types.of[which] == MZG_FLOAT64 ? H5T_IEEE_F64LE : H5T_IEEE_F32LE;
    return file->types.of[which] == MZG_INT32 ? H5T_STD_I32LE : H5T_STD_I64LE;
}

/* An array whose chunks get their places as soon as it is extended, and no content. */
static int create_array(struct mzg_hdf5_file *file, enum mzg_hdf5_array which)
{
    hsize_t chunk = (hsize_t)mzg_hdf5_specs[which].chunk, none = 0, unlimited = H5S_UNLIMITED;
    hid_t space = H5Screate_simple(1, &none, &unlimited);
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    if (space >= 0 && properties >= 0 && H5Pset_chunk(properties, 1, &chunk) >= 0 &&
        H5Pset_fill_time(properties, H5D_FILL_TIME_NEVER) >= 0 &&
        H5Pset_alloc_time(properties, H5D_ALLOC_TIME_EARLY) >= 0)
        file->arrays[which] = H5Dcreate2(file->metadata, mzg_hdf5_specs[which].path, file_type(file, which),
                                         space, H5P_DEFAULT, properties, H5P_DEFAULT);
    if (properties >= 0)
        H5Pclose(properties);
    if (space >= 0)
        H5Sclose(space);
    return file->arrays[which] < 0 ? -1 : 0;
}

/* Of the smaller chunks of values. */
static int64_t chunk_bytes(const struct mzg_hdf5_file *file)
{
    int64_t value = mzg_hdf5_element_size(&file->types, MZG_HDF5_DATA),
            bin = mzg_hdf5_element_size(&file->types, MZG_HDF5_INDICES);
    return mzg_hdf5_specs[MZG_HDF5_DATA].chunk * (value < bin ? value : bin);
}

/* Makes the file with its group and empty arrays, and brings these to the file. 0 or -1. */
static int create_metadata(struct mzg_hdf5_file *file)
{
    hid_t access = mzg_hdf5_serial_access();
    if (access < 0)
        return -1;
    if (file->alignment == 0 ||
        H5Pset_alignment(access, (hsize_t)chunk_bytes(file), (hsize_t)file->alignment) >= 0)
        file->metadata = H5Fcreate(file->path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
    if (file->metadata < 0)
        return -1;
    hid_t group = H5Gcreate2(file->metadata, "X", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (group < 0 || H5Gclose(group) < 0)
        return -1;
    for (enum mzg_hdf5_array i = 0; i < MZG_HDF5_ARRAYS; i++)
        if (create_array(file, i) != 0)
            return -1;
    return H5Fflush(file->metadata, H5F_SCOPE_GLOBAL) < 0 ? -1 : 0;
}

/* The bytes of a file whose arrays have these extents, metadata counted generously: HDF5 does not tell, and
 * cuts off what was too much when it closes the file. */
static int64_t span_of_file(const struct mzg_hdf5_file *file, const int64_t totals[MZG_HDF5_ARRAYS])
{
    int64_t bytes = METADATA_BYTES;
    for (enum mzg_hdf5_array i = 0; i < MZG_HDF5_ARRAYS; i++) {
        int64_t chunk = mzg_hdf5_specs[i].chunk;
        bytes += (totals[i] / chunk + 1) *
                 (chunk * mzg_hdf5_element_size(&file->types, i) + METADATA_BYTES_PER_CHUNK);
    }
    /* Before a chunk of values that comes behind anything else, there may be a gap. */
    bytes += file->alignment * (2 + totals[MZG_HDF5_INDPTR] / mzg_hdf5_specs[MZG_HDF5_INDPTR].chunk);
    return bytes;
}

/* Reserves the space that a file with these extents needs. Returns an errno value or 0. */
static int reserve_space(struct mzg_hdf5_file *file, const int64_t totals[MZG_HDF5_ARRAYS])
{
    int64_t bytes = span_of_file(file, totals);
    if (bytes <= file->n_reserved)
        return 0;
    /* Some file systems take all there is before they refuse, and for that moment nobody else can write. */
    int64_t available = mzg_file_free_space(file->path);
    if (available >= 0 && available < bytes - file->n_reserved)
        return ENOSPC;
    while (fallocate(file->fd, 0, file->n_reserved, bytes - file->n_reserved) != 0)
        if (errno != EINTR)
            return errno == EOPNOTSUPP || errno == ENOSYS ? 0 : errno;
    file->n_reserved = bytes;
    return 0;
}

/* Extends data and indices chunk by chunk in turns, so that the two chunks of a value lie side by side, and
 * whoever reads rows from front to back reads the file so. */
static int extend_arrays(struct mzg_hdf5_file *file, const int64_t totals[MZG_HDF5_ARRAYS])
{
    int64_t chunk = mzg_hdf5_specs[MZG_HDF5_DATA].chunk, values = file->n_values;
    while (values < totals[MZG_HDF5_DATA]) {
        values = (values / chunk + 1) * chunk;
        hsize_t extent = (hsize_t)(values < totals[MZG_HDF5_DATA] ? values : totals[MZG_HDF5_DATA]);
        if (H5Dset_extent(file->arrays[MZG_HDF5_DATA], &extent) < 0 ||
            H5Dset_extent(file->arrays[MZG_HDF5_INDICES], &extent) < 0)
            return -1;
    }
    hsize_t extent = (hsize_t)totals[MZG_HDF5_INDPTR];
    return H5Dset_extent(file->arrays[MZG_HDF5_INDPTR], &extent) < 0 ? -1 : 0;
}

/* Finds the places of the new chunks of an array, which has n then. */
static int find_chunks(const struct mzg_hdf5_file *file, enum mzg_hdf5_array which,
                       const struct mzg_hdf5_chunks *chunks, int64_t n)
{
    for (int64_t i = chunks->n; i < n; i++) {
        hsize_t begin = (hsize_t)(i * mzg_hdf5_specs[which].chunk), size;
        haddr_t place;
        if (H5Dget_chunk_info_by_coord(file->arrays[which], &begin, NULL, &place, &size) < 0 ||
            place == HADDR_UNDEF)
            return -1;
        chunks->places[i] = (int64_t)place;
    }
    return 0;
}

enum mzg_status mzg_hdf5_file_extend(struct mzg_hdf5_file *file, const int64_t totals[MZG_HDF5_ARRAYS],
                                     const struct mzg_hdf5_chunks chunks[MZG_HDF5_ARRAYS],
                                     struct mzg_error *err)
{
    int code = reserve_space(file, totals);
    errno = 0;
    if (code != 0)
        return mzg_hdf5_write_failed(file->path, code, err);
    if (extend_arrays(file, totals) != 0)
        return mzg_hdf5_write_failed(file->path, errno, err);
    file->n_values = totals[MZG_HDF5_DATA];
    for (enum mzg_hdf5_array i = 0; i < MZG_HDF5_ARRAYS; i++)
        if (find_chunks(file, i, &chunks[i], mzg_hdf5_chunk_count(i, totals[i])) != 0)
            return mzg_hdf5_write_failed(file->path, 0, err);
    return MZG_OK;
}

enum mzg_status mzg_hdf5_file_finish(struct mzg_hdf5_file *file, struct mzg_error *err)
{
    bool closed = true;
    errno = 0;
    for (enum mzg_hdf5_array i = 0; i < MZG_HDF5_ARRAYS; i++) {
        closed &= H5Dclose(file->arrays[i]) >= 0;
        file->arrays[i] = -1;
    }
    if (closed)
        closed = mzg_hdf5_finish(file->metadata);
    else
        mzg_hdf5_abandon(file->metadata);
    file->metadata = -1;
    return closed ? MZG_OK : mzg_hdf5_write_failed(file->path, errno, err);
}

/* Makes the file, empty, and opens it. Without hints the system makes it, which tells why that fails: HDF5
 * does not. With hints MPI-IO does, which follows them then and only then. */
static enum mzg_status create_file(struct mzg_hdf5_file *file, const char *mpi_info, struct mzg_error *err)
{
    struct stat info;
    bool is_hinted = mpi_info && mpi_info[0];
    if (is_hinted && mzg_mpi_hints_make_file(file->path, mpi_info, err) != MZG_OK)
        return err->status;
    file->fd = open(file->path, O_RDWR | (is_hinted ? 0 : O_CREAT | O_EXCL) | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file->fd < 0 || (is_hinted && (fstat(file->fd, &info) != 0 || fchmod(file->fd, 0600) != 0)))
        return mzg_file_write_failed(err, file->path, "a new HDF5 file", errno);
    if (is_hinted && (!S_ISREG(info.st_mode) || info.st_size != 0))
        return mzg_fail(err, MZG_EIO, "%s: is not the empty file that MPI-IO made", file->path);
    return MZG_OK;
}

enum mzg_status mzg_hdf5_file_make(struct mzg_hdf5_file *file, const char *mpi_info, struct mzg_error *err)
{
    struct mzg_file_system fs;
    const char *path = file->path;
    if (create_file(file, mpi_info, err) != MZG_OK)
        return err->status;
    mzg_file_system_look(path, &fs);
    file->alignment = mzg_file_system_alignment(&fs, chunk_bytes(file));
    int code = reserve_space(file, (int64_t[MZG_HDF5_ARRAYS]){0});
    errno = 0;
    if (code != 0 || create_metadata(file) != 0)
        return mzg_file_write_failed(err, path, "a new HDF5 file", code ? code : errno);
    file->n_reserved = 0; /* flushing has cut it off */
    code = reserve_space(file, (int64_t[MZG_HDF5_ARRAYS]){0});
    return code == 0 ? MZG_OK : mzg_file_write_failed(err, path, "a new HDF5 file", code);
}
