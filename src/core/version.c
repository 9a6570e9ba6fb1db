#include <mzgrid/version.h>

#include <version.h>

const char *mzg_version(void)
{
    return MZG_VERSION;
}

int mzg_version_number(void)
{
    return MZG_VERSION_NUMBER;
}
