/* What validation counted over spectra, gathered from all workers and ranks, and the verdict made of it. */
#ifndef MZG_RUN_VALIDATION_H
#define MZG_RUN_VALIDATION_H

#include <core/context.h>
#include <input/content.h>
#include <input/reader.h>
#include <stream/chunk.h>

enum { MZG_FAULT_REASONS = MZG_FAULT_READ + 1, MZG_LISTED_FAULTS = 1000 };

/* Counts, and the faulty spectra of the lowest ordinals. Begin with zeros. */
struct mzg_validation {
    int64_t n_points;
    int64_t n_empty; /* spectra without points, which are no fault */
    int64_t n_faulty;
    int64_t by_reason[MZG_FAULT_REASONS];
    struct mzg_content content;
    struct mzg_skip *faults; /* owned; in no order while counting */
    int64_t n_faults;
};

/* Notes a spectrum that cannot be used. MZG_ENOMEM. Local. */
enum mzg_status mzg_validation_add_fault(struct mzg_validation *validation, const struct mzg_skip *fault,
                                         struct mzg_error *err);

/* Adds `other`; the same result in any order. Local. */
enum mzg_status mzg_validation_merge(const struct mzg_validation *other, struct mzg_validation *validation,
                                     struct mzg_error *err);

/* Brings those of all ranks together on rank 0, its faults by spectrum. Collective over context->comm. */
enum mzg_status mzg_validation_gather(const struct mzg_context *context, struct mzg_validation *validation,
                                      struct mzg_error *err);

/* The verdict of mzg_validate(), and whether nothing was found. Local, on rank 0. */
enum mzg_status mzg_validation_verdict(const struct mzg_validation *validation,
                                       const struct mzg_reader *reader, const struct mzg_error *shared_mz,
                                       struct json_t **verdict, bool *valid, struct mzg_error *err);

void mzg_validation_destroy(struct mzg_validation *validation);

#endif
