/* Feature tables, for stores that stand and for one that a conversion has just completed. */
#ifndef MZG_RUN_PEAKS_H
#define MZG_RUN_PEAKS_H

#include <core/context.h>
#include <mzgrid/peaks.h>

/* The defaults of the options of this library. Local. */
void mzg_peaks_set_defaults(struct mzg_peaks_options *options);

/* Whether the options make sense (MZG_EUSAGE), and whether the list of peaks can be read, before much else is
 * done. All ranks return the same status. Collective. */
enum mzg_status mzg_peaks_look(const struct mzg_context *context, const struct mzg_peaks_options *options,
                               struct mzg_error *err);

/* mzg_peaks_make(); with `is_part` the store is complete but under construction by this run, which nobody
 * else changes, and where no peak is found there is a warning and no table. Collective. */
enum mzg_status mzg_peaks_add(const struct mzg_context *context, const char *store, bool is_part,
                              const struct mzg_peaks_options *options, const struct mzg_progress *progress,
                              struct mzg_peaks_outcome *outcome, struct mzg_error *err);

#endif
