#include <stage/own_memory.h>

#include <core/array.h>
#include <core/memory.h>

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PIECE = 256 << 20, LINE = 64 }; /* of a piece only what is touched takes memory */

/* Makes a piece that has room for so many bytes. Limits like `ulimit -v` count what nobody touches, too, and
 * all else of this process has to find its place below them, also what moves the rows to a file when they do
 * not fit: then there is none. */
static char *add_piece(struct mzg_own_memory *memory, int64_t bytes)
{
    struct mzg_error err = {0};
    int64_t size = bytes > PIECE ? bytes : PIECE;
    if (mzg_memory_is_limited() || mzg_array_grow(&memory->pieces, sizeof *memory->pieces, memory->n + 1,
                                                  &memory->capacity, "pieces of memory", &err) != MZG_OK)
        return NULL;
    void *begin =
        mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (begin == MAP_FAILED)
        return NULL;
    memory->pieces[memory->n++] = (struct mzg_own_piece){.begin = begin, .size = size};
    memory->used = 0;
    return begin;
}

char *mzg_own_memory_take(struct mzg_own_memory *memory, int64_t bytes)
{
    int64_t size = (bytes + LINE - 1) / LINE * LINE;
    if ((memory->n == 0 || memory->pieces[memory->n - 1].size - memory->used < size) &&
        !add_piece(memory, size))
        return NULL;
    char *taken = memory->pieces[memory->n - 1].begin + memory->used;
    memory->used += size;
    return taken;
}

void mzg_own_memory_forget(char *begin, int64_t bytes)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    char *end = begin + bytes;
    char *from = begin + (-(uintptr_t)begin % page), *to = end - (uintptr_t)end % page;
    if (to > from)
        madvise(from, (size_t)(to - from), MADV_DONTNEED); /* a system that cannot keeps them */
}

void mzg_own_memory_free(struct mzg_own_memory *memory)
{
    for (int64_t i = 0; i < memory->n; i++)
        munmap(memory->pieces[i].begin, (size_t)memory->pieces[i].size);
    free(memory->pieces);
    *memory = (struct mzg_own_memory){0};
}
