/* Probes of memory: what this process uses, what its node or control group has left. All local. */
#ifndef MZG_CORE_MEMORY_H
#define MZG_CORE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of this process in RAM now, its share of pages shared with others counted proportionally (Pss), and
 * the most it ever had (VmHWM, shared pages counted whole); 0 if /proc does not tell. */
int64_t mzg_memory_pss(void);
int64_t mzg_memory_resident(void);
int64_t mzg_memory_peak(void);

/* Follows Pss; `{0}` to begin. */
struct mzg_memory_gauge {
    int64_t pss, resident; /* bytes, when each page was looked at last */
    double next;           /* seconds that this thread has computed, when that is done again */
};

/* Pss now, or somewhat more. To look at each page takes five milliseconds and more for each gigabyte in small
 * ones: that is done so seldom that it takes a hundredth of what this thread computes, and what this process
 * has got since counts whole, shared or not; all that is resident does, if /proc does not tell Pss. Always by
 * the same thread. */
int64_t mzg_memory_gauge_read(struct mzg_memory_gauge *gauge);

/* Bytes by which this process's share of programs and libraries would grow if no processes used them but `n`
 * like it. */
int64_t mzg_memory_shared_elsewhere(int n);

/* Bytes that processes of this node may still take: the smaller of the kernel's MemAvailable, or of what is
 * free if it does not tell that, and what the limits of its control groups leave (core/cgroup.h). */
int64_t mzg_memory_available(void);

/* The share of the last ten seconds, in percent, in which some process of the node waited for memory; 0 if
 * the kernel does not tell. */
double mzg_memory_pressure(void);

/* The same of the control group of this process, or of the node if that does not tell. */
double mzg_memory_group_pressure(void);

/* Bytes that the read and write calls of this process have moved so far; 0 if /proc does not tell. */
void mzg_memory_file_bytes(int64_t *in, int64_t *out);

/* `bytes` bytes, in huge pages where the system has them: for large buffers, of which each small page would
 * cost a fault when it is touched first, and a walk through the page tables where they are accessed all over.
 * NULL if there is no memory; for free(). */
void *mzg_memory_large(int64_t bytes);

/* Such a buffer in place of `memory`, which may be NULL, with its first `used` bytes. NULL if there is no
 * memory, or none for so many bytes: then `memory` is still there. */
void *mzg_memory_grow(void *memory, int64_t used, int64_t bytes);

/* Whether a limit counts addresses or data of this process, touched or not (`ulimit -v`, `ulimit -d`). */
bool mzg_memory_is_limited(void);

/* If so, the C library is to keep one heap for all threads, if it can be told: else it sets aside 64 MiB for
 * each thread, and a run fails for want of addresses that nobody uses. Before there are threads. */
void mzg_memory_keep_to_limit(void);

/* Gives what free() has left in the process back to the system, if the C library can. */
void mzg_memory_give_back(void);

/* a * b, a * b * c, or -1 if the product, or a negative factor, has no meaning as a size. */
int64_t mzg_size_product(int64_t a, int64_t b);
int64_t mzg_size_product3(int64_t a, int64_t b, int64_t c);

#endif
