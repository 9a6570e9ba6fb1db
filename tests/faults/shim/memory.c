/* Stand-ins for malloc and its like, and for mmap: they fail only if the chosen object calls them, for Open
 * MPI and libc are not what is tested. */
#include "shim.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What libc itself calls. Asking dlsym for them would need memory. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

/* The decision must not decide about its own memory. */
static __thread bool inside;

static bool denied(enum call call, const void *address)
{
    if (inside || !shim_is_caller(address))
        return false;
    inside = true;
    bool due = shim_due(call, NULL) != FAULT_NONE;
    inside = false;
    if (due)
        errno = ENOMEM;
    return due;
}

#define DENIED(call) (shim_wants_memory() && denied(call, __builtin_return_address(0)))
#define NO_MEMORY DENIED(CALL_MALLOC)

void *malloc(size_t size)
{
    return NO_MEMORY ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return NO_MEMORY ? NULL : __libc_calloc(n, size);
}

void *realloc(void *block, size_t size)
{
    return NO_MEMORY ? NULL : __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return DENIED(CALL_ALIGNED_ALLOC) ? NULL : __libc_memalign(alignment, size);
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (shim_active && denied(CALL_MMAP, __builtin_return_address(0)))
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}
void *mmap64(void *address, size_t size, int protection, int flags, int fd, off_t offset)
    __attribute__((alias("mmap")));
