/*
 * Memory of this process alone for blocks of rows, one behind the other. Of a file in memory each page costs
 * a microsecond when it is made, and one when it goes; here it is about half, and nothing is copied. Pages
 * are those that the system gives by itself: where a virtual machine gets its memory from a host, asking for
 * huge ones made the system's share of a conversion grow by half, for they were none that it had used before.
 */
#ifndef MZG_STAGE_OWN_MEMORY_H
#define MZG_STAGE_OWN_MEMORY_H

#include <stdint.h>

struct mzg_own_piece {
    char *begin;
    int64_t size;
};

/* Begins as zeros. */
struct mzg_own_memory {
    struct mzg_own_piece *pieces;
    int64_t n, capacity;
    int64_t used; /* of the last piece, bytes */
};

/* The next `bytes` bytes, aligned to a line of the cache; NULL: there are none, or a limit counts addresses.
 * Local. */
char *mzg_own_memory_take(struct mzg_own_memory *memory, int64_t bytes);

/* Gives back the whole pages among `bytes` bytes from `begin` on, which nobody reads again. Local. */
void mzg_own_memory_forget(char *begin, int64_t bytes);

/* Gives back all. Local. */
void mzg_own_memory_free(struct mzg_own_memory *memory);

#endif
