/*
 * The stage in one parallel HDF5 file, laid out as AnnData keeps a CSR matrix:
 *
 *     X/data     float[n_values]    X/indices  int32[n_values]    X/indptr  int64[n_rows + 1]
 *
 * While rows arrive all ranks have the file open through MPI-IO. Each append is one collective call per
 * array, in pieces, in which every rank writes its own contiguous slab; HDF5 is told to transfer them
 * individually, for shipping the bytes to an aggregator would only cost time. The arrays are chunked,
 * extendible and unfiltered: HDF5 1.10 deadlocks or loses data in parallel writes through filters
 * (docs/decisions/). A flush right after creation keeps the file readable after a kill.
 *
 * Sealing closes the file and opens it again on each rank by itself, for reading.
 *
 * On a full disk HDF5 reports the failure only on the rank that met it, later calls claim success, and MPI-IO
 * prints lines of its own. So rank 0 has the system reserve the space before it is written, where the file
 * system can do that; every call is checked all the same, and the outcome of each append is agreed on.
 */
#include <core/agree.h>
#include <core/file.h>
#include <core/mpi.h>
#include <core/passing_file.h>
#include <stage/stage.h>

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PIECE_BYTES = 64 << 20, /* HDF5 fails on 2 GiB; beyond 64 MiB nothing is gained */
    METADATA_BYTES = 256 << 10,
    METADATA_BYTES_PER_CHUNK = 64
};

enum array { DATA, INDICES, INDPTR, ARRAYS };

static const struct {
    const char *path;
    int64_t chunk; /* elements */
} array_specs[ARRAYS] = {
    [DATA] = {"X/data", 1 << 20},
    [INDICES] = {"X/indices", 1 << 20},
    [INDPTR] = {"X/indptr", 1 << 17},
};

struct hdf5_stage {
    struct mzg_stage base;
    char *path;
    hid_t file;
    hid_t arrays[ARRAYS];
    hid_t memory_types[ARRAYS];
    int64_t sizes[ARRAYS];           /* bytes of an element */
    hid_t transfer;                  /* collective calls, individual transfer */
    int fd;                          /* of the same file, to reserve space; rank 0, else -1 */
    int64_t n_reserved;              /* bytes */
    struct mzg_passing_file passing; /* the same file, on every rank */
    int64_t last_read;               /* where the values began that this rank read last */
    int64_t passed;                  /* bytes of the file before which nothing is needed any more */
};

static struct hdf5_stage *hdf5_stage_of(struct mzg_stage *stage)
{
    return (struct hdf5_stage *)stage;
}

static int create_array(struct hdf5_stage *stage, enum array which, hid_t file_type)
{
    hsize_t chunk = (hsize_t)array_specs[which].chunk, none = 0, unlimited = H5S_UNLIMITED;
    hid_t space = H5Screate_simple(1, &none, &unlimited);
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(properties, 1, &chunk);
    H5Pset_fill_time(properties, H5D_FILL_TIME_NEVER);
    stage->arrays[which] = H5Dcreate2(stage->file, array_specs[which].path, file_type, space, H5P_DEFAULT,
                                      properties, H5P_DEFAULT);
    H5Pclose(properties);
    H5Sclose(space);
    return stage->arrays[which] < 0 ? -1 : 0;
}

/* The bytes of a file whose arrays have these extents, metadata counted generously: HDF5 does not tell, and
 * cuts off what was too much when it closes the file. */
static int64_t span_of_file(const struct hdf5_stage *stage, const int64_t totals[ARRAYS])
{
    int64_t bytes = METADATA_BYTES;
    for (int i = 0; i < ARRAYS; i++) {
        int64_t n_chunks = totals[i] / array_specs[i].chunk + 1;
        bytes += n_chunks * (array_specs[i].chunk * stage->sizes[i] + METADATA_BYTES_PER_CHUNK);
    }
    return bytes;
}

/* About where the chunks of data and indices lie that hold a value: in the order in which extend_arrays()
 * makes them, those of indptr in between. */
static int64_t chunks_of_value(const struct hdf5_stage *stage, int64_t value)
{
    int64_t first = value / array_specs[DATA].chunk * array_specs[DATA].chunk;
    double rows_per_value = (double)stage->base.n_rows / (double)(stage->base.n_values + 1);
    return first * (stage->sizes[DATA] + stage->sizes[INDICES]) +
           (int64_t)((double)first * rows_per_value) * stage->sizes[INDPTR];
}

/* Reserves the space that a file with these extents needs. Returns an errno value or 0. Rank 0. */
static int reserve_space(struct hdf5_stage *stage, const int64_t totals[ARRAYS])
{
    int64_t bytes = span_of_file(stage, totals);
    if (bytes <= stage->n_reserved)
        return 0;
    /* Some file systems take all there is before they refuse, and for that moment nobody else can write. */
    int64_t available = mzg_file_free_space(stage->path);
    if (available >= 0 && available < bytes - stage->n_reserved)
        return ENOSPC;
    if (fallocate(stage->fd, 0, stage->n_reserved, bytes - stage->n_reserved) != 0)
        return errno == EOPNOTSUPP || errno == ENOSYS ? 0 : errno;
    stage->n_reserved = bytes;
    return 0;
}

static int create_file(struct hdf5_stage *stage)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_mpio(access, stage->base.context->comm, MPI_INFO_NULL);
    H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110);
    H5Pset_coll_metadata_write(access, 1);
    H5Pset_all_coll_metadata_ops(access, 1);
    stage->file = H5Fcreate(stage->path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
    if (stage->file < 0)
        return -1;

    hid_t group = H5Gcreate2(stage->file, "X", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (group < 0 || H5Gclose(group) < 0)
        return -1;
    bool wide = stage->base.value_type == MZG_FLOAT64;
    if (create_array(stage, DATA, wide ? H5T_IEEE_F64LE : H5T_IEEE_F32LE) != 0 ||
        create_array(stage, INDICES, H5T_STD_I32LE) != 0 || create_array(stage, INDPTR, H5T_STD_I64LE) != 0)
        return -1;
    return 0;
}

/* Makes the file, with space for what every stage holds. Rank 0 begins by itself, which also finds out why a
 * file cannot be made: HDF5 does not tell. All ranks return the same status. Collective. */
static enum mzg_status make_file(struct hdf5_stage *stage, struct mzg_error *err)
{
    const struct mzg_context *context = stage->base.context;
    if (context->rank == 0) {
        stage->fd = open(stage->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (stage->fd < 0)
            mzg_file_write_failed(err, stage->path, "a new HDF5 file", errno);
    }
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;

    int failed = create_file(stage);
    int code = stage->fd >= 0 ? reserve_space(stage, (int64_t[ARRAYS]){0}) : 0;
    if (failed || code)
        mzg_file_write_failed(err, stage->path, "a new HDF5 file", code);
    if (mzg_agree(context->comm, err) == MZG_OK && H5Fflush(stage->file, H5F_SCOPE_GLOBAL) < 0)
        mzg_file_write_failed(err, stage->path, "a new HDF5 file", 0);
    return mzg_agree(context->comm, err);
}

/* One rank's slab of an array: elements first .. first + n - 1 from `buffer`. */
static int write_slab(struct hdf5_stage *stage, enum array which, hsize_t first, hsize_t n,
                      const void *buffer)
{
    hsize_t memory_size = n > 0 ? n : 1;
    hid_t file_space = H5Dget_space(stage->arrays[which]);
    hid_t memory_space = H5Screate_simple(1, &memory_size, NULL);
    if (n > 0) {
        H5Sselect_hyperslab(file_space, H5S_SELECT_SET, &first, NULL, &n, NULL);
    } else {
        H5Sselect_none(file_space);
        H5Sselect_none(memory_space);
    }
    herr_t status = H5Dwrite(stage->arrays[which], stage->memory_types[which], memory_space, file_space,
                             stage->transfer, buffer);
    H5Sclose(memory_space);
    H5Sclose(file_space);
    return status < 0 ? -1 : 0;
}

/* `code` is an errno value, 0 where it is not known. */
static void fail_to_write(const struct hdf5_stage *stage, int code, struct mzg_error *err)
{
    mzg_file_write_failed(err, stage->path, "resampled rows to the staged HDF5 file", code);
}

/* Extends data and indices chunk by chunk in turns, so that the two chunks of a value lie side by side, and
 * whoever reads rows from front to back reads the file so. Collective. */
static int extend_arrays(struct hdf5_stage *stage, const int64_t totals[ARRAYS])
{
    int failed = 0;
    int64_t chunk = array_specs[DATA].chunk, values = stage->base.n_values;
    while (values < totals[DATA]) {
        values = (values / chunk + 1) * chunk;
        hsize_t extent = (hsize_t)(values < totals[DATA] ? values : totals[DATA]);
        failed |= H5Dset_extent(stage->arrays[DATA], &extent) < 0;
        failed |= H5Dset_extent(stage->arrays[INDICES], &extent) < 0;
    }
    hsize_t extent = (hsize_t)totals[INDPTR];
    failed |= H5Dset_extent(stage->arrays[INDPTR], &extent) < 0;
    return failed ? -1 : 0;
}

/* Makes room for arrays of these extents. All ranks return the same status. Collective. */
static enum mzg_status make_room(struct hdf5_stage *stage, const int64_t totals[ARRAYS],
                                 struct mzg_error *err)
{
    if (stage->fd >= 0) {
        int code = reserve_space(stage, totals);
        if (code != 0)
            fail_to_write(stage, code, err);
    }
    if (mzg_agree(stage->base.context->comm, err) == MZG_OK && extend_arrays(stage, totals) != 0)
        fail_to_write(stage, 0, err);
    return mzg_agree(stage->base.context->comm, err);
}

/* Writes every rank's slab of an array, in as many pieces as the largest needs. Collective. */
static int write_array(struct hdf5_stage *stage, enum array which, int64_t first, int64_t n, int64_t most,
                       const char *buffer)
{
    int64_t element = stage->sizes[which];
    int64_t piece = PIECE_BYTES / element;
    int failed = 0;
    for (int64_t done = 0; done < most; done += piece) {
        int64_t left = n > done ? n - done : 0;
        int64_t now = left < piece ? left : piece;
        /* Every rank makes every call, whatever failed before: the others are waiting in it. */
        failed |= write_slab(stage, which, (hsize_t)(first + done), (hsize_t)now,
                             now > 0 ? buffer + done * element : (const char *)&failed) != 0;
    }
    return failed ? -1 : 0;
}

static enum mzg_status hdf5_append(struct mzg_stage *base, const struct mzg_rows *rows, struct mzg_error *err)
{
    struct hdf5_stage *stage = hdf5_stage_of(base);
    MPI_Comm comm = base->context->comm;
    int64_t mine[2] = {rows->n_rows, rows->n_values};
    int64_t before[2] = {0, 0}, sum[2], most[2];
    MZG_MPI(MPI_Exscan(mine, before, 2, MPI_INT64_T, MPI_SUM, comm));
    MZG_MPI(MPI_Allreduce(mine, sum, 2, MPI_INT64_T, MPI_SUM, comm));
    MZG_MPI(MPI_Allreduce(mine, most, 2, MPI_INT64_T, MPI_MAX, comm));
    int64_t first_row = base->n_rows + before[0], first_value = base->n_values + before[1];
    int64_t totals[ARRAYS] = {[DATA] = base->n_values + sum[1],
                              [INDICES] = base->n_values + sum[1],
                              [INDPTR] = 1 + base->n_rows + sum[0]};

    int64_t *ends = malloc((size_t)(rows->n_rows + 1) * sizeof *ends);
    if (!ends)
        mzg_fail(err, MZG_ENOMEM, "no memory for the ends of %lld rows", (long long)rows->n_rows);
    if (mzg_agree(comm, err) != MZG_OK)
        goto cleanup;
    int64_t end = first_value;
    for (int64_t i = 0; i < rows->n_rows; i++)
        ends[i] = end += rows->row_counts[i];

    if (make_room(stage, totals, err) != MZG_OK)
        goto cleanup;
    errno = 0;
    int failed = write_array(stage, DATA, first_value, rows->n_values, most[1], rows->values);
    failed |= write_array(stage, INDICES, first_value, rows->n_values, most[1], (const char *)rows->bins);
    failed |= write_array(stage, INDPTR, 1 + first_row, rows->n_rows, most[0], (const char *)ends);
    if (failed)
        fail_to_write(stage, errno, err);
    if (mzg_agree(comm, err) == MZG_OK) {
        base->n_rows += sum[0];
        base->n_values += sum[1];
        mzg_passing_written(&stage->passing, chunks_of_value(stage, base->n_values));
    }

cleanup:
    free(ends);
    return err->status;
}

static void close_handles(struct hdf5_stage *stage)
{
    for (int i = 0; i < ARRAYS; i++) {
        if (stage->arrays[i] >= 0)
            H5Dclose(stage->arrays[i]);
        stage->arrays[i] = -1;
    }
    if (stage->file >= 0)
        H5Fclose(stage->file);
    stage->file = -1;
    if (stage->fd >= 0)
        close(stage->fd);
    stage->fd = -1;
}

/* Has every rank see the file pass through the page cache of its node. Collective. */
static void begin_passing(struct hdf5_stage *stage)
{
    const struct mzg_context *context = stage->base.context;
    MPI_Comm node;
    MZG_MPI(MPI_Comm_split_type(context->comm, MPI_COMM_TYPE_SHARED, context->rank, MPI_INFO_NULL, &node));
    MZG_MPI(MPI_Comm_rank(node, &stage->passing.part));
    MZG_MPI(MPI_Comm_size(node, &stage->passing.parts));
    MZG_MPI(MPI_Comm_free(&node));
    stage->passing.fd = open(stage->path, O_RDONLY | O_CLOEXEC);
}

static int open_for_reading(struct hdf5_stage *stage)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    /* Several ranks read one file that nobody writes any more; some parallel file systems have no locks. */
    H5Pset_file_locking(access, 0, 1);
    stage->file = H5Fopen(stage->path, H5F_ACC_RDONLY, access);
    H5Pclose(access);
    if (stage->file < 0)
        return -1;
    for (int i = 0; i < ARRAYS; i++) {
        stage->arrays[i] = H5Dopen2(stage->file, array_specs[i].path, H5P_DEFAULT);
        if (stage->arrays[i] < 0)
            return -1;
    }
    return 0;
}

static enum mzg_status hdf5_seal(struct mzg_stage *base, struct mzg_error *err)
{
    struct hdf5_stage *stage = hdf5_stage_of(base);
    MPI_Comm comm = base->context->comm;
    int64_t zero = 0;
    int is_first = base->context->rank == 0;
    const int64_t totals[ARRAYS] = {
        [DATA] = base->n_values, [INDICES] = base->n_values, [INDPTR] = 1 + base->n_rows};
    if (make_room(stage, totals, err) == MZG_OK) {
        errno = 0;
        int failed = write_array(stage, INDPTR, 0, is_first, 1, (const char *)&zero);
        failed |= H5Fflush(stage->file, H5F_SCOPE_GLOBAL) < 0;
        if (failed)
            fail_to_write(stage, errno, err);
    }
    close_handles(stage);
    if (mzg_agree(comm, err) != MZG_OK)
        return err->status;
    stage->last_read = INT64_MAX; /* nothing */
    if (open_for_reading(stage) != 0)
        mzg_fail(err, MZG_EIO, "%s: the staged HDF5 file cannot be opened again for reading", stage->path);
    return mzg_agree(comm, err);
}

static enum mzg_status read_slab(struct hdf5_stage *stage, enum array which, int64_t first, int64_t n,
                                 void *buffer, struct mzg_error *err)
{
    int64_t element = stage->sizes[which];
    int64_t piece = PIECE_BYTES / element;
    for (int64_t done = 0; done < n; done += piece) {
        hsize_t start = (hsize_t)(first + done);
        hsize_t count = (hsize_t)(n - done < piece ? n - done : piece);
        hid_t file_space = H5Dget_space(stage->arrays[which]);
        hid_t memory_space = H5Screate_simple(1, &count, NULL);
        H5Sselect_hyperslab(file_space, H5S_SELECT_SET, &start, NULL, &count, NULL);
        herr_t status = H5Dread(stage->arrays[which], stage->memory_types[which], memory_space, file_space,
                                H5P_DEFAULT, (char *)buffer + done * element);
        H5Sclose(memory_space);
        H5Sclose(file_space);
        if (status < 0)
            return mzg_fail(
                err, MZG_EIO, "%s: cannot read elements %lld to %lld of %s from the staged HDF5 file",
                stage->path, (long long)start, (long long)(start + count), array_specs[which].path);
    }
    return MZG_OK;
}

static enum mzg_status hdf5_read_row_begins(struct mzg_stage *base, int64_t first, int64_t n, int64_t *begins,
                                            struct mzg_error *err)
{
    return read_slab(hdf5_stage_of(base), INDPTR, first, n, begins, err);
}

/* This rank has read values first .. first + n - 1. Where ranks read in rounds, all are done with those
 * before the ones that it read last, and it goes on by as much. */
static enum mzg_status pass_values(struct hdf5_stage *stage, int64_t first, int64_t n, struct mzg_error *err)
{
    if (first < stage->last_read) { /* begins, here or again */
        stage->passed = chunks_of_value(stage, first);
    } else {
        int64_t end = chunks_of_value(stage, stage->last_read), next = 2 * first - stage->last_read;
        int code = mzg_passing_read(&stage->passing, stage->passed, end);
        if (code != 0)
            fail_to_write(stage, code, err);
        stage->passed = end;
        mzg_passing_soon(&stage->passing, chunks_of_value(stage, next),
                         chunks_of_value(stage, next + n + array_specs[DATA].chunk));
    }
    stage->last_read = first;
    return err->status;
}

static enum mzg_status hdf5_read_values(struct mzg_stage *base, int64_t first, int64_t n, int32_t *bins,
                                        void *values, struct mzg_error *err)
{
    struct hdf5_stage *stage = hdf5_stage_of(base);
    if (bins && read_slab(stage, INDICES, first, n, bins, err) != MZG_OK)
        return err->status;
    if (values && read_slab(stage, DATA, first, n, values, err) != MZG_OK)
        return err->status;
    return pass_values(stage, first, n, err);
}

static void hdf5_close(struct mzg_stage *base)
{
    struct hdf5_stage *stage = hdf5_stage_of(base);
    close_handles(stage);
    if (stage->passing.fd >= 0)
        close(stage->passing.fd);
    if (stage->transfer >= 0)
        H5Pclose(stage->transfer);
    free(stage->path);
    free(stage);
}

static const struct mzg_stage_kind hdf5_kind = {
    .name = "hdf5",
    .append = hdf5_append,
    .seal = hdf5_seal,
    .read_row_begins = hdf5_read_row_begins,
    .read_values = hdf5_read_values,
    .close = hdf5_close,
};

enum mzg_status mzg_stage_new_hdf5(const struct mzg_context *context, const char *path, int64_t n_columns,
                                   enum mzg_type value_type, struct mzg_stage **stage, struct mzg_error *err)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* failures become sentences of ours */
    struct hdf5_stage *new_stage = calloc(1, sizeof *new_stage);
    if (new_stage)
        new_stage->path = strdup(path);
    if (!new_stage || !new_stage->path)
        mzg_fail(err, MZG_ENOMEM, "no memory for the stage");
    if (mzg_agree(context->comm, err) != MZG_OK) {
        free(new_stage ? new_stage->path : NULL);
        free(new_stage);
        return err->status;
    }

    new_stage->base = (struct mzg_stage){
        .kind = &hdf5_kind, .context = context, .n_columns = n_columns, .value_type = value_type};
    new_stage->arrays[DATA] = new_stage->arrays[INDICES] = new_stage->arrays[INDPTR] = -1;
    new_stage->memory_types[DATA] = value_type == MZG_FLOAT64 ? H5T_NATIVE_DOUBLE : H5T_NATIVE_FLOAT;
    new_stage->memory_types[INDICES] = H5T_NATIVE_INT32;
    new_stage->memory_types[INDPTR] = H5T_NATIVE_INT64;
    for (int i = 0; i < ARRAYS; i++)
        new_stage->sizes[i] = (int64_t)H5Tget_size(new_stage->memory_types[i]);
    new_stage->transfer = H5Pcreate(H5P_DATASET_XFER);
    H5Pset_dxpl_mpio(new_stage->transfer, H5FD_MPIO_COLLECTIVE);
    H5Pset_dxpl_mpio_collective_opt(new_stage->transfer, H5FD_MPIO_INDIVIDUAL_IO);
    new_stage->file = -1;
    new_stage->fd = -1;
    new_stage->passing.fd = -1;
    if (make_file(new_stage, err) != MZG_OK) {
        hdf5_close(&new_stage->base);
        return err->status;
    }
    begin_passing(new_stage);
    *stage = &new_stage->base;
    return MZG_OK;
}
