/*
 * A sample of the m/z arrays, spread over the run and read in full, comes first: it shows whether a stated
 * range can hold, and whether arrays are in order, so that their ends can stand for the rest.
 */
#include <run/range.h>

#include <core/log.h>
#include <run/mz_scan.h>

#include <inttypes.h>
#include <stdio.h>

enum {
    SAMPLE_PIXELS = 256,     /* of all ranks together, */
    SAMPLE_POINTS = 4 << 20, /*  but fewer where they have more points than that, */
    LEAST_SAMPLE = 16        /*  and no fewer than these */
};

/* Collective. */
static enum mzg_status scan_sample(const struct mzg_context *context, const struct mzg_reader *reader,
                                   struct mzg_mz_scan *found, struct mzg_error *err)
{
    const struct mzg_dataset *dataset = &reader->dataset;
    int64_t points = dataset->n_points / (dataset->n_pixels > 0 ? dataset->n_pixels : 1) + 1;
    int64_t n = SAMPLE_POINTS / points;
    n = n < LEAST_SAMPLE ? LEAST_SAMPLE : n < SAMPLE_PIXELS ? n : SAMPLE_PIXELS;
    if (dataset->shared_mz)
        n = context->size; /* each rank has the array */
    return mzg_mz_scan_input(context, reader, n < dataset->n_pixels ? n : dataset->n_pixels, true, found,
                             err);
}

static void log_seconds(const struct mzg_context *context, double begin)
{
    mzg_log_line(context->log, MZG_LOG_DETAIL, "scanning the m/z range took %.2f s", MPI_Wtime() - begin);
}

/* Scans for the range: every value where it is asked for or needed, else the ends of arrays. Collective. */
static enum mzg_status scan_range(const struct mzg_context *context, const struct mzg_reader *reader,
                                  const char *why_full, struct mzg_mz_scan *found,
                                  struct mzg_range_found *range, struct mzg_error *err)
{
    double begin = MPI_Wtime();
    size_t size = sizeof range->reason;
    if (mzg_mz_scan_input(context, reader, 0, why_full != NULL, found, err) != MZG_OK)
        return err->status;
    snprintf(range->reason, size, "from a scan of %s", why_full ? why_full : "the ends of the m/z arrays");
    if (!why_full && found->unsorted < INT64_MAX && found->n_by_ends > 0) {
        snprintf(range->reason, size,
                 "from a scan of every m/z, because those of spectrum %" PRId64 " are unsorted",
                 found->unsorted + 1);
        if (mzg_mz_scan_input(context, reader, 0, true, found, err) != MZG_OK)
            return err->status;
    }
    log_seconds(context, begin);
    return MZG_OK;
}

/* Why the ends of arrays cannot stand for the rest; NULL if nothing speaks against it. */
static const char *why_scan_in_full(const struct mzg_convert_options *options,
                                    const struct mzg_dataset *dataset, const struct mzg_mz_scan *sample,
                                    char text[120])
{
    if (options->scan_range)
        return "every m/z";
    if (dataset->has_mobility)
        return "every m/z, because they follow the ion mobility";
    if (sample->unsorted == INT64_MAX)
        return NULL;
    snprintf(text, 120, "every m/z, because those of spectrum %" PRId64 " are unsorted",
             sample->unsorted + 1);
    return text;
}

/* The range of the data. Collective. */
static enum mzg_status find_range(const struct mzg_context *context,
                                  const struct mzg_convert_options *options, const struct mzg_reader *reader,
                                  const struct mzg_mz_scan *sample, struct mzg_range_found *range,
                                  struct mzg_error *err)
{
    const struct mzg_dataset *dataset = &reader->dataset;
    struct mzg_mz_scan found;
    char text[120];
    const char *why = why_scan_in_full(options, dataset, sample, text);
    if (dataset->has_mz_range && !options->scan_range) {
        if (sample->min_mz >= dataset->min_mz && sample->max_mz <= dataset->max_mz) {
            *range = (struct mzg_range_found){.min_mz = dataset->min_mz, .max_mz = dataset->max_mz};
            snprintf(range->reason, sizeof range->reason,
                     "from the lowest and highest observed m/z that every spectrum states");
            return MZG_OK;
        }
        mzg_log_line(context->log, MZG_LOG_INFO,
                     "the spectra state m/z %.10g to %.10g, but a sample of them has m/z %.10g to %.10g: the "
                     "range is taken from every m/z",
                     dataset->min_mz, dataset->max_mz, sample->min_mz, sample->max_mz);
        why = "every m/z, because what the spectra state does not hold";
    }
    if (scan_range(context, reader, why, &found, range, err) != MZG_OK)
        return err->status;
    mzg_mz_scan_add(sample, &found);
    range->min_mz = found.min_mz;
    range->max_mz = found.max_mz;
    if (range->min_mz <= range->max_mz)
        return MZG_OK;
    return mzg_fail(
        err, MZG_EFORMAT,
        "%s: no m/z that is finite and above 0 was found, so there is no range for the mass axis; "
        "give one with --min-mz and --max-mz",
        dataset->path);
}

/* An end that was not asked for is 0. */
static enum mzg_status refuse_asked(const char *path, double low, double high,
                                    const struct mzg_mz_scan *found, struct mzg_error *err)
{
    char asked[80];
    if (low > 0 && high > 0)
        snprintf(asked, sizeof asked, "%.10g to %.10g", low, high);
    else
        snprintf(asked, sizeof asked, "%.10g and %s", low > 0 ? low : high, low > 0 ? "above" : "below");
    return mzg_fail(
        err, MZG_ERANGE,
        "%s: the range asked for, m/z %s, has no data: they lie at m/z %.10g to %.10g; ask for a range "
        "that overlaps it, or for none",
        path, asked, found->min_mz, found->max_mz);
}

/* That there are no data is looked for in full only where the sample is outside as a whole. */
enum mzg_status mzg_range_check(const struct mzg_context *context, const struct mzg_reader *reader,
                                double low, double high, struct mzg_error *err)
{
    struct mzg_mz_scan sample, found;
    if (scan_sample(context, reader, &sample, err) != MZG_OK)
        return err->status;
    bool overlaps = sample.min_mz <= high && sample.max_mz >= low;
    if (overlaps || mzg_mz_scan_input(context, reader, 0, true, &found, err) != MZG_OK)
        return err->status;
    if (found.min_mz <= found.max_mz && (found.min_mz > high || found.max_mz < low))
        return refuse_asked(reader->dataset.path, low, high, &found, err);
    return MZG_OK;
}

enum mzg_status mzg_range_decide(const struct mzg_context *context, const struct mzg_convert_options *options,
                                 const struct mzg_reader *reader, struct mzg_range_found *range,
                                 struct mzg_error *err)
{
    double low = options->axis.min_mz, high = options->axis.max_mz;
    struct mzg_mz_scan sample;
    *range = (struct mzg_range_found){.min_mz = low, .max_mz = high, .reason = "given"};
    if (low > 0 && high > 0)
        return mzg_range_check(context, reader, low, high, err);
    if (scan_sample(context, reader, &sample, err) != MZG_OK ||
        find_range(context, options, reader, &sample, range, err) != MZG_OK)
        return err->status;
    if ((low > 0 && low > range->max_mz) || (high > 0 && high < range->min_mz)) {
        struct mzg_mz_scan found = {.min_mz = range->min_mz, .max_mz = range->max_mz};
        return refuse_asked(reader->dataset.path, low, high, &found, err);
    }
    if (range->min_mz == range->max_mz) {
        /* A single m/z: an axis needs two, a millionth to either side. */
        range->min_mz *= 1 - 1e-6;
        range->max_mz *= 1 + 1e-6;
    }
    if (low > 0)
        range->min_mz = low;
    if (high > 0)
        range->max_mz = high;
    return MZG_OK;
}
