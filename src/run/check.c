#include <run/check.h>

#include <spatialdata/cells.h>

#include <inttypes.h>

struct mzg_reader_options mzg_check_reading(const struct mzg_convert_options *options)
{
    return (struct mzg_reader_options){.strict = options->strict,
                                       .verify = options->verify,
                                       .allow_truncated = options->allow_truncated,
                                       .mobility_sum = options->mobility_sum,
                                       .pixel_size_known = options->pixel_size[0] > 0,
                                       .ms_level = (int)options->ms_level,
                                       .polarity = options->polarity,
                                       .region = options->region,
                                       .pixels_file = options->pixels_file};
}

void mzg_check_changed(const struct mzg_context *context, const struct mzg_reader *reader,
                       struct mzg_error *err)
{
    struct mzg_error changed = {0};
    bool may_follow = err->status == MZG_OK || err->status == MZG_EFORMAT || err->status == MZG_EIO ||
                      err->status == MZG_ERANGE || err->status == MZG_ESKIPPED;
    if (reader && may_follow && mzg_reader_check_unchanged(context, reader, &changed) != MZG_OK)
        *err = changed;
}

int64_t mzg_check_allowed_skips(const struct mzg_convert_options *options, const struct mzg_dataset *dataset)
{
    int64_t n_pixels = dataset->n_pixels;
    if (options->max_skipped >= 0)
        return options->max_skipped;
    return n_pixels / 20 > 10 ? n_pixels / 20 : 10;
}

enum mzg_status mzg_check_dataset(const struct mzg_convert_options *options, const struct mzg_reader *reader,
                                  struct mzg_log *log, struct mzg_error *err)
{
    const struct mzg_dataset *dataset = &reader->dataset;
    int64_t faulty = mzg_reader_count_faulty(reader);
    if (dataset->n_pixels == 0)
        return mzg_fail(err, MZG_EFORMAT, "%s: holds no spectra", dataset->path);
    if (dataset->n_all_pixels > INT32_MAX - 1)
        return mzg_fail(err, MZG_ERANGE, "%s: %" PRId64 " pixels are more than instance keys can number",
                        dataset->path, dataset->n_all_pixels);
    if (dataset->n_pixels < dataset->n_all_pixels)
        mzg_log_line(log, MZG_LOG_INFO,
                     "%" PRId64 " of %" PRId64 " pixels are selected by --region or --pixels",
                     dataset->n_pixels, dataset->n_all_pixels);
    if (options->mobility_sum && !dataset->has_mobility)
        mzg_log_line(log, MZG_LOG_WARNING, "--mobility sum: no spectrum has an array of ion mobilities");
    if (dataset->n_duplicate_pixels > 0 && options->duplicates == MZG_DUPLICATES_ERROR)
        return mzg_fail(err, MZG_EFORMAT,
                        "%s: %" PRId64 " pixels have more than one spectrum; --duplicates sum adds them",
                        dataset->path, dataset->n_duplicate_pixels);
    if (dataset->n_duplicate_pixels > 0)
        mzg_log_line(log, MZG_LOG_INFO, "of several spectra of a pixel %s",
                     options->duplicates == MZG_DUPLICATES_SUM ? "all are added up" : "the first is used");
    if (faulty == dataset->n_pixels)
        return mzg_fail(err, MZG_EFORMAT,
                        "%s: none of its %" PRId64
                        " pixels can be read; 'mzgrid info' shows what the file claims",
                        dataset->path, faulty);
    if (faulty > 0)
        mzg_log_line(log, MZG_LOG_WARNING,
                     "%" PRId64 " of %" PRId64 " pixels cannot be read and will be skipped", faulty,
                     dataset->n_pixels);
    if (faulty > mzg_check_allowed_skips(options, dataset) && !options->keep_going && !options->fail_on_error)
        return mzg_fail(err, MZG_ESKIPPED,
                        "%s: %" PRId64 " of %" PRId64 " pixels cannot be read, more than the %" PRId64
                        " that --max-skipped allows; --keep-going lifts the limit",
                        dataset->path, faulty, dataset->n_pixels, mzg_check_allowed_skips(options, dataset));
    return MZG_OK;
}

enum mzg_status mzg_check_grid(const struct mzg_convert_options *options,
                               const struct mzg_sdata_geometry *geometry, const struct mzg_dataset *dataset,
                               struct mzg_log *log, struct mzg_error *err)
{
    struct mzg_raster_size size;
    struct mzg_error found = {0};
    if (mzg_raster_size(geometry, &size, &found) != MZG_OK)
        return mzg_fail(err, found.status, "%s: %s", dataset->path, found.text);
    const double *offset = dataset->position_offset;
    bool has_offset = !options->ignore_position_offset && (offset[0] != 0 || offset[1] != 0);
    if (has_offset && geometry->in_micrometers)
        mzg_log_line(
            log, MZG_LOG_INFO,
            "positions are moved by (%.10g, %.10g) micrometres, the absolute position offset that the input "
            "states; --ignore-position-offset leaves it out",
            offset[0], offset[1]);
    else if (has_offset)
        mzg_log_line(log, MZG_LOG_WARNING,
                     "the input states an absolute position offset of (%.10g, %.10g) micrometres, which "
                     "cannot be used "
                     "without the pixel size",
                     offset[0], offset[1]);
    if (!geometry->in_micrometers)
        mzg_log_line(
            log, MZG_LOG_WARNING,
            "the pixel size is unknown, so positions are in pixels; --pixel-size gives it in micrometres");
    return MZG_OK;
}

enum mzg_status mzg_check_values(const struct mzg_convert_options *options, const char *path,
                                 const struct mzg_axis *axis, const int64_t *counts,
                                 const struct mzg_outside *outside, enum mzg_method method,
                                 struct mzg_error *err)
{
    for (int64_t k = 0; k < axis->n_bins; k++)
        if (counts[k] > 0)
            return MZG_OK;
    const char *hint = "";
    if (options->min_intensity > 0)
        hint = "; --min-intensity may be too high";
    else if (mzg_method_interpolates(method) && outside->n_points > 0)
        hint = "; a method that interpolates gives single points no value, nearest_neighbor does";
    return mzg_fail(err, MZG_EFORMAT,
                    "%s: none of its spectra has a value on the mass axis, m/z %.10g to %.10g, so there is "
                    "nothing to write%s",
                    path, axis->edges[0], axis->edges[axis->n_bins], hint);
}
