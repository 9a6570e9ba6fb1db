/* Small file-system helpers that every room which writes needs. All local. */
#ifndef MZG_CORE_FILE_H
#define MZG_CORE_FILE_H

#include <mzgrid/error.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that an ordinary user may still write to the file system of `path` (or of its nearest existing
 * parent); -1 where that cannot be told. */
int64_t mzg_file_free_space(const char *path);

/* Fills `err` for a write to `path` that failed with `code` (an errno value, 0: unknown): what was written,
 * why it failed, and how much space the file system has left. Returns MZG_EIO. */
enum mzg_status mzg_file_write_failed(struct mzg_error *err, const char *path, const char *what, int code);

/* `head` followed by `tail`, in memory that the caller frees; NULL without memory. */
char *mzg_file_path(const char *head, const char *tail);

#endif
