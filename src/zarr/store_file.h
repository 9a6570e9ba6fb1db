/* A file of the store under construction, written from front to back, with its directories. */
#ifndef MZG_ZARR_STORE_FILE_H
#define MZG_ZARR_STORE_FILE_H

#include <mzgrid/error.h>
#include <stddef.h>
#include <stdint.h>

struct mzg_store_file {
    int fd;
    const char *path; /* borrowed, for messages */
    int64_t written;
};

/* Creates the file, or empties it, and the directories above it that do not exist. Local. */
enum mzg_status mzg_store_file_create(const char *path, struct mzg_store_file *file, struct mzg_error *err);

/* Appends all bytes. When the disk is full the message says how much was wanted and how much is left. Local.
 */
enum mzg_status mzg_store_file_append(struct mzg_store_file *file, const void *bytes, size_t size,
                                      struct mzg_error *err);

/* Closes the file, also where `err` already holds a failure, which then stays. Local. */
enum mzg_status mzg_store_file_close(struct mzg_store_file *file, struct mzg_error *err);

#endif
