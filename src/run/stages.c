#include <run/stages.h>

#include <spatialdata/direct.h>

#include <string.h>

static const struct mzg_sink_kind *const kinds[] = {
    &mzg_memory_sink,
    &mzg_hdf5_sink,
    &mzg_direct_sink,
};

enum mzg_status mzg_stage_open(const char *kind, const struct mzg_sink_spec *spec, struct mzg_sink **sink,
                               struct mzg_error *err)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i]->name, kind) == 0)
            return mzg_sink_open(kinds[i], spec, sink, err);
    return mzg_fail(err, MZG_EUSAGE, "there is no stage called \"%s\"", kind);
}
