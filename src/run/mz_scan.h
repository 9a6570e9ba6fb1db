/* Scans of all m/z arrays of an input, or of a sample of them, by all ranks and their threads. */
#ifndef MZG_RUN_MZ_SCAN_H
#define MZG_RUN_MZ_SCAN_H

#include <axis/mz_set.h>
#include <core/context.h>
#include <input/reader.h>

/* What the arrays of all pixels, or of `sampled` pixels spread over the input (0: all), show together; every
 * value of them, or with `full` false their ends where these suffice. All ranks get the same. Collective over
 * context->comm. */
enum mzg_status mzg_mz_scan_input(const struct mzg_context *context, const struct mzg_reader *reader,
                                  int64_t sampled, bool full, struct mzg_mz_scan *found,
                                  struct mzg_error *err);

/* Adds what `other` shows to `found`. Local. */
void mzg_mz_scan_add(const struct mzg_mz_scan *other, struct mzg_mz_scan *found);

/* The distinct m/z of the whole input, added to `set` of rank 0; those of other ranks are empty then. If
 * there are more than set->most, set->is_full is true on all ranks and the set holds some of them. If each
 * spectrum has just these m/z, set->is_of_each is true on all ranks; it may be false all the same. All ranks
 * return the same status. Collective over context->comm. */
enum mzg_status mzg_mz_scan_distinct(const struct mzg_context *context, const struct mzg_reader *reader,
                                     struct mzg_mz_set *set, struct mzg_error *err);

#endif
