/* The closing summary of a conversion. */
#ifndef MZG_CLI_SUMMARY_H
#define MZG_CLI_SUMMARY_H

#include <mzgrid/convert.h>

struct mzg_context;

/* Logs, at the level of information, what became of the run that wrote `output`. Local. */
void mzg_summary_log(const struct mzg_context *context, const char *output,
                     const struct mzg_convert_report *report);

#endif
