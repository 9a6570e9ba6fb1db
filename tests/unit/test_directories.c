/* Directories that are made on the way to a file. */
#include <core/file.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <temp_files.h>

static bool is_directory(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

Test(directories, those_that_are_missing_are_made)
{
    char box[256], path[512];
    struct mzg_error err = {0};
    make_temp_directory(box);
    const char *const tails[] = {"/file", "/a/file", "/a/b/c/file", "//a//d//file", "/e/f/"};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        snprintf(path, sizeof path, "%s%s", box, tails[i]);
        cr_expect(eq(int, (int)mzg_file_make_directories(path, &err), MZG_OK), "%s: %s", path, err.text);
        *strrchr(path, '/') = '\0';
        cr_expect(is_directory(path), "%s", path);
    }
    cr_expect(eq(int, (int)mzg_file_make_directories("name-alone", &err), MZG_OK));
    cr_expect(eq(int, (int)mzg_file_make_directories("/name-at-the-root", &err), MZG_OK));
    cr_expect(eq(int, (int)mzg_file_make_directories("", &err), MZG_OK));
}

Test(directories, what_is_in_the_way_is_named)
{
    char box[256], path[600], blocked[512];
    struct mzg_error err = {0};
    make_temp_directory(box);
    snprintf(blocked, sizeof blocked, "%s/blocked", box);
    FILE *file = fopen(blocked, "w");
    cr_assert(ne(ptr, file, NULL));
    fclose(file);
    snprintf(path, sizeof path, "%s/a/b/file", blocked);
    cr_expect(eq(int, (int)mzg_file_make_directories(path, &err), MZG_EIO));
    cr_expect(strstr(err.text, "blocked") != NULL, "%s", err.text);
    err = (struct mzg_error){0};
    cr_expect(eq(int, (int)mzg_file_make_directories("/proc/mzgrid-not-there/b/file", &err), MZG_EIO));
    cr_expect(
        strstr(err.text, "/proc/mzgrid-not-there: cannot write this directory: No such file or directory") ==
            err.text,
        "%s", err.text);
}
