/*
 * Rows in memory that all ranks see (stage/memory_block.h): each rank maps the files of all others, and lists
 * all blocks in the order of their rows, so that nothing is copied between ranks. A rank reaches the file of
 * another one through /proc.
 */
#include <stage/memory_block.h>

#include <core/agree.h>
#include <core/mpi.h>
#include <core/pool.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The file of one rank. */
struct file {
    int fd; /* -1: not open */
    int64_t size;
    char *map;
};

/* Where a block lies: in this rank's own memory, or, if that is NULL, in the file of `rank`, at `offset`. */
struct place {
    char *own;
    int rank;
    int64_t offset;
};

/* As a rank tells the others. */
struct handle {
    int64_t pid, fd;
};

struct memory_staged {
    struct mzg_staged base;
    struct mzg_memory_shape shape;
    struct file *files; /* of each rank */
    struct mzg_own_memory own;
    struct mzg_stage_block *blocks;
    struct place *places; /* of each block */
};

/* Opens the file of another rank; returns -1, and sets errno. */
static int open_file_of(struct handle handle, char *path, size_t size)
{
    snprintf(path, size, "/proc/%" PRId64 "/fd/%" PRId64, handle.pid, handle.fd);
    return open(path, O_RDWR | O_CLOEXEC);
}

/* Looks whether the file of `rank` can be seen: it holds that number. */
static enum mzg_status try_rank(struct handle handle, int64_t rank, struct mzg_error *err)
{
    char path[64];
    int fd = open_file_of(handle, path, sizeof path);
    void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof rank, PROT_READ, MAP_SHARED, fd, 0);
    bool lacks_memory = map == MAP_FAILED && (errno == ENOMEM || errno == EMFILE || errno == ENFILE);
    if (map == MAP_FAILED)
        mzg_fail(err, lacks_memory ? MZG_ENOMEM : MZG_EIO, "%s: %s", path, strerror(errno));
    else if (*(const int64_t *)map != rank)
        mzg_fail(err, MZG_EIO, "%s: that is another process", path);
    if (map != MAP_FAILED)
        munmap(map, sizeof rank);
    if (fd >= 0)
        close(fd);
    return err->status;
}

enum mzg_status mzg_memory_is_shared(const struct mzg_context *context, bool *is_shared, char reason[256],
                                     struct mzg_error *err)
{
    int64_t number = context->rank;
    struct mzg_error seen = {0};
    struct handle *handles = calloc((size_t)context->size, sizeof *handles);
    int fd = memfd_create("mzgrid-trial", MFD_CLOEXEC);
    if (!handles || fd < 0 || pwrite(fd, &number, sizeof number, 0) != (ssize_t)sizeof number)
        mzg_fail(err, MZG_ENOMEM, "no memory to try whether ranks see each other's: %s", strerror(errno));
    if (mzg_agree(context->comm, err) == MZG_OK) {
        struct handle mine = {getpid(), fd};
        MZG_MPI(MPI_Allgather(&mine, 2, MPI_INT64_T, handles, 2, MPI_INT64_T, context->comm));
        for (int i = 1; i < context->size && seen.status == MZG_OK; i++) { /* not all the same one at once */
            int rank = (context->rank + i) % context->size;
            try_rank(handles[rank], rank, &seen);
        }
        *is_shared = mzg_agree(context->comm, &seen) == MZG_OK;
        if (seen.status == MZG_ENOMEM)
            mzg_fail(err, MZG_ENOMEM,
                     "no memory to try whether the ranks of this node see each other's (%.200s)", seen.text);
        snprintf(reason, 256, "%.255s", *is_shared ? "" : seen.text);
    }
    if (fd >= 0)
        close(fd);
    free(handles);
    return err->status;
}

/* Opens and maps the file of a rank, unless it is open already. */
static enum mzg_status map_file(struct file *file, struct handle handle, struct mzg_error *err)
{
    if (file->size == 0)
        return MZG_OK;
    char path[64] = "";
    if (file->fd < 0)
        file->fd = open_file_of(handle, path, sizeof path);
    if (file->fd < 0 && (errno == ENOMEM || errno == EMFILE || errno == ENFILE))
        return mzg_fail(err, MZG_ENOMEM, "the rows of another rank cannot be opened: %s", strerror(errno));
    if (file->fd < 0)
        return mzg_fail(err, MZG_EIO,
                        "the ranks of this node cannot see each other's memory (%s: %s); --streaming hdf5 "
                        "does without",
                        path, strerror(errno));
    void *map = mmap(NULL, (size_t)file->size, PROT_READ, MAP_SHARED, file->fd, 0);
    if (map == MAP_FAILED)
        return mzg_fail(err, MZG_ENOMEM, "no memory to see %" PRId64 " bytes of resampled rows: %s",
                        file->size, strerror(errno));
    file->map = map;
    return MZG_OK;
}

/* The appends of all ranks, those of rank r from r * n_appends on. Collective. */
static enum mzg_status gather_appends(const struct mzg_memory_rows *rows, struct mzg_memory_append **all,
                                      struct mzg_error *err)
{
    const struct mzg_context *context = rows->context;
    int64_t range[2] = {rows->n_appends, -rows->n_appends};
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, range, 2, MPI_INT64_T, MPI_MAX, context->comm));
    int bytes = mzg_mpi_count(rows->n_appends * (int64_t)sizeof **all, "bytes of the list of blocks");
    *all = calloc((size_t)context->size * (size_t)rows->n_appends + 1, sizeof **all);
    if (range[0] != -range[1])
        mzg_fail(err, MZG_EUSAGE, "some ranks appended rows %" PRId64 " times, others %" PRId64 " times",
                 range[0], -range[1]);
    else if (!*all)
        mzg_fail(err, MZG_ENOMEM, "no memory to share the resampled rows");
    if (mzg_agree(context->comm, err) == MZG_OK)
        MZG_MPI(MPI_Allgather(rows->appends, bytes, MPI_BYTE, *all, bytes, MPI_BYTE, context->comm));
    return err->status;
}

/* Lists the blocks of all ranks, and the place of each. */
static enum mzg_status list_blocks(struct memory_staged *staged, const struct mzg_memory_append *all,
                                   int64_t n_appends, struct mzg_error *err)
{
    struct mzg_staged *base = &staged->base;
    int size = base->context->size;
    size_t most = (size_t)(size * n_appends);
    staged->blocks = calloc(most + 1, sizeof *staged->blocks);
    staged->places = calloc(most + 1, sizeof *staged->places);
    if (!staged->blocks || !staged->places)
        return mzg_fail(err, MZG_ENOMEM, "no memory to list %zu blocks of rows", most);
    for (int64_t i = 0; i < n_appends; i++) {
        for (int rank = 0; rank < size; rank++) {
            struct mzg_memory_append append = all[rank * n_appends + i];
            if (append.n_rows == 0)
                continue;
            struct file *file = &staged->files[rank];
            staged->places[base->n_blocks] =
                (struct place){.own = append.own, .rank = rank, .offset = file->size};
            staged->blocks[base->n_blocks++] = (struct mzg_stage_block){.first_row = base->n_rows,
                                                                        .n_rows = append.n_rows,
                                                                        .first_value = base->n_values,
                                                                        .n_values = append.n_values};
            base->n_rows += append.n_rows;
            base->n_values += append.n_values;
            int64_t bytes = mzg_memory_layout_of(&staged->shape, append.n_rows, append.n_values).size;
            file->size += append.own ? 0 : bytes;
            base->memory += bytes;
        }
    }
    base->blocks = staged->blocks;
    return MZG_OK;
}

/* The block that holds row `row` (by_row) or value `row`. */
static int64_t find_block(const struct mzg_staged *staged, int64_t wanted, bool by_row)
{
    int64_t low = 0, high = staged->n_blocks;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        const struct mzg_stage_block *block = &staged->blocks[middle];
        if ((by_row ? block->first_row : block->first_value) <= wanted)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static enum mzg_status memory_read_row_begins(struct mzg_staged *staged, int64_t first, int64_t n,
                                              int64_t *begins, struct mzg_error *err)
{
    (void)err;
    int64_t end = first + n; /* row n_rows stands for the end of all values */
    for (int64_t i = find_block(staged, first, true); i < staged->n_blocks; i++) {
        const struct mzg_stage_block *block = &staged->blocks[i];
        int64_t begin = block->first_value;
        if (block->first_row >= end)
            break;
        for (int64_t row = block->first_row; row < block->first_row + block->n_rows && row < end; row++) {
            if (row >= first)
                begins[row - first] = begin;
            begin += block->row_counts[row - block->first_row];
        }
    }
    if (end > staged->n_rows)
        begins[staged->n_rows - first] = staged->n_values;
    return MZG_OK;
}

/* Values that lie by column, on their way into the order of rows. */
struct reordering {
    const struct mzg_staged *staged;
    int64_t first_block;
    int64_t first, n;  /* values wanted */
    int64_t *begins;   /* of each worker: of the rows of its block, */
    int64_t most_rows; /*  at most so many */
    int32_t *bins;
    char *values;
};

/* A worker's task: what is wanted of the item-th block. */
static void reorder_block(void *context, int64_t item, int worker)
{
    const struct reordering *r = context;
    const struct mzg_stage_block *block = &r->staged->blocks[r->first_block + item];
    int64_t *begins = r->begins + worker * r->most_rows;
    int64_t skip = r->first > block->first_value ? r->first - block->first_value : 0;
    int64_t at = block->first_value + skip - r->first;
    int64_t n = block->n_values - skip < r->n - at ? block->n_values - skip : r->n - at;
    for (int64_t row = 0, begin = 0; row < block->n_rows; row++) {
        begins[row] = begin;
        begin += block->row_counts[row];
    }
    mzg_column_block_part(&block->by_column, r->staged->value_type == MZG_FLOAT64, begins, skip, n,
                          r->bins + at, r->values + at * mzg_staged_value_size(r->staged));
}

static enum mzg_status read_reordered(const struct mzg_staged *staged, int64_t first, int64_t n,
                                      int32_t *bins, void *values, struct mzg_error *err)
{
    struct mzg_pool *pool = staged->context->pool;
    struct reordering r = {.staged = staged,
                           .first_block = find_block(staged, first, false),
                           .first = first,
                           .n = n,
                           .bins = bins,
                           .values = values};
    int64_t end = r.first_block;
    for (; end < staged->n_blocks && staged->blocks[end].first_value < first + n; end++)
        if (staged->blocks[end].n_rows > r.most_rows)
            r.most_rows = staged->blocks[end].n_rows;
    r.begins = malloc((size_t)(mzg_pool_size(pool) * r.most_rows + 1) * sizeof *r.begins);
    if (!r.begins)
        return mzg_fail(err, MZG_ENOMEM, "no memory to put %" PRId64 " values into the order of rows", n);
    mzg_pool_run(pool, end - r.first_block, reorder_block, &r);
    free(r.begins);
    return MZG_OK;
}

static enum mzg_status memory_read_values(struct mzg_staged *staged, int64_t first, int64_t n, int32_t *bins,
                                          void *values, struct mzg_error *err)
{
    if (staged->by_column)
        return read_reordered(staged, first, n, bins, values, err);
    int64_t width = mzg_staged_value_size(staged), done = 0;
    for (int64_t i = find_block(staged, first, false); i < staged->n_blocks && done < n; i++) {
        const struct mzg_stage_block *block = &staged->blocks[i];
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

/* Pages that are not read again serve others, such as what is written meanwhile: holes in the file. A system
 * that cannot keeps them. */
static void memory_forget(struct mzg_staged *base, int64_t block, const struct mzg_stage_taken *taken,
                          int64_t end)
{
    const struct memory_staged *staged = (const struct memory_staged *)base;
    const struct place *place = &staged->places[block];
    struct mzg_memory_layout layout =
        mzg_memory_layout_of(&staged->shape, base->blocks[block].n_rows, base->blocks[block].n_values);
    int64_t page = sysconf(_SC_PAGESIZE);
    for (int part = MZG_PART_MINORS; part <= MZG_PART_VALUES; part++) {
        int64_t size = part == MZG_PART_MINORS ? (int64_t)sizeof(uint16_t) : mzg_staged_value_size(base);
        int64_t begin = (place->own ? (intptr_t)place->own : place->offset) + layout.offsets[part];
        int64_t first = (begin + taken->first * size + page - 1) / page * page;
        int64_t left = (begin + taken->forgotten * size) / page * page;
        int64_t from = left > first ? left : first, to = (begin + end * size) / page * page;
        if (to > from && place->own)
            mzg_own_memory_forget(place->own + (from - (intptr_t)place->own), to - from);
        else if (to > from)
            fallocate(staged->files[place->rank].fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from,
                      to - from);
    }
}

static void memory_close(struct mzg_staged *base)
{
    struct memory_staged *staged = (struct memory_staged *)base;
    for (int rank = 0; staged->files && rank < base->context->size; rank++) {
        const struct file *file = &staged->files[rank];
        if (file->map)
            munmap(file->map, (size_t)file->size);
        if (file->fd >= 0)
            close(file->fd);
    }
    mzg_own_memory_free(&staged->own);
    free(staged->files);
    free(staged->places);
    free(staged->blocks);
    free(staged);
}

static const struct mzg_staged_kind memory_kind = {
    .read_row_begins = memory_read_row_begins,
    .read_values = memory_read_values,
    .forget = memory_forget,
    .close = memory_close,
};

static struct memory_staged *new_staged(const struct mzg_memory_rows *rows, struct mzg_error *err)
{
    const struct mzg_context *context = rows->context;
    struct memory_staged *made = calloc(1, sizeof *made);
    if (made)
        made->files = malloc((size_t)context->size * sizeof *made->files);
    if (!made || !made->files) {
        free(made);
        mzg_fail(err, MZG_ENOMEM, "no memory to share the resampled rows");
        return NULL;
    }
    made->base = (struct mzg_staged){.kind = &memory_kind,
                                     .context = context,
                                     .n_columns = rows->shape.n_columns,
                                     .value_type = rows->shape.value_type,
                                     .by_column = rows->shape.by_column};
    made->shape = rows->shape;
    for (int rank = 0; rank < context->size; rank++)
        made->files[rank] = (struct file){.fd = -1};
    made->files[context->rank].fd = rows->fd;
    made->own = *rows->own;
    return made;
}

enum mzg_status mzg_memory_stage(const struct mzg_memory_rows *rows, struct mzg_staged **staged,
                                 struct mzg_error *err)
{
    const struct mzg_context *context = rows->context;
    struct handle mine = {getpid(), rows->fd};
    struct handle *handles = calloc((size_t)context->size, sizeof *handles);
    struct mzg_memory_append *all = NULL;
    struct memory_staged *made = new_staged(rows, err);
    if (made && !handles)
        mzg_fail(err, MZG_ENOMEM, "no memory to share the resampled rows");
    if (gather_appends(rows, &all, err) != MZG_OK || !made || !handles)
        goto cleanup;
    MZG_MPI(MPI_Allgather(&mine, 2, MPI_INT64_T, handles, 2, MPI_INT64_T, context->comm));
    list_blocks(made, all, rows->n_appends, err);
    for (int rank = 0; rank < context->size && err->status == MZG_OK; rank++)
        map_file(&made->files[rank], handles[rank], err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        goto cleanup;
    for (int64_t i = 0; i < made->base.n_blocks; i++) {
        const struct place *place = &made->places[i];
        mzg_memory_find_parts(&made->shape,
                              place->own ? place->own : made->files[place->rank].map + place->offset,
                              &made->blocks[i]);
    }
    *staged = &made->base;
    made = NULL;

cleanup:
    if (made) {
        made->files[context->rank].fd = -1;     /* the sink's, */
        made->own = (struct mzg_own_memory){0}; /*  as is this */
        memory_close(&made->base);
    }
    free(all);
    free(handles);
    return err->status;
}
