/*
 * Spectra of an input, read in pieces: what mzgrid knows how to read, for programs that do not convert. The
 * same struct carries spectra the other way, from a foreign reader into mzgrid (mzgrid/foreign.h).
 */
#ifndef MZGRID_SPECTRA_H
#define MZGRID_SPECTRA_H

#include <mzgrid/context.h>
#include <mzgrid/error.h>
#include <mzgrid/export.h>
#include <mzgrid/input.h>
#include <mzgrid/sampling.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Some spectra, side by side. Who fills it owns all that it points to. */
struct mzg_spectra {
    int64_t n;
    const int32_t *positions; /* 3 n: x, y, z of each spectrum, in pixels */
    const int64_t *begin;     /* n + 1: spectrum i has the points begin[i] .. begin[i + 1] - 1 of */
    const double *mz;         /*   these m/z, */
    const double *intensity;  /*   and these intensities */
    const char *const
        *faults; /* NULL: all can be used; else n texts: why spectrum i cannot, NULL if it can */
};

/* What an input is, or the part of it that is read. */
struct mzg_spectra_facts {
    size_t size;          /* sizeof(struct mzg_spectra_facts), set by the caller */
    int64_t n_pixels;     /* distinct positions */
    int64_t n_spectra;    /* several may be at one position */
    int64_t n_points;     /* of all spectra, as the index promises */
    int64_t most_points;  /* of one spectrum */
    int32_t min[3];       /* x, y, z: the box of all positions, */
    int32_t max[3];       /*   both ends included */
    double pixel_size[2]; /* x, y in micrometres; 0 if unknown */
    enum mzg_spectrum_type type;
    bool shares_mz; /* all spectra have one m/z array */
};

/* All zero but `size` is the default: the whole input. */
struct mzg_spectra_options {
    size_t size;           /* sizeof(struct mzg_spectra_options) */
    int64_t memory_limit;  /* bytes for all ranks of a node together; 0: the smaller of 8 GiB and half of what
                            * is free */
    struct mzg_box region; /* only the pixels in it */
    const char *pixels_file; /* only those at the positions listed there; NULL: all */
    int64_t ms_level;        /* only spectra of this ms level; 0: of level 1, or of the only one there is */
    enum mzg_polarity polarity; /* only those of this polarity; unknown: of the only one there is */
    bool allow_truncated;       /* use the complete spectra of a description that ends early */
};

struct mzg_spectra_reader;

MZG_BEGIN_API

/* Opens the input `path`: an imzML file, "synthetic:...", or one of a foreign reader. `options` may be NULL.
 * Release with mzg_spectra_close(), before the context. Collective. */
enum mzg_status mzg_spectra_open(const struct mzg_context *context, const char *path,
                                 const struct mzg_spectra_options *options,
                                 struct mzg_spectra_reader **reader, struct mzg_error *err);

/* Accepts NULL. Collective. */
void mzg_spectra_close(struct mzg_spectra_reader *reader);

/* Local. */
enum mzg_status mzg_spectra_facts(const struct mzg_spectra_reader *reader, struct mzg_spectra_facts *facts,
                                  struct mzg_error *err);

/* The input's own metadata as the text of a JSON object on rank 0, NULL on others; free with mzg_free().
 * Local. */
enum mzg_status mzg_spectra_metadata(const struct mzg_spectra_reader *reader, char **metadata,
                                     struct mzg_error *err);

/* The spectra of n_pixels pixels from number first_pixel on: pixels are numbered from 0 in the order of their
 * first spectrum in the input, and spectra that share one stand side by side. What `spectra` points to is the
 * reader's, and valid until its next use. Needs memory for these spectra, not for others: a few hundred
 * pixels at a time are a good measure. MZG_EUSAGE beyond the last pixel. Local, one thread at a time. */
enum mzg_status mzg_spectra_read(struct mzg_spectra_reader *reader, int64_t first_pixel, int64_t n_pixels,
                                 struct mzg_spectra *spectra, struct mzg_error *err);

MZG_END_API

#endif
