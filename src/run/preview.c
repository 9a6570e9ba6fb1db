/* The decisions of a conversion without the conversion: for one axis of several inputs, and for `mzgrid
 * info`. */
#include <run/runs.h>

#include <core/agree.h>
#include <core/log.h>
#include <input/kinds.h>
#include <input/reader.h>
#include <run/axis_broadcast.h>
#include <run/check.h>
#include <run/decide.h>
#include <run/native_mz.h>
#include <run/plan.h>
#include <run/provenance.h>

#include <inttypes.h>
#include <jansson.h>
#include <math.h>

/* Opens one input for its decisions. Close the reader also after a failure. Collective. */
static enum mzg_status decide_one(const struct mzg_context *context,
                                  const struct mzg_convert_options *options, const char *path,
                                  struct mzg_reader **reader, struct mzg_decisions *decisions,
                                  struct mzg_mz_set *native, struct mzg_error *err)
{
    struct mzg_reader_options input = mzg_check_reading(options);
    input.memory_limit = mzg_plan_limit(context->comm, options->memory_limit);
    *reader = NULL;
    if (mzg_reader_open(context, path, &input, reader, err) != MZG_OK)
        return err->status;
    mzg_decide_axis(context, options, *reader, decisions, native, err);
    mzg_check_changed(context, *reader, err);
    return err->status;
}

/* A native axis has no range before all its m/z are there: what is told is how many these are by now. */
static void log_input(const struct mzg_context *context, const char *path, const struct mzg_decisions *d,
                      const struct mzg_mz_set *native)
{
    if (d->axis.type == MZG_AXIS_NATIVE)
        mzg_log_line(context->log, MZG_LOG_INFO,
                     "%s: native (%s), %" PRId64 " different m/z together with the inputs before it", path,
                     d->axis_reason, native->n);
    else
        mzg_log_line(context->log, MZG_LOG_INFO, "%s: %s (%s), m/z %.6g to %.6g (%s)", path,
                     mzg_axis_type_name(d->axis.type), d->axis_reason, d->axis.min_mz, d->axis.max_mz,
                     d->range_reason);
}

/* Adds the m/z of one input to those of the inputs before it, all on rank 0. Collective. */
static enum mzg_status add_native(const struct mzg_context *context, const struct mzg_mz_set *own,
                                  struct mzg_mz_set *native, struct mzg_error *err)
{
    if (context->rank == 0 && mzg_mz_set_merge(native, own, err) == MZG_OK && native->is_full)
        mzg_fail(err, MZG_ERANGE,
                 "the inputs have more than %" PRId64
                 " different m/z together, the most that a native mass axis may have%s; choose a bin width "
                 "with --mass-axis-type and --bin-width, or a narrower range with --min-mz and --max-mz",
                 native->most, native->most < MZG_NATIVE_MOST ? " within this memory limit" : "");
    return mzg_agree(context->comm, err);
}

/* Two inputs that agree on the law: the finer width serves both. */
static void take_finer(const struct mzg_context *context, const struct mzg_axis_spec *axis, const char *path,
                       struct mzg_axis_spec *first)
{
    if (axis->bin_width == first->bin_width || axis->reference_mz != first->reference_mz)
        return;
    mzg_log_line(context->log, MZG_LOG_INFO,
                 "%s: its bins are %.4g wide at m/z %.6g, those of the inputs before it %.4g: mzgrid takes "
                 "the narrower ones",
                 path, axis->bin_width, axis->reference_mz, first->bin_width);
    first->bin_width = fmin(first->bin_width, axis->bin_width);
}

enum mzg_status mzg_run_axis(const struct mzg_context *context, const struct mzg_convert_options *options,
                             const char *const *inputs, int n_inputs, struct mzg_axis *axis,
                             struct mzg_error *err)
{
    struct mzg_decisions first = {0};
    int64_t memory = mzg_plan_limit(context->comm, options->memory_limit);
    struct mzg_mz_set native = mzg_native_set(context, options, memory);
    struct mzg_axis_source source = {.spec = &first.axis, .native = &native, .memory = memory};
    for (int i = 0; i < n_inputs; i++) {
        struct mzg_reader *reader;
        struct mzg_decisions d = {0};
        struct mzg_mz_set own = {0};
        if (decide_one(context, options, inputs[i], &reader, &d, &own, err) == MZG_OK)
            add_native(context, &own, &native, err);
        mzg_mz_set_destroy(&own);
        mzg_reader_close(reader);
        if (err->status != MZG_OK)
            goto cleanup;
        log_input(context, inputs[i], &d, &native);
        if (i == 0)
            first = d;
        if (d.axis.type != first.axis.type) {
            mzg_fail(err, MZG_EUSAGE,
                     "%s calls for the mass axis %s, but %s for the mass axis %s: choose one for all with "
                     "--mass-axis-type",
                     inputs[0], mzg_axis_type_name(first.axis.type), inputs[i],
                     mzg_axis_type_name(d.axis.type));
            goto cleanup;
        }
        take_finer(context, &d.axis, inputs[i], &first.axis);
        first.axis.min_mz = fmin(first.axis.min_mz, d.axis.min_mz);
        first.axis.max_mz = fmax(first.axis.max_mz, d.axis.max_mz);
    }
    mzg_axis_build_shared(context, &source, axis, err);

cleanup:
    mzg_mz_set_destroy(&native);
    return err->status;
}

/* On rank 0: the decisions, and the kinds of spectra, of which one is read. */
static void describe(const struct mzg_decisions *d, const struct mzg_axis *axis,
                     const struct mzg_reader *reader, json_t **decisions, struct mzg_error *err)
{
    const struct mzg_kinds *kinds = &reader->dataset.kinds;
    if (mzg_provenance_decisions(d, axis, decisions, err) != MZG_OK || kinds->ms_level == 0)
        return;
    if (json_object_set_new(*decisions, "kinds", mzg_kinds_json(kinds)) == 0 &&
        json_object_set_new(*decisions, "ms_level", json_integer(kinds->ms_level)) == 0 &&
        json_object_set_new(*decisions, "polarity", json_string(mzg_polarity_name(kinds->polarity))) == 0)
        return;
    json_decref(*decisions);
    *decisions = NULL;
    mzg_fail(err, MZG_ENOMEM, "no memory for a description of the kinds of spectra");
}

enum mzg_status mzg_run_preview(const struct mzg_context *context, const struct mzg_convert_options *options,
                                struct json_t **decisions, struct mzg_error *err)
{
    struct mzg_reader *reader;
    struct mzg_decisions d = {0};
    struct mzg_axis axis = {0};
    struct mzg_mz_set native = {0};
    *decisions = NULL;
    if (decide_one(context, options, options->input, &reader, &d, &native, err) != MZG_OK ||
        mzg_axis_make(context, options, &d, &native, &axis, err) != MZG_OK)
        goto cleanup;
    mzg_decide_method(options, &reader->dataset, &axis, context->log, &d);
    if (context->rank == 0)
        describe(&d, &axis, reader, decisions, err);
    mzg_agree(context->comm, err);

cleanup:
    mzg_mz_set_destroy(&native);
    mzg_axis_destroy(&axis);
    mzg_reader_close(reader);
    return err->status;
}
