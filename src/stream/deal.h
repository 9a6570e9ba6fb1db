/*
 * Deals the pixels of the input to the ranks, in rounds of one chunk per rank: the chunks of a round are
 * consecutive, chunk i for rank i. A chunk has as many pixels as its memory allows; a rank that lags behind
 * the others gets fewer, so that all come to the end together, and the first and the last rounds are smaller,
 * so that they soon begin and end. All ranks deal for themselves and come to the same, for all know the same.
 * Local.
 */
#ifndef MZG_STREAM_DEAL_H
#define MZG_STREAM_DEAL_H

#include <mzgrid/error.h>
#include <stdbool.h>
#include <stdint.h>

/* So many rounds are kept: the one that was dealt last, and those before it. */
enum { MZG_DEAL_ROUNDS = 8 };

struct mzg_deal_options {
    int n_ranks;
    int64_t n_pixels;
    int64_t (*weigh)(const void *context,
                     int64_t pixel); /* the bytes that a pixel takes in a chunk, above 0 */
    const void *context;
    int64_t chunk_size;        /* pixels of a chunk, at most, */
    int64_t chunk_bytes;       /*  and their bytes, unless it is a single pixel */
    int64_t span_pixels;       /* if above 0: of each span of so many pixels, but for a last shorter one, */
    const int64_t *span_bytes; /*  what they weigh together; borrowed. The deal is the same without */
};

struct mzg_deal;

/* `options` is copied. */
enum mzg_status mzg_deal_new(const struct mzg_deal_options *options, struct mzg_deal **deal,
                             struct mzg_error *err);
void mzg_deal_free(struct mzg_deal *deal);

/* Deals `round`, the one behind that dealt last, or 0. */
void mzg_deal_round(struct mzg_deal *deal, int64_t round);

/* The first pixel of each rank in `round`, and behind them the end of the round. */
const int64_t *mzg_deal_firsts(const struct mzg_deal *deal, int64_t round);

/* How many pixels `rank` has in `round`, from `*first` on; 0 behind the end of the input. */
int64_t mzg_deal_pixels(const struct mzg_deal *deal, int64_t round, int rank, int64_t *first);

/* Whether any rank has pixels in the round. */
bool mzg_deal_has_pixels(const struct mzg_deal *deal, int64_t round);

/* The pace of `rank`: it was done with its chunk of `round` `elapsed` seconds after all began, in `worked` of
 * which it did not wait for others. Rounds dealt from now on follow the pace, once it is known of all ranks.
 */
void mzg_deal_note_pace(struct mzg_deal *deal, int64_t round, int rank, double elapsed, double worked);

/* Halves the chunks to come. False if they are as small as makes sense, for they take hardly any memory;
 * then nothing changes. */
bool mzg_deal_shrink(struct mzg_deal *deal);

/* Doubles them again. False if they are what they were at first. */
bool mzg_deal_grow(struct mzg_deal *deal);

/* The pixels of a chunk to come, at most. */
int64_t mzg_deal_chunk_size(const struct mzg_deal *deal);

#endif
