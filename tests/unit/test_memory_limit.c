/* What is left of addresses if a limit counts them (`ulimit -v`): nobody takes more than are needed. */
#include <core/memory.h>
#include <stage/own_memory.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

/* Bytes of addresses that this process has. */
static int64_t addresses(void)
{
    long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    cr_assert(file && fscanf(file, "%lld", &pages) == 1 && fclose(file) == 0);
    return pages * sysconf(_SC_PAGESIZE);
}

/* Whether so many bytes can still be had. */
static bool is_left(int64_t bytes)
{
    void *map = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return map != MAP_FAILED && munmap(map, (size_t)bytes) == 0;
}

/* Lets this process have so many more. */
static void leave(int64_t bytes)
{
    struct rlimit limit = {.rlim_cur = (rlim_t)(addresses() + bytes), .rlim_max = RLIM_INFINITY};
    cr_assert(eq(int, setrlimit(RLIMIT_AS, &limit), 0));
}

static void *take_a_little(void *taken)
{
    *(void **)taken = malloc(1000);
    return NULL;
}

Test(memory_limit, a_thread_has_no_heap_of_its_own)
{
    leave((int64_t)100 * MIB);
    cr_expect(mzg_memory_is_limited());
    mzg_memory_keep_to_limit();
    pthread_attr_t attributes;
    pthread_t thread;
    void *taken = NULL;
    cr_assert(pthread_attr_init(&attributes) == 0 && pthread_attr_setstacksize(&attributes, MIB) == 0);
    cr_assert(pthread_create(&thread, &attributes, take_a_little, &taken) == 0);
    cr_assert(pthread_join(thread, NULL) == 0 && pthread_attr_destroy(&attributes) == 0);
    cr_expect(taken != NULL);
    cr_expect(is_left((int64_t)80 * MIB));
    free(taken);
}

Test(own_memory, there_is_none_if_addresses_are_limited)
{
    struct mzg_own_memory memory = {0};
    leave((int64_t)300 * MIB);
    cr_expect(eq(ptr, mzg_own_memory_take(&memory, MIB), NULL));
    cr_expect(is_left((int64_t)250 * MIB));
    mzg_own_memory_free(&memory);
}

Test(own_memory, blocks_lie_one_behind_the_other_if_nothing_is_limited)
{
    struct mzg_own_memory memory = {0};
    char *first = mzg_own_memory_take(&memory, 100), *second = mzg_own_memory_take(&memory, 7);
    cr_expect(eq(int, (int)(second - first), 128));
    cr_expect(eq(i64, memory.n, 1));
    mzg_own_memory_free(&memory);
}
