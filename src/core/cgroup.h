/*
 * What control groups leave of memory, of versions 1 and 2, also where both are mounted. A process is in a
 * group inside groups inside groups: each of them may have a limit, and the tightest holds. All local.
 */
#ifndef MZG_CORE_CGROUP_H
#define MZG_CORE_CGROUP_H

#include <stdint.h>

/* Bytes that the groups of a process let it still take; INT64_MAX without a limit. What its files keep in
 * memory does not count as taken: the system gives that up first. `membership` is the path of a file like
 * /proc/self/cgroup, `mount` that of a directory like /sys/fs/cgroup. */
int64_t mzg_cgroup_left(const char *membership, const char *mount);

/* The share of the last ten seconds, in percent, in which some process of the group itself, not of its
 * neighbours, waited for memory; -1 if nothing tells (version 1 does not). Arguments as above. */
double mzg_cgroup_pressure(const char *membership, const char *mount);

#endif
