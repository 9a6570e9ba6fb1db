/*
 * The spectra of an imzML without an XML library. Programs write the body of an imzML, one spectrum like the
 * next, and differ in no more than some numbers; so a spectrum is first compared with the form of those
 * before it, and only what has no form that is known is taken apart.
 *
 * It accepts a narrow part of XML: ASCII, start, end and empty tags with attributes in quotes, white space
 * between them. Whatever else there is (entities, comments, CDATA, instructions, prefixes, namespaces, text)
 * is left to the library, and so is all that is not well-formed: what this accepts means the same to both.
 * The events are those of struct mzg_imzml_index.
 */
#ifndef MZG_IMZML_SCAN_H
#define MZG_IMZML_SCAN_H

#include <imzml/index.h>

/* The forms that one thread has met. */
struct mzg_imzml_scanner;

struct mzg_imzml_scanner *mzg_imzml_scanner_new(void); /* NULL if there is no memory */
void mzg_imzml_scanner_free(struct mzg_imzml_scanner *scanner);

/* Feeds the spectra in bytes[0 .. n - 1] to `index`; bytes[n] is '\0'. False if the bytes are anything but
 * spectra in that narrow part of XML, or the index fails on one: `index` is of no use then. Local. */
bool mzg_imzml_scan(struct mzg_imzml_scanner *scanner, const char *bytes, int64_t n,
                    struct mzg_imzml_index *index);

#endif
