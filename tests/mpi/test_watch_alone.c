/* A rank alone on its node does not look at each of its pages, and sees the same as one that does. */
#include <core/memory.h>
#include <mpi_test.h>
#include <stream/watch.h>

#include <stdlib.h>
#include <string.h>

enum { BYTES = 64 << 20, NEAR = 8 << 20, TRIES = 10 };

/* What it sees of BYTES more, and in *told what its pages tell then. */
static int64_t see(int64_t *told)
{
    struct mzg_context alone = {.comm = MPI_COMM_SELF, .size = 1};
    struct mzg_watch watch;
    mzg_watch_begin(&watch, &alone, 1 << 30);
    int64_t before = mzg_watch_look(&watch).pss;
    char *bytes = malloc(BYTES);
    cr_assert(bytes != NULL);
    memset(bytes, 1 + mpi_rank, BYTES);
    watch.next = 0;
    int64_t seen = mzg_watch_look(&watch).pss;
    *told = mzg_memory_pss();
    cr_expect(eq(int, (unsigned char)bytes[BYTES / 2], 1 + mpi_rank));
    cr_expect(gt(i64, seen - before, (int64_t)BYTES - NEAR));
    free(bytes);
    return seen;
}

/* A program that begins or ends in between has another share of the libraries: then it is looked at again. */
MPI_TEST(watch_alone, sees_what_its_pages_tell)
{
    int64_t told, seen = see(&told);
    for (int i = 1; i < TRIES && llabs(seen - told) >= NEAR; i++)
        seen = see(&told);
    cr_expect(lt(i64, llabs(seen - told), (int64_t)NEAR), "%lld and %lld", (long long)seen, (long long)told);
}
