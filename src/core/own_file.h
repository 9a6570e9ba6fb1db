/*
 * Files and directories that are this run's own: temporary ones, and those that get their name when they are
 * complete. Their names hold the name of the output, a digest of its whole path and a random number:
 *
 *     OUT.zarr.1a2b3c4d-9f8e7d6c.part      .owner, .old, .h5ad.part, .columns-RANK
 *
 * They are made exclusively, never through a link. A claim of an output on a directory is the file
 * NAME.owner, locked while its process lives (core/own_owner.h); whoever claims the same output later removes
 * what bears the names of a claim whose process is dead, and nothing else. mzg_own_remove_all() removes what
 * is open when the program has to end at once. All local, main thread only; no MPI.
 */
#ifndef MZG_CORE_OWN_FILE_H
#define MZG_CORE_OWN_FILE_H

#include <mzgrid/error.h>
#include <stdbool.h>
#include <stddef.h>

struct mzg_own;

/* Claims `output` (the path as the user gave it; its directory exists) on `directory`, and removes what dead
 * runs of the same output left there. MZG_EIO if `alone` and another run that lives claims the same. */
enum mzg_status mzg_own_claim(const char *directory, const char *output, bool alone, struct mzg_own **own,
                              struct mzg_error *err);

/* What was left alone, because nobody can tell from here whether its owner lives: a sentence, or "". Valid
 * while the claim is. */
const char *mzg_own_left(const struct mzg_own *own);

/* Makes an empty file of mode 0600, open for reading and writing, or a directory; `role` is the end of its
 * name, as "part". `*path`, and `*fd` (either may be NULL), are the claim's, until the file is removed, given
 * away, or the claim ends. */
enum mzg_status mzg_own_file(struct mzg_own *own, const char *role, const char **path, int *fd,
                             struct mzg_error *err);
enum mzg_status mzg_own_directory(struct mzg_own *own, const char *role, const char **path,
                                  struct mzg_error *err);

/* A name of the claim's at which the caller makes a file, exclusively; what is there is removed as what was
 * made here. */
enum mzg_status mzg_own_reserve(struct mzg_own *own, const char *role, const char **path,
                                struct mzg_error *err);

/* A name of the claim's for what is to be moved there, to be freed; nothing is made. NULL: no memory. */
char *mzg_own_name(const struct mzg_own *own, const char *role);

/* Whether what was made as `path` still bears this name. */
bool mzg_own_stands(const struct mzg_own *own, const char *path);

/* Removes what was made as `path`, a directory with all in it, if it still is that. Nothing if `path` is not
 * of this claim. */
enum mzg_status mzg_own_remove(struct mzg_own *own, const char *path, struct mzg_error *err);

/* What was made as `path` was renamed, or is to stay: it is no longer the claim's. */
void mzg_own_give_away(struct mzg_own *own, const char *path);

/* Removes what is left and the claim. MZG_EIO names the first thing that could not be removed, which the next
 * claim of the same output does. Accepts NULL. mzg_own_end() does not tell. */
enum mzg_status mzg_own_close(struct mzg_own *own, struct mzg_error *err);
void mzg_own_end(struct mzg_own *own);

/*
 * A file that takes the name `path` once it is complete: written aside, brought to the disk, renamed, its
 * directory too. A link at `path` is replaced, not followed; what is there and is neither a file nor a link
 * is refused. Without `replace` what exists is refused, also if it appears meanwhile.
 */
struct mzg_aside;
enum mzg_status mzg_aside_new(const char *path, bool replace, struct mzg_aside **aside,
                              struct mzg_error *err);
int mzg_aside_fd(const struct mzg_aside *aside);

/* Gives it its name, or discards it if that fails or `err` holds a failure already. Frees it. */
enum mzg_status mzg_aside_end(struct mzg_aside *aside, struct mzg_error *err);

/* Writes `n` bytes as such a file; `what` they are, for the message. */
enum mzg_status mzg_aside_write(const char *path, bool replace, const void *bytes, size_t n, const char *what,
                                struct mzg_error *err);

/* Removes everything that is claimed or written aside: the program ends at once. */
void mzg_own_remove_all(void);

#endif
