/*
 * The sink in one HDF5 file (stage/hdf5_layout.h), which all ranks open together and write in parallel.
 *
 * A function of HDF5 that all ranks must call together leaves the others waiting for ever when a write fails
 * within it on one rank, and any call that touches the file's metadata may write: extending, flushing,
 * closing. So the work is divided. The metadata are rank 0's alone, through a serial handle: it extends the
 * arrays, has HDF5 give the new chunks their places in the file, and tells these to all. The rows are written
 * by all ranks at once, each its own slab to the places of its chunks. What fails, fails on one rank in a
 * call of its own, and is agreed on before the next step.
 *
 * The slabs are plain writes of the system. MPI-IO would bring nothing, for each is contiguous, but makes
 * files of its own beside this one, which a kill leaves behind, and aborts on long paths (Open MPI 4).
 *
 * The arrays are unfiltered, because HDF5 1.10 deadlocks or loses data in parallel writes through filters
 * (docs/decisions/). A flush right after creation keeps the file readable after a kill.
 *
 * Rank 0 has the system reserve the space before it is written, if the file system can do that: a full disk
 * is then found before a part of it is written.
 */
#include <stage/hdf5_layout.h>
#include <stage/sink.h>

#include <core/agree.h>
#include <core/array.h>
#include <core/file.h>
#include <core/file_system.h>
#include <core/hdf5.h>
#include <core/mpi.h>
#include <core/mpi_hints.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "rows are written as they lie in memory");

enum { METADATA_BYTES = 256 << 10, METADATA_BYTES_PER_CHUNK = 64, CONVERTED = 1 << 16 };

/* Where the chunks of an array lie in the file. */
struct chunks {
    int64_t n, capacity;
    int64_t *places; /* bytes from the beginning of the file */
};

struct hdf5_sink {
    struct mzg_sink base;
    int64_t n_rows, n_values; /* of all ranks */
    struct mzg_hdf5_types types;
    void *converted; /* CONVERTED elements on their way into the file; NULL: they lie there as in memory */
    struct chunks chunks[MZG_HDF5_ARRAYS];
    int rows;                        /* the file, to write rows */
    struct mzg_passing_file passing; /* the same file */

    hid_t metadata; /* rank 0, as all below; else -1 */
    hid_t arrays[MZG_HDF5_ARRAYS];
    int fd;             /* of the same file, to reserve space */
    int64_t n_reserved; /* bytes */
    int64_t alignment;  /* of chunks of values, in bytes of the file; 0: none */
};

/* `code` is an errno value, 0 if it is not known. */
static enum mzg_status fail_to_write(const struct hdf5_sink *sink, int code, struct mzg_error *err)
{
    return mzg_file_write_failed(err, sink->base.spec.path, "resampled rows to the staged HDF5 file", code);
}

static int64_t element_size(const struct hdf5_sink *sink, enum mzg_hdf5_array which)
{
    return mzg_type_size(sink->types.of[which]);
}

static hid_t file_type(const struct hdf5_sink *sink, enum mzg_hdf5_array which)
{
    if (which == MZG_HDF5_DATA)
        return sink->types.of[which] == MZG_FLOAT64 ? H5T_IEEE_F64LE : H5T_IEEE_F32LE;
    return sink->types.of[which] == MZG_INT32 ? H5T_STD_I32LE : H5T_STD_I64LE;
}

/* An array whose chunks get their places as soon as it is extended, and no content. */
static int create_array(struct hdf5_sink *sink, enum mzg_hdf5_array which)
{
    hsize_t chunk = (hsize_t)mzg_hdf5_specs[which].chunk, none = 0, unlimited = H5S_UNLIMITED;
    hid_t space = H5Screate_simple(1, &none, &unlimited);
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    if (space >= 0 && properties >= 0 && H5Pset_chunk(properties, 1, &chunk) >= 0 &&
        H5Pset_fill_time(properties, H5D_FILL_TIME_NEVER) >= 0 &&
        H5Pset_alloc_time(properties, H5D_ALLOC_TIME_EARLY) >= 0)
        sink->arrays[which] = H5Dcreate2(sink->metadata, mzg_hdf5_specs[which].path, file_type(sink, which),
                                         space, H5P_DEFAULT, properties, H5P_DEFAULT);
    if (properties >= 0)
        H5Pclose(properties);
    if (space >= 0)
        H5Sclose(space);
    return sink->arrays[which] < 0 ? -1 : 0;
}

/* Of the smaller chunks of values. */
static int64_t chunk_bytes(const struct hdf5_sink *sink)
{
    int64_t value = element_size(sink, MZG_HDF5_DATA), bin = element_size(sink, MZG_HDF5_INDICES);
    return mzg_hdf5_specs[MZG_HDF5_DATA].chunk * (value < bin ? value : bin);
}

/* Rank 0. */
static int create_metadata(struct hdf5_sink *sink)
{
    hid_t access = mzg_hdf5_serial_access();
    if (access < 0)
        return -1;
    if (sink->alignment == 0 ||
        H5Pset_alignment(access, (hsize_t)chunk_bytes(sink), (hsize_t)sink->alignment) >= 0)
        sink->metadata = H5Fcreate(sink->base.spec.path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
    if (sink->metadata < 0)
        return -1;
    hid_t group = H5Gcreate2(sink->metadata, "X", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (group < 0 || H5Gclose(group) < 0)
        return -1;
    for (enum mzg_hdf5_array i = 0; i < MZG_HDF5_ARRAYS; i++)
        if (create_array(sink, i) != 0)
            return -1;
    return H5Fflush(sink->metadata, H5F_SCOPE_GLOBAL) < 0 ? -1 : 0;
}

/* The bytes of a file whose arrays have these extents, metadata counted generously: HDF5 does not tell, and
 * cuts off what was too much when it closes the file. */
static int64_t span_of_file(const struct hdf5_sink *sink, const int64_t totals[MZG_HDF5_ARRAYS])
{
    int64_t bytes = METADATA_BYTES;
    for (enum mzg_hdf5_array i = 0; i < MZG_HDF5_ARRAYS; i++) {
        int64_t chunk = mzg_hdf5_specs[i].chunk;
        bytes += (totals[i] / chunk + 1) * (chunk * element_size(sink, i) + METADATA_BYTES_PER_CHUNK);
    }
    /* Before a chunk of values that comes behind anything else, there may be a gap. */
    bytes += sink->alignment * (2 + totals[MZG_HDF5_INDPTR] / mzg_hdf5_specs[MZG_HDF5_INDPTR].chunk);
    return bytes;
}

/* Reserves the space that a file with these extents needs. Returns an errno value or 0. Rank 0. */
static int reserve_space(struct hdf5_sink *sink, const int64_t totals[MZG_HDF5_ARRAYS])
{
    int64_t bytes = span_of_file(sink, totals);
    if (bytes <= sink->n_reserved)
        return 0;
    /* Some file systems take all there is before they refuse, and for that moment nobody else can write. */
    int64_t available = mzg_file_free_space(sink->base.spec.path);
    if (available >= 0 && available < bytes - sink->n_reserved)
        return ENOSPC;
    while (fallocate(sink->fd, 0, sink->n_reserved, bytes - sink->n_reserved) != 0)
        if (errno != EINTR)
            return errno == EOPNOTSUPP || errno == ENOSYS ? 0 : errno;
    sink->n_reserved = bytes;
    return 0;
}

/* Extends data and indices chunk by chunk in turns, so that the two chunks of a value lie side by side, and
 * whoever reads rows from front to back reads the file so. Rank 0. */
static int extend_arrays(struct hdf5_sink *sink, const int64_t totals[MZG_HDF5_ARRAYS])
{
    int64_t chunk = mzg_hdf5_specs[MZG_HDF5_DATA].chunk, values = sink->n_values;
    while (values < totals[MZG_HDF5_DATA]) {
        values = (values / chunk + 1) * chunk;
        hsize_t extent = (hsize_t)(values < totals[MZG_HDF5_DATA] ? values : totals[MZG_HDF5_DATA]);
        if (H5Dset_extent(sink->arrays[MZG_HDF5_DATA], &extent) < 0 ||
            H5Dset_extent(sink->arrays[MZG_HDF5_INDICES], &extent) < 0)
            return -1;
    }
    hsize_t extent = (hsize_t)totals[MZG_HDF5_INDPTR];
    return H5Dset_extent(sink->arrays[MZG_HDF5_INDPTR], &extent) < 0 ? -1 : 0;
}

/* Finds the places of the chunks of an array from `first` on. Rank 0. */
static int find_chunks(const struct hdf5_sink *sink, enum mzg_hdf5_array which, int64_t first, int64_t n)
{
    for (int64_t i = first; i < first + n; i++) {
        hsize_t begin = (hsize_t)(i * mzg_hdf5_specs[which].chunk), size;
        haddr_t place;
        if (H5Dget_chunk_info_by_coord(sink->arrays[which], &begin, NULL, &place, &size) < 0 ||
            place == HADDR_UNDEF)
            return -1;
        sink->chunks[which].places[i] = (int64_t)place;
    }
    return 0;
}

/* Makes room for arrays of these extents, of which all ranks learn where it is. All ranks return the same
 * status. Collective. */
static enum mzg_status make_room(struct hdf5_sink *sink, const int64_t totals[MZG_HDF5_ARRAYS],
                                 struct mzg_error *err)
{
    const struct mzg_context *context = sink->base.spec.context;
    int64_t n[MZG_HDF5_ARRAYS];
    for (enum mzg_hdf5_array i = 0; i < MZG_HDF5_ARRAYS && err->status == MZG_OK; i++) {
        n[i] = (totals[i] + mzg_hdf5_specs[i].chunk - 1) / mzg_hdf5_specs[i].chunk;
        mzg_array_grow(&sink->chunks[i].places, sizeof *sink->chunks[i].places, n[i],
                       &sink->chunks[i].capacity, "places of chunks", err);
    }
    if (context->rank == 0 && err->status == MZG_OK) {
        int code = reserve_space(sink, totals);
        errno = 0;
        if (code != 0)
            fail_to_write(sink, code, err);
        else if (extend_arrays(sink, totals) != 0)
            fail_to_write(sink, errno, err);
        for (enum mzg_hdf5_array i = 0; i < MZG_HDF5_ARRAYS && err->status == MZG_OK; i++)
            if (find_chunks(sink, i, sink->chunks[i].n, n[i] - sink->chunks[i].n) != 0)
                fail_to_write(sink, 0, err);
    }
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    for (enum mzg_hdf5_array i = 0; i < MZG_HDF5_ARRAYS; i++) {
        struct chunks *chunks = &sink->chunks[i];
        if (n[i] > chunks->n)
            MZG_MPI(MPI_Bcast(chunks->places + chunks->n, (int)(n[i] - chunks->n), MPI_INT64_T, 0,
                              context->comm));
        chunks->n = n[i];
    }
    return MZG_OK;
}

/* Writes bytes at a place of the file. */
static enum mzg_status write_bytes(const struct hdf5_sink *sink, int64_t place, const char *bytes,
                                   int64_t size, struct mzg_error *err)
{
    while (size > 0) {
        ssize_t n = pwrite(sink->rows, bytes, (size_t)size, place);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail_to_write(sink, n < 0 ? errno : ENOSPC, err);
        place += n;
        bytes += n;
        size -= n;
    }
    return MZG_OK;
}

/* Elements of an array as the file has them: those given, or up to CONVERTED in the sink's buffer. */
static enum mzg_status convert_elements(const struct hdf5_sink *sink, enum mzg_hdf5_array which, int64_t n,
                                        const char **elements, struct mzg_error *err)
{
    enum mzg_type type = sink->types.of[which];
    if (!sink->converted)
        return MZG_OK;
    if (which == MZG_HDF5_INDICES && type == MZG_INT64) {
        for (int64_t i = 0; i < n; i++)
            ((int64_t *)sink->converted)[i] = ((const int32_t *)(const void *)*elements)[i];
        *elements = sink->converted;
    } else if (which == MZG_HDF5_INDPTR && type == MZG_INT32) {
        for (int64_t i = 0; i < n; i++) {
            int64_t number = ((const int64_t *)(const void *)*elements)[i];
            if (number > INT32_MAX)
                return mzg_fail(err, MZG_ERANGE, "%s: %lld values are more than the input was taken to give",
                                sink->base.spec.path, (long long)number);
            ((int32_t *)sink->converted)[i] = (int32_t)number;
        }
        *elements = sink->converted;
    }
    return MZG_OK;
}

/* Writes elements first .. first + n - 1 of an array, chunk by chunk. Local. */
static enum mzg_status write_slab(struct hdf5_sink *sink, enum mzg_hdf5_array which, int64_t first, int64_t n,
                                  const void *elements, struct mzg_error *err)
{
    int64_t size = element_size(sink, which), chunk = mzg_hdf5_specs[which].chunk;
    int64_t element = mzg_hdf5_memory_size(which, sink->base.spec.value_type);
    while (n > 0 && err->status == MZG_OK) {
        const char *bytes = elements;
        int64_t skip = first % chunk, now = chunk - skip < n ? chunk - skip : n;
        if (sink->converted && now > CONVERTED)
            now = CONVERTED;
        if (convert_elements(sink, which, now, &bytes, err) == MZG_OK)
            write_bytes(sink, sink->chunks[which].places[first / chunk] + skip * size, bytes, now * size,
                        err);
        first += now;
        n -= now;
        elements = (const char *)elements + now * element;
    }
    return err->status;
}

static enum mzg_status hdf5_append(struct mzg_sink *base, const struct mzg_rows *rows, struct mzg_error *err)
{
    struct hdf5_sink *sink = (struct hdf5_sink *)base;
    MPI_Comm comm = base->spec.context->comm;
    int64_t mine[2] = {rows->n_rows, rows->n_values}, before[2] = {0, 0}, sum[2];
    MZG_MPI(MPI_Exscan(mine, before, 2, MPI_INT64_T, MPI_SUM, comm));
    MZG_MPI(MPI_Allreduce(mine, sum, 2, MPI_INT64_T, MPI_SUM, comm));
    int64_t first_row = sink->n_rows + before[0], first_value = sink->n_values + before[1];
    const int64_t totals[MZG_HDF5_ARRAYS] = {[MZG_HDF5_DATA] = sink->n_values + sum[1],
                                             [MZG_HDF5_INDICES] = sink->n_values + sum[1],
                                             [MZG_HDF5_INDPTR] = 1 + sink->n_rows + sum[0]};

    int64_t *ends = malloc((size_t)(rows->n_rows + 1) * sizeof *ends);
    if (!ends)
        mzg_fail(err, MZG_ENOMEM, "no memory for the ends of %lld rows", (long long)rows->n_rows);
    int64_t end = first_value;
    for (int64_t i = 0; ends && i < rows->n_rows; i++)
        ends[i] = end += rows->row_counts[i];
    if (make_room(sink, totals, err) != MZG_OK)
        goto cleanup;
    if (write_slab(sink, MZG_HDF5_DATA, first_value, rows->n_values, rows->values, err) == MZG_OK &&
        write_slab(sink, MZG_HDF5_INDICES, first_value, rows->n_values, rows->bins, err) == MZG_OK)
        write_slab(sink, MZG_HDF5_INDPTR, 1 + first_row, rows->n_rows, ends, err);
    if (mzg_agree(comm, err) == MZG_OK) {
        sink->n_rows += sum[0];
        sink->n_values += sum[1];
        mzg_passing_written(&sink->passing, mzg_hdf5_chunks_of_value(sink->n_values, sink->n_rows,
                                                                     sink->n_values, &sink->types));
    }

cleanup:
    free(ends);
    return err->status;
}

/* Closes the arrays and the file, which are complete. Rank 0. */
static enum mzg_status finish_metadata(struct hdf5_sink *sink, struct mzg_error *err)
{
    bool closed = true;
    errno = 0;
    for (enum mzg_hdf5_array i = 0; i < MZG_HDF5_ARRAYS; i++) {
        closed &= H5Dclose(sink->arrays[i]) >= 0;
        sink->arrays[i] = -1;
    }
    if (closed)
        closed = mzg_hdf5_finish(sink->metadata);
    else
        mzg_hdf5_abandon(sink->metadata);
    sink->metadata = -1;
    return closed ? MZG_OK : fail_to_write(sink, errno, err);
}

/* Closes what the rows were written through: network file systems tell only now what went wrong. */
static enum mzg_status close_rows(struct hdf5_sink *sink, struct mzg_error *err)
{
    int fd = sink->rows;
    sink->rows = -1;
    if (fd >= 0 && close(fd) != 0 && errno != EINTR && err->status == MZG_OK)
        fail_to_write(sink, errno, err);
    return err->status;
}

static enum mzg_status hdf5_seal(struct mzg_sink *base, struct mzg_staged **staged, struct mzg_error *err)
{
    struct hdf5_sink *sink = (struct hdf5_sink *)base;
    const struct mzg_context *context = base->spec.context;
    const int64_t zero = 0;
    const int64_t totals[MZG_HDF5_ARRAYS] = {[MZG_HDF5_DATA] = sink->n_values,
                                             [MZG_HDF5_INDICES] = sink->n_values,
                                             [MZG_HDF5_INDPTR] = 1 + sink->n_rows};
    if (make_room(sink, totals, err) != MZG_OK)
        return err->status;
    if (context->rank == 0)
        write_slab(sink, MZG_HDF5_INDPTR, 0, 1, &zero, err);
    close_rows(sink, err);
    if (context->rank == 0 && err->status == MZG_OK)
        finish_metadata(sink, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    struct mzg_staged like = {.context = context,
                              .n_columns = base->spec.n_columns,
                              .value_type = base->spec.value_type,
                              .n_rows = sink->n_rows,
                              .n_values = sink->n_values};
    if (mzg_hdf5_stage(base->spec.path, &like, &sink->types, &sink->passing, staged, err) == MZG_OK)
        sink->passing.fd = -1;
    return err->status;
}

/* What is still open belongs to a file that nobody needs. */
static void hdf5_close(struct mzg_sink *base)
{
    struct hdf5_sink *sink = (struct hdf5_sink *)base;
    if (sink->rows >= 0)
        close(sink->rows);
    if (sink->metadata >= 0)
        mzg_hdf5_abandon(sink->metadata);
    if (sink->fd >= 0)
        close(sink->fd);
    if (sink->passing.fd >= 0)
        close(sink->passing.fd);
    for (enum mzg_hdf5_array i = 0; i < MZG_HDF5_ARRAYS; i++)
        free(sink->chunks[i].places);
    free(sink->converted);
    free(sink);
}

/* Makes the file, empty, and opens it. Without hints the system makes it, which tells why that fails: HDF5
 * does not. With hints MPI-IO does, which follows them then and only then. Rank 0. */
static enum mzg_status create_file(struct hdf5_sink *sink, struct mzg_error *err)
{
    struct stat info;
    const struct mzg_sink_spec *spec = &sink->base.spec;
    bool is_hinted = spec->mpi_info && spec->mpi_info[0];
    if (is_hinted && mzg_mpi_hints_make_file(spec->path, spec->mpi_info, err) != MZG_OK)
        return err->status;
    sink->fd = open(spec->path, O_RDWR | (is_hinted ? 0 : O_CREAT | O_EXCL) | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (sink->fd < 0 || (is_hinted && (fstat(sink->fd, &info) != 0 || fchmod(sink->fd, 0600) != 0)))
        return mzg_file_write_failed(err, spec->path, "a new HDF5 file", errno);
    if (is_hinted && (!S_ISREG(info.st_mode) || info.st_size != 0))
        return mzg_fail(err, MZG_EIO, "%s: is not the empty file that MPI-IO made", spec->path);
    return MZG_OK;
}

/* Makes the file with its metadata. Rank 0. */
static enum mzg_status make_file(struct hdf5_sink *sink, struct mzg_error *err)
{
    struct mzg_file_system fs;
    const char *path = sink->base.spec.path;
    if (create_file(sink, err) != MZG_OK)
        return err->status;
    mzg_file_system_look(path, &fs);
    sink->alignment = mzg_file_system_alignment(&fs, chunk_bytes(sink));
    int code = reserve_space(sink, (int64_t[MZG_HDF5_ARRAYS]){0});
    errno = 0;
    if (code != 0 || create_metadata(sink) != 0)
        return mzg_file_write_failed(err, path, "a new HDF5 file", code ? code : errno);
    sink->n_reserved = 0; /* flushing has cut it off */
    code = reserve_space(sink, (int64_t[MZG_HDF5_ARRAYS]){0});
    return code == 0 ? MZG_OK : mzg_file_write_failed(err, path, "a new HDF5 file", code);
}

/* Opens the file that rank 0 has made. Local. */
static enum mzg_status open_rows(struct hdf5_sink *sink, struct mzg_error *err)
{
    const struct mzg_sink_spec *spec = &sink->base.spec;
    sink->rows = open(spec->path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    sink->passing.fd = open(spec->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (sink->rows < 0 || sink->passing.fd < 0)
        mzg_fail(err, MZG_EIO,
                 "%s: rank %d cannot open the staged file that rank 0 made: %s; if the nodes do not share "
                 "this directory, --temp-dir names another one",
                 spec->path, spec->context->rank, strerror(errno));
    return err->status;
}

/* Has every rank see the file pass through the page cache of its node. Collective. */
static void begin_passing(struct hdf5_sink *sink)
{
    const struct mzg_context *context = sink->base.spec.context;
    MPI_Comm node;
    MZG_MPI(MPI_Comm_split_type(context->comm, MPI_COMM_TYPE_SHARED, context->rank, MPI_INFO_NULL, &node));
    MZG_MPI(MPI_Comm_rank(node, &sink->passing.part));
    MZG_MPI(MPI_Comm_size(node, &sink->passing.parts));
    MZG_MPI(MPI_Comm_free(&node));
}

static enum mzg_status hdf5_open(const struct mzg_sink_spec *spec, struct mzg_sink **sink,
                                 struct mzg_error *err)
{
    mzg_hdf5_prepare();
    struct hdf5_sink *made = calloc(1, sizeof *made);
    if (!made)
        mzg_fail(err, MZG_ENOMEM, "no memory for the staged HDF5 file");
    if (made) {
        made->base.spec = *spec;
        made->types = mzg_hdf5_types(spec->value_type, spec->index_type);
        made->metadata = -1;
        made->rows = made->fd = made->passing.fd = -1;
        for (enum mzg_hdf5_array i = 0; i < MZG_HDF5_ARRAYS; i++)
            made->arrays[i] = -1;
    }
    if (made && spec->index_type != MZG_BOOL) {
        made->converted = malloc(CONVERTED * sizeof(int64_t));
        if (!made->converted)
            mzg_fail(err, MZG_ENOMEM, "no memory for the staged HDF5 file");
    }
    if (made && spec->context->rank == 0 && err->status == MZG_OK)
        make_file(made, err);
    if (mzg_agree(spec->context->comm, err) == MZG_OK)
        open_rows(made, err);
    if (mzg_agree(spec->context->comm, err) != MZG_OK) {
        if (made)
            hdf5_close(&made->base);
        return err->status;
    }
    begin_passing(made);
    *sink = &made->base;
    return MZG_OK;
}

const struct mzg_sink_kind mzg_hdf5_sink = {
    .name = "hdf5",
    .open = hdf5_open,
    .bytes_of_rows = mzg_sink_takes_no_memory,
    .append = hdf5_append,
    .move = mzg_sink_cannot_move,
    .seal = hdf5_seal,
    .close = hdf5_close,
};
