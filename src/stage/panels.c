#include <stage/panels.h>

#include <core/array.h>
#include <core/file.h>
#include <core/passing_file.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { VARINT_BYTES = 10, NARROW_COLUMNS = 1 << 16, PIECES_AHEAD = 4 };

/* A part of the file. */
struct extent {
    int64_t offset;
    int64_t size;
};

struct panel {
    struct mzg_column_range columns;
    int64_t last_row; /* of the piece that is being filled */
    char *buffer;
    int64_t used, capacity;
    struct extent *extents;
    int64_t n_extents, extent_capacity;
};

struct mzg_panels {
    char *path;
    int fd;
    int64_t file_size;
    struct mzg_passing_file passing;
    char *piece; /* read last */
    int64_t piece_capacity;
    int64_t value_size;
    int64_t n;
    struct panel each[];
};

static bool is_narrow(struct mzg_column_range columns)
{
    return columns.end - columns.first <= NARROW_COLUMNS;
}

enum mzg_status mzg_panels_new(const char *path, int64_t n, const struct mzg_column_range *columns,
                               int64_t value_size, struct mzg_panels **panels, struct mzg_error *err)
{
    struct mzg_panels *made = calloc(1, sizeof *made + (size_t)n * sizeof made->each[0]);
    if (!made)
        return mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " column panels", n);
    made->n = n;
    made->value_size = value_size;
    for (int64_t i = 0; i < n; i++)
        made->each[i].columns = columns[i];
    made->path = strdup(path);
    made->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (made->fd < 0)
        mzg_fail(err, MZG_EIO, "%s: cannot create this temporary file: %s", path, strerror(errno));
    else if (unlink(path), !made->path) /* nothing is left behind, however the process ends */
        mzg_fail(err, MZG_ENOMEM, "no memory for the path of a temporary file");
    if (err->status != MZG_OK) {
        mzg_panels_free(made);
        return err->status;
    }
    made->passing = (struct mzg_passing_file){.fd = made->fd, .parts = 1};
    *panels = made;
    return MZG_OK;
}

void mzg_panels_free(struct mzg_panels *panels)
{
    if (!panels)
        return;
    for (int64_t i = 0; i < panels->n; i++) {
        free(panels->each[i].buffer);
        free(panels->each[i].extents);
    }
    if (panels->fd >= 0)
        close(panels->fd);
    free(panels->piece);
    free(panels->path);
    free(panels);
}

int mzg_panels_hold(const struct mzg_panels *panels)
{
    return fcntl(panels->fd, F_DUPFD_CLOEXEC, 0);
}

static char *put_varint(char *to, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        *to++ = (char)(number | 0x80);
    *to++ = (char)number;
    return to;
}

static const char *get_varint(const char *from, int64_t *number)
{
    uint64_t value = 0;
    int shift = 0;
    for (; (unsigned char)*from & 0x80; shift += 7)
        value |= (uint64_t)(*from++ & 0x7f) << shift;
    *number = (int64_t)(value | (uint64_t)*from++ << shift);
    return from;
}

static char *put_bins(char *to, const int32_t *bins, int64_t n, struct mzg_column_range columns)
{
    if (!is_narrow(columns)) {
        memcpy(to, bins, (size_t)n * sizeof *bins);
        return to + n * (int64_t)sizeof *bins;
    }
    for (int64_t i = 0; i < n; i++) {
        uint16_t bin = (uint16_t)(bins[i] - columns.first);
        memcpy(to, &bin, sizeof bin);
        to += sizeof bin;
    }
    return to;
}

enum mzg_status mzg_panels_add(struct mzg_panels *panels, int64_t panel, int64_t row, int64_t n,
                               const int32_t *bins, const void *values, struct mzg_error *err)
{
    struct panel *p = &panels->each[panel];
    int64_t most = INT64_C(2) * VARINT_BYTES + n * ((int64_t)sizeof *bins + panels->value_size);
    if (mzg_array_grow(&p->buffer, 1, p->used + most, &p->capacity, "bytes of a column panel", err) != MZG_OK)
        return err->status;
    char *to = p->buffer + p->used;
    to = put_varint(to, (uint64_t)(row - p->last_row));
    to = put_varint(to, (uint64_t)n);
    to = put_bins(to, bins, n, p->columns);
    memcpy(to, values, (size_t)(n * panels->value_size));
    p->used = to + n * panels->value_size - p->buffer;
    p->last_row = row;
    return MZG_OK;
}

static enum mzg_status write_buffer(struct mzg_panels *panels, const struct panel *p, struct mzg_error *err)
{
    int64_t done = 0;
    while (done < p->used) {
        ssize_t n = pwrite(panels->fd, p->buffer + done, (size_t)(p->used - done), panels->file_size + done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return mzg_file_write_failed(err, panels->path, "the rows of column panels",
                                         n < 0 ? errno : ENOSPC);
        done += n;
    }
    return MZG_OK;
}

static enum mzg_status flush_panel(struct mzg_panels *panels, struct panel *p, struct mzg_error *err)
{
    if (mzg_array_grow(&p->extents, sizeof *p->extents, p->n_extents + 1, &p->extent_capacity,
                       "pieces of a column panel", err) != MZG_OK ||
        write_buffer(panels, p, err) != MZG_OK)
        return err->status;
    p->extents[p->n_extents++] = (struct extent){panels->file_size, p->used};
    panels->file_size += p->used;
    mzg_passing_written(&panels->passing, panels->file_size);
    p->used = 0;
    p->last_row = 0;
    return MZG_OK;
}

enum mzg_status mzg_panels_flush(struct mzg_panels *panels, int64_t least, struct mzg_error *err)
{
    for (int64_t i = 0; i < panels->n; i++) {
        struct panel *p = &panels->each[i];
        if (p->used > 0 && p->used >= least && flush_panel(panels, p, err) != MZG_OK)
            return err->status;
        if (least == 0) {
            free(p->buffer);
            p->buffer = NULL;
            p->capacity = 0;
        }
    }
    return MZG_OK;
}

int64_t mzg_panels_pieces(const struct mzg_panels *panels, int64_t panel)
{
    return panels->each[panel].n_extents;
}

/* Has the disk begin with the pieces that follow, one more with each that is read. */
static void read_ahead(const struct mzg_panels *panels, int64_t panel, int64_t piece)
{
    const struct panel *p = &panels->each[panel];
    int64_t last = piece + PIECES_AHEAD < p->n_extents ? piece + PIECES_AHEAD : p->n_extents - 1;
    for (int64_t i = piece == 0 ? 1 : piece + PIECES_AHEAD; i <= last; i++)
        mzg_passing_soon(&panels->passing, p->extents[i].offset, p->extents[i].offset + p->extents[i].size);
}

enum mzg_status mzg_panels_read(struct mzg_panels *panels, int64_t panel, int64_t piece, const char **bytes,
                                int64_t *size, struct mzg_error *err)
{
    struct extent extent = panels->each[panel].extents[piece];
    if (mzg_array_reserve(&panels->piece, 1, extent.size, &panels->piece_capacity, "bytes of a column panel",
                          err) != MZG_OK)
        return err->status;
    for (int64_t done = 0; done < extent.size;) {
        ssize_t n =
            pread(panels->fd, panels->piece + done, (size_t)(extent.size - done), extent.offset + done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return mzg_fail(err, MZG_EIO, "%s: cannot read the rows of a column panel: %s", panels->path,
                            n < 0 ? strerror(errno) : "the file ends early");
        done += n;
    }
    int code = mzg_passing_read(&panels->passing, extent.offset, extent.offset + extent.size);
    if (code != 0)
        return mzg_file_write_failed(err, panels->path, "the rows of column panels", code);
    read_ahead(panels, panel, piece);
    *bytes = panels->piece;
    *size = extent.size;
    return MZG_OK;
}

int mzg_panel_next(struct mzg_panel_cursor *cursor)
{
    if (cursor->next == cursor->end)
        return 0;
    int64_t rows;
    const char *at = get_varint(cursor->next, &rows);
    at = get_varint(at, &cursor->n);
    cursor->row += rows;
    cursor->bins = at;
    cursor->values = at + cursor->n * (is_narrow(cursor->columns) ? 2 : 4);
    cursor->next = cursor->values + cursor->n * cursor->value_size;
    return 1;
}

int64_t mzg_panel_bin(const struct mzg_panel_cursor *cursor, int64_t i)
{
    if (is_narrow(cursor->columns)) {
        uint16_t bin;
        memcpy(&bin, cursor->bins + 2 * i, sizeof bin);
        return cursor->columns.first + bin;
    }
    int32_t bin;
    memcpy(&bin, cursor->bins + 4 * i, sizeof bin);
    return bin;
}
