/*
 * Images and labels have their transformations in ome.multiscales, points and shapes at the top:
 *
 *     "coordinateTransformations": [{"type": "sequence", "output": {"name": "global", ...},
 *                                    "transformations": [{..., "output": {"name": "global", ...}}, ...]}]
 *
 * Those within a sequence lead to the same system or to none that anyone sees.
 */
#include <spatialdata/systems.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *name_of_output(const json_t *transformation)
{
    return json_object_get(json_object_get(transformation, "output"), "name");
}

/* Gives the output of a transformation, and of those within it, its new name if it is `old`. */
static int rename_outputs(json_t *transformation, const char *old, const char *renamed)
{
    json_t *within = json_object_get(transformation, "transformations"), *inner;
    const char *name = json_string_value(name_of_output(transformation));
    size_t i;
    int failed = 0;
    if (name && strcmp(name, old) == 0)
        failed = json_object_set_new(json_object_get(transformation, "output"), "name", json_string(renamed));
    json_array_foreach(within, i, inner) failed |= rename_outputs(inner, old, renamed);
    return failed;
}

static enum mzg_status rename_list(json_t *list, const char *sample, const char *shown, struct mzg_error *err)
{
    json_t *transformation;
    size_t i;
    if (list && !json_is_array(list))
        return mzg_fail(err, MZG_EFORMAT, "%s: its coordinateTransformations are not a list", shown);
    json_array_foreach(list, i, transformation)
    {
        const char *name = json_string_value(name_of_output(transformation));
        char *old = NULL, *renamed = NULL;
        if (!name)
            return mzg_fail(err, MZG_EFORMAT,
                            "%s: one of its transformations does not name the system it leads to", shown);
        old = strdup(name);
        if (strcmp(name, "global") == 0)
            renamed = strdup(sample);
        else if (asprintf(&renamed, "%s_%s", sample, name) < 0)
            renamed = NULL;
        if (!old || !renamed || rename_outputs(transformation, old, renamed) != 0)
            mzg_fail(err, MZG_ENOMEM, "%s: no memory for its coordinate systems", shown);
        free(renamed);
        free(old);
        if (err->status != MZG_OK)
            break;
    }
    return err->status;
}

enum mzg_status mzg_systems_rename(json_t *attributes, const char *sample, const char *shown,
                                   struct mzg_error *err)
{
    json_t *multiscale;
    size_t i;
    json_array_foreach(json_object_get(json_object_get(attributes, "ome"), "multiscales"), i, multiscale)
    {
        if (rename_list(json_object_get(multiscale, "coordinateTransformations"), sample, shown, err) !=
            MZG_OK)
            return err->status;
    }
    return rename_list(json_object_get(attributes, "coordinateTransformations"), sample, shown, err);
}
