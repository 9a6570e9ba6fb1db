/*
 * The two files of an imzML while they are made: temporary ones of this run's own (core/own_file.h), which
 * take their final names together once both are complete. All functions are local; failures name the file and
 * what to do.
 */
#ifndef MZG_IMZML_OUT_FILE_PAIR_H
#define MZG_IMZML_OUT_FILE_PAIR_H

#include <core/own_file.h>
#include <mzgrid/error.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum mzg_file { MZG_FILE_IMZML, MZG_FILE_IBD, MZG_FILES };

struct mzg_file_pair {
    char *name[MZG_FILES];
    char *part[MZG_FILES]; /* NULL before they are made */
    int fd[MZG_FILES];     /* of the parts; -1: closed */
    struct mzg_own *own;   /* of the process that made them */
    bool overwrite;
};

/* Derives the names; `path` may end in .imzML, in any case, or not. Touches no file. */
enum mzg_status mzg_file_pair_init(const char *path, struct mzg_file_pair *pair, struct mzg_error *err);

/* Closes what is open, frees the names, and removes parts that this process made and that did not get theirs.
 */
void mzg_file_pair_destroy(struct mzg_file_pair *pair);

/* Fails when a final name exists and may not be overwritten, or is no file. */
enum mzg_status mzg_file_pair_check(struct mzg_file_pair *pair, bool overwrite, struct mzg_error *err);

/* Makes the parts, empty and open for writing, after a check. Fails if another run that lives makes the same.
 */
enum mzg_status mzg_file_pair_create(struct mzg_file_pair *pair, struct mzg_error *err);

/* Opens the parts that another process made as pair->part. */
enum mzg_status mzg_file_pair_open(struct mzg_file_pair *pair, struct mzg_error *err);

/* Sets `size` bytes of disk aside where the file system can, so that a full disk shows before any work. */
enum mzg_status mzg_file_pair_reserve(const struct mzg_file_pair *pair, enum mzg_file file, int64_t size,
                                      struct mzg_error *err);

/* Writes `n` bytes at `offset`. */
enum mzg_status mzg_file_pair_write(const struct mzg_file_pair *pair, enum mzg_file file, const void *bytes,
                                    int64_t n, int64_t offset, struct mzg_error *err);

/* Closes one part; some file systems tell only now that a write failed. */
enum mzg_status mzg_file_pair_close(struct mzg_file_pair *pair, enum mzg_file file, struct mzg_error *err);

/* The SHA-1 of the part on disk. MZG_EINTERRUPTED if `stop` asks for the end. */
enum mzg_status mzg_file_pair_sha1(const struct mzg_file_pair *pair, enum mzg_file file,
                                   const atomic_int *stop, uint8_t digest[20], struct mzg_error *err);

/* Brings both to the disk and gives them their final names. The process that made them. An imzML that is
 * replaced goes first, and the new one comes last: whatever ends this in between, an imzML has its own ibd,
 * or there is none. */
enum mzg_status mzg_file_pair_finish(struct mzg_file_pair *pair, struct mzg_error *err);

/* Gives up the claim on the names, once they are given. MZG_EIO names what could not be removed, which the
 * next run of the same output removes. Other processes have none. */
enum mzg_status mzg_file_pair_leave(struct mzg_file_pair *pair, struct mzg_error *err);

#endif
