#include <core/memory.h>

#include <core/cgroup.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <time.h>
#ifdef __GLIBC__ /* which a header above tells */
#include <malloc.h>
#endif

static const double looks_cost = 100; /* times what a look at all pages takes, until the next */

/* The number of kB behind `key` in a /proc file of "Key:   123 kB" lines, in bytes; 0 if it is not there. */
static int64_t read_kilobytes(const char *path, const char *key)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    char line[256];
    int64_t kilobytes = 0;
    size_t length = strlen(key);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, key, length) == 0 && line[length] == ':') {
            if (sscanf(line + length + 1, "%" SCNd64, &kilobytes) != 1)
                kilobytes = 0;
            break;
        }
    }
    fclose(file);
    return kilobytes * 1024;
}

int64_t mzg_memory_pss(void)
{
    return read_kilobytes("/proc/self/smaps_rollup", "Pss");
}

int64_t mzg_memory_resident(void)
{
    return read_kilobytes("/proc/self/status", "VmRSS");
}

int64_t mzg_memory_peak(void)
{
    return read_kilobytes("/proc/self/status", "VmHWM");
}

/* That this thread has computed. */
static double seconds_computed(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int64_t mzg_memory_gauge_read(struct mzg_memory_gauge *gauge)
{
    int64_t resident = mzg_memory_resident();
    if (resident == 0) /* it cannot be read now: what was known stands */
        resident = gauge->resident;
    double begin = seconds_computed();
    if (begin >= gauge->next) {
        int64_t pss = mzg_memory_pss();
        if (pss > 0) {
            gauge->pss = pss;
            gauge->resident = resident;
        }
        double end = seconds_computed();
        gauge->next = end + looks_cost * (end - begin);
    }
    int64_t pss = gauge->pss + resident - gauge->resident;
    return pss > 0 ? pss : 0;
}

int64_t mzg_memory_shared_elsewhere(int n)
{
    int64_t share = read_kilobytes("/proc/self/smaps_rollup", "Pss_File");
    int64_t growth = read_kilobytes("/proc/self/status", "RssFile") / n - share;
    return share > 0 && growth > 0 ? growth : 0;
}

/* Memory that is free. Pages of files, which the kernel would give up, do not count: it is less than what is
 * available, but can be asked for without /proc. */
static int64_t free_bytes(void)
{
    struct sysinfo info;
    return sysinfo(&info) == 0 ? mzg_size_product((int64_t)(info.freeram + info.bufferram), info.mem_unit)
                               : 0;
}

int64_t mzg_memory_available(void)
{
    int64_t node = read_kilobytes("/proc/meminfo", "MemAvailable");
    if (node == 0) /* some containers hide it */
        node = free_bytes();
    int64_t groups = mzg_cgroup_left("/proc/self/cgroup", "/sys/fs/cgroup");
    return groups < node ? groups : node;
}

double mzg_memory_pressure(void)
{
    FILE *file = fopen("/proc/pressure/memory", "r");
    if (!file)
        return 0;
    double percent;
    if (fscanf(file, "some avg10=%lf", &percent) != 1)
        percent = 0;
    fclose(file);
    return percent;
}

double mzg_memory_group_pressure(void)
{
    double percent = mzg_cgroup_pressure("/proc/self/cgroup", "/sys/fs/cgroup");
    return percent >= 0 ? percent : mzg_memory_pressure();
}

void mzg_memory_file_bytes(int64_t *in, int64_t *out)
{
    *in = *out = 0;
    FILE *file = fopen("/proc/self/io", "r");
    if (!file)
        return;
    if (fscanf(file, "rchar: %" SCNd64 " wchar: %" SCNd64, in, out) != 2)
        *in = *out = 0;
    fclose(file);
}

void *mzg_memory_large(int64_t bytes)
{
    const size_t huge = 2 << 20;
    if (bytes < 0)
        return NULL;
    if ((size_t)bytes < 2 * huge)
        return malloc(bytes > 0 ? (size_t)bytes : 1);
    size_t rounded = ((size_t)bytes + huge - 1) / huge * huge;
    void *memory = aligned_alloc(huge, rounded);
    if (memory)
        madvise(memory, rounded,
                MADV_HUGEPAGE); /* where it fails pages are small, and all else is the same */
    return memory;
}

void *mzg_memory_grow(void *memory, int64_t used, int64_t bytes)
{
    void *grown = mzg_memory_large(bytes);
    if (!grown)
        return NULL;
    if (used > 0)
        memcpy(grown, memory, (size_t)used);
    free(memory);
    return grown;
}

bool mzg_memory_is_limited(void)
{
    struct rlimit addresses, data;
    return getrlimit(RLIMIT_AS, &addresses) != 0 || addresses.rlim_cur != RLIM_INFINITY ||
           getrlimit(RLIMIT_DATA, &data) != 0 || data.rlim_cur != RLIM_INFINITY;
}

void mzg_memory_keep_to_limit(void)
{
#ifdef __GLIBC__
    if (mzg_memory_is_limited())
        mallopt(M_ARENA_MAX, 1);
#endif
}

void mzg_memory_give_back(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

int64_t mzg_size_product(int64_t a, int64_t b)
{
    int64_t product;
    if (a < 0 || b < 0 || __builtin_mul_overflow(a, b, &product))
        return -1;
    return product;
}

int64_t mzg_size_product3(int64_t a, int64_t b, int64_t c)
{
    int64_t product = mzg_size_product(a, b);
    return product < 0 ? -1 : mzg_size_product(product, c);
}
