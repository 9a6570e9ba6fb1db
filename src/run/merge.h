/*
 * Several SpatialData stores as one: the elements of all, each under its name or a new one, in a store that
 * is built aside and renamed as that of a conversion is. Files of arrays are not read but cloned
 * (core/clone_file.h); metadata are written anew.
 */
#ifndef MZG_RUN_MERGE_H
#define MZG_RUN_MERGE_H

#include <core/context.h>
#include <mzgrid/convert.h>
#include <spatialdata/names.h>
#include <spatialdata/spatialdata.h>

struct mzg_merge_options {
    const char *const *inputs; /* paths of stores */
    int n_inputs;
    const char *output;
    const char *const *samples; /* names of the samples; NULL: those of the stores */
    int n_samples;
    const struct mzg_rename *renames;
    int n_renames;
    bool shared_systems;     /* else every sample gets coordinate systems of its own */
    bool copy;               /* files are copied, never linked */
    bool concat;             /* one table of all samples in place of the one that each has */
    const char *table;       /* its name */
    const char *compression; /* of its numbers; NULL: the default */
    bool overwrite;
};

struct mzg_merge_outcome {
    int64_t elements;
    int64_t linked, shared, copied; /* files */
    int64_t bytes_copied;
    int64_t rows, bins, non_zeros; /* of the table of all samples; 0: there is none */
    double seconds;
};

/* Merges. Nothing bears the name of the output unless it is complete; no input is written to. All ranks
 * return the same status and outcome. Collective over context->comm. */
enum mzg_status mzg_merge(const struct mzg_context *context, const struct mzg_merge_options *options,
                          const struct mzg_progress *progress, struct mzg_merge_outcome *outcome,
                          struct mzg_error *err);

#endif
