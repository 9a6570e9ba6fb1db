/* The two files of imzML as a pair: whether each is what it should be. */
#ifndef MZG_IMZML_PAIR_H
#define MZG_IMZML_PAIR_H

#include <imzml/facts.h>
#include <imzml/ibd.h>

/* Whether the header, resolved, is one of imzML rather than of plain mzML. Local. */
enum mzg_status mzg_imzml_require(const struct mzg_imzml_header *header, const char *path,
                                  struct mzg_error *err);

/* Finds and opens the ibd beside `path` and reads its first 16 bytes. Refuses an empty one and a Git LFS
 * pointer. Local. */
enum mzg_status mzg_imzml_open_ibd(const char *path, struct mzg_ibd *ibd, unsigned char head[16],
                                   struct mzg_error *err);

/* Refuses an ibd that is text, such as a listing or a web page saved in its place. Local. */
enum mzg_status mzg_imzml_refuse_text(const struct mzg_ibd *ibd, const struct mzg_imzml_identity *identity,
                                      struct mzg_error *err);

#endif
