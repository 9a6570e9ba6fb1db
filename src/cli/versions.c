#include <cli/versions.h>

#include <blosc.h>
#include <core/mpi.h>
#include <hdf5.h>
#include <hwloc.h>
#include <libxml/xmlversion.h>
#include <mpi.h>
#include <mzgrid/version.h>
#include <string.h>
#include <zstd.h>

/* "Open MPI v4.1.4, package: ..., ident: ...": what stands before the first comma, apart into name and
 * number. */
static void split_mpi_version(struct mzg_library *mpi)
{
    char text[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int length;
    MZG_MPI(MPI_Get_library_version(text, &length));
    text[strcspn(text, ",\n")] = '\0';
    static const char known[] = "Open MPI v";
    bool open_mpi = strncmp(text, known, sizeof known - 1) == 0;
    mpi->name = open_mpi ? "Open MPI" : "MPI";
    snprintf(mpi->version, sizeof mpi->version, "%.63s", open_mpi ? text + sizeof known - 1 : text);
}

void mzg_version_libraries(struct mzg_library libraries[MZG_LIBRARIES])
{
    split_mpi_version(&libraries[0]);

    unsigned major = 0, minor = 0, release = 0;
    H5get_libversion(&major, &minor, &release);
    libraries[1].name = "HDF5";
    snprintf(libraries[1].version, sizeof libraries[1].version, "%u.%u.%u", major, minor, release);

    /* Neither hwloc nor libxml2 tells its own version in words at run time: those compiled with. */
    const char *const others[][2] = {{"hwloc", HWLOC_VERSION},
                                     {"libxml2", LIBXML_DOTTED_VERSION},
                                     {"c-blosc", blosc_get_version_string()},
                                     {"zstd", ZSTD_versionString()}};
    for (int i = 0; i < MZG_LIBRARIES - 2; i++) {
        libraries[2 + i].name = others[i][0];
        snprintf(libraries[2 + i].version, sizeof libraries[2 + i].version, "%s", others[i][1]);
    }
}

void mzg_version_print(FILE *file)
{
    struct mzg_library libraries[MZG_LIBRARIES];
    mzg_version_libraries(libraries);
    fprintf(file, "mzgrid %s\n", mzg_version());
    for (int i = 0; i < MZG_LIBRARIES; i++)
        fprintf(file, "%s %s\n", libraries[i].name, libraries[i].version);
}
