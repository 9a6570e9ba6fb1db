/* What the system keeps of a file in memory, for tests of how files pass through it. */
#ifndef PAGE_CACHE_H
#define PAGE_CACHE_H

#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Whether files below `path` lie on a disk, from which they can be read again. */
static inline bool lies_on_disk(const char *path)
{
    struct statfs status;
    return statfs(path, &status) == 0 && status.f_type != TMPFS_MAGIC && status.f_type != RAMFS_MAGIC;
}

/* Bytes of begin .. begin + size - 1 of the file that are in memory; `begin` is a multiple of the page size.
 */
static inline int64_t resident_bytes(int fd, int64_t begin, int64_t size)
{
    int64_t page = sysconf(_SC_PAGESIZE), n = (size + page - 1) / page, resident = 0;
    void *map = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, begin);
    unsigned char *pages = malloc((size_t)n);
    cr_assert(map != MAP_FAILED && pages && mincore(map, (size_t)size, pages) == 0);
    for (int64_t i = 0; i < n; i++)
        resident += pages[i] & 1 ? page : 0;
    free(pages);
    munmap(map, (size_t)size);
    return resident;
}

#endif
