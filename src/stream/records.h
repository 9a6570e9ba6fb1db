/*
 * What became of the pixels, one record for each row: the source of obs. While pixels stream each rank keeps
 * the records of its own; then they are dealt anew, by pieces of rows (core/piece.h), so that no rank ever
 * holds those of all.
 */
#ifndef MZG_STREAM_RECORDS_H
#define MZG_STREAM_RECORDS_H

#include <core/context.h>
#include <stream/chunk.h>

struct mzg_row_record {
    int64_t row;
    int64_t pixel; /* of the input */
    struct mzg_pixel_record of_pixel;
};

/* Of one rank. All zero is empty. */
struct mzg_records {
    struct mzg_row_record *list; /* n: by row; once they are dealt, those of the pieces of this rank */
    int64_t n, capacity;
    int64_t *rows; /* of each round: how many pixels of this rank became rows */
    int64_t n_rounds, round_capacity;
};

/* Adds a round of this rank: `n` pixels from `first` on, without those that were skipped. To be called for
 * each round, also with no pixels. Fails with MZG_ENOMEM. Local. */
enum mzg_status mzg_records_keep(struct mzg_records *records, int64_t first,
                                 const struct mzg_pixel_record *of_pixels, int64_t n, struct mzg_error *err);

/* Numbers the rows and deals them anew: then `list` has the rows of this rank's pieces, at mzg_piece_slot().
 * `n_rows`: of all ranks. Beside the records it takes those of two pieces. On failure they are gone. All
 * ranks return the same status. Collective over context->comm. */
enum mzg_status mzg_records_deal(struct mzg_records *records, const struct mzg_context *context,
                                 int64_t *n_rows, struct mzg_error *err);

/* Leaves the first `n`, and gives the memory of the others back. Local. */
void mzg_records_cut(struct mzg_records *records, int64_t n);

void mzg_records_destroy(struct mzg_records *records);

#endif
