/* The bytes of an XML: a file, or memory. */
#ifndef MZG_IMZML_SOURCE_H
#define MZG_IMZML_SOURCE_H

#include <mzgrid/error.h>
#include <stdint.h>

struct mzg_imzml_source {
    const char *path; /* borrowed; for messages */
    int fd;           /* -1: the bytes are in memory */
    const char *bytes;
    int64_t size;
};

/* Opens the regular file at `path`. Local. */
enum mzg_status mzg_imzml_source_open(const char *path, struct mzg_imzml_source *source,
                                      struct mzg_error *err);
void mzg_imzml_source_close(struct mzg_imzml_source *source);

/* Reads n bytes at `offset`, all of which the source has, into `buffer`. Local, thread-safe. */
enum mzg_status mzg_imzml_source_read(const struct mzg_imzml_source *source, int64_t offset, int64_t n,
                                      char *buffer, struct mzg_error *err);

#endif
