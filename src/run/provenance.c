#include <run/provenance.h>

#include <core/json.h>
#include <input/kinds.h>
#include <run/choices.h>
#include <run/layout.h>
#include <run/table.h>
#include <version.h>

static json_t *describe_axis(const struct mzg_decisions *decisions, const struct mzg_axis *axis)
{
    char sha256[65] = "";
    struct mzg_error err = {0};
    if (mzg_axis_digest(axis, sha256, &err) != MZG_OK)
        return NULL;
    json_t *json =
        json_pack("{s:s, s:I, s:f, s:f}", "type", mzg_axis_type_name(axis->spec.type), "n_bins",
                  (json_int_t)axis->n_bins, "min_mz", axis->edges[0], "max_mz", axis->edges[axis->n_bins]);
    if (axis->spec.type != MZG_AXIS_NATIVE)
        json = mzg_json_with(json, "step", json_real(axis->step));
    json = mzg_json_with(json, "edges_sha256", json_string(sha256));
    json = mzg_json_with(json, "type_reason", json_string(decisions->axis_reason));
    json = mzg_json_with(json, "range_reason", json_string(decisions->range_reason));
    if (decisions->width_reason[0])
        json = mzg_json_with(json, "width_reason", json_string(decisions->width_reason));
    if (axis->spec.type == MZG_AXIS_TOF) {
        json = mzg_json_with(json, "tof_a", json_real(axis->spec.tof_a));
        json = mzg_json_with(json, "tof_b", json_real(axis->spec.tof_b));
    } else if (axis->spec.type != MZG_AXIS_NATIVE) {
        json = mzg_json_with(json, "exponent", json_real(mzg_axis_exponent(axis->spec.type)));
    }
    if (axis->spec.bin_width > 0) {
        json = mzg_json_with(json, "bin_width", json_real(axis->spec.bin_width));
        json = mzg_json_with(json, "reference_mz", json_real(axis->spec.reference_mz));
    }
    return json;
}

/* The part of the input that was asked for; what lists positions is not told, for paths differ. */
static json_t *describe_part(const struct mzg_table_source *source)
{
    const struct mzg_box *region = &source->options->region;
    const struct mzg_dataset *dataset = &source->reader->dataset;
    json_t *json =
        json_pack("{s:I, s:I, s:b}", "pixels", (json_int_t)dataset->n_pixels, "of",
                  (json_int_t)dataset->n_all_pixels, "listed", source->options->pixels_file != NULL);
    if (region->given)
        json = mzg_json_with(json, "region",
                             json_pack("[i, i, i, i, i, i]", region->min[0], region->max[0], region->min[1],
                                       region->max[1], region->min[2], region->max[2]));
    return json;
}

static json_t *describe_options(const struct mzg_table_source *source)
{
    const struct mzg_convert_options *options = source->options;
    const struct mzg_sdata_geometry *geometry = source->geometry;
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:f, s:b, s:f, s:f, s:s}", "layout", mzg_layout_name((int)options->layout),
                  "duplicates", mzg_duplicates_name((int)options->duplicates), "dtype",
                  mzg_dtype_name((int)options->dtype), "min_intensity", options->min_intensity, "scan_range",
                  options->scan_range, "pixel_size_x", geometry->pixel_size[0], "pixel_size_y",
                  geometry->pixel_size[1], "pixel_unit", geometry->in_micrometers ? "micrometer" : "pixel");
    if (options->region.given || options->pixels_file)
        json = mzg_json_with(json, "part", describe_part(source));
    if (geometry->offset[0] != 0 || geometry->offset[1] != 0)
        json = mzg_json_with(json, "position_offset",
                             json_pack("[f, f]", geometry->offset[0], geometry->offset[1]));
    const struct mzg_kinds *kinds = &source->reader->dataset.kinds;
    if (kinds->levels_vary || options->ms_level > 0)
        json = mzg_json_with(json, "ms_level", json_integer(kinds->ms_level));
    if (kinds->polarities_vary || options->polarity != MZG_POLARITY_UNKNOWN)
        json = mzg_json_with(json, "polarity", json_string(mzg_polarity_name(kinds->polarity)));
    if (options->mobility_sum)
        json = mzg_json_with(json, "mobility", json_string("sum"));
    return json;
}

static json_t *describe_resampling(const struct mzg_decisions *decisions)
{
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:f}", "method", mzg_method_name(decisions->method), "method_reason",
                  decisions->method_reason, "values", mzg_method_values(decisions->method), "spectrum_type",
                  mzg_spectrum_type_name(decisions->spectrum_type), "max_gap", decisions->max_gap);
    if (decisions->type_reason[0])
        json = mzg_json_with(json, "spectrum_type_reason", json_string(decisions->type_reason));
    if (decisions->has_fit) {
        json = mzg_json_with(json, "sampling_scale", json_real(decisions->fit.sampling.scale));
        json = mzg_json_with(json, "sampling_exponent", json_real(decisions->fit.sampling.exponent));
    }
    return json;
}

enum mzg_status mzg_provenance_decisions(const struct mzg_decisions *decisions, const struct mzg_axis *axis,
                                         json_t **json, struct mzg_error *err)
{
    *json = json_pack("{s:o, s:o}", "mass_axis", describe_axis(decisions, axis), "resampling",
                      describe_resampling(decisions));
    return *json ? MZG_OK : mzg_fail(err, MZG_ENOMEM, "no memory for a description of the decisions");
}

enum mzg_status mzg_provenance_make(const struct mzg_table_source *source, json_t **uns,
                                    struct mzg_error *err)
{
    json_t *tree = json_pack(
        "{s:o, s:{s:s, s:o, s:o, s:o}, s:O*}", "spatialdata_attrs", mzg_sdata_annotation(source->region),
        "mzgrid", "version", MZG_VERSION, "options", describe_options(source), "mass_axis",
        describe_axis(source->decisions, source->axis), "resampling", describe_resampling(source->decisions),
        source->reader->kind->metadata_key, source->reader->dataset.metadata);
    if (!tree)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the description of the run");
    *uns = tree;
    return MZG_OK;
}
