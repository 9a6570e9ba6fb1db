/* Files that cannot be written: what the user is told. */
#include <core/remove_tree.h>
#include <zarr/store_file.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>
#include <temp_files.h>

Test(file, full_disk_names_path_bytes_and_space)
{
    struct mzg_error err = {0};
    struct mzg_store_file file;
    cr_assert(eq(int, mzg_store_file_create("/dev/full", &file, &err), MZG_OK));
    cr_expect(eq(int, mzg_store_file_append(&file, "12345", 5, &err), MZG_EIO));
    cr_expect_not_null(strstr(err.text, "/dev/full: cannot write 5 bytes after the first 0: no space left"));
    cr_expect_not_null(strstr(err.text, "MB free"));
    cr_expect(eq(int, mzg_store_file_close(&file, &err), MZG_EIO));
    cr_expect_not_null(strstr(err.text, "5 bytes"), "closing must not hide the first error");
}

Test(file, directories_above_are_made)
{
    char directory[256], path[512];
    struct mzg_error err = {0};
    struct mzg_store_file file;
    make_temp_directory(directory);
    snprintf(path, sizeof path, "%s/a/b/c", directory);
    cr_assert(eq(int, mzg_store_file_create(path, &file, &err), MZG_OK));
    cr_expect(eq(int, mzg_store_file_append(&file, "ab", 2, &err), MZG_OK));
    cr_expect(eq(int, mzg_store_file_append(&file, "c", 1, &err), MZG_OK));
    cr_expect(eq(i64, file.written, 3));
    cr_expect(eq(int, mzg_store_file_close(&file, &err), MZG_OK));
    size_t size;
    unsigned char *bytes = read_whole_file(directory, "a/b/c", &size);
    cr_expect(eq(str, (char *)bytes, "abc"));
    free(bytes);

    snprintf(path, sizeof path, "%s/a/b/c/d", directory);
    cr_expect(eq(int, mzg_store_file_create(path, &file, &err), MZG_EIO));
    cr_expect_not_null(strstr(err.text, "/a/b/c"));
    err.status = MZG_OK;
    mzg_remove_tree(directory, &err);
}
