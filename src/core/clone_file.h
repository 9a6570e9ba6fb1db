/*
 * A second file with the bytes of a first one, which is not written to: it shares its blocks if the file
 * system can do that (a reflink), else it is the same file under a second name (a hard link), else a copy.
 */
#ifndef MZG_CORE_CLONE_FILE_H
#define MZG_CORE_CLONE_FILE_H

#include <mzgrid/error.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What tells that a file is still the same, on any node: device numbers differ between those. */
struct mzg_file_state {
    int64_t size;
    int64_t modified; /* nanoseconds */
    uint64_t inode;
};

enum mzg_clone_way { MZG_CLONE_SHARED, MZG_CLONE_LINKED, MZG_CLONE_COPIED, MZG_CLONE_WAYS };

/* What is not tried again, because it failed for another file from the same place. All zero is a new one. */
struct mzg_clone_limits {
    bool no_sharing;
    bool no_links;
};

/* The state of a file, not of what a link leads to. MZG_EIO; MZG_EFORMAT if it is not an ordinary file.
 * Local. */
enum mzg_status mzg_file_state(const char *path, struct mzg_file_state *state, struct mzg_error *err);

/* MZG_EIO if the file at `path` is no longer what `state` says. Local. */
enum mzg_status mzg_file_check_state(const char *path, const struct mzg_file_state *state,
                                     struct mzg_error *err);

/* Makes `to`, which must not exist, from the file `from`, which must be what `state` says. `stop` may be NULL
 * and ends a copy early. After a failure `to` may exist in part. Local. */
enum mzg_status mzg_clone_file(const char *from, const struct mzg_file_state *state, const char *to,
                               struct mzg_clone_limits *limits, const atomic_int *stop,
                               enum mzg_clone_way *way, struct mzg_error *err);

#endif
