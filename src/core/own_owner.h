/*
 * Who holds a claim (core/own_file.h), and whether they live: a small text file, locked while they do. Where
 * locks do not work, or do not reach other nodes, what is written in it decides. All local.
 */
#ifndef MZG_CORE_OWN_OWNER_H
#define MZG_CORE_OWN_OWNER_H

#include <mzgrid/error.h>
#include <stdbool.h>
#include <stddef.h>

enum mzg_own_life {
    MZG_OWN_DEAD,
    MZG_OWN_LIVES,
    MZG_OWN_UNKNOWN /* cannot be told from here: on another node, without locks that reach */
};

/* Locks the owner file open as `fd`, if locks work, and writes this process into it. MZG_EIO if it cannot be
 * written; `*lost`: someone else took the lock first, and may remove the file. */
enum mzg_status mzg_owner_write(int fd, const char *path, bool *lost, struct mzg_error *err);

/* Whether the owner of the file open as `fd` lives; `text` gets who that is, as "process 12 on node a". */
enum mzg_own_life mzg_owner_judge(int fd, char *text, size_t size);

#endif
