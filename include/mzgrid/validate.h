/*
 * Validation: every check that mzgrid knows, on every spectrum of an input, without converting it.
 */
#ifndef MZGRID_VALIDATE_H
#define MZGRID_VALIDATE_H

#include <mzgrid/convert.h>
#include <mzgrid/export.h>

MZG_BEGIN_API

/*
 * Opens the input at `path`, decodes every array of every spectrum by all ranks and their workers, and
 * computes the checksum beside that. `*verdict`, on rank 0, NULL elsewhere, is then the text of a JSON
 * object, to be freed by mzg_free(), the same for any number of ranks and workers:
 *
 *     path, valid (nothing was found), spectra, pixels, points, empty_spectra, checksum_type, checksum_status
 *     findings         objects {kind, count, text}, one for each kind of oddity
 *     faulty_spectra   {count, by_reason {reason: count}, listed}; listed: of the first 1000 spectra objects
 *                      {spectrum, x, y, z, reason, detail}
 *     kinds            objects {ms_level, polarity, spectra}, one for each kind of spectra
 *
 * Fails if the input cannot be opened at all, or if its largest spectrum needs more than `memory_limit` bytes
 * on a node (0: as in mzg_convert()). `progress` (may be NULL) and mzg_context_stop() work as in
 * mzg_convert(). All ranks return the same status and `*valid`. Collective.
 */
enum mzg_status mzg_validate(const struct mzg_context *context, const char *path, int64_t memory_limit,
                             const struct mzg_progress *progress, char **verdict, bool *valid,
                             struct mzg_error *err);

MZG_END_API

#endif
