/* What the user may not expect of the spectra, and of the file systems that the run writes to. */
#ifndef MZG_RUN_WARNINGS_H
#define MZG_RUN_WARNINGS_H

#include <core/log.h>
#include <mzgrid/convert.h>
#include <stream/stream.h>

/* A line for each kind of oddity that the stream counted, with the first case. `repeats_meant`: that an m/z
 * repeats within a spectrum is what the user wants added. Local. */
void mzg_warn_of_counts(const struct mzg_stream_result *stream, bool repeats_meant, struct mzg_log *log);

/* On what file systems the store will lie and, if `in_file`, the file in which rows wait: what could be
 * faster there as a line each, and the rest as details. `directory` is that of the file. Local. */
void mzg_tell_file_systems(const struct mzg_convert_options *options, const char *directory, bool in_file,
                           struct mzg_log *log);

#endif
