/*
 * Foreign readers: inputs that mzgrid does not know how to read, handed to it by callbacks. A reader has a
 * name, and `name:anything` is then the path of an input wherever a path of one is taken with this context.
 *
 *     every rank calls    open      what the input is, and how many spectra it has: the same on all ranks
 *                         read      the spectra from a number on, as many as the reader likes; again and again
 *                         release   once, at the end
 *
 * Spectra are numbered from 0. Any rank may be asked for any range, and for the same one more than once:
 * first all ranks go once through all spectra, each through its own part, to learn where they are and how
 * large; then those that are needed are read again, in pieces that fit into the memory of the run. What is
 * read must be the same each time.
 *
 * Calls for one input come one at a time on each rank, but not all by one thread: a reader must not rely on
 * what belongs to a thread. They may come while the main thread works in MPI, so that a reader does not call
 * MPI itself unless it runs with MPI_THREAD_MULTIPLE; and while the main thread calls the program's log or
 * progress, so that what a reader shares with these needs a lock.
 */
#ifndef MZGRID_FOREIGN_H
#define MZGRID_FOREIGN_H

#include <mzgrid/context.h>
#include <mzgrid/error.h>
#include <mzgrid/export.h>
#include <mzgrid/input.h>
#include <mzgrid/sampling.h>
#include <mzgrid/spectra.h>
#include <stddef.h>
#include <stdint.h>

/* One input that is open on one rank. All zero when open() gets it, but for `size`. */
struct mzg_foreign_input {
    size_t size; /* of this struct, as the library knows it; members beyond it must not be set */

    /* What it is; the same on all ranks. */
    int64_t n_spectra;           /* at least 1 */
    enum mzg_spectrum_type type; /* MZG_SPECTRUM_UNKNOWN: the data decide */
    enum mzg_polarity polarity;  /* of all spectra; unknown: none is stated */
    double pixel_size[2];        /* x, y in micrometres; 0: unknown */

    /* The text of a JSON object that the store keeps in uns, or NULL: objects, strings, numbers, booleans and
     * arrays of strings; names without '/', of at most 100 bytes, not with '.' first. The reader's, valid
     * until release(); read on rank 0. `instrument_accessions` and `instrument_names`, arrays of strings,
     * help to choose the law of the mass axis. */
    const char *metadata;

    /* Gives at least one and at most `n` spectra, from number `first` on: 0 <= first, first + n <= n_spectra.
     * Returns 0, or another number if it fails, which ends the run. `spectra` is the library's, all zero at
     * entry; what it points to is the reader's, and valid until the next call for this input: the library
     * copies what it keeps. Positions are x, y and z, from 1 on by custom; a spectrum whose `faults` is not
     * NULL may have no points, and is skipped as any that cannot be read. */
    int (*read)(struct mzg_foreign_input *input, int64_t first, int64_t n, struct mzg_spectra *spectra);

    /* Why the last call failed, in one line; NULL if there is nothing to say. The text is the reader's, and
     * valid until the next call for this input. May be NULL. */
    const char *(*last_error)(struct mzg_foreign_input *input);

    /* Frees what belongs to the input, but not the struct, which is the library's. Called once, on every rank
     * that called open(), also if open() failed. May be NULL. */
    void (*release)(struct mzg_foreign_input *input);

    void *data; /* the reader's own; not looked at */
};

/* A kind of input. */
struct mzg_foreign_reader {
    size_t size;      /* sizeof(struct mzg_foreign_reader) */
    const char *name; /* lower-case letters, digits, '-' and '_', at most 31; copied */

    /* Opens the input `path`, which is what follows `name:`, borrowed during the call. Returns 0 with `input`
     * filled, or another number if it fails; last_error and release, if it has set them, are called then,
     * too. */
    int (*open)(void *data, const char *path, struct mzg_foreign_input *input);

    void *data; /* handed to open(); borrowed, outlives the context */
};

MZG_BEGIN_API

/* Makes a reader known to `context`, for as long as it lives. The struct is copied. MZG_EUSAGE if the name is
 * taken or none. To be called on all ranks with the same name. Local. */
enum mzg_status mzg_foreign_register(struct mzg_context *context, const struct mzg_foreign_reader *reader,
                                     struct mzg_error *err);

MZG_END_API

#endif
