/* Spectra for programs that do not convert (mzgrid/spectra.h): what the readers fetch and decode, side by
 * side. */
#include <mzgrid/spectra.h>

#include <core/agree.h>
#include <core/array.h>
#include <core/context.h>
#include <core/parameters.h>
#include <input/reader.h>
#include <run/plan.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct mzg_spectra_reader {
    const struct mzg_context *context;
    struct mzg_reader *reader;
    struct mzg_decoder *decoder;
    struct mzg_batch batch;
    int64_t n_spectra; /* that there is room for, in the first four */
    int32_t *positions;
    int64_t *begin;
    const char **faults; /* into `texts` */
    struct mzg_fault *texts;
    int64_t n_points; /* that there is room for, in these */
    double *mz;
    double *intensity;
};

enum {
    SMALLEST_OPTIONS = offsetof(struct mzg_spectra_options, allow_truncated) + sizeof(bool),
    SMALLEST_FACTS = offsetof(struct mzg_spectra_facts, shares_mz) + sizeof(bool)
};

static enum mzg_status take_options(const struct mzg_spectra_options *given,
                                    struct mzg_spectra_options *options, struct mzg_error *err)
{
    *options = (struct mzg_spectra_options){.size = sizeof *options};
    if (!given)
        return MZG_OK;
    if (mzg_size_check("mzg_spectra_options", given->size, SMALLEST_OPTIONS, sizeof *options, err) != MZG_OK)
        return err->status;
    memcpy(options, given, given->size);
    if (options->ms_level < 0 || options->ms_level >= MZG_MS_LEVELS)
        return mzg_fail(err, MZG_EUSAGE, "ms_level must be from 0 to %d, not %" PRId64, MZG_MS_LEVELS - 1,
                        options->ms_level);
    if (options->memory_limit < 0)
        return mzg_fail(err, MZG_EUSAGE, "memory_limit must be 0 or more, not %" PRId64,
                        options->memory_limit);
    if ((int)options->polarity < 0 || options->polarity >= MZG_POLARITIES)
        return mzg_fail(err, MZG_EUSAGE, "polarity must be from 0 to %d, not %d", MZG_POLARITIES - 1,
                        (int)options->polarity);
    return MZG_OK;
}

enum mzg_status mzg_spectra_open(const struct mzg_context *context, const char *path,
                                 const struct mzg_spectra_options *options,
                                 struct mzg_spectra_reader **reader, struct mzg_error *err)
{
    struct mzg_spectra_options full = {0};
    struct mzg_spectra_reader *fresh = calloc(1, sizeof *fresh);
    *err = (struct mzg_error){0};
    if (!fresh)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for a reader", path);
    else if (take_options(options, &full, err) == MZG_OK)
        mzg_decoder_new(&fresh->decoder, err);
    if (mzg_agree(context->comm, err) == MZG_OK) {
        struct mzg_reader_options inner = {.memory_limit = mzg_plan_limit(context->comm, full.memory_limit),
                                           .allow_truncated = full.allow_truncated,
                                           .region = full.region,
                                           .pixels_file = full.pixels_file,
                                           .ms_level = (int)full.ms_level,
                                           .polarity = full.polarity};
        fresh->context = context;
        mzg_reader_open(context, path, &inner, &fresh->reader, err);
    }
    if (err->status == MZG_OK)
        *reader = fresh;
    else
        mzg_spectra_close(fresh);
    return mzg_name_parameters(err);
}

void mzg_spectra_close(struct mzg_spectra_reader *reader)
{
    if (!reader)
        return;
    mzg_batch_destroy(&reader->batch);
    mzg_reader_close(reader->reader);
    mzg_decoder_free(reader->decoder);
    free(reader->positions);
    free(reader->begin);
    free(reader->faults);
    free(reader->texts);
    free(reader->mz);
    free(reader->intensity);
    free(reader);
}

enum mzg_status mzg_spectra_facts(const struct mzg_spectra_reader *reader, struct mzg_spectra_facts *facts,
                                  struct mzg_error *err)
{
    const struct mzg_dataset *dataset = &reader->reader->dataset;
    struct mzg_spectra_facts full = {.size = facts->size,
                                     .n_pixels = dataset->n_pixels,
                                     .n_spectra = dataset->n_spectra,
                                     .n_points = dataset->n_points,
                                     .most_points = dataset->most_points,
                                     .type = dataset->type,
                                     .shares_mz = dataset->shared_mz};
    *err = (struct mzg_error){0};
    if (mzg_size_check("mzg_spectra_facts", facts->size, SMALLEST_FACTS, sizeof full, err) != MZG_OK)
        return err->status;
    memcpy(full.min, dataset->min, sizeof full.min);
    memcpy(full.max, dataset->max, sizeof full.max);
    memcpy(full.pixel_size, dataset->pixel_size, sizeof full.pixel_size);
    memcpy(facts, &full, facts->size);
    return MZG_OK;
}

enum mzg_status mzg_spectra_metadata(const struct mzg_spectra_reader *reader, char **metadata,
                                     struct mzg_error *err)
{
    const json_t *object = reader->reader->dataset.metadata;
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    *err = (struct mzg_error){0};
    if (object && !text)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its metadata", reader->reader->dataset.path);
    *metadata = text;
    return MZG_OK;
}

/* Room for `n` spectra; what is there is lost. */
static enum mzg_status reserve_spectra(struct mzg_spectra_reader *reader, int64_t n, struct mzg_error *err)
{
    const struct mzg_array arrays[] = {{&reader->positions, 3 * sizeof *reader->positions},
                                       {&reader->begin, sizeof *reader->begin},
                                       {&reader->faults, sizeof *reader->faults},
                                       {&reader->texts, sizeof *reader->texts}};
    return mzg_arrays_reserve(arrays, 4, n + 1, &reader->n_spectra, "spectra that are read at a time", err);
}

/* Room for `n` points. */
static enum mzg_status grow_points(struct mzg_spectra_reader *reader, int64_t n, struct mzg_error *err)
{
    const struct mzg_array arrays[] = {{&reader->mz, sizeof *reader->mz},
                                       {&reader->intensity, sizeof *reader->intensity}};
    return mzg_arrays_grow(arrays, 2, n, &reader->n_points, "points that are read at a time", err);
}

/* Entry i of the batch, which belongs to the pixel at `position`. */
static enum mzg_status decode(struct mzg_spectra_reader *reader, int64_t i, const int32_t position[3],
                              struct mzg_error *err)
{
    struct mzg_spectrum spectrum = {0};
    struct mzg_fault *fault = &reader->texts[i];
    int64_t at = reader->begin[i];
    bool is_good = mzg_reader_decode(reader->reader, &reader->batch, i, reader->decoder, &spectrum, fault);
    if (!is_good && mzg_fault_check(fault, err) != MZG_OK)
        return err->status;
    reader->faults[i] = is_good ? NULL : fault->text;
    memcpy(reader->positions + 3 * i, position, 3 * sizeof *position);
    reader->begin[i + 1] = at + spectrum.n;
    if (grow_points(reader, at + spectrum.n, err) != MZG_OK)
        return err->status;
    if (spectrum.n > 0) {
        memcpy(reader->mz + at, spectrum.mz, (size_t)spectrum.n * sizeof(double));
        memcpy(reader->intensity + at, spectrum.intensity, (size_t)spectrum.n * sizeof(double));
    }
    return MZG_OK;
}

static enum mzg_status read_pixels(struct mzg_spectra_reader *reader, int64_t first_pixel, int64_t n_pixels,
                                   struct mzg_error *err)
{
    struct mzg_batch *batch = &reader->batch;
    if (mzg_reader_fetch(reader->reader, first_pixel, n_pixels, batch, err) != MZG_OK)
        return err->status;
    if (reserve_spectra(reader, batch->n_spectra, err) != MZG_OK)
        return err->status;
    reader->begin[0] = 0;
    for (int64_t p = 0; p < n_pixels; p++) {
        int32_t position[3];
        int64_t first, n;
        mzg_reader_pixel(reader->reader, first_pixel + p, position, &first, &n);
        for (int64_t i = batch->pixel_begin[p]; i < batch->pixel_begin[p + 1]; i++)
            if (decode(reader, i, position, err) != MZG_OK)
                return err->status;
    }
    return MZG_OK;
}

enum mzg_status mzg_spectra_read(struct mzg_spectra_reader *reader, int64_t first_pixel, int64_t n_pixels,
                                 struct mzg_spectra *spectra, struct mzg_error *err)
{
    int64_t there = reader->reader->dataset.n_pixels;
    *err = (struct mzg_error){0};
    if (first_pixel < 0 || n_pixels < 1 || first_pixel > there - n_pixels)
        return mzg_fail(err, MZG_EUSAGE,
                        "%" PRId64 " pixels from number %" PRId64 " on are not there: the input has %" PRId64,
                        n_pixels, first_pixel, there);
    if (read_pixels(reader, first_pixel, n_pixels, err) != MZG_OK)
        return mzg_name_parameters(err);
    *spectra = (struct mzg_spectra){.n = reader->batch.n_spectra,
                                    .positions = reader->positions,
                                    .begin = reader->begin,
                                    .mz = reader->mz,
                                    .intensity = reader->intensity,
                                    .faults = reader->faults};
    return MZG_OK;
}
