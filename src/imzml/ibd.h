/* The binary half of an imzML pair: found beside the XML, opened, and read in large pieces. */
#ifndef MZG_IMZML_IBD_H
#define MZG_IMZML_IBD_H

#include <input/file_mark.h>
#include <mzgrid/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mzg_ibd {
    int fd; /* -1: not open */
    int64_t size;
    char *path;
    struct mzg_file_mark mark; /* as it was opened */
};

enum { MZG_UUID_SIZE = 16 };

/* The path of the .ibd beside the imzML at `path`: the same name with the extension in any letter case.
 * MZG_EIO, naming what was looked for, where there is none. The caller frees `*found`. Local. */
enum mzg_status mzg_ibd_find(const char *path, char **found, struct mzg_error *err);

/* Opens the regular file at `path` for reading; copies the path. Local. */
enum mzg_status mzg_ibd_open(const char *path, struct mzg_ibd *ibd, struct mzg_error *err);

/* Accepts one that was never opened, as {.fd = -1}. Local. */
void mzg_ibd_close(struct mzg_ibd *ibd);

/* Whether the bytes are a Git LFS pointer, or nothing but text. */
bool mzg_is_lfs_pointer(const char *bytes, size_t n);
bool mzg_is_text(const char *bytes, size_t n);

#endif
