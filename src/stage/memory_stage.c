/*
 * The stage in memory, for ranks that share one node. Each rank keeps the rows it appended in an anonymous
 * file of its own (memfd), which grows without moving and whose pages count as this job's memory, and waits
 * for no other rank. On sealing each rank maps the files of all others, so that every rank sees the whole
 * matrix and nothing is copied between ranks.
 *
 * One append of one rank is a block; on sealing all ranks list all blocks, in the order of their rows:
 *
 *     file of rank 0:  | block 0: row counts, bins, values | block 2 | ...
 *     file of rank 1:  | block 1 | block 3 | ...
 *
 * A block by column has the counts of the columns as well, and rows in place of bins (stage/column_block.h).
 */
#include <stage/stage.h>

#include <core/agree.h>
#include <core/memory.h>
#include <core/mpi.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ALIGNMENT = 64 };

/* The file of one rank. */
struct file {
    int fd; /* -1: not open; before sealing this rank's only */
    int64_t size;
    char *map; /* after sealing */
};

/* Where a block lies: in the file of `rank`, at `offset`. */
struct place {
    int rank;
    int64_t offset;
};

/* One append of one rank, which may have had no rows. */
struct append {
    int64_t n_rows, n_values;
};

struct memory_stage {
    struct mzg_stage base;
    struct file *files;          /* of each rank */
    int64_t n_appends, capacity; /* of this rank */
    struct append *appends;
    int64_t n_blocks; /* after sealing, like all below */
    struct mzg_stage_block *blocks;
    struct place *places; /* of each block */
};

/* What a block consists of. */
enum part { ROW_COUNTS, PANEL_BEGINS, COLUMN_COUNTS, MINORS, VALUES, PARTS };

/* Of each part its bytes, and where it begins in a block. */
struct layout {
    int64_t sizes[PARTS], offsets[PARTS];
    int64_t size; /* of the block */
};

static struct layout layout_of(const struct mzg_stage *stage, int64_t n_rows, int64_t n_values)
{
    bool by_column = stage->order == MZG_STAGE_BY_COLUMN;
    struct layout layout = {
        .sizes = {[ROW_COUNTS] = n_rows * (int64_t)sizeof(int32_t),
                  [MINORS] = n_values * (int64_t)(by_column ? sizeof(uint16_t) : sizeof(int32_t)),
                  [VALUES] = n_values * mzg_stage_value_size(stage)}};
    if (by_column) {
        layout.sizes[PANEL_BEGINS] = (mzg_column_panels(stage->n_columns) + 1) * (int64_t)sizeof(int64_t);
        layout.sizes[COLUMN_COUNTS] = stage->n_columns * (int64_t)sizeof(uint16_t);
    }
    for (int i = 0; i < PARTS; i++) {
        layout.offsets[i] = layout.size;
        layout.size += (layout.sizes[i] + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    return layout;
}

int64_t mzg_stage_memory_of_rows(const struct mzg_stage *stage, const struct mzg_rows *rows)
{
    return rows->n_rows > 0 ? layout_of(stage, rows->n_rows, rows->n_values).size : 0;
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

static struct file *own_file(struct memory_stage *stage)
{
    return &stage->files[stage->base.context->rank];
}

static enum mzg_status write_block(struct memory_stage *stage, const struct mzg_rows *rows,
                                   struct mzg_error *err)
{
    const struct file *file = own_file(stage);
    int64_t offset = file->size;
    struct layout layout = layout_of(&stage->base, rows->n_rows, rows->n_values);
    int32_t *counts = malloc((size_t)(rows->n_rows + 1) * sizeof *counts);
    if (!counts || ftruncate(file->fd, offset + layout.size) != 0) {
        free(counts);
        return mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " more bytes of resampled rows",
                        layout.size);
    }
    for (int64_t i = 0; i < rows->n_rows; i++)
        counts[i] = (int32_t)rows->row_counts[i];
    const void *parts[PARTS] = {[ROW_COUNTS] = counts, [MINORS] = rows->bins, [VALUES] = rows->values};
    if (stage->base.order == MZG_STAGE_BY_COLUMN) {
        parts[PANEL_BEGINS] = rows->by_column->panel_begins;
        parts[COLUMN_COUNTS] = rows->by_column->column_counts;
        parts[MINORS] = rows->by_column->rows;
        parts[VALUES] = rows->by_column->values;
    }
    for (int i = 0; i < PARTS && err->status == MZG_OK; i++)
        write_fully(file->fd, parts[i], layout.sizes[i], offset + layout.offsets[i], err);
    free(counts);
    return err->status;
}

static enum mzg_status reserve_append(struct memory_stage *stage, struct mzg_error *err)
{
    if (stage->n_appends < stage->capacity)
        return MZG_OK;
    int64_t capacity = 2 * stage->capacity + 64;
    struct append *grown = realloc(stage->appends, (size_t)capacity * sizeof *grown);
    if (!grown)
        return mzg_fail(err, MZG_ENOMEM, "no memory to list %" PRId64 " blocks of rows", capacity);
    stage->appends = grown;
    stage->capacity = capacity;
    return MZG_OK;
}

static bool memory_is_local(const struct mzg_stage *base)
{
    (void)base;
    return true;
}

static enum mzg_status memory_append(struct mzg_stage *base, const struct mzg_rows *rows,
                                     struct mzg_error *err)
{
    struct memory_stage *stage = (struct memory_stage *)base;
    if (reserve_append(stage, err) != MZG_OK || (rows->n_rows > 0 && write_block(stage, rows, err) != MZG_OK))
        return err->status;
    stage->appends[stage->n_appends++] = (struct append){.n_rows = rows->n_rows, .n_values = rows->n_values};
    own_file(stage)->size += mzg_stage_memory_of_rows(base, rows);
    return MZG_OK;
}

/* Opens and maps the file that process `pid` has as `fd`. */
static enum mzg_status map_file(struct file *file, int64_t pid, int64_t fd, struct mzg_error *err)
{
    if (file->size == 0)
        return MZG_OK;
    char path[64];
    snprintf(path, sizeof path, "/proc/%" PRId64 "/fd/%" PRId64, pid, fd);
    if (file->fd < 0)
        file->fd = open(path, O_RDWR | O_CLOEXEC);
    void *map =
        file->fd < 0 ? MAP_FAILED : mmap(NULL, (size_t)file->size, PROT_READ, MAP_SHARED, file->fd, 0);
    int code = errno;
    if (map == MAP_FAILED)
        return mzg_fail(
            err, MZG_EIO,
            "the ranks of this node cannot see each other's memory (%s: %s); --streaming hdf5 does "
            "without",
            path, strerror(code));
    file->map = map;
    return MZG_OK;
}

/* Sets the pointers of a block that begins at `begin`. */
static void find_parts(const struct mzg_stage *stage, const char *begin, struct mzg_stage_block *block)
{
    struct layout layout = layout_of(stage, block->n_rows, block->n_values);
    const void *parts[PARTS];
    for (int i = 0; i < PARTS; i++)
        parts[i] = begin + layout.offsets[i];
    block->row_counts = parts[ROW_COUNTS];
    if (stage->order == MZG_STAGE_BY_COLUMN) {
        block->by_column = (struct mzg_column_block){.n_columns = stage->n_columns,
                                                     .n_values = block->n_values,
                                                     .panel_begins = parts[PANEL_BEGINS],
                                                     .column_counts = parts[COLUMN_COUNTS],
                                                     .rows = parts[MINORS],
                                                     .values = parts[VALUES]};
    } else {
        block->bins = parts[MINORS];
        block->values = parts[VALUES];
    }
}

/* The appends of all ranks, those of rank r from r * n_appends on. Collective. */
static enum mzg_status gather_appends(const struct memory_stage *stage, struct append **all,
                                      struct mzg_error *err)
{
    const struct mzg_context *context = stage->base.context;
    int64_t range[2] = {stage->n_appends, -stage->n_appends};
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, range, 2, MPI_INT64_T, MPI_MAX, context->comm));
    int bytes = (int)(stage->n_appends * (int64_t)sizeof **all);
    *all = calloc((size_t)context->size * (size_t)stage->n_appends + 1, sizeof **all);
    if (range[0] != -range[1])
        mzg_fail(err, MZG_EUSAGE, "some ranks appended rows %" PRId64 " times, others %" PRId64 " times",
                 range[0], -range[1]);
    else if (!*all)
        mzg_fail(err, MZG_ENOMEM, "no memory to share the resampled rows");
    if (mzg_agree(context->comm, err) == MZG_OK)
        MZG_MPI(MPI_Allgather(stage->appends, bytes, MPI_BYTE, *all, bytes, MPI_BYTE, context->comm));
    return err->status;
}

/* Lists the blocks of all ranks, and the place of each. */
static enum mzg_status list_blocks(struct memory_stage *stage, const struct append *all,
                                   struct mzg_error *err)
{
    struct mzg_stage *base = &stage->base;
    int size = base->context->size;
    size_t most = (size_t)(size * stage->n_appends);
    stage->blocks = calloc(most + 1, sizeof *stage->blocks);
    stage->places = calloc(most + 1, sizeof *stage->places);
    if (!stage->blocks || !stage->places)
        return mzg_fail(err, MZG_ENOMEM, "no memory to list %zu blocks of rows", most);
    own_file(stage)->size = 0; /* and grows again with those of the others */
    for (int64_t i = 0; i < stage->n_appends; i++) {
        for (int rank = 0; rank < size; rank++) {
            struct append append = all[rank * stage->n_appends + i];
            if (append.n_rows == 0)
                continue;
            stage->places[stage->n_blocks] = (struct place){.rank = rank, .offset = stage->files[rank].size};
            stage->blocks[stage->n_blocks++] = (struct mzg_stage_block){.first_row = base->n_rows,
                                                                        .n_rows = append.n_rows,
                                                                        .first_value = base->n_values,
                                                                        .n_values = append.n_values};
            base->n_rows += append.n_rows;
            base->n_values += append.n_values;
            stage->files[rank].size += layout_of(base, append.n_rows, append.n_values).size;
        }
    }
    return MZG_OK;
}

static enum mzg_status memory_seal(struct mzg_stage *base, struct mzg_error *err)
{
    struct memory_stage *stage = (struct memory_stage *)base;
    const struct mzg_context *context = base->context;
    int64_t mine[2] = {getpid(), own_file(stage)->fd};
    int64_t *handles = calloc(2 * (size_t)context->size, sizeof *handles);
    struct append *all = NULL;
    if (!handles)
        mzg_fail(err, MZG_ENOMEM, "no memory to share the resampled rows");
    if (gather_appends(stage, &all, err) != MZG_OK)
        goto cleanup;
    MZG_MPI(MPI_Allgather(mine, 2, MPI_INT64_T, handles, 2, MPI_INT64_T, context->comm));
    list_blocks(stage, all, err);
    for (int rank = 0; rank < context->size && err->status == MZG_OK; rank++)
        map_file(&stage->files[rank], handles[2 * (size_t)rank], handles[2 * (size_t)rank + 1], err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        goto cleanup;
    for (int64_t i = 0; i < stage->n_blocks; i++)
        find_parts(base, stage->files[stage->places[i].rank].map + stage->places[i].offset,
                   &stage->blocks[i]);

cleanup:
    free(all);
    free(handles);
    return err->status;
}

/* The block that holds row `row` (by_row) or value `row`. */
static int64_t find_block(const struct memory_stage *stage, int64_t wanted, bool by_row)
{
    int64_t low = 0, high = stage->n_blocks;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        const struct mzg_stage_block *block = &stage->blocks[middle];
        if ((by_row ? block->first_row : block->first_value) <= wanted)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static enum mzg_status memory_read_row_begins(struct mzg_stage *base, int64_t first, int64_t n,
                                              int64_t *begins, struct mzg_error *err)
{
    (void)err;
    const struct memory_stage *stage = (const struct memory_stage *)base;
    int64_t end = first + n; /* row base->n_rows stands for the end of all values */
    for (int64_t i = find_block(stage, first, true); i < stage->n_blocks; i++) {
        const struct mzg_stage_block *block = &stage->blocks[i];
        int64_t begin = block->first_value;
        if (block->first_row >= end)
            break;
        for (int64_t row = block->first_row; row < block->first_row + block->n_rows && row < end; row++) {
            if (row >= first)
                begins[row - first] = begin;
            begin += block->row_counts[row - block->first_row];
        }
    }
    if (end > base->n_rows)
        begins[base->n_rows - first] = base->n_values;
    return MZG_OK;
}

static enum mzg_status memory_read_values(struct mzg_stage *base, int64_t first, int64_t n, int32_t *bins,
                                          void *values, struct mzg_error *err)
{
    (void)err;
    const struct memory_stage *stage = (const struct memory_stage *)base;
    int64_t width = mzg_stage_value_size(base), done = 0;
    for (int64_t i = find_block(stage, first, false); i < stage->n_blocks && done < n; i++) {
        const struct mzg_stage_block *block = &stage->blocks[i];
        int64_t skip = first + done - block->first_value;
        int64_t now = block->n_values - skip < n - done ? block->n_values - skip : n - done;
        if (bins)
            memcpy(bins + done, block->bins + skip, (size_t)now * sizeof *bins);
        if (values)
            memcpy((char *)values + done * width, (const char *)block->values + skip * width,
                   (size_t)(now * width));
        done += now;
    }
    return MZG_OK;
}

static int64_t memory_memory(const struct mzg_stage *base)
{
    const struct memory_stage *stage = (const struct memory_stage *)base;
    int64_t bytes = 0;
    for (int rank = 0; rank < base->context->size; rank++)
        bytes += stage->files[rank].size;
    return bytes;
}

static int64_t memory_blocks(const struct mzg_stage *base, const struct mzg_stage_block **blocks)
{
    const struct memory_stage *stage = (const struct memory_stage *)base;
    *blocks = stage->blocks;
    return stage->n_blocks;
}

/* Holes in the file, so that its pages serve others, such as what is written meanwhile. A system that cannot
 * keeps them. */
static void memory_forget(struct mzg_stage *base, int64_t block, const struct mzg_stage_taken *taken,
                          int64_t end)
{
    const struct memory_stage *stage = (const struct memory_stage *)base;
    const struct place *place = &stage->places[block];
    struct layout layout = layout_of(base, stage->blocks[block].n_rows, stage->blocks[block].n_values);
    int64_t page = sysconf(_SC_PAGESIZE);
    for (int part = MINORS; part <= VALUES; part++) {
        int64_t size = part == MINORS ? (int64_t)sizeof(uint16_t) : mzg_stage_value_size(base);
        int64_t begin = place->offset + layout.offsets[part];
        int64_t first = (begin + taken->first * size + page - 1) / page * page;
        int64_t left = (begin + taken->forgotten * size) / page * page;
        int64_t from = left > first ? left : first, to = (begin + end * size) / page * page;
        if (to > from)
            fallocate(stage->files[place->rank].fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from,
                      to - from);
    }
}

static void memory_close(struct mzg_stage *base)
{
    struct memory_stage *stage = (struct memory_stage *)base;
    for (int rank = 0; stage->files && rank < base->context->size; rank++) {
        const struct file *file = &stage->files[rank];
        if (file->map)
            munmap(file->map, (size_t)file->size);
        if (file->fd >= 0)
            close(file->fd);
    }
    free(stage->files);
    free(stage->places);
    free(stage->blocks);
    free(stage->appends);
    free(stage);
}

static const struct mzg_stage_kind memory_kind = {
    .name = "memory",
    .is_local = memory_is_local,
    .append = memory_append,
    .seal = memory_seal,
    .read_row_begins = memory_read_row_begins,
    .read_values = memory_read_values,
    .memory = memory_memory,
    .blocks = memory_blocks,
    .forget = memory_forget,
    .close = memory_close,
};

enum mzg_status mzg_stage_new_memory(const struct mzg_context *context, int64_t n_columns,
                                     enum mzg_type value_type, enum mzg_stage_order order,
                                     struct mzg_stage **stage, struct mzg_error *err)
{
    struct memory_stage *made = calloc(1, sizeof *made);
    if (!made) {
        mzg_fail(err, MZG_ENOMEM, "no memory for the stage");
    } else {
        made->base = (struct mzg_stage){.kind = &memory_kind,
                                        .context = context,
                                        .n_columns = n_columns,
                                        .value_type = value_type,
                                        .order = order};
        made->files = malloc((size_t)context->size * sizeof *made->files);
        for (int rank = 0; made->files && rank < context->size; rank++)
            made->files[rank] = (struct file){.fd = -1};
        if (made->files)
            own_file(made)->fd = memfd_create("mzgrid-stage", MFD_CLOEXEC);
        if (!made->files || own_file(made)->fd < 0)
            mzg_fail(err, MZG_ENOMEM, "no memory for the stage: %s", strerror(errno));
    }
    if (mzg_agree(context->comm, err) != MZG_OK) {
        if (made)
            memory_close(&made->base);
        return err->status;
    }
    *stage = &made->base;
    return MZG_OK;
}
