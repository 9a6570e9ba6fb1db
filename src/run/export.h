/* A finished store as files for other programs: its spectra as imzML, its feature table as CSV. */
#ifndef MZG_RUN_EXPORT_H
#define MZG_RUN_EXPORT_H

#include <core/context.h>
#include <mzgrid/error.h>
#include <mzgrid/progress.h>
#include <stdbool.h>
#include <stdint.h>

struct mzg_export_options {
    const char *store;
    const char *dataset; /* the table, as mzg_view_open() takes it; NULL: the only one */
    const char *output;
    bool processed; /* imzML: of each pixel the bins with values alone, each spectrum with m/z of its own */
    bool overwrite; /* replace existing files, once the new ones are complete */
    int64_t memory_limit; /* of all ranks of a node; 0: as of a conversion */
};

struct mzg_export_outcome {
    int64_t pixels, bins; /* of the table */
    int64_t bytes;        /* of the ibd, or of the CSV */
    int64_t readings;     /* of the whole matrix, by one rank; 1: once */
};

/* Fails if `output` lies in a store, any, or is the store itself. MZG_EUSAGE. Local. */
enum mzg_status mzg_export_check(const char *option, const char *store, const char *output,
                                 struct mzg_error *err);

/* Writes the table as OUTPUT.imzML and OUTPUT.ibd, one spectrum a row, built aside and renamed as they are
 * complete. The same bytes for any number of ranks. All ranks return the same status. Collective over
 * context->comm. */
enum mzg_status mzg_export_imzml(const struct mzg_context *context, const struct mzg_export_options *options,
                                 const struct mzg_progress *progress, struct mzg_export_outcome *outcome,
                                 struct mzg_error *err);

/* Writes the feature table as CSV (RFC 4180, UTF-8): x, y, z if it varies, and a column for each peak. With
 * `list` its peaks instead, a line each, as `--peak-list` reads them. MZG_EUSAGE if there is no feature
 * table. Local. */
enum mzg_status mzg_export_csv(const struct mzg_context *context, const struct mzg_export_options *options,
                               bool list, struct mzg_export_outcome *outcome, struct mzg_error *err);

#endif
