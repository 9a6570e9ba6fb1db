/*
 * The range of a mass axis where the user leaves it open: what the spectra state, unless the data contradict
 * it, else what a scan of their m/z finds. That the ends of m/z arrays stand for the rest is believed only
 * where nothing speaks against it.
 */
#ifndef MZG_RUN_RANGE_H
#define MZG_RUN_RANGE_H

#include <core/context.h>
#include <input/reader.h>
#include <mzgrid/convert.h>

struct mzg_range_found {
    double min_mz;
    double max_mz;
    char reason[160];
};

/* Decides the range by the options and the data. MZG_ERANGE if the range that was asked for holds none of
 * the data, MZG_EFORMAT if there are none to tell it. All ranks get the same range and status. Collective
 * over context->comm. */
enum mzg_status mzg_range_decide(const struct mzg_context *context, const struct mzg_convert_options *options,
                                 const struct mzg_reader *reader, struct mzg_range_found *range,
                                 struct mzg_error *err);

/* Refuses a range that the user asked for and that holds none of the data: MZG_ERANGE. Collective. */
enum mzg_status mzg_range_check(const struct mzg_context *context, const struct mzg_reader *reader,
                                double low, double high, struct mzg_error *err);

#endif
