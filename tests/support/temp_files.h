/* Temporary directories and whole files, for tests that look at what was written. */
#ifndef TEMP_FILES_H
#define TEMP_FILES_H

#include <core/remove_tree.h>
#include <criterion/criterion.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_TEMP_DIRECTORIES = 256 };
static char temp_directories[MOST_TEMP_DIRECTORIES][256];
static int n_temp_directories;

static inline void remove_temp_directories(void)
{
    struct mzg_error err = {0};
    for (int i = 0; i < n_temp_directories; i++)
        if (access(temp_directories[i], F_OK) == 0)
            mzg_remove_tree(temp_directories[i], &err);
}

/* Makes an empty directory of its own, which goes when the program ends; `path` holds 256 bytes. */
static inline void make_temp_directory(char *path)
{
    const char *base = getenv("TMPDIR");
    snprintf(path, 256, "%s/mzgrid-test-XXXXXX", base ? base : "/tmp");
    cr_assert_not_null(mkdtemp(path));
    if (n_temp_directories == 0)
        atexit(remove_temp_directories);
    if (n_temp_directories < MOST_TEMP_DIRECTORIES)
        snprintf(temp_directories[n_temp_directories++], 256, "%s", path);
}

static inline bool path_exists(const char *directory, const char *name)
{
    char path[1024];
    struct stat status;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return lstat(path, &status) == 0;
}

/* Whether a name like `pattern` is there, as "out.zarr.*.part". */
static inline bool path_is_like(const char *directory, const char *pattern)
{
    char path[1024];
    glob_t found;
    snprintf(path, sizeof path, "%s/%s", directory, pattern);
    bool any = glob(path, 0, NULL, &found) == 0;
    globfree(&found);
    return any;
}

/* The content of a file, with a zero byte behind it, to be freed; NULL if there is none. */
static inline unsigned char *read_whole_file(const char *directory, const char *name, size_t *size)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = calloc(1, *size + 1);
    cr_assert_eq(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

static inline void write_whole_file(const char *directory, const char *name, const char *text)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

#endif
