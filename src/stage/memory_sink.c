/*
 * The sink in memory, for ranks that share one node. Each rank appends to a file of its own, or to its own
 * memory if it is alone, and waits for no other rank (stage/memory_block.h); sealing lets every rank see the
 * files of all (memory_staged.c). Rows that outgrow their memory move to another sink, append by append, each
 * rank its own: nobody needs to see the memory of another one for that.
 */
#include <stage/memory_block.h>
#include <stage/sink.h>

#include <core/agree.h>
#include <core/array.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct memory_sink {
    struct mzg_sink base;
    struct mzg_memory_shape shape;
    int fd;
    int64_t file_size;
    struct mzg_own_memory own;
    char *room; /* taken from that for the rows that come next, */
    int64_t room_size;
    int64_t n_appends, capacity;
    struct mzg_memory_append *appends;
};

static int64_t memory_bytes_of_rows(const struct mzg_sink *base, const struct mzg_rows *rows)
{
    const struct memory_sink *sink = (const struct memory_sink *)base;
    return rows->n_rows > 0 ? mzg_memory_layout_of(&sink->shape, rows->n_rows, rows->n_values).size : 0;
}

static enum mzg_status write_fully(int fd, const void *bytes, int64_t size, int64_t offset,
                                   struct mzg_error *err)
{
    const char *next = bytes;
    while (size > 0) {
        ssize_t n = pwrite(fd, next, (size_t)(size < 1 << 30 ? size : 1 << 30), offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " more bytes of resampled rows: %s",
                            size, strerror(n < 0 ? errno : ENOSPC));
        next += n;
        offset += n;
        size -= n;
    }
    return MZG_OK;
}

/* Room in this rank's own memory for a block of the rows that come next; NULL: other ranks are to see it, or
 * there is none. Local. */
static char *own_room(struct memory_sink *sink, int64_t size)
{
    if (sink->base.spec.context->size > 1)
        return NULL;
    if (!sink->room || sink->room_size != size) {
        sink->room = mzg_own_memory_take(&sink->own, size);
        sink->room_size = size;
    }
    return sink->room;
}

static bool memory_room(struct mzg_sink *base, const struct mzg_rows *rows, struct mzg_column_room *room)
{
    struct memory_sink *sink = (struct memory_sink *)base;
    struct mzg_memory_layout layout = mzg_memory_layout_of(&sink->shape, rows->n_rows, rows->n_values);
    char *own = sink->shape.by_column && rows->n_rows > 0 ? own_room(sink, layout.size) : NULL;
    if (!own)
        return false;
    *room = (struct mzg_column_room){.rows = (uint16_t *)(void *)(own + layout.offsets[MZG_PART_MINORS]),
                                     .values = own + layout.offsets[MZG_PART_VALUES]};
    return true;
}

/* Puts a part of a block where it belongs, unless it lies there already. */
static void put_part(const void *part, int64_t size, char *to)
{
    if (part && part != to && size > 0)
        memcpy(to, part, (size_t)size);
}

/* Writes a block behind all others; `own`: where it lies in this rank's own memory, NULL: in the file. */
static enum mzg_status write_block(struct memory_sink *sink, const struct mzg_rows *rows, char **own,
                                   struct mzg_error *err)
{
    struct mzg_memory_layout layout = mzg_memory_layout_of(&sink->shape, rows->n_rows, rows->n_values);
    int32_t *counts = malloc((size_t)(rows->n_rows + 1) * sizeof *counts);
    *own = own_room(sink, layout.size);
    if (!counts || (!*own && ftruncate(sink->fd, sink->file_size + layout.size) != 0)) {
        int code = counts ? errno : ENOMEM; /* EFBIG: `ulimit -f` counts for this file, too */
        free(counts);
        return mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " more bytes of resampled rows: %s",
                        layout.size, strerror(code));
    }
    for (int64_t i = 0; i < rows->n_rows; i++)
        counts[i] = (int32_t)rows->row_counts[i];
    const void *parts[MZG_MEMORY_PARTS] = {
        [MZG_PART_ROW_COUNTS] = counts, [MZG_PART_MINORS] = rows->bins, [MZG_PART_VALUES] = rows->values};
    if (sink->shape.by_column) {
        parts[MZG_PART_BUCKET_BEGINS] = rows->by_column->bucket_begins;
        parts[MZG_PART_COLUMN_COUNTS] = rows->by_column->column_counts;
        parts[MZG_PART_MINORS] = rows->by_column->rows;
        parts[MZG_PART_VALUES] = rows->by_column->values;
    }
    for (int i = 0; i < MZG_MEMORY_PARTS && err->status == MZG_OK; i++) {
        if (*own)
            put_part(parts[i], layout.sizes[i], *own + layout.offsets[i]);
        else
            write_fully(sink->fd, parts[i], layout.sizes[i], sink->file_size + layout.offsets[i], err);
    }
    free(counts);
    sink->room = NULL;
    if (!*own && err->status == MZG_OK)
        sink->file_size += layout.size;
    return err->status;
}

static enum mzg_status memory_append(struct mzg_sink *base, const struct mzg_rows *rows,
                                     const struct mzg_sink_part *parts, struct mzg_error *err)
{
    struct memory_sink *sink = (struct memory_sink *)base;
    (void)parts;
    char *own = NULL;
    if (mzg_array_grow(&sink->appends, sizeof *sink->appends, sink->n_appends + 1, &sink->capacity,
                       "blocks of rows", err) != MZG_OK ||
        (rows->n_rows > 0 && write_block(sink, rows, &own, err) != MZG_OK))
        return err->status;
    sink->appends[sink->n_appends++] =
        (struct mzg_memory_append){.n_rows = rows->n_rows, .n_values = rows->n_values, .own = own};
    base->bytes += memory_bytes_of_rows(base, rows);
    return MZG_OK;
}

/* The rows that are on their way to another sink, a block at a time: seeing them all may be what there is no
 * memory for. */
struct move {
    int64_t offset; /* of the next block of the file */
    char *map;      /* of the pages that it lies in, */
    size_t mapped;  /*  bytes */
    struct mzg_rows rows;
    int64_t *begins;
};

/* Makes space for the largest block. */
static enum mzg_status begin_move(const struct memory_sink *sink, struct move *move, struct mzg_error *err)
{
    int64_t n_rows = 0, n_values = 0;
    for (int64_t i = 0; i < sink->n_appends; i++) {
        n_rows = sink->appends[i].n_rows > n_rows ? sink->appends[i].n_rows : n_rows;
        n_values = sink->appends[i].n_values > n_values ? sink->appends[i].n_values : n_values;
    }
    struct mzg_rows *rows = &move->rows;
    rows->row_counts = malloc((size_t)(n_rows + 1) * sizeof *rows->row_counts);
    move->begins = malloc((size_t)(n_rows + 1) * sizeof *move->begins);
    bool all = rows->row_counts && move->begins;
    if (sink->shape.by_column) {
        rows->bins = malloc((size_t)(n_values + 1) * sizeof *rows->bins);
        rows->values = malloc((size_t)((n_values + 1) * mzg_type_size(sink->shape.value_type)));
        all = all && rows->bins && rows->values;
    }
    return all ? MZG_OK : mzg_fail(err, MZG_ENOMEM, "no memory to move rows from memory to the HDF5 file");
}

static void unmap_block(struct move *move)
{
    if (move->map)
        munmap(move->map, move->mapped);
    move->map = NULL;
}

static void end_move(const struct memory_sink *sink, struct move *move)
{
    unmap_block(move);
    free(move->rows.row_counts);
    free(move->begins);
    if (sink->shape.by_column) {
        free(move->rows.bins);
        free(move->rows.values);
    }
}

/* The block of an append that lies in the file, mapped; NULL: that failed. */
static const char *map_block(const struct memory_sink *sink, struct mzg_memory_append append,
                             struct move *move, struct mzg_error *err)
{
    int64_t skip = move->offset % sysconf(_SC_PAGESIZE);
    int64_t size = mzg_memory_layout_of(&sink->shape, append.n_rows, append.n_values).size;
    move->mapped = (size_t)(skip + size);
    void *map = mmap(NULL, move->mapped, PROT_READ, MAP_SHARED, sink->fd, move->offset - skip);
    if (map == MAP_FAILED) {
        mzg_fail(err, MZG_ENOMEM, "no memory to move %" PRId64 " bytes of rows to the HDF5 file: %s", size,
                 strerror(errno));
        return NULL;
    }
    move->map = map;
    return move->map + skip;
}

/* The rows of an append, valid until it is passed. */
static enum mzg_status see_append(const struct memory_sink *sink, struct mzg_memory_append append,
                                  struct move *move, struct mzg_rows *rows, struct mzg_error *err)
{
    *rows = (struct mzg_rows){0};
    if (append.n_rows == 0)
        return MZG_OK;
    struct mzg_stage_block block = {.n_rows = append.n_rows, .n_values = append.n_values};
    const char *begin = append.own ? append.own : map_block(sink, append, move, err);
    if (!begin)
        return err->status;
    mzg_memory_find_parts(&sink->shape, begin, &block);
    *rows = move->rows;
    rows->n_rows = append.n_rows;
    rows->n_values = append.n_values;
    for (int64_t row = 0; row < block.n_rows; row++)
        rows->row_counts[row] = block.row_counts[row];
    if (sink->shape.by_column) {
        mzg_column_block_to_rows(&block.by_column, sink->shape.value_type == MZG_FLOAT64, move->begins, rows);
    } else {
        rows->bins = (int32_t *)block.bins;
        rows->values = (void *)block.values;
    }
    return MZG_OK;
}

/* Gives the memory of a block back that was moved. A system that cannot keeps it. */
static void pass_append(const struct memory_sink *sink, struct mzg_memory_append append, struct move *move)
{
    unmap_block(move);
    if (append.n_rows == 0)
        return;
    int64_t page = sysconf(_SC_PAGESIZE);
    int64_t size = mzg_memory_layout_of(&sink->shape, append.n_rows, append.n_values).size;
    if (append.own) {
        mzg_own_memory_forget(append.own, size);
        return;
    }
    int64_t from = move->offset / page * page, to = (move->offset + size) / page * page;
    if (to > from)
        fallocate(sink->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, to - from);
    move->offset += size;
}

static enum mzg_status memory_move(struct mzg_sink *base, struct mzg_sink *to, struct mzg_error *err)
{
    const struct memory_sink *sink = (const struct memory_sink *)base;
    MPI_Comm comm = base->spec.context->comm;
    struct move move = {0};
    begin_move(sink, &move, err);
    mzg_agree(comm, err);
    for (int64_t i = 0; i < sink->n_appends && err->status == MZG_OK; i++) {
        struct mzg_rows rows;
        see_append(sink, sink->appends[i], &move, &rows, err);
        if (mzg_agree(comm, err) == MZG_OK && mzg_sink_append(to, &rows, err) == MZG_OK)
            pass_append(sink, sink->appends[i], &move);
    }
    end_move(sink, &move);
    return err->status;
}

static enum mzg_status memory_seal(struct mzg_sink *base, struct mzg_staged **staged, struct mzg_error *err)
{
    struct memory_sink *sink = (struct memory_sink *)base;
    struct mzg_memory_rows rows = {.context = base->spec.context,
                                   .shape = sink->shape,
                                   .fd = sink->fd,
                                   .own = &sink->own,
                                   .n_appends = sink->n_appends,
                                   .appends = sink->appends};
    if (mzg_memory_stage(&rows, staged, err) == MZG_OK) {
        sink->fd = -1;
        sink->own = (struct mzg_own_memory){0};
    }
    return err->status;
}

static void memory_close(struct mzg_sink *base)
{
    struct memory_sink *sink = (struct memory_sink *)base;
    if (sink->fd >= 0)
        close(sink->fd);
    mzg_own_memory_free(&sink->own);
    free(sink->appends);
    free(sink);
}

static enum mzg_status memory_open(const struct mzg_sink_spec *spec, struct mzg_sink **sink,
                                   struct mzg_error *err)
{
    struct memory_sink *made = calloc(1, sizeof *made);
    if (made) {
        made->shape = (struct mzg_memory_shape){
            .n_columns = spec->n_columns, .value_type = spec->value_type, .by_column = spec->by_column};
        made->fd = memfd_create("mzgrid-stage", MFD_CLOEXEC);
    }
    if (!made || made->fd < 0)
        mzg_fail(err, MZG_ENOMEM, "no memory for resampled rows: %s", strerror(errno));
    if (mzg_agree(spec->context->comm, err) != MZG_OK) {
        if (made)
            memory_close(&made->base);
        return err->status;
    }
    *sink = &made->base;
    return MZG_OK;
}

const struct mzg_sink_kind mzg_memory_sink = {
    .name = "memory",
    .local = true,
    .wants_order = true,
    .open = memory_open,
    .bytes_of_rows = memory_bytes_of_rows,
    .room = memory_room,
    .append = memory_append,
    .move = memory_move,
    .seal = memory_seal,
    .close = memory_close,
};
