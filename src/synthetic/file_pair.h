/*
 * The two files of an imzML while they are made: PATH.imzML.part and PATH.ibd.part, which take their final
 * names together once both are complete. All functions are local; failures name the file and what to do.
 */
#ifndef MZG_SYNTHETIC_FILE_PAIR_H
#define MZG_SYNTHETIC_FILE_PAIR_H

#include <mzgrid/error.h>
#include <stdbool.h>
#include <stdint.h>

enum mzg_file { MZG_FILE_IMZML, MZG_FILE_IBD, MZG_FILES };

struct mzg_file_pair {
    char *name[MZG_FILES];
    char *part[MZG_FILES];
    int fd[MZG_FILES]; /* of the parts; -1: closed */
    bool created;      /* the parts are this process's own */
};

/* Derives the names; `path` may end in .imzML, in any case, or not. Touches no file. */
enum mzg_status mzg_file_pair_init(const char *path, struct mzg_file_pair *pair, struct mzg_error *err);

/* Closes what is open and frees the names; leaves the files. */
void mzg_file_pair_destroy(struct mzg_file_pair *pair);

/* Fails when a final name exists and may not be overwritten. */
enum mzg_status mzg_file_pair_check(const struct mzg_file_pair *pair, bool overwrite, struct mzg_error *err);

/* Opens the parts for writing, with `create` as new empty files. */
enum mzg_status mzg_file_pair_open(struct mzg_file_pair *pair, bool create, struct mzg_error *err);

/* Sets `size` bytes of disk aside where the file system can, so that a full disk shows before any work. */
enum mzg_status mzg_file_pair_reserve(const struct mzg_file_pair *pair, enum mzg_file file, int64_t size,
                                      struct mzg_error *err);

/* Writes `n` bytes at `offset`. */
enum mzg_status mzg_file_pair_write(const struct mzg_file_pair *pair, enum mzg_file file, const void *bytes,
                                    int64_t n, int64_t offset, struct mzg_error *err);

/* Closes one part; some file systems tell only now that a write failed. */
enum mzg_status mzg_file_pair_close(struct mzg_file_pair *pair, enum mzg_file file, struct mzg_error *err);

/* The SHA-1 of the part on disk. */
enum mzg_status mzg_file_pair_sha1(const struct mzg_file_pair *pair, enum mzg_file file, uint8_t digest[20],
                                   struct mzg_error *err);

/* Gives both their final names. */
enum mzg_status mzg_file_pair_finish(const struct mzg_file_pair *pair, struct mzg_error *err);

/* Removes the parts, if this process created them. */
void mzg_file_pair_remove(const struct mzg_file_pair *pair);

#endif
