#include <resample/method.h>

#include <string.h>

static const struct mzg_method_kind *const methods[MZG_METHODS] = {
    [MZG_NEAREST_NEIGHBOR] = &mzg_nearest_method,
    [MZG_LINEAR] = &mzg_linear_method,
    [MZG_CUBIC] = &mzg_cubic_method,
    [MZG_PCHIP] = &mzg_pchip_method,
    [MZG_TIC_PRESERVING] = &mzg_tic_preserving_method,
    [MZG_OVERLAP] = &mzg_overlap_method,
};

const struct mzg_method_kind *mzg_method_kind(enum mzg_method method)
{
    return methods[method];
}

const char *mzg_method_name(enum mzg_method method)
{
    return methods[method]->name;
}

bool mzg_method_interpolates(enum mzg_method method)
{
    return methods[method]->interpolates;
}

const char *mzg_method_values(enum mzg_method method)
{
    return methods[method]->sums ? "sum" : "height";
}

enum mzg_status mzg_method_parse(const char *name, enum mzg_method *method, struct mzg_error *err)
{
    err->status = MZG_OK;
    for (int i = 0; i < MZG_METHODS; i++) {
        if (strcmp(name, methods[i]->name) == 0) {
            *method = (enum mzg_method)i;
            return MZG_OK;
        }
    }
    char names[256] = "";
    for (int i = 0; i < MZG_METHODS; i++) {
        strncat(names, i ? ", " : "", sizeof names - strlen(names) - 1);
        strncat(names, methods[i]->name, sizeof names - strlen(names) - 1);
    }
    return mzg_fail(err, MZG_EUSAGE, "interpolation method '%s' is unknown; choose one of %s", name, names);
}
