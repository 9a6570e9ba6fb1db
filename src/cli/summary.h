/* The closing summaries of a conversion and of a feature table. */
#ifndef MZG_CLI_SUMMARY_H
#define MZG_CLI_SUMMARY_H

#include <mzgrid/convert.h>
#include <mzgrid/peaks.h>

struct mzg_context;
struct mzg_log;

/* Logs, at the level of information, what became of the run that wrote `output`. Local. */
void mzg_summary_log(const struct mzg_context *context, const char *output,
                     const struct mzg_convert_outcome *outcome);

/* The same of a feature table that was added to the store `store`. Local. */
void mzg_peaks_log(struct mzg_log *log, const struct mzg_peaks_outcome *outcome, const char *store);

#endif
