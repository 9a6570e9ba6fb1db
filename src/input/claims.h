/*
 * What an input claims to hold, against the memory that a run may take: before anything of that size is read.
 * A file of a megabyte may claim gigabytes, for compressed arrays inflate a thousandfold.
 */
#ifndef MZG_INPUT_CLAIMS_H
#define MZG_INPUT_CLAIMS_H

#include <core/context.h>
#include <input/reader.h>

/* MZG_ENOMEM if the index of n spectra, as it is made, takes more than `limit` bytes on a node; 0: there
 * is no limit. The same on all ranks. Local. */
enum mzg_status mzg_claims_check_index(const char *path, int64_t n, int64_t entry_size, int64_t limit,
                                       struct mzg_error *err);

/* MZG_ENOMEM, with the number needed, where the largest spectrum cannot be read within `limit` bytes by all
 * workers of all ranks of a node at once; 0: there is no limit. Takes no more than the plan of a conversion
 * will. Collective over context->comm. */
enum mzg_status mzg_claims_check(const struct mzg_context *context, const struct mzg_dataset *dataset,
                                 const char *path, int64_t limit, struct mzg_error *err);

#endif
