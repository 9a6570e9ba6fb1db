#include <core/passing_file.h>

#include <errno.h>
#include <fcntl.h>

/* Up to so many bytes lie in one folio, which is given back whole or not at all. */
enum { GRAIN = 2 << 20 };

/* A range of bytes. */
struct span {
    int64_t begin, size;
};

/* What this process sees to, of begin .. end. */
static struct span own_part(const struct mzg_passing_file *file, int64_t begin, int64_t end)
{
    int64_t share = (end - begin) / GRAIN / file->parts * GRAIN;
    int64_t first = begin + share * file->part;
    return (struct span){first, file->part == file->parts - 1 ? end - first : share};
}

static int64_t window_of(const struct mzg_passing_file *file)
{
    return file->window > 0 ? file->window : MZG_PASSING_WINDOW;
}

void mzg_passing_written(struct mzg_passing_file *file, int64_t end)
{
    int64_t window = window_of(file);
    end = end / GRAIN * GRAIN;
    if (file->fd < 0 || end <= window || end <= file->started)
        return;
    struct span fresh = own_part(file, file->started, end);
    if (fresh.size > 0) /* 0 would mean all that follows */
        sync_file_range(file->fd, fresh.begin, fresh.size, SYNC_FILE_RANGE_WRITE);
    file->started = end;
    struct span old = own_part(file, file->dropped, end - window);
    if (old.size > 0)
        posix_fadvise(file->fd, old.begin, old.size, POSIX_FADV_DONTNEED);
    file->dropped = end - window;
}

void mzg_passing_soon(const struct mzg_passing_file *file, int64_t begin, int64_t end)
{
    if (file->fd >= 0 && file->started > 0 && end > begin)
        posix_fadvise(file->fd, begin, end - begin, POSIX_FADV_WILLNEED);
}

int mzg_passing_read(const struct mzg_passing_file *file, int64_t begin, int64_t end)
{
    if (file->fd < 0 || file->started == 0 || end <= begin)
        return 0;
    /* A page that the disk refused counts as written, and may be gone: the system tells it here, once. */
    int code = 0;
    if (sync_file_range(file->fd, begin, end - begin, SYNC_FILE_RANGE_WAIT_BEFORE) != 0)
        code = errno;
    posix_fadvise(file->fd, begin, end - begin, POSIX_FADV_DONTNEED);
    return code == EIO || code == ENOSPC || code == EDQUOT ? code : 0; /* others: this kind of file cannot */
}
