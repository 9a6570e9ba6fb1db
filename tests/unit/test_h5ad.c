/* The kept .h5ad when its disk fails: each write of its completion fails once. pwrite() and fsync() of this
 * program stand in for those that HDF5 calls. */
#include <anndata/h5ad.h>
#include <core/hdf5.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <temp_files.h>

#ifdef __SANITIZE_ADDRESS__
/* A file that failed is abandoned, not closed (core/hdf5.h): what HDF5 keeps of it is never freed. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5";
}
#endif

enum { ROWS = 3, COLUMNS = 4, VALUES = 5, MOST_CALLS = 10000 };

/* The call that fails, counted from 1; 0: none. */
static int fail_at, n_calls;
static bool from_there_on;
static int fail_with = EIO;

static bool fails(void)
{
    n_calls++;
    return fail_at > 0 && (n_calls == fail_at || (from_there_on && n_calls > fail_at));
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    if (fails()) {
        errno = fail_with;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, bytes, size, offset);
}

int fsync(int fd)
{
    if (fails()) {
        errno = fail_with;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

static void put_array(hid_t file, const char *name, hid_t type, hsize_t n, const void *values)
{
    hsize_t chunk = 64, unlimited = H5S_UNLIMITED;
    hid_t space = H5Screate_simple(1, &n, &unlimited), properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(properties, 1, &chunk);
    hid_t array = H5Dcreate2(file, name, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    cr_assert(ge(i64, H5Dwrite(array, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0));
    H5Dclose(array);
    H5Pclose(properties);
    H5Sclose(space);
}

/* X as a stage leaves it. */
static void stage_matrix(const char *path)
{
    static const float data[VALUES] = {1, 2, 3, 4, 5};
    static const int32_t indices[VALUES] = {0, 2, 1, 0, 3};
    static const int64_t indptr[ROWS + 1] = {0, 2, 3, 5};
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110);
    cr_assert(eq(int, mzg_hdf5_unlock(access), 0));
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    cr_assert(ge(i64, file, 0));
    H5Gclose(H5Gcreate2(file, "X", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    put_array(file, "X/data", H5T_NATIVE_FLOAT, VALUES, data);
    put_array(file, "X/indices", H5T_NATIVE_INT32, VALUES, indices);
    put_array(file, "X/indptr", H5T_NATIVE_INT64, ROWS + 1, indptr);
    cr_assert(ge(i64, H5Fclose(file), 0));
    H5Pclose(access);
}

/* Stages X anew and completes it with call number `n` failing. */
static enum mzg_status complete(const char *path, int n, struct mzg_error *err)
{
    static const int64_t numbers[ROWS] = {1, 2, 4};
    static const int32_t keys[ROWS] = {1, 2, 4};
    static const double mz[COLUMNS] = {100, 200, 300, 400}, spatial[2 * ROWS] = {1, 2, 3, 4, 5, 6};
    static const char *const reasons[1] = {"checksum"};
    struct mzg_frame obs = {.n = ROWS, .index_numbers = numbers}, var = {.n = COLUMNS, .index_prefix = "mz_"},
                     skipped = {.n = 1};
    mzg_frame_add(&obs, "instance_key", MZG_INT32, keys);
    mzg_frame_add_category(&obs, "region", "pixels");
    mzg_frame_add(&var, "mz", MZG_FLOAT64, mz);
    mzg_frame_add(&skipped, "reason", MZG_STRING, reasons);
    json_t *uns = json_pack("{s:{s:s, s:b, s:[i, i], s:[s, s]}}", "mzgrid", "version", "1", "exact", 1,
                            "region", 1, 2, "terms", "a", "b");
    struct mzg_anndata anndata = {
        .obs = &obs,
        .var = &var,
        .n_obsm = 1,
        .obsm = {{.name = "spatial", .type = MZG_FLOAT64, .n = ROWS, .width = 2, .values = spatial}},
        .n_uns = 1,
        .uns_members = {{.name = "skipped_pixels", .frame = &skipped}},
        .uns = uns};
    unlink(path);
    fail_at = 0;
    stage_matrix(path);
    n_calls = 0;
    fail_at = n;
    *err = (struct mzg_error){0};
    struct mzg_context alone = {.comm = MPI_COMM_NULL, .size = 1};
    mzg_h5ad_complete(&alone, path, &anndata, err);
    fail_at = 0;
    json_decref(uns);
    return err->status;
}

static void expect_error_or_equality(void)
{
    char directory[256], path[300];
    size_t size = 0, other_size = 0;
    struct mzg_error err;
    make_temp_directory(directory);
    snprintf(path, sizeof path, "%s/kept.h5ad", directory);
    mzg_hdf5_prepare();
    cr_assert(eq(int, complete(path, 0, &err), MZG_OK), "%s", err.text);
    int total = n_calls, n_failed = 0;
    cr_assert(gt(int, total, 20));
    unsigned char *reference = read_whole_file(directory, "kept.h5ad", &size);
    for (int n = 1; n <= total; n++) {
        if (complete(path, n, &err) != MZG_OK) {
            n_failed++;
            cr_expect(eq(int, err.status, MZG_EIO));
            cr_expect(ne(ptr, strstr(err.text, path), NULL), "'%s' does not name the file", err.text);
            continue;
        }
        unsigned char *bytes = read_whole_file(directory, "kept.h5ad", &other_size);
        cr_expect(eq(sz, other_size, size), "call %d of %d", n, total);
        cr_expect(other_size == size && memcmp(bytes, reference, size) == 0, "call %d of %d", n, total);
        free(bytes);
    }
    cr_expect(gt(int, n_failed, total / 2));
    free(reference);
}

Test(h5ad, each_write_fails_once)
{
    expect_error_or_equality();
}

Test(h5ad, all_writes_from_one_on_fail)
{
    from_there_on = true;
    fail_with = ENOSPC;
    expect_error_or_equality();
}

/* What is left open after a failure does no harm to the next file. */
Test(h5ad, a_file_after_one_that_failed)
{
    char directory[256], path[300];
    struct mzg_error err;
    make_temp_directory(directory);
    snprintf(path, sizeof path, "%s/kept.h5ad", directory);
    mzg_hdf5_prepare();
    cr_assert(eq(int, complete(path, 7, &err), MZG_EIO));
    cr_expect(eq(int, complete(path, 0, &err), MZG_OK), "%s", err.text);
}
