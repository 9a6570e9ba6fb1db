#include <run/choices.h>

#include <stddef.h>

static const enum mzg_type types[] = {[MZG_DTYPE_FLOAT32] = MZG_FLOAT32, [MZG_DTYPE_FLOAT64] = MZG_FLOAT64};

static const char *const duplicates[] = {
    [MZG_DUPLICATES_SUM] = "sum", [MZG_DUPLICATES_FIRST] = "first", [MZG_DUPLICATES_ERROR] = "error"};

static const char *const streaming[] = {[MZG_STREAMING_AUTO] = "auto",
                                        [MZG_STREAMING_HDF5] = "hdf5",
                                        [MZG_STREAMING_DIRECT] = "direct",
                                        [MZG_STREAMING_OFF] = "off"};

enum mzg_type mzg_dtype_type(enum mzg_dtype dtype)
{
    return types[dtype];
}

const char *mzg_dtype_name(int number)
{
    return (size_t)number < sizeof types / sizeof *types ? mzg_type_name(types[number]) : NULL;
}

const char *mzg_duplicates_name(int number)
{
    return (size_t)number < sizeof duplicates / sizeof *duplicates ? duplicates[number] : NULL;
}

const char *mzg_streaming_name(int number)
{
    return (size_t)number < sizeof streaming / sizeof *streaming ? streaming[number] : NULL;
}
