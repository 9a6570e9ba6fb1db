/* The imzML reader as its own files see it. */
#ifndef MZG_IMZML_IMZML_H
#define MZG_IMZML_IMZML_H

#include <imzml/entry.h>
#include <imzml/facts.h>
#include <imzml/ibd.h>
#include <imzml/ibd_checksum.h>
#include <input/findings.h>
#include <input/node_memory.h>
#include <input/pixel_table.h>
#include <input/reader.h>
#include <stdatomic.h>

/* What rank 0 tells the others: plain data, sent as it is. */
struct mzg_imzml_summary {
    struct mzg_dataset dataset; /* without its pointers */
    int64_t ibd_size;
    int64_t faulty_pixels;
    int64_t shared_from; /* with shared_mz: a spectrum whose m/z array it is */
    bool has_table;      /* of pixels: some position has several spectra, or not all are read */
    bool has_repairs;    /* rank 0 changed entries that others had parsed */
    bool is_part;        /* not all are read: the table ends with their ordinals */
};

struct mzg_imzml_reader {
    struct mzg_reader base;
    char *path;
    struct mzg_file_mark mark; /* rank 0: of the XML, before it was opened first */
    struct mzg_ibd ibd;
    struct mzg_imzml_summary summary;
    struct mzg_node_memory *entries_memory;
    const struct mzg_imzml_entry *entries; /* one for each spectrum */
    struct mzg_pixel_table pixels;
    struct mzg_findings findings; /* rank 0, as the next two */
    struct mzg_imzml_identity identity;
    struct mzg_checksum_thread *checksum; /* under way; NULL: none is */
    double *shared_mz;
    struct mzg_error shared_error; /* why it could not be decoded */
    const double *known_mz; /* of each spectrum that has points, as a scan showed; NULL: that is not so */
};

/* Decodes one stored array into buffer `which` of the decoder: NULL, with `fault` filled but for its
 * spectrum, where the bytes are not what the entry promises. `stored` bytes lie at `bytes`. Local. */
const double *mzg_imzml_decode_array(const struct mzg_imzml_entry *entry, int which, const char *bytes,
                                     int64_t stored, struct mzg_decoder *decoder, struct mzg_fault *fault);

/* struct mzg_reader_kind: fetch, decode, scan_mz. */
enum mzg_status mzg_imzml_fetch(const struct mzg_reader *base, int64_t first_pixel, int64_t n_pixels,
                                struct mzg_batch *batch, struct mzg_error *err);
bool mzg_imzml_decode(const struct mzg_reader *base, const struct mzg_batch *batch, int64_t entry,
                      struct mzg_decoder *decoder, struct mzg_spectrum *spectrum, struct mzg_fault *fault);
enum mzg_status mzg_imzml_scan_mz(const struct mzg_reader *base, int64_t first_pixel, int64_t n_pixels,
                                  bool full, struct mzg_decoder *decoder, struct mzg_mz_scan *scan,
                                  struct mzg_error *err);

/* Computes the checksum of the ibd at once and adds a finding where it differs. `stop` as in core/stop.h.
 * Local. */
enum mzg_status mzg_imzml_verify_now(struct mzg_imzml_reader *reader, const atomic_int *stop,
                                     struct mzg_findings *findings, struct mzg_error *err);

/* struct mzg_reader_kind: verify. */
enum mzg_status mzg_imzml_verify(const struct mzg_context *context, struct mzg_reader *base,
                                 struct mzg_error *err);

/* Reads and decodes the m/z array that all spectra share into reader->shared_mz, or leaves the reason why not
 * in reader->shared_error. Local. */
void mzg_imzml_load_shared_mz(struct mzg_imzml_reader *reader);

#endif
