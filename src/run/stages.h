/* Where the rows of a run go: the kinds of sinks (stage/sink.h) by their names. */
#ifndef MZG_RUN_STAGES_H
#define MZG_RUN_STAGES_H

#include <stage/sink.h>

/* Opens a sink of the kind that is called `kind`; MZG_EUSAGE: there is none. Collective over
 * spec->context->comm; all ranks return the same status. */
enum mzg_status mzg_stage_open(const char *kind, const struct mzg_sink_spec *spec, struct mzg_sink **sink,
                               struct mzg_error *err);

#endif
