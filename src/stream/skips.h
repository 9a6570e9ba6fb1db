/*
 * The spectra that could not be used, on their way to rank 0, which lists and logs them. Each rank keeps its
 * own until it is known how many all ranks had in that round.
 */
#ifndef MZG_STREAM_SKIPS_H
#define MZG_STREAM_SKIPS_H

#include <core/context.h>
#include <input/reader.h>
#include <stream/chunk.h>

/* A spectrum that is listed: 16 bytes, and its sentence in another array. */
struct mzg_listed_skip {
    int64_t spectrum; /* ordinal in the input, from 0 */
    int32_t pixel;    /* of the input, which has no more than instance keys can number */
    enum mzg_fault_reason reason;
};

/* By spectrum. All zero is empty. */
struct mzg_skip_list {
    int64_t n, capacity;
    struct mzg_listed_skip *skips;
    char *texts; /* what is wrong with each, one behind the other, each with a zero byte at its end */
    int64_t n_bytes, byte_capacity;
};
void mzg_skip_list_destroy(struct mzg_skip_list *list);

struct mzg_skips {
    const struct mzg_context *context;
    const struct mzg_reader *reader;
    struct mzg_skip *kept; /* of this rank, not handed over yet */
    int64_t n_kept, capacity;
    struct mzg_skip_parcel *parcels; /* rank 0: what comes from each rank */
    char *parcel;                    /* as it goes from a rank to rank 0 */
    int64_t parcel_capacity;
    struct mzg_skip_list list; /* rank 0: of all ranks */
    int64_t n;                 /* handed over by all ranks; the same on all */
};

/* What is borrowed lives longer. Not collective, though it may fail: agree. */
enum mzg_status mzg_skips_init(struct mzg_skips *skips, const struct mzg_context *context,
                               const struct mzg_reader *reader, struct mzg_error *err);
void mzg_skips_destroy(struct mzg_skips *skips);

/* Keeps what this rank skipped in a round. Local. */
enum mzg_status mzg_skips_keep(struct mzg_skips *skips, const struct mzg_chunk *chunk, struct mzg_error *err);

/* Hands the next `mine` of those kept over to rank 0, which lists and logs the `total` of all ranks, one rank
 * after the other. All ranks return the same status. Collective over context->comm. */
enum mzg_status mzg_skips_gather(struct mzg_skips *skips, int64_t mine, int64_t total, struct mzg_error *err);

/* The next of those kept as an error, where `mine` is not 0. Local. */
enum mzg_status mzg_skips_fail(const struct mzg_skips *skips, int64_t mine, struct mzg_error *err);

#endif
