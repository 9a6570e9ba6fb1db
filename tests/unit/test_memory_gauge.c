/* The gauge of memory follows what is taken and given back, and seldom looks at each page. */
#include <core/memory.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

enum { BYTES = 64 << 20, NEAR = 4 << 20 };

static char *take(void)
{
    char *bytes = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert(bytes != MAP_FAILED);
    for (int64_t i = 0; i < BYTES; i += 4096)
        bytes[i] = 1;
    return bytes;
}

/* What it tells is higher by `growth` than `before`. */
static void expect_growth(struct mzg_memory_gauge *gauge, int64_t before, int64_t growth)
{
    int64_t now = mzg_memory_gauge_read(gauge);
    cr_expect(lt(i64, llabs(now - before - growth), (int64_t)NEAR), "%ld beside %ld", (long)(now - before),
              (long)growth);
}

Test(memory_gauge, follows_without_looking_at_each_page)
{
    struct mzg_memory_gauge gauge = {0};
    int64_t before = mzg_memory_gauge_read(&gauge);
    cr_assert(gt(i64, before, 0));
    cr_expect(eq(i64, gauge.pss, before));
    cr_expect(gauge.next > 0);
    gauge.next = INFINITY;
    char *bytes = take();
    expect_growth(&gauge, before, BYTES);
    cr_expect(eq(i64, gauge.pss, before));
    cr_assert(munmap(bytes, BYTES) == 0);
    expect_growth(&gauge, before, 0);
}

Test(memory_gauge, looks_at_each_page_again)
{
    struct mzg_memory_gauge gauge = {0};
    int64_t before = mzg_memory_gauge_read(&gauge);
    char *bytes = take();
    gauge.next = 0;
    expect_growth(&gauge, before, BYTES);
    cr_expect(lt(i64, llabs(gauge.pss - before - BYTES), (int64_t)NEAR));
    cr_assert(munmap(bytes, BYTES) == 0);
}

/* Without descriptors no file of /proc opens. */
static void let_files_open(rlim_t n)
{
    struct rlimit limit;
    cr_assert(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = n;
    cr_assert(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

Test(memory_gauge, keeps_what_it_knew_if_nothing_can_be_read)
{
    struct mzg_memory_gauge gauge = {0};
    int64_t before = mzg_memory_gauge_read(&gauge);
    cr_assert(gt(i64, before, 0));
    gauge.next = 0;
    let_files_open(0);
    int64_t blind = mzg_memory_gauge_read(&gauge);
    let_files_open(64);
    cr_expect(eq(i64, blind, before));
    expect_growth(&gauge, before, 0);
}

static double seconds_computed(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* A rank that shares its core with others computes for a part of the time only. */
Test(memory_gauge, looks_so_seldom_that_it_takes_a_hundredth_of_what_is_computed)
{
    struct mzg_memory_gauge gauge = {0};
    double begin = seconds_computed();
    mzg_memory_gauge_read(&gauge);
    double end = seconds_computed();
    cr_expect(gauge.next > end);
    cr_expect(gauge.next <= end + 100 * (end - begin));
}
