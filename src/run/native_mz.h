/* The m/z of a native axis: the distinct m/z of the spectra, within the range that the user gave. */
#ifndef MZG_RUN_NATIVE_MZ_H
#define MZG_RUN_NATIVE_MZ_H

#include <axis/mz_set.h>
#include <core/context.h>
#include <input/reader.h>
#include <mzgrid/convert.h>
#include <stdbool.h>

enum { MZG_NATIVE_MOST = 10000000 }; /* m/z of a native axis */

/* A set, empty, for inputs that are read with these options. `memory` is what the ranks of a node may take
 * together, in bytes. Local. */
struct mzg_mz_set mzg_native_set(const struct mzg_context *context, const struct mzg_convert_options *options,
                                 int64_t memory);

/* Adds the m/z of an input to `set` of rank 0. MZG_ERANGE, with the numbers, if there are more than it may
 * hold. Collective over context->comm. */
enum mzg_status mzg_native_gather(const struct mzg_context *context, const struct mzg_reader *reader,
                                  struct mzg_mz_set *set, struct mzg_error *err);

/* The same where nobody asked for it by name, after a sample of the input that has `sampled` different m/z
 * and shares them: `fits` is false, and the set empty, where there are more than it may hold or so many more
 * than in the sample that they are not shared after all, and `why_not` says so; or where there are none.
 * `most` of the set becomes what is allowed. All ranks get the same. Collective over context->comm. */
enum mzg_status mzg_native_try(const struct mzg_context *context, const struct mzg_reader *reader,
                               int64_t sampled, struct mzg_mz_set *set, bool *fits, char why_not[160],
                               struct mzg_error *err);

#endif
