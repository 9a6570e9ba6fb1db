/*
 * By pace: of each rank is known when it was done with some round, and how fast it works, so when it will be
 * done with all that it was dealt since. The one that is free first gets a whole chunk; the others get what
 * they can do until that is done:
 *
 *     rank 0   | dealt .......... | a whole chunk ................ |
 *     rank 1   | dealt .................... | a part of one ...... |
 *                                                                  ^ all free again
 *
 * Near the end a round gets a third of the pixels that are left, down to a quarter of a chunk for each rank:
 * the later the last pixels are dealt, the better is known who is free for them. The first round is as small,
 * for while its bytes are fetched there is nothing else to do.
 */
#include <stream/deal.h>

#include <stdlib.h>

enum { LEAST_CHUNK_BYTES = 1 << 20, BISECTIONS = 40 };

/* One in so many: of the pixels that are left, for a round; of a chunk, at least. */
enum { LEFT_SHARE = 3, LEAST_SHARE = 4 };

/* Chunks that a rank must have done until its own speed counts as much as that of all. */
enum { TRIED_CHUNKS = 8 };

/* What is known of one rank. */
struct pace {
    double elapsed;  /* when it was done with `round`, */
    double worked;   /*  and how long it worked for that */
    int64_t round;   /* -1: nothing is known */
    int64_t bytes;   /* that it was dealt up to that round */
    double speed;    /* bytes of chunks per second of work */
    double free_at;  /* when it will be done with all that it was dealt */
    int64_t *chunks; /* bytes of its chunks, of the rounds that are kept */
};

struct mzg_deal {
    struct mzg_deal_options options;
    int64_t *firsts; /* of each round kept: the first pixel of each rank's chunk, and the end */
    int64_t *chunks; /* in which those of all paces lie */
    struct pace *paces;
    int64_t dealt_bytes, dealt_pixels; /* to all ranks */
    int64_t whole_size, whole_bytes;   /* of a chunk before it shrank */
    int halvings;
};

static int64_t *firsts_of(const struct mzg_deal *deal, int64_t round)
{
    return deal->firsts + round % MZG_DEAL_ROUNDS * (deal->options.n_ranks + 1);
}

enum mzg_status mzg_deal_new(const struct mzg_deal_options *options, struct mzg_deal **deal,
                             struct mzg_error *err)
{
    size_t n = (size_t)options->n_ranks;
    struct mzg_deal *made = calloc(1, sizeof *made);
    if (made) {
        made->options = *options;
        made->whole_size = options->chunk_size;
        made->whole_bytes = options->chunk_bytes;
        made->firsts = calloc(MZG_DEAL_ROUNDS * (n + 1), sizeof *made->firsts);
        made->chunks = calloc(MZG_DEAL_ROUNDS * n, sizeof *made->chunks);
        made->paces = calloc(n, sizeof *made->paces);
    }
    if (!made || !made->firsts || !made->chunks || !made->paces) {
        mzg_deal_free(made);
        return mzg_fail(err, MZG_ENOMEM, "no memory for the rounds of %zu ranks", n);
    }
    for (size_t i = 0; i < n; i++) {
        made->paces[i].round = -1;
        made->paces[i].chunks = made->chunks + i * MZG_DEAL_ROUNDS;
    }
    *deal = made;
    return MZG_OK;
}

void mzg_deal_free(struct mzg_deal *deal)
{
    if (!deal)
        return;
    free(deal->firsts);
    free(deal->chunks);
    free(deal->paces);
    free(deal);
}

/* Whether a whole span begins with `pixel` and is no more than so many pixels and bytes. */
static bool fits_span(const struct mzg_deal_options *o, int64_t pixel, int64_t pixels, int64_t bytes)
{
    return o->span_pixels > 0 && pixel % o->span_pixels == 0 && o->span_pixels <= pixels &&
           pixel + o->span_pixels <= o->n_pixels && o->span_bytes[pixel / o->span_pixels] <= bytes;
}

/* Where a chunk ends that begins with pixel `first` and is `share` of a whole one; its bytes. */
static int64_t end_of_chunk(const struct mzg_deal *deal, int64_t first, double share, int64_t *bytes)
{
    const struct mzg_deal_options *o = &deal->options;
    int64_t most_pixels = (int64_t)((double)o->chunk_size * share + 0.5);
    int64_t most_bytes = (int64_t)((double)o->chunk_bytes * share);
    int64_t pixel = first;
    *bytes = 0;
    while (pixel < o->n_pixels && pixel - first < most_pixels) {
        if (fits_span(o, pixel, most_pixels - (pixel - first), most_bytes - *bytes)) {
            *bytes += o->span_bytes[pixel / o->span_pixels];
            pixel += o->span_pixels;
            continue;
        }
        int64_t weight = o->weigh(o->context, pixel);
        if (*bytes + weight > most_bytes && pixel > first)
            break;
        *bytes += weight;
        pixel++;
    }
    return pixel;
}

/* Whether a rank's pace is known of so late a round that what it was dealt since is known too. */
static bool paces_are_known(const struct mzg_deal *deal, int64_t round)
{
    for (int rank = 0; rank < deal->options.n_ranks; rank++) {
        const struct pace *pace = &deal->paces[rank];
        if (pace->round < 0 || pace->round <= round - MZG_DEAL_ROUNDS || !(pace->worked > 0))
            return false;
    }
    return true;
}

/* The share of a whole chunk, of `bytes` bytes, that a rank can do until `time`. */
static double share_until(const struct pace *pace, double time, double bytes)
{
    double share = (time - pace->free_at) * pace->speed / bytes;
    return share < 0 ? 0 : share < 1 ? share : 1;
}

static double shares_until(const struct mzg_deal *deal, double time, double bytes)
{
    double sum = 0;
    for (int rank = 0; rank < deal->options.n_ranks; rank++)
        sum += share_until(&deal->paces[rank], time, bytes);
    return sum;
}

/* Tells of each rank how fast it works and when it will be free for `round`, with chunks of `bytes` bytes. */
static void judge_paces(struct mzg_deal *deal, int64_t round, double bytes)
{
    double all_bytes = 0, all_worked = 0;
    for (int rank = 0; rank < deal->options.n_ranks; rank++) {
        all_bytes += (double)deal->paces[rank].bytes;
        all_worked += deal->paces[rank].worked;
    }
    double tried = TRIED_CHUNKS * bytes;
    for (int rank = 0; rank < deal->options.n_ranks; rank++) {
        struct pace *pace = &deal->paces[rank];
        double dealt_since = 0;
        for (int64_t r = pace->round + 1; r < round; r++)
            dealt_since += (double)pace->chunks[r % MZG_DEAL_ROUNDS];
        pace->speed = ((double)pace->bytes + tried) / (pace->worked + tried / (all_bytes / all_worked));
        pace->free_at = pace->elapsed + dealt_since / pace->speed;
    }
}

/* When all ranks are to be done with `round`, with chunks of `bytes` bytes; `left` of them, in whole chunks,
 * are not dealt yet. */
static double choose_time(struct mzg_deal *deal, int64_t round, double bytes, double left)
{
    int n = deal->options.n_ranks;
    double first_free = 0, first_done = 0;
    judge_paces(deal, round, bytes);
    for (int rank = 0; rank < n; rank++) {
        const struct pace *pace = &deal->paces[rank];
        double done = pace->free_at + bytes / pace->speed;
        first_free = rank == 0 || pace->free_at < first_free ? pace->free_at : first_free;
        first_done = rank == 0 || done < first_done ? done : first_done;
    }
    double wanted = left / LEFT_SHARE;
    double least = (double)n / LEAST_SHARE;
    wanted = wanted > least ? wanted : least;
    wanted = wanted < left ? wanted : left;
    if (shares_until(deal, first_done, bytes) <= wanted)
        return first_done;
    double low = first_free, high = first_done;
    for (int i = 0; i < BISECTIONS; i++) {
        double middle = low + (high - low) / 2;
        if (shares_until(deal, middle, bytes) < wanted)
            low = middle;
        else
            high = middle;
    }
    return high;
}

void mzg_deal_round(struct mzg_deal *deal, int64_t round)
{
    const struct mzg_deal_options *o = &deal->options;
    int64_t first = 0;
    if (round > 0)
        first = firsts_of(deal, round - 1)[o->n_ranks];
    bool by_pace = paces_are_known(deal, round);
    double bytes = 0, time = 0;
    if (by_pace) {
        double per_pixel = (double)deal->dealt_bytes / (double)first;
        bytes = per_pixel * (double)o->chunk_size;
        if (bytes > (double)o->chunk_bytes)
            bytes = (double)o->chunk_bytes;
        time = choose_time(deal, round, bytes, per_pixel * (double)(o->n_pixels - first) / bytes);
    }
    int64_t *firsts = firsts_of(deal, round);
    firsts[0] = first;
    for (int rank = 0; rank < o->n_ranks; rank++) {
        struct pace *pace = &deal->paces[rank];
        double share = by_pace ? share_until(pace, time, bytes) : round > 0 ? 1 : 1.0 / LEAST_SHARE;
        int64_t *chunk = &pace->chunks[round % MZG_DEAL_ROUNDS];
        firsts[rank + 1] = end_of_chunk(deal, firsts[rank], share, chunk);
        if (firsts[rank + 1] == first && rank == o->n_ranks - 1 && first < o->n_pixels)
            firsts[rank + 1] =
                end_of_chunk(deal, first, 1, chunk); /* a round is never empty before the end */
        deal->dealt_bytes += *chunk;
    }
    deal->dealt_pixels = firsts[o->n_ranks];
}

const int64_t *mzg_deal_firsts(const struct mzg_deal *deal, int64_t round)
{
    return firsts_of(deal, round);
}

int64_t mzg_deal_pixels(const struct mzg_deal *deal, int64_t round, int rank, int64_t *first)
{
    const int64_t *firsts = firsts_of(deal, round);
    *first = firsts[rank];
    return firsts[rank + 1] - firsts[rank];
}

bool mzg_deal_has_pixels(const struct mzg_deal *deal, int64_t round)
{
    return firsts_of(deal, round)[0] < deal->options.n_pixels;
}

void mzg_deal_note_pace(struct mzg_deal *deal, int64_t round, int rank, double elapsed, double worked)
{
    struct pace *pace = &deal->paces[rank];
    for (int64_t r = pace->round + 1; r <= round; r++)
        pace->bytes += pace->chunks[r % MZG_DEAL_ROUNDS];
    pace->round = round;
    pace->elapsed = elapsed;
    pace->worked = worked;
}

static void set_chunk(struct mzg_deal *deal)
{
    int64_t size = deal->whole_size >> deal->halvings;
    deal->options.chunk_size = size > 0 ? size : 1;
    deal->options.chunk_bytes = deal->whole_bytes >> deal->halvings;
}

bool mzg_deal_shrink(struct mzg_deal *deal)
{
    double bytes = deal->dealt_pixels > 0 ? (double)deal->dealt_bytes / (double)deal->dealt_pixels *
                                                (double)deal->options.chunk_size
                                          : (double)deal->options.chunk_bytes;
    if (deal->options.chunk_size == 1 || deal->options.chunk_bytes < LEAST_CHUNK_BYTES ||
        bytes < LEAST_CHUNK_BYTES)
        return false;
    deal->halvings++;
    set_chunk(deal);
    return true;
}

bool mzg_deal_grow(struct mzg_deal *deal)
{
    if (deal->halvings == 0)
        return false;
    deal->halvings--;
    set_chunk(deal);
    return true;
}

int64_t mzg_deal_chunk_size(const struct mzg_deal *deal)
{
    return deal->options.chunk_size;
}
