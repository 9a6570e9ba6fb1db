/*
 * uns["mzgrid"], and what the input tells of itself, such as uns["imzml"]: how the result came about. Only
 * what determines the result stands there: no paths, times, ranks or hosts, so that the same conversion gives
 * the same bytes wherever it ran.
 */
#ifndef MZG_RUN_PROVENANCE_H
#define MZG_RUN_PROVENANCE_H

#include <jansson.h>
#include <mzgrid/error.h>

struct mzg_axis;
struct mzg_decisions;
struct mzg_table_source;

/* The tree for uns; the caller owns it. Rank 0, local. */
enum mzg_status mzg_provenance_make(const struct mzg_table_source *source, json_t **uns,
                                    struct mzg_error *err);

/* The part of it that tells of decisions: "mass_axis" and "resampling". The caller owns it. Local. */
enum mzg_status mzg_provenance_decisions(const struct mzg_decisions *decisions, const struct mzg_axis *axis,
                                         json_t **json, struct mzg_error *err);

#endif
