/*
 * What is kept of each spectrum of a foreign input, once a node, and how a range of them is read. The index
 * comes from one walk through all spectra, in which each rank has a part.
 */
#ifndef MZG_INPUT_FOREIGN_INDEX_H
#define MZG_INPUT_FOREIGN_INDEX_H

#include <input/node_memory.h>
#include <input/reader.h>
#include <mzgrid/foreign.h>
#include <pthread.h>
#include <stdatomic.h>

struct mzg_foreign_spectrum {
    int32_t position[3];
    bool is_faulty;
    bool is_unsorted; /* some m/z is below its predecessor */
    int64_t n;        /* points */
    double min_mz;    /* of its m/z above 0 and at most 1e6; above max_mz: there are none */
    double max_mz;
};

/* An input that is open on this rank. */
struct mzg_foreign_source {
    struct mzg_foreign_input input;
    bool is_open;         /* release() is due */
    const char *path;     /* for messages, borrowed */
    pthread_mutex_t lock; /* around calls of the reader */
};

/* Takes some spectra that were read: those from number `first` on. What it fails with ends the reading. */
typedef enum mzg_status mzg_foreign_take(void *taker, int64_t first, const struct mzg_spectra *spectra,
                                         struct mzg_error *err);

/* Reads n spectra from number `first` on and hands them to `take`, piece by piece, each checked. MZG_EIO,
 * with the reader's own words, if it fails; MZG_EFORMAT if it gives what cannot be. Local; calls wait for
 * each other. */
enum mzg_status mzg_foreign_walk(struct mzg_foreign_source *source, int64_t first, int64_t n,
                                 mzg_foreign_take *take, void *taker, struct mzg_error *err);

/* The words of the reader about its last failure, or some in their place. Local. */
const char *mzg_foreign_words(struct mzg_foreign_source *source);

/* Fills the part of this rank in `index`, of n_spectra entries, which begins with number `first`; ends early
 * when `stop` is set. Local: the caller agrees. */
enum mzg_status mzg_foreign_index(struct mzg_foreign_source *source, int64_t first, int64_t n,
                                  const atomic_int *stop, struct mzg_foreign_spectrum *index,
                                  struct mzg_error *err);

#endif
