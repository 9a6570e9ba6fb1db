/*
 * Many small ranges of bytes of a file, read with few large calls:
 *
 *     file     ..[aaaa][bb]....[cccc]......................[dd]..
 *     calls      |----------------|                        |--|
 *     storage  [aaaa][bb][cccc][dd]
 *
 * Ranges that touch or overlap are stored once; short gaps between them are read over, and thrown away.
 */
#ifndef MZG_INPUT_RANGES_H
#define MZG_INPUT_RANGES_H

#include <mzgrid/error.h>
#include <stddef.h>
#include <stdint.h>

struct mzg_range {
    int64_t offset; /* of the file */
    int64_t length;
    int64_t at; /* filled: where its bytes lie in `bytes` */
    int error;  /* filled: 0, or why they do not: errno, ENODATA if the file ends before */
};

/* All zero before the first use; grows, and is reused. */
struct mzg_range_storage {
    char *bytes;
    int64_t capacity;
    int64_t *order;
    int64_t order_capacity;
    char *discard;
};

/* Reads the n ranges from `fd`, all inside [0, 2^63), and fills `at` and `error` of each. `bytes_read` is
 * what the file was asked for. Takes the sum of the lengths at most, and 16 bytes a range where their offsets
 * do not ascend. Fails with MZG_ENOMEM only. Local. */
enum mzg_status mzg_ranges_read(int fd, struct mzg_range *ranges, int64_t n,
                                struct mzg_range_storage *storage, int64_t *bytes_read,
                                struct mzg_error *err);

void mzg_range_storage_destroy(struct mzg_range_storage *storage);

#endif
