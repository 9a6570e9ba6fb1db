#include <core/hdf5.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static bool is_silent;
static H5E_auto2_t print; /* of the program, while it is silent */
static void *print_to;

void mzg_hdf5_prepare(void)
{
    static bool prepared;
    if (!prepared) {
#if !H5_VERSION_GE(1, 10, 7)
        (void)setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0); /* see mzg_hdf5_unlock() */
#endif
        (void)H5dont_atexit(); /* everything is closed by then */
        (void)H5open();        /* whatever is wrong shows with the first file */
    }
    prepared = true;
    if (!is_silent && H5Eget_auto2(H5E_DEFAULT, &print, &print_to) >= 0)
        is_silent = H5Eset_auto2(H5E_DEFAULT, NULL, NULL) >= 0;
}

void mzg_hdf5_restore(void)
{
    if (is_silent)
        (void)H5Eset_auto2(H5E_DEFAULT, print, print_to);
    is_silent = false;
}

int mzg_hdf5_unlock(hid_t access)
{
#if H5_VERSION_GE(1, 10, 7)
    return H5Pset_file_locking(access, 0, 1) < 0 ? -1 : 0;
#else
    (void)access;
    return 0;
#endif
}

hid_t mzg_hdf5_serial_access(void)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (access >= 0 &&
        (H5Pset_fapl_sec2(access) < 0 || H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110) < 0 ||
         mzg_hdf5_unlock(access) != 0)) {
        H5Pclose(access);
        return -1;
    }
    return access;
}

/* Puts memory in place of the file that HDF5 writes to. */
static void divert(hid_t file)
{
    void *handle = NULL;
    if (H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) < 0 || !handle)
        return;
    int fd = *(const int *)handle; /* as the driver sec2 has it */
    int memory = memfd_create("mzgrid-abandoned", MFD_CLOEXEC);
    if (memory < 0)
        return;
    dup2(memory, fd);
    close(memory);
}

static void close_objects(hid_t file)
{
    enum { MOST = 64 };
    hid_t objects[MOST];
    ssize_t n = H5Fget_obj_ids(
        file, H5F_OBJ_DATASET | H5F_OBJ_GROUP | H5F_OBJ_DATATYPE | H5F_OBJ_ATTR | H5F_OBJ_LOCAL, MOST,
        objects);
    for (ssize_t i = 0; i < n; i++)
        while (H5Iis_valid(objects[i]) > 0 && H5Idec_ref(objects[i]) > 0)
            ;
}

void mzg_hdf5_abandon(hid_t file)
{
    int code = errno;
    divert(file);
    close_objects(file);
    (void)H5Fclose(file); /* of what is in memory */
    errno = code;
}

bool mzg_hdf5_finish(hid_t file)
{
    errno = 0;
    if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0) {
        mzg_hdf5_abandon(file);
        return false;
    }
    return H5Fclose(file) >= 0;
}
