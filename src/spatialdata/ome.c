/*
 * Two kinds of transformations stand here. Those of a level lead to the full raster, whose cells have their
 * centres at whole numbers, as OME-Zarr has it: the centre of a cell of 2 × 2 cells lies at 0.5. The one of
 * the raster leads to "global" and counts from the corner of the first cell, as SpatialData has it: the
 * centre of cell j lies at (j + 0.5) · size + origin.
 */
#include <spatialdata/ome.h>

#include <core/json.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What stands for each axis in the order of `axes`: x, y and z as given, the channel as `channel`. */
static json_t *per_axis(const char *axes, const double xyz[3], double channel)
{
    json_t *list = json_array();
    for (; *axes; axes++)
        list = mzg_json_append(list, json_real(*axes == 'c' ? channel : xyz[*axes - 'x']));
    return list;
}

static json_t *scale(const char *axes, const double xyz[3])
{
    return json_pack("{s:s, s:o}", "type", "scale", "scale", per_axis(axes, xyz, 1.0));
}

static json_t *translation(const char *axes, const double xyz[3])
{
    return json_pack("{s:s, s:o}", "type", "translation", "translation", per_axis(axes, xyz, 0.0));
}

/* The axes, with `unit` unless it is NULL. */
static json_t *axis_list(const char *axes, const char *unit)
{
    json_t *list = json_array();
    for (; *axes; axes++) {
        bool is_channel = *axes == 'c';
        json_t *axis = json_pack("{s:s#, s:s}", "name", axes, 1, "type", is_channel ? "channel" : "space");
        if (unit && !is_channel)
            axis = mzg_json_with(axis, "unit", json_string(unit));
        list = mzg_json_append(list, axis);
    }
    return list;
}

/* Adds to a transformation from where to where it leads. */
static json_t *between_systems(json_t *transformation, const char *axes, const char *unit)
{
    json_t *from = json_pack("{s:s, s:o}", "name", axes, "axes", axis_list(axes, unit));
    json_t *to = json_pack("{s:s, s:o}", "name", "global", "axes", axis_list(axes, unit));
    return mzg_json_with(mzg_json_with(transformation, "input", from), "output", to);
}

static json_t *to_global(const char *axes, const struct mzg_sdata_geometry *geometry)
{
    /* "unit" is what SpatialData itself writes where it knows none */
    const char *unit = geometry->in_micrometers ? "micrometer" : "unit";
    json_t *sized = between_systems(scale(axes, geometry->pixel_size), axes, unit);
    bool is_moved = geometry->origin[0] != 0 || geometry->origin[1] != 0 ||
                    (strchr(axes, 'z') != NULL && geometry->origin[2] != 0);
    if (!is_moved)
        return sized;
    json_t *moved = between_systems(translation(axes, geometry->origin), axes, unit);
    json_t *sequence = json_pack("{s:s, s:[o, o]}", "type", "sequence", "transformations", sized, moved);
    return between_systems(sequence, axes, unit);
}

static json_t *dataset(const char *axes, const struct mzg_raster_size *levels, int level)
{
    double factor[3] = {1, 1, 1}, offset[3] = {0, 0, 0};
    for (int i = 0; i < level; i++) {
        factor[0] *= levels[i].width > 1 ? 2 : 1;
        factor[1] *= levels[i].height > 1 ? 2 : 1;
    }
    for (int d = 0; d < 2; d++)
        offset[d] = (factor[d] - 1) / 2;
    char path[16];
    snprintf(path, sizeof path, "%d", level);
    json_t *transformations = json_pack("[o]", scale(axes, factor));
    if (level > 0)
        transformations = mzg_json_append(transformations, translation(axes, offset));
    return json_pack("{s:s, s:o}", "path", path, "coordinateTransformations", transformations);
}

json_t *mzg_ome_attributes(const char *name, const char *axes, const struct mzg_raster_size *levels, int n,
                           const struct mzg_sdata_geometry *geometry, json_t *omero)
{
    json_t *datasets = json_array();
    for (int i = 0; i < n; i++)
        datasets = mzg_json_append(datasets, dataset(axes, levels, i));
    json_t *ome = json_pack("{s:s, s:[{s:s, s:o, s:o, s:[o]}]}", "version", "0.5-dev-spatialdata",
                            "multiscales", "name", name, "axes", axis_list(axes, NULL), "datasets", datasets,
                            "coordinateTransformations", to_global(axes, geometry));
    if (omero)
        ome = mzg_json_with(ome, "omero", omero);
    else
        ome = mzg_json_with(ome, "image-label", json_pack("{s:s}", "version", "0.5"));
    return json_pack("{s:o, s:{s:s}}", "ome", ome, "spatialdata_attrs", "version", "0.3");
}
