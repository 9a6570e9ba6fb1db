/* Small file-system helpers that every room which writes needs. All local. */
#ifndef MZG_CORE_FILE_H
#define MZG_CORE_FILE_H

#include <mzgrid/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that an ordinary user may still write to the file system of `path` (or of its nearest existing
 * parent); -1 if that cannot be told. */
int64_t mzg_file_free_space(const char *path);

/* Fills `err` for a write to `path` that failed with `code` (an errno value, 0: unknown): what was written,
 * why it failed, and how much space the file system has left. Returns MZG_EIO. */
enum mzg_status mzg_file_write_failed(struct mzg_error *err, const char *path, const char *what, int code);

/* Whether syncfs() tells of writes that failed: since Linux 5.8. `release` is what uname() says, as
 * "4.18.0-553"; NULL: of this system. */
bool mzg_file_syncfs_tells(const char *release);

/* rename(), which without `replace` fails with EEXIST if `to` exists, in one step where the file system can
 * do that. */
int mzg_file_rename(const char *from, const char *to, bool replace);

/* Has the two names change places at once. -1 with errno set; EINVAL or ENOSYS if that cannot be done there.
 */
int mzg_file_exchange(const char *a, const char *b);

/* Gives a file made with mode 0600 the mode that others get. Main thread. */
void mzg_file_ordinary_mode(int fd);

/* Brings the names in a directory to the disk. */
enum mzg_status mzg_file_sync_directory(const char *path, struct mzg_error *err);

/* Makes the directories above `path` that do not exist; others may be making the same ones. */
enum mzg_status mzg_file_make_directories(const char *path, struct mzg_error *err);

/* Cuts `path` to its parent: "/" has none, the parent of a name alone is "", the working directory. */
void mzg_file_go_up(char *path);

/* `head` followed by `tail`, in memory that the caller frees; NULL without memory. */
char *mzg_file_path(const char *head, const char *tail);

/* Whether a name, in front of which something stands, ends in `end`, such as ".imzML", in any case. */
bool mzg_file_ends_in(const char *path, const char *end);

/* Opens a regular file for reading, says what is wrong with any other. */
enum mzg_status mzg_open_regular(const char *path, int *fd, int64_t *size, struct mzg_error *err);

/* Reads exactly n bytes at `offset`. Returns 0, or errno; ENODATA if the file ends before. Thread-safe. */
int mzg_read_at(int fd, void *bytes, int64_t n, int64_t offset);

#endif
