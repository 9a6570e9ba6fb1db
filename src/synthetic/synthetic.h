/*
 * Synthetic tissue, written as a pair of files PATH.imzML and PATH.ibd by all ranks: the sample of the
 * quickstart and the load of every benchmark. What the spectra are made of stands in tissue.h.
 */
#ifndef MZG_SYNTHETIC_SYNTHETIC_H
#define MZG_SYNTHETIC_SYNTHETIC_H

#include <mzgrid/error.h>
#include <stdbool.h>
#include <stdint.h>

struct mzg_context;

enum mzg_synthetic_kind {
    MZG_SYNTHETIC_CENTROID, /* peaks, their number lognormal; processed mode */
    MZG_SYNTHETIC_PROFILE,  /* zero-trimmed peaks on a sampling grid of the square root of m/z; processed mode
                             */
    MZG_SYNTHETIC_CONTINUOUS /* curves on one m/z array, spaced like the profile's grid; continuous mode */
};

enum { MZG_SYNTHETIC_PIXEL_SIZE = 50 }; /* micrometres */

/* What the user asks for. The bytes written depend on all of it but `overwrite`. */
struct mzg_synthetic_options {
    int64_t width; /* positions in x and y, 1 to 1,000,000 each */
    int64_t height;
    enum mzg_synthetic_kind kind;
    int64_t points; /* of a spectrum, 1 to 10,000,000: the mean number; in continuous mode the number */
    uint64_t seed;
    bool full; /* every position has a spectrum; else those far from the tissue, as in the corners, have none
                */
    bool overwrite; /* replace existing files, once the new ones are complete */
};

/* The name as on the command line, such as "centroid". Local. */
const char *mzg_synthetic_kind_name(enum mzg_synthetic_kind kind);

/* The kind of that name; MZG_EUSAGE with a list of the names for any other. Local. */
enum mzg_status mzg_synthetic_kind_parse(const char *name, enum mzg_synthetic_kind *kind,
                                         struct mzg_error *err);

/* MZG_EUSAGE for what cannot be made. Local. */
enum mzg_status mzg_synthetic_check(const struct mzg_synthetic_options *options, struct mzg_error *err);

/* Writes the files; `path` may end in .imzML or not. They are built under names that end in .part, which are
 * gone after a failure. The same bytes for any number of ranks and threads. On failure every rank returns the
 * same status and text. Collective over context->comm. */
enum mzg_status mzg_synthetic_write(const struct mzg_context *context, const char *path,
                                    const struct mzg_synthetic_options *options, struct mzg_error *err);

#endif
