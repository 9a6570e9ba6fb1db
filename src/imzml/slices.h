/*
 * The body of an imzML, all its spectra, cut into slices where spectra begin, so that many threads of many
 * ranks parse it at once:
 *
 *     <mzML>…<spectrumList count="4">│<spectrum>…</spectrum><spectrum>…│<spectrum>…│</spectrumList>…</mzML>
 *                head                │            slice 0              │  slice 1  │        tail
 *
 * Head and tail together are a document without spectra, a slice between the start and the end tags of some
 * elements is one too: where all of these parse without fault, and no slice says anything but spectra, the
 * whole document does, with the same events. Where anything is unusual nothing of this is used, and the
 * document is parsed from front to back (docs/decisions/016-xml-in-slices.md).
 */
#ifndef MZG_IMZML_SLICES_H
#define MZG_IMZML_SLICES_H

#include <imzml/body.h>
#include <imzml/index.h>
#include <stdatomic.h>

struct mzg_pool;

enum { MZG_SLICE_SIZE = 1 << 20 }; /* bytes: it stays in the cache of a core */

struct mzg_imzml_slices {
    const struct mzg_imzml_source *source;
    const struct mzg_imzml_header *header; /* resolved */
    struct mzg_imzml_body body;
    int64_t ibd_size;
    int64_t size;           /* bytes of a slice: it has the spectra that begin there */
    bool by_library;        /* never the scanner */
    const atomic_int *stop; /* like anything unusual ends the parsing (core/stop.h) */
};

int64_t mzg_imzml_slice_count(const struct mzg_imzml_slices *slices);

/* What a run of slices says. */
struct mzg_imzml_part {
    struct mzg_entry_list *lists; /* for each slice */
    int64_t n_lists;
    int64_t n; /* entries of all of them */
    struct mzg_index_totals totals;
    struct mzg_findings findings;
    int64_t found_in[MZG_FINDINGS]; /* the slice of the first case; its text counts spectra from there */
    int64_t first_slice;
};

/* Parses slices first .. first + count - 1 on the workers of `pool`, which read them too, or in this thread
 * where it is NULL. False, with nothing in `part`, where anything is unusual. Local. */
bool mzg_imzml_parse_slices(const struct mzg_imzml_slices *slices, int64_t first, int64_t count,
                            struct mzg_pool *pool, struct mzg_imzml_part *part);

/* Makes the first cases of the findings name their spectra as the whole file counts them; that of the part is
 * `first_spectrum`. Parses the slices that have them again. False as above. Local. */
bool mzg_imzml_part_name_findings(const struct mzg_imzml_slices *slices, int64_t first_spectrum,
                                  struct mzg_imzml_part *part);

/* Moves all entries to `to`. */
void mzg_imzml_part_move(struct mzg_imzml_part *part, struct mzg_imzml_entry *to);

/* Accepts a part of zeros. */
void mzg_imzml_part_destroy(struct mzg_imzml_part *part);

#endif
