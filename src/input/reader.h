/*
 * Readers: where spectra come from. A reader opens an input, tells what it is (struct mzg_dataset), and hands
 * out spectra by ranges of pixels. The steps are apart, so that they can overlap:
 *
 *     fetch   one thread of a rank brings the stored bytes of a range of pixels into a batch   (I/O)
 *     decode  the workers turn the bytes of single spectra into arrays of doubles              (computing)
 *
 * A pixel is a position (x, y, z). Pixels are numbered in the order of their first spectrum in the input;
 * several spectra may share a pixel. A spectrum that cannot be read is a fault of that spectrum, never an
 * error of the run.
 *
 * A further kind of input is one file that defines a struct mzg_reader_kind, and one line in
 * src/run/readers.c.
 */
#ifndef MZG_INPUT_READER_H
#define MZG_INPUT_READER_H

#include <math.h>
#include <mzgrid/error.h>
#include <mzgrid/input.h>
#include <mzgrid/resample.h>
#include <stdbool.h>
#include <stdint.h>

struct json_t;
struct mzg_context;
struct mzg_findings;
struct mzg_log;

enum { MZG_MS_LEVELS = 16 }; /* the last stands for all above it, too */

/* The kinds of spectra of an input, and those of them that are read: one ms level, one polarity. Spectra that
 * state no level are of level 1. */
struct mzg_kinds {
    int64_t n[MZG_MS_LEVELS][MZG_POLARITIES]; /* spectra of the whole input; [0] is empty */
    bool is_read[MZG_MS_LEVELS][MZG_POLARITIES];
    enum mzg_polarity unstated; /* the polarity of spectra that state none */
    int ms_level;               /* of what is read; 0 if all kinds are */
    enum mzg_polarity polarity; /* of what is read; unknown if nothing tells */
    bool levels_vary;           /* in the whole input */
    bool polarities_vary;
    int64_t n_left_out; /* spectra that are not read */
};

/* What an input is, or the part of it that is read: the same on all ranks once it is open, except `metadata`
 * and `findings`. */
struct mzg_dataset {
    const char *path;
    int64_t n_spectra;          /* that are read */
    int64_t n_pixels;           /* distinct positions */
    int64_t n_all_pixels;       /* of the whole input */
    int64_t n_duplicate_pixels; /* of them, those with more than one spectrum */
    int64_t n_points; /* sum over all spectra of the points that the index promises and the input can hold */
    int64_t most_points;   /* of one spectrum, likewise; 0: not known before it is made */
    int64_t most_bytes;    /* stored, of the spectra of one pixel, likewise */
    int64_t n_bytes;       /* of all files of the input */
    int64_t n_index_bytes; /* of memory that the reader holds, once a node */
    enum mzg_spectrum_type type;
    struct mzg_kinds kinds;
    bool shared_mz;       /* all spectra have one m/z array (continuous mode) */
    int32_t min[3];       /* x, y, z: the bounding box of all indexed pixels, */
    int32_t max[3];       /*          both ends included */
    int32_t origin[3];    /* where positions count from: 1, or the smallest of the whole input if below */
    bool has_mobility;    /* some spectrum has an array of ion mobilities: an m/z may occur for each */
    double pixel_size[2]; /* x, y in micrometres; 0 if unknown */
    double position_offset[2]; /* x, y in micrometres: where the input says that its image lies */
    bool has_mz_range;         /* every spectrum that has points tells its lowest and highest m/z: */
    double min_mz; /*   their extremes, widened by half a unit of the last printed digit and by one of the */
    double max_mz; /*   type that m/z are stored as; the data may still contradict them */
    double stated_mz[2]; /*   and widened twice as far, as where digits were cut off: for validation */
    struct json_t
        *metadata; /* rank 0: what to keep of the input's own metadata, as a tree of objects, strings,
                    * numbers, booleans and arrays of strings; NULL elsewhere. Owned by the reader */
    const struct mzg_findings *findings; /* rank 0: what is odd about it; NULL elsewhere, and if the kind
                                          * of input looks for nothing. Owned by the reader */
};

/* Why a spectrum cannot be used. The names (mzg_fault_name) are part of the output. */
enum mzg_fault_reason {
    MZG_FAULT_NONE,
    MZG_FAULT_NO_ARRAY,       /* no m/z or no intensity array, or of no known type */
    MZG_FAULT_OUTSIDE_FILE,   /* an array begins or ends outside the file */
    MZG_FAULT_BAD_NUMBER,     /* offset or length is not a number, or has no meaning */
    MZG_FAULT_ENCODED_LENGTH, /* the encoded length does not fit the number of values */
    MZG_FAULT_LENGTHS_DIFFER, /* m/z and intensity have different numbers of values */
    MZG_FAULT_COMPRESSION,    /* the compressed stream is broken, or inflates to another length */
    MZG_FAULT_TOLD,           /* a foreign reader says so */
    MZG_FAULT_READ, /* the operating system could not read the bytes: it ends the run, for they may be good;
                     */
    MZG_FAULT_NO_MEMORY /* no fault of the spectrum: ends it, too; see mzg_fault_check() */
};

struct mzg_fault {
    enum mzg_fault_reason reason;
    int64_t spectrum; /* ordinal in the input, from 0 */
    char text[240];   /* array, byte range and what is wrong, such as
                       * "m/z array at byte 99999999999: ends beyond the ibd (604744 bytes)" */
};

struct mzg_reader_options {
    int64_t memory_limit;  /* bytes that all ranks of a node may take; what the input claims is held against
                              it. 0: no limit */
    bool strict;           /* warnings about identity (UUID, size, terms) are errors; verifies the checksum */
    bool verify;           /* compute the checksum beside all else, for mzg_reader_verify() */
    bool allow_truncated;  /* use the complete spectra of a description that ends early */
    bool mobility_sum;     /* m/z that repeat for each ion mobility are meant to be added, and no finding */
    bool pixel_size_known; /* what the input says of it does not matter, and is no finding */
    bool all_kinds; /* read spectra of all ms levels and polarities side by side, to look at them; else: */
    int ms_level;   /* read only spectra of this ms level; 0: of level 1, or of the only one that there is */
    enum mzg_polarity
        polarity;            /* read only spectra of this polarity; unknown: of the only one that there is */
    struct mzg_box region;   /* read only the pixels in it */
    const char *pixels_file; /* read only those at the positions that this file lists, "x y" or "x y z" a
                              * line;  NULL: all. With both, those that are in both */
};

/* The stored bytes of a range of pixels. Reused from fetch to fetch; its memory grows with the largest. */
struct mzg_batch {
    int64_t first_pixel;
    int64_t n_pixels;
    int64_t n_spectra; /* entries of `spectra` */
    int64_t
        *pixel_begin;   /* n_pixels + 1: the spectra of pixel first_pixel + i are entries pixel_begin[i] .. */
    int64_t *spectra;   /*   pixel_begin[i + 1] - 1: their ordinals in the input, ascending */
    int64_t bytes_read; /* from the input, for this batch */
    void *storage;      /* of the reader that filled it */
    void (*free_storage)(void *storage);
};

enum { MZG_MZ_SCAN_SEEN = 16 };

/* What m/z arrays show: the range of those that are finite, above 0 and at most 1e6, and whether their order
 * can be relied on. Begin with MZG_MZ_SCAN_NOTHING. */
struct mzg_mz_scan {
    double min_mz; /* above max_mz: there are none */
    double max_mz;
    int64_t n_by_ends; /* arrays whose first and last value stood for all */
    int64_t unsorted;  /* the first spectrum that was seen to be out of order; INT64_MAX: none was */
    int64_t seen[MZG_MZ_SCAN_SEEN]; /* 1 + spectra that were scanned: others may have the same array */
    int64_t n_same; /* values of the one array that all spectra with points have, by its bytes; -1: they
                     * differ; 0: none was compared */
    void *first;    /* with `take`: that array as it is stored, for comparison; free() it at last, */
    int64_t first_bytes;
    int64_t first_spectrum; /*  and a spectrum that has it */

    /* NULL: none; else given each array of a scan in full, or one in place of those that are known to be the
     * same. What it fails with ends the scan. */
    enum mzg_status (*take)(void *taker, const double *mz, int64_t n, struct mzg_error *err);
    void *taker;
};
#define MZG_MZ_SCAN_NOTHING                                                                                  \
    (struct mzg_mz_scan)                                                                                     \
    {                                                                                                        \
        .min_mz = INFINITY, .max_mz = -INFINITY, .unsorted = INT64_MAX                                       \
    }

struct mzg_decoder; /* scratch space of one thread */
struct mzg_reader;

/* The table of functions behind the interface. All that take a reader are local and do not communicate, but
 * for open and close. */
struct mzg_reader_kind {
    const char *name;         /* such as "imzML" */
    const char *metadata_key; /* of the dataset's metadata in uns */

    /* Whether `path` looks like an input of this kind, by its name. */
    bool (*claims)(const char *path);

    /* Collective over context->comm. */
    enum mzg_status (*open)(const struct mzg_context *context, const char *path,
                            const struct mzg_reader_options *options, struct mzg_reader **reader,
                            struct mzg_error *err);
    void (*close)(struct mzg_reader *reader);

    void (*pixel)(const struct mzg_reader *reader, int64_t pixel, int32_t position[3],
                  int64_t *first_spectrum, int64_t *n_spectra);
    void (*measure)(const struct mzg_reader *reader, int64_t first_pixel, int64_t n_pixels, int64_t *bytes,
                    int64_t *points);
    int64_t (*ordinal)(const struct mzg_reader *reader, int64_t pixel); /* NULL: the pixel's own number */
    int64_t (*count_faulty)(const struct mzg_reader *reader);
    enum mzg_status (*verify)(const struct mzg_context *context, struct mzg_reader *reader,
                              struct mzg_error *err); /* NULL: there is nothing to verify */
    enum mzg_status (*unchanged)(const struct mzg_reader *reader,
                                 struct mzg_error *err); /* NULL: it cannot change */
    enum mzg_status (*shared_mz)(struct mzg_reader *reader, const double **mz, int64_t *n,
                                 struct mzg_error *err);
    enum mzg_status (*fetch)(const struct mzg_reader *reader, int64_t first_pixel, int64_t n_pixels,
                             struct mzg_batch *batch, struct mzg_error *err);
    bool (*decode)(const struct mzg_reader *reader, const struct mzg_batch *batch, int64_t entry,
                   struct mzg_decoder *decoder, struct mzg_spectrum *spectrum, struct mzg_fault *fault);
    enum mzg_status (*scan_mz)(const struct mzg_reader *reader, int64_t first_pixel, int64_t n_pixels,
                               bool full, struct mzg_decoder *decoder, struct mzg_mz_scan *scan,
                               struct mzg_error *err);

    void (*know_mz)(struct mzg_reader *reader, const double *mz); /* NULL: it makes no difference */

    /* Facts of the input from its header and sizes alone, at once whatever its size, as a JSON object. */
    enum mzg_status (*describe)(const char *path, struct json_t **description, struct mzg_error *err);
};

/* The part of a reader that all kinds share; a kind's own struct begins with it. */
struct mzg_reader {
    const struct mzg_reader_kind *kind;
    struct mzg_dataset dataset;
};

/* Opens the input at `path` with the first kind that claims it. On failure every rank returns the same status
 * and text. Collective over context->comm, which, like `context`, outlives the reader. */
enum mzg_status mzg_reader_open(const struct mzg_context *context, const char *path,
                                const struct mzg_reader_options *options, struct mzg_reader **reader,
                                struct mzg_error *err);

/* Accepts NULL. Collective. */
void mzg_reader_close(struct mzg_reader *reader);

/* Position, and where its spectra begin: `first_spectrum` is the ordinal of its first one. A spectrum whose
 * position cannot be read is a pixel of its own, at INT32_MIN in all coordinates, outside the bounding box;
 * it is always faulty. Local. */
void mzg_reader_pixel(const struct mzg_reader *reader, int64_t pixel, int32_t position[3],
                      int64_t *first_spectrum, int64_t *n_spectra);

/* The number of a pixel among those of the whole input, which is another one where only a part is read.
 * Local. */
int64_t mzg_reader_ordinal(const struct mzg_reader *reader, int64_t pixel);

/* With options.verify: waits for the checksum, and puts what came of it into dataset.metadata and findings;
 * that it differs, or could not be computed, is logged as a warning. To be called once, when there is nothing
 * better to do. context->stop ends the wait with MZG_EINTERRUPTED. Does nothing on ranks other than
 * 0. Local: the caller agrees. */
enum mzg_status mzg_reader_verify(const struct mzg_context *context, struct mzg_reader *reader,
                                  struct mzg_error *err);

/* MZG_EIO if a file of the input is not the one that was opened, or not as it was then: to be asked when
 * all has been read. All ranks return the same status. Collective. */
enum mzg_status mzg_reader_check_unchanged(const struct mzg_context *context, const struct mzg_reader *reader,
                                           struct mzg_error *err);

/* The memory that fetching these pixels takes, and the points that they promise together. Local, O(n_pixels).
 */
void mzg_reader_measure(const struct mzg_reader *reader, int64_t first_pixel, int64_t n_pixels,
                        int64_t *bytes, int64_t *points);

/* How many pixels the index already shows to have no readable spectrum. Local. */
int64_t mzg_reader_count_faulty(const struct mzg_reader *reader);

/* With dataset.shared_mz: the m/z array that all spectra share, decoded; owned by the reader. MZG_EFORMAT
 * if it cannot be decoded, because no pixel can be used then. Local: the caller agrees. */
enum mzg_status mzg_reader_shared_mz(struct mzg_reader *reader, const double **mz, int64_t *n,
                                     struct mzg_error *err);

/* Zeroes a batch; frees what it holds. Local. */
void mzg_batch_init(struct mzg_batch *batch);
void mzg_batch_destroy(struct mzg_batch *batch);

/* Brings the stored bytes of n_pixels pixels into `batch`. Spectra that the index shows to be faulty are in
 * the batch too, without bytes: decoding them tells the fault. Fails with MZG_ENOMEM only; bytes that cannot
 * be read are a fault of their spectra. Local; one thread at a time per batch. */
enum mzg_status mzg_reader_fetch(const struct mzg_reader *reader, int64_t first_pixel, int64_t n_pixels,
                                 struct mzg_batch *batch, struct mzg_error *err);

enum mzg_status mzg_decoder_new(struct mzg_decoder **decoder, struct mzg_error *err);
void mzg_decoder_free(struct mzg_decoder *decoder);

/* Decodes entry `entry` of the batch. The arrays of `spectrum` lie in the decoder and are valid until its
 * next use, except that with dataset.shared_mz `mz` is the pointer of mzg_reader_shared_mz(). Returns false,
 * with `fault` filled, where the spectrum cannot be used. Local, thread-safe for distinct decoders. */
bool mzg_reader_decode(const struct mzg_reader *reader, const struct mzg_batch *batch, int64_t entry,
                       struct mzg_decoder *decoder, struct mzg_spectrum *spectrum, struct mzg_fault *fault);

/* Adds what the m/z of these pixels show to `scan`. Unless `full`, the first and last value of uncompressed
 * arrays stand for all, where they are in order. Faulty spectra are passed over. Local, thread-safe for
 * distinct decoders. */
enum mzg_status mzg_reader_scan_mz(const struct mzg_reader *reader, int64_t first_pixel, int64_t n_pixels,
                                   bool full, struct mzg_decoder *decoder, struct mzg_mz_scan *scan,
                                   struct mzg_error *err);

/* Says that each spectrum that has points has exactly these m/z, as a scan of all of them showed: they are
 * neither read nor decoded any more, and `mz` is what decoding gives. They outlive the use of the reader.
 * Local.
 */
void mzg_reader_know_mz(struct mzg_reader *reader, const double *mz);

/* Facts of the input from its header and sizes alone (`mzgrid info`); the caller owns the object. Local. */
enum mzg_status mzg_reader_describe(const char *path, struct json_t **description, struct mzg_error *err);

/* MZG_ENOMEM if `fault` is a lack of memory, MZG_EIO if its bytes could not be read: the spectrum may be good
 * and must not be passed over. Local. */
enum mzg_status mzg_fault_check(const struct mzg_fault *fault, struct mzg_error *err);

/* The stable name of a reason, such as "array outside the file". Local. */
const char *mzg_fault_name(enum mzg_fault_reason reason);

#endif
