/* Where the body of an imzML, all its spectra, begins and ends, by looking at bytes alone. What is found is a
 * guess until all around it has been parsed. */
#ifndef MZG_IMZML_BODY_H
#define MZG_IMZML_BODY_H

#include <imzml/source.h>
#include <stdbool.h>

struct mzg_imzml_body {
    int64_t begin; /* byte of the first <spectrum> */
    int64_t end;   /* byte of the last </spectrumList> */
    int depth;     /* of elements around the spectra */
    bool is_utf8;  /* else only ASCII is sure to mean the same here as in the whole document */
};

/* Fills `begin` and `end`. False if they are not found, or are not where they usually are. Local. */
bool mzg_imzml_body_find(const struct mzg_imzml_source *source, struct mzg_imzml_body *body);

/* Whether a document that begins with these n bytes is in an encoding that writes ASCII as ASCII; fills
 * `is_utf8`. Local. */
bool mzg_imzml_body_is_ascii(const char *head, int64_t n, struct mzg_imzml_body *body);

/* The first <spectrum> in bytes[0 .. n - 1], with the character behind that word; NULL without one. */
const char *mzg_imzml_find_spectrum(const char *bytes, int64_t n);

#endif
