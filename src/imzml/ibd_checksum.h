/* The checksum of an ibd, computed to be compared with the one that the XML states. */
#ifndef MZG_IMZML_IBD_CHECKSUM_H
#define MZG_IMZML_IBD_CHECKSUM_H

#include <imzml/ibd.h>

#include <stdatomic.h>
#include <stdbool.h>

/* Reads the whole ibd and writes its checksum of `type`, one of "MD5", "SHA-1" and "SHA-256", in lower-case
 * hexadecimal. MZG_EIO if it cannot be read; MZG_EINTERRUPTED by `stop` (core/stop.h). Local. */
enum mzg_status mzg_ibd_checksum(const struct mzg_ibd *ibd, const char *type, const atomic_int *stop,
                                 char hex[65], struct mzg_error *err);

/* The same by a thread of its own, which only reads and hashes, while the caller goes on. `ibd` is borrowed,
 * and stays open until the end of the thread. Local, all three. */
struct mzg_checksum_thread;

enum mzg_status mzg_checksum_start(const struct mzg_ibd *ibd, const char *type,
                                   struct mzg_checksum_thread **thread, struct mzg_error *err);

/* Whether there is nothing left to wait for. */
bool mzg_checksum_is_done(const struct mzg_checksum_thread *thread);

/* Ends the thread, early where it is not done: MZG_EINTERRUPTED then, else as mzg_ibd_checksum(). Frees
 * `thread`, which may be NULL; `hex` and `err` may be NULL if the result does not matter. */
enum mzg_status mzg_checksum_end(struct mzg_checksum_thread *thread, char hex[65], struct mzg_error *err);

#endif
