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
 * The slabs are plain writes of the system. MPI-IO would bring nothing, because each is contiguous, but makes
 * files of its own beside this one, which a kill leaves behind, and aborts on long paths (Open MPI 4). It
 * makes the file if there are hints for it, and is done (stage/hdf5_file.c).
 *
 * The arrays are unfiltered, because HDF5 1.10 deadlocks or loses data in parallel writes through filters
 * (docs/decisions/). A flush right after creation keeps the file readable after a kill.
 */
#include <stage/hdf5_file.h>
#include <stage/sink.h>

#include <core/agree.h>
#include <core/array.h>
#include <core/hdf5.h>
#include <core/mpi.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "rows are written as they lie in memory");

enum {
    CONVERTED = 1 << 16,
    PLACES_AT_ONCE = 512, /* that rank 0 tells the others */
    NO_PLACE = -1         /* instead of the first: rank 0 has failed */
};

struct hdf5_sink {
    struct mzg_sink base;
    int64_t n_rows, n_values; /* of all ranks */
    void *converted; /* CONVERTED elements on their way into the file; NULL: they lie there as in memory */
    struct mzg_hdf5_chunks chunks[MZG_HDF5_ARRAYS];
    int rows;                        /* the file, to write rows */
    struct mzg_passing_file passing; /* the same file */
    struct mzg_hdf5_file file;       /* open on rank 0; its types are known on all */
};

static enum mzg_status fail_to_write(const struct hdf5_sink *sink, int code, struct mzg_error *err)
{
    return mzg_hdf5_write_failed(sink->base.spec.path, code, err);
}

/* The k-th of the new chunks of all arrays. */
static int64_t *place_of(const struct hdf5_sink *sink, const int64_t n[MZG_HDF5_ARRAYS], int64_t k)
{
    enum mzg_hdf5_array i = 0;
    for (; i + 1 < MZG_HDF5_ARRAYS && k >= n[i] - sink->chunks[i].n; i++)
        k -= n[i] - sink->chunks[i].n;
    return &sink->chunks[i].places[sink->chunks[i].n + k];
}

/* Rank 0 tells all where the new chunks are, or that it failed. A rank that failed takes part. Collective. */
static void share_places(const struct hdf5_sink *sink, const int64_t n[MZG_HDF5_ARRAYS],
                         struct mzg_error *err)
{
    int64_t piece[PLACES_AT_ONCE], n_new = 0;
    bool failed = err->status != MZG_OK, is_root = sink->base.spec.context->rank == 0;
    for (enum mzg_hdf5_array i = 0; i < MZG_HDF5_ARRAYS; i++)
        n_new += n[i] - sink->chunks[i].n;
    for (int64_t first = 0; first < n_new; first += PLACES_AT_ONCE) {
        int now = (int)(n_new - first < PLACES_AT_ONCE ? n_new - first : PLACES_AT_ONCE);
        for (int k = 0; is_root && k < now; k++)
            piece[k] = failed ? NO_PLACE : *place_of(sink, n, first + k);
        MZG_MPI(MPI_Bcast(piece, now, MPI_INT64_T, 0, sink->base.spec.context->comm));
        if (piece[0] == NO_PLACE && !failed)
            failed = fail_to_write(sink, 0, err) != MZG_OK; /* rank 0 says why */
        for (int k = 0; !failed && k < now; k++)
            *place_of(sink, n, first + k) = piece[k];
    }
}

/* Makes room for arrays of these extents, of which all ranks learn where it is. Not all ranks return the same
 * status: agree. Collective. */
static enum mzg_status make_room(struct hdf5_sink *sink, const int64_t totals[MZG_HDF5_ARRAYS],
                                 struct mzg_error *err)
{
    int64_t n[MZG_HDF5_ARRAYS];
    for (enum mzg_hdf5_array i = 0; i < MZG_HDF5_ARRAYS; i++) {
        n[i] = mzg_hdf5_chunk_count(i, totals[i]);
        if (err->status == MZG_OK)
            mzg_array_grow(&sink->chunks[i].places, sizeof *sink->chunks[i].places, n[i],
                           &sink->chunks[i].capacity, "places of chunks", err);
    }
    if (sink->base.spec.context->rank == 0 && err->status == MZG_OK)
        mzg_hdf5_file_extend(&sink->file, totals, sink->chunks, err);
    share_places(sink, n, err);
    for (enum mzg_hdf5_array i = 0; i < MZG_HDF5_ARRAYS && err->status == MZG_OK; i++)
        sink->chunks[i].n = n[i];
    return err->status;
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
    enum mzg_type type = sink->file.types.of[which];
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
    int64_t size = mzg_hdf5_element_size(&sink->file.types, which), chunk = mzg_hdf5_specs[which].chunk;
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

/* What all ranks append, and what those before this one do: rows and values. */
static void add_up(const struct mzg_context *context, const struct mzg_sink_part *parts,
                   struct mzg_sink_part *before, struct mzg_sink_part *sum)
{
    *before = *sum = (struct mzg_sink_part){0};
    for (int rank = 0; rank < context->size; rank++) {
        if (rank == context->rank)
            *before = *sum;
        sum->n_rows += parts[rank].n_rows;
        sum->n_values += parts[rank].n_values;
    }
}

/* No collective call, but in a round in which chunks of the file begin. A rank that failed takes part in it.
 */
static enum mzg_status hdf5_append(struct mzg_sink *base, const struct mzg_rows *rows,
                                   const struct mzg_sink_part *parts, struct mzg_error *err)
{
    struct hdf5_sink *sink = (struct hdf5_sink *)base;
    struct mzg_sink_part before, sum;
    add_up(base->spec.context, parts, &before, &sum);
    int64_t first_row = sink->n_rows + before.n_rows, first_value = sink->n_values + before.n_values;
    const int64_t totals[MZG_HDF5_ARRAYS] = {[MZG_HDF5_DATA] = sink->n_values + sum.n_values,
                                             [MZG_HDF5_INDICES] = sink->n_values + sum.n_values,
                                             [MZG_HDF5_INDPTR] = 1 + sink->n_rows + sum.n_rows};

    int64_t *ends = malloc((size_t)(rows->n_rows + 1) * sizeof *ends);
    if (!ends)
        mzg_fail(err, MZG_ENOMEM, "no memory for the ends of %lld rows", (long long)rows->n_rows);
    int64_t end = first_value;
    for (int64_t i = 0; ends && i < rows->n_rows; i++)
        ends[i] = end += rows->row_counts[i];
    if (make_room(sink, totals, err) == MZG_OK &&
        write_slab(sink, MZG_HDF5_DATA, first_value, rows->n_values, rows->values, err) == MZG_OK &&
        write_slab(sink, MZG_HDF5_INDICES, first_value, rows->n_values, rows->bins, err) == MZG_OK)
        write_slab(sink, MZG_HDF5_INDPTR, 1 + first_row, rows->n_rows, ends, err);
    sink->n_rows += sum.n_rows;
    sink->n_values += sum.n_values;
    if (err->status == MZG_OK)
        mzg_passing_written(&sink->passing, mzg_hdf5_chunks_of_value(sink->n_values, sink->n_rows,
                                                                     sink->n_values, &sink->file.types));
    free(ends);
    return err->status;
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
    if (make_room(sink, totals, err) == MZG_OK && context->rank == 0)
        write_slab(sink, MZG_HDF5_INDPTR, 0, 1, &zero, err);
    close_rows(sink, err);
    if (context->rank == 0 && err->status == MZG_OK)
        mzg_hdf5_file_finish(&sink->file, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    struct mzg_staged like = {.context = context,
                              .n_columns = base->spec.n_columns,
                              .value_type = base->spec.value_type,
                              .n_rows = sink->n_rows,
                              .n_values = sink->n_values};
    if (mzg_hdf5_stage(base->spec.path, &like, &sink->file.types, &sink->passing, staged, err) == MZG_OK)
        sink->passing.fd = -1;
    return err->status;
}

/* What is still open belongs to a file that nobody needs. */
static void hdf5_close(struct mzg_sink *base)
{
    struct hdf5_sink *sink = (struct hdf5_sink *)base;
    if (sink->rows >= 0)
        close(sink->rows);
    mzg_hdf5_file_drop(&sink->file);
    if (sink->passing.fd >= 0)
        close(sink->passing.fd);
    for (enum mzg_hdf5_array i = 0; i < MZG_HDF5_ARRAYS; i++)
        free(sink->chunks[i].places);
    free(sink->converted);
    free(sink);
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
        struct mzg_hdf5_types types = mzg_hdf5_types(spec->value_type, spec->index_type);
        mzg_hdf5_file_init(&made->file, spec->path, &types);
        made->rows = made->passing.fd = -1;
    }
    if (made && spec->index_type != MZG_BOOL) {
        made->converted = malloc(CONVERTED * sizeof(int64_t));
        if (!made->converted)
            mzg_fail(err, MZG_ENOMEM, "no memory for the staged HDF5 file");
    }
    if (made && spec->context->rank == 0 && err->status == MZG_OK)
        mzg_hdf5_file_make(&made->file, spec->mpi_info, err);
    if (mzg_agree(spec->context->comm, err) == MZG_OK)
        open_rows(made, err);
    if (mzg_agree(spec->context->comm, err) != MZG_OK) {
        if (made)
            hdf5_close(&made->base);
        return err->status;
    }
    made->passing.window = spec->passing_window;
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
