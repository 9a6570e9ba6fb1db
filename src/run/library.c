/*
 * The doors of the library: options and outcomes may be those of a program that was compiled with older
 * headers, errors speak of parameters, JSON leaves as text, outputs are touched only on success. What happens
 * behind them is declared in run/runs.h.
 */
#include <run/runs.h>

#include <core/agree.h>
#include <core/context.h>
#include <core/hdf5.h>
#include <core/json.h>
#include <core/parameters.h>
#include <input/reader.h>
#include <run/peaks.h>

#include <inttypes.h>
#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* What no program can do without: members that it does not have keep their defaults, or are not told. */
enum {
    SMALLEST_OPTIONS = offsetof(struct mzg_convert_options, axis),
    SMALLEST_PEAKS = offsetof(struct mzg_peaks_options, snr),
    SMALLEST_OUTCOME = offsetof(struct mzg_convert_outcome, skipped)
};

/* What a function with a context does last. Local. */
static enum mzg_status leave(const struct mzg_context *context, struct mzg_error *err)
{
    if (!context->is_library)
        return err->status;
    mzg_hdf5_restore();
    return mzg_name_parameters(err);
}

enum mzg_status mzg_convert_options_init(struct mzg_convert_options *options, size_t size,
                                         struct mzg_error *err)
{
    struct mzg_convert_options full = {0};
    *err = (struct mzg_error){0};
    if (mzg_size_check("mzg_convert_options", size, SMALLEST_OPTIONS, sizeof full, err) != MZG_OK)
        return err->status;
    mzg_options_defaults(&full);
    full.size = size;
    memcpy(options, &full, size);
    return MZG_OK;
}

static bool is_among(int value, int n)
{
    return value >= 0 && value < n;
}

/* Values that the library does not know, as those of a program with newer headers. */
static enum mzg_status check_choices(const struct mzg_convert_options *options, struct mzg_error *err)
{
    const struct {
        const char *name;
        int value, n;
    } choices[] = {{"axis.type", (int)options->axis.type, MZG_AXIS_TYPES},
                   {"method", (int)options->method, MZG_METHODS},
                   {"spectrum_type", (int)options->spectrum_type, MZG_SPECTRUM_PROFILE + 1},
                   {"layout", (int)options->layout, MZG_LAYOUT_CSC_CSR + 1},
                   {"dtype", (int)options->dtype, MZG_DTYPE_FLOAT64 + 1},
                   {"streaming", (int)options->streaming, MZG_STREAMING_OFF + 1},
                   {"duplicates", (int)options->duplicates, MZG_DUPLICATES_ERROR + 1},
                   {"polarity", (int)options->polarity, MZG_POLARITIES}};
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (!is_among(choices[i].value, choices[i].n))
            return mzg_fail(err, MZG_EUSAGE, "%s must be from 0 to %d, not %d", choices[i].name,
                            choices[i].n - 1, choices[i].value);
    return MZG_OK;
}

static enum mzg_status check_memory_limit(int64_t limit, struct mzg_error *err)
{
    return limit >= 0 ? MZG_OK
                      : mzg_fail(err, MZG_EUSAGE, "memory_limit must be 0 or more, not %" PRId64, limit);
}

/* What the command line cannot ask for. */
static enum mzg_status check_counts(const struct mzg_convert_options *options, struct mzg_error *err)
{
    if (options->ms_level < 0 || options->ms_level >= MZG_MS_LEVELS)
        return mzg_fail(err, MZG_EUSAGE, "ms_level must be from 0 to %d, not %" PRId64, MZG_MS_LEVELS - 1,
                        options->ms_level);
    if (options->max_skipped < -1)
        return mzg_fail(err, MZG_EUSAGE, "max_skipped must be -1 or more, not %" PRId64,
                        options->max_skipped);
    return check_memory_limit(options->memory_limit, err);
}

/* The caller's options, with defaults for what they do not have. */
static enum mzg_status take_options(const struct mzg_convert_options *given,
                                    struct mzg_convert_options *options, struct mzg_error *err)
{
    *err = (struct mzg_error){0};
    if (mzg_size_check("mzg_convert_options", given->size, SMALLEST_OPTIONS, sizeof *options, err) != MZG_OK)
        return err->status;
    mzg_options_defaults(options);
    memcpy(options, given, given->size);
    options->size = sizeof *options;
    return check_choices(options, err) == MZG_OK ? check_counts(options, err) : err->status;
}

enum mzg_status mzg_peaks_options_init(struct mzg_peaks_options *options, size_t size, struct mzg_error *err)
{
    struct mzg_peaks_options full = {0};
    *err = (struct mzg_error){0};
    if (mzg_size_check("mzg_peaks_options", size, SMALLEST_PEAKS, sizeof full, err) != MZG_OK)
        return err->status;
    mzg_peaks_set_defaults(&full);
    full.size = size;
    memcpy(options, &full, size);
    return MZG_OK;
}

/* The same for those of a feature table. */
static enum mzg_status take_peaks(const struct mzg_peaks_options *given, struct mzg_peaks_options *options,
                                  struct mzg_error *err)
{
    if (mzg_size_check("mzg_peaks_options", given->size, SMALLEST_PEAKS, sizeof *options, err) != MZG_OK)
        return err->status;
    mzg_peaks_set_defaults(options);
    memcpy(options, given, given->size);
    options->size = sizeof *options;
    if (!is_among((int)options->layout, MZG_PEAKS_DENSE + 1))
        return mzg_fail(err, MZG_EUSAGE, "peaks.layout must be from 0 to %d, not %d", MZG_PEAKS_DENSE,
                        (int)options->layout);
    return check_memory_limit(options->memory_limit, err);
}

enum mzg_status mzg_convert_check(const struct mzg_convert_options *options, struct mzg_error *err)
{
    struct mzg_convert_options full = {0};
    if (take_options(options, &full, err) == MZG_OK)
        mzg_check_options(&full, err);
    return mzg_name_parameters(err);
}

enum mzg_status mzg_convert(const struct mzg_context *context, const struct mzg_convert_options *options,
                            const struct mzg_progress *progress, struct mzg_convert_outcome *outcome,
                            struct mzg_error *err)
{
    struct mzg_convert_options full = {0};
    struct mzg_peaks_options peaks = {0};
    struct mzg_convert_outcome result = {0};
    if (take_options(options, &full, err) == MZG_OK && full.peaks &&
        take_peaks(full.peaks, &peaks, err) == MZG_OK)
        full.peaks = &peaks;
    if (err->status == MZG_OK)
        mzg_size_check("mzg_convert_outcome", outcome->size, SMALLEST_OUTCOME, sizeof result, err);
    if (mzg_agree(context->comm, err) == MZG_OK &&
        mzg_run_convert(context, &full, progress, &result, err) == MZG_OK) {
        result.size = outcome->size;
        memcpy(outcome, &result, outcome->size);
    }
    return leave(context, err);
}

enum mzg_status mzg_convert_axis(const struct mzg_context *context, const struct mzg_convert_options *options,
                                 const char *const *inputs, int n_inputs, struct mzg_axis *axis,
                                 struct mzg_error *err)
{
    struct mzg_convert_options full = {0};
    struct mzg_axis made = {0};
    if (take_options(options, &full, err) == MZG_OK && n_inputs < 1)
        mzg_fail(err, MZG_EUSAGE, "at least one input is needed");
    if (mzg_agree(context->comm, err) == MZG_OK &&
        mzg_run_axis(context, &full, inputs, n_inputs, &made, err) == MZG_OK)
        *axis = made;
    return leave(context, err);
}

/* Rank 0's object as text, for its caller. Takes the reference. Collective. */
static enum mzg_status hand_over(const struct mzg_context *context, json_t *object, char **text,
                                 struct mzg_error *err)
{
    char *made = NULL;
    if (err->status == MZG_OK && context->rank == 0 && !(made = json_dumps(object, JSON_COMPACT)))
        mzg_fail(err, MZG_ENOMEM, "no memory for the text of a JSON object");
    json_decref(object);
    if (mzg_agree(context->comm, err) == MZG_OK)
        *text = made;
    else
        free(made);
    return err->status;
}

enum mzg_status mzg_convert_preview(const struct mzg_context *context,
                                    const struct mzg_convert_options *options, char **decisions,
                                    struct mzg_error *err)
{
    struct mzg_convert_options full = {0};
    json_t *object = NULL;
    take_options(options, &full, err);
    if (mzg_agree(context->comm, err) == MZG_OK && mzg_run_preview(context, &full, &object, err) == MZG_OK)
        hand_over(context, object, decisions, err);
    return leave(context, err);
}

enum mzg_status mzg_validate(const struct mzg_context *context, const char *path, int64_t memory_limit,
                             const struct mzg_progress *progress, char **verdict, bool *valid,
                             struct mzg_error *err)
{
    json_t *object = NULL;
    bool is_valid = false;
    *err = (struct mzg_error){0};
    check_memory_limit(memory_limit, err);
    if (mzg_agree(context->comm, err) == MZG_OK &&
        mzg_run_validate(context, path, memory_limit, progress, &object, &is_valid, err) == MZG_OK &&
        hand_over(context, object, verdict, err) == MZG_OK)
        *valid = is_valid;
    return leave(context, err);
}

enum mzg_status mzg_peaks_make(const struct mzg_context *context, const char *store,
                               const struct mzg_peaks_options *options, const struct mzg_progress *progress,
                               struct mzg_peaks_outcome *outcome, struct mzg_error *err)
{
    struct mzg_peaks_options full = {0};
    struct mzg_peaks_outcome result = {0};
    *err = (struct mzg_error){0};
    take_peaks(options, &full, err);
    if (mzg_agree(context->comm, err) == MZG_OK &&
        mzg_peaks_add(context, store, false, &full, progress, &result, err) == MZG_OK)
        *outcome = result;
    return leave(context, err);
}
