/* The checksum of an ibd, computed to be compared with the one that the XML states. */
#ifndef MZG_INPUT_IBD_CHECKSUM_H
#define MZG_INPUT_IBD_CHECKSUM_H

#include <input/ibd.h>

/* Reads the whole ibd and writes its checksum of `type`, one of "MD5", "SHA-1" and "SHA-256", in lower-case
 * hexadecimal. MZG_EIO where it cannot be read. Local. */
enum mzg_status mzg_ibd_checksum(const struct mzg_ibd *ibd, const char *type, char hex[65],
                                 struct mzg_error *err);

#endif
