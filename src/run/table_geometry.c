/* Where the rasters of a table lie. */
#include <run/table.h>

void mzg_table_geometry_box(const struct mzg_dataset *dataset, const int32_t min[3], const int32_t max[3],
                            struct mzg_sdata_geometry *geometry)
{
    for (int axis = 0; axis < 3; axis++) {
        geometry->min[axis] = min[axis];
        geometry->max[axis] = max[axis];
        geometry->origin[axis] =
            (min[axis] - dataset->origin[axis]) * geometry->pixel_size[axis] + geometry->offset[axis];
    }
}

void mzg_table_geometry(const struct mzg_convert_options *options, const struct mzg_dataset *dataset,
                        struct mzg_sdata_geometry *geometry)
{
    *geometry = (struct mzg_sdata_geometry){.in_micrometers = true, .allow_large = options->allow_large_grid};
    for (int axis = 0; axis < 2; axis++) {
        double given = options->pixel_size[axis] > 0 ? options->pixel_size[axis] : options->pixel_size[0];
        geometry->pixel_size[axis] = given > 0 ? given : dataset->pixel_size[axis];
        if (geometry->pixel_size[axis] <= 0)
            geometry->in_micrometers = false;
    }
    if (!geometry->in_micrometers)
        geometry->pixel_size[0] = geometry->pixel_size[1] = 1;
    geometry->pixel_size[2] = options->z_spacing > 0 ? options->z_spacing : geometry->pixel_size[0];
    for (int axis = 0; axis < 2; axis++) {
        if (geometry->in_micrometers && !options->ignore_position_offset)
            geometry->offset[axis] = dataset->position_offset[axis];
    }
    mzg_table_geometry_box(dataset, dataset->min, dataset->max, geometry);
}
