/*
 * What the ranks tell each other about a round, once for each. A tally is posted when a rank is done with
 * its chunk and taken some rounds later, so that a rank seldom waits for one that happens to be slower. All
 * that ranks tell is added up on the way (MPI_Iallreduce): what a rank sends grows with the ranks by two
 * words of each alone, its pace or what it appends, and the messages of a round are two for each rank.
 */
#ifndef MZG_STREAM_TALLY_H
#define MZG_STREAM_TALLY_H

#include <core/context.h>
#include <stage/sink.h>
#include <stream/chunk.h>
#include <stream/watch.h>

/* The most rounds that a tally may wait before it is taken, beside the one that was posted last: with more
 * of them, what disturbs one rank for some rounds evens out before another one waits. */
enum { MZG_TALLY_SLACK = 3 };

/* Numbers that are added over the ranks; of the round unless said. */
struct mzg_tally_sums {
    int64_t n_failed;  /* ranks that have an error, which mzg_agree() will tell */
    int64_t n_skips;   /* faulty spectra */
    int64_t n_skipped; /* pixels */
    int64_t bytes_read;
    int64_t counts[MZG_COUNTS];
    int64_t metrics_due;
    int64_t stage_bytes; /* of the sink, with the rows of this round */
};

/* How fast a rank is, as mzg_deal_note_pace(). */
struct mzg_pace {
    double elapsed, worked; /* seconds */
};

/* What is known of each rank: one of the two, on all ranks the same one. */
union mzg_tally_of_rank {
    struct mzg_pace pace;      /* if each rank appends for itself, and is dealt as much as its pace allows */
    struct mzg_sink_part part; /* if they append together: what it will append, of this round */
};

/* Of one rank. */
struct mzg_tally {
    struct mzg_tally_sums sums;
    int64_t round_end; /* the pixel behind the round, on which all must agree */
    struct mzg_watch_sight sight;
    union mzg_tally_of_rank of_rank;
};

/* Of all ranks. */
struct mzg_round_tally {
    struct mzg_tally_sums sums;
    int64_t my_skips;                    /* sums.n_skips of this rank */
    int64_t least_end, greatest_end;     /* round_end of the ranks */
    const struct mzg_watch_sight *nodes; /* what the ranks of each node see together */
    const struct mzg_pace *paces;        /* of each rank, */
    const struct mzg_sink_part *parts;   /*  or these, in the same place */
};

struct mzg_tallies;

/* The nodes of `watch` are borrowed. Not collective, though it may fail: agree. */
enum mzg_status mzg_tallies_new(const struct mzg_context *context, const struct mzg_watch *watch,
                                struct mzg_tallies **tallies, struct mzg_error *err);

/* Waits for what was posted and not taken, which is the same on all ranks. Accepts NULL. Collective. */
void mzg_tallies_free(struct mzg_tallies *tallies);

/* Posts the tally of this rank about `round`. Returns at once. Collective over context->comm. */
void mzg_tallies_post(struct mzg_tallies *tallies, int64_t round, const struct mzg_tally *mine);

/* What all ranks tell about `round`, the one behind that taken last; its arrays are valid until the next is
 * posted. Waits for the last rank, which counts in mzg_agree_seconds(). Collective. */
struct mzg_round_tally mzg_tallies_take(struct mzg_tallies *tallies, int64_t round);

#endif
