#include <run/paths.h>

#include <core/file.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* OUT.zarr -> [TEMP_DIR/]OUT.h5ad */
static char *path_of_h5ad(const struct mzg_convert_options *options)
{
    size_t length = strlen(options->output);
    while (length > 1 && options->output[length - 1] == '/')
        length--;
    char *stem = strndup(options->output, length);
    if (!stem)
        return NULL;
    if (length > 5 && strcmp(stem + length - 5, ".zarr") == 0)
        stem[length - 5] = '\0';
    char *path = mzg_file_path(stem, ".h5ad");
    if (options->temp_dir && path) {
        const char *slash = strrchr(stem, '/');
        char *directory = mzg_file_path(options->temp_dir, "/");
        char *name = mzg_file_path(slash ? slash + 1 : stem, ".h5ad");
        free(path);
        path = directory && name ? mzg_file_path(directory, name) : NULL;
        free(directory);
        free(name);
    }
    free(stem);
    return path;
}

enum mzg_status mzg_paths_make(const struct mzg_convert_options *options, int rank, struct mzg_paths *paths,
                               struct mzg_error *err)
{
    char tail[32];
    snprintf(tail, sizeof tail, ".columns-%d", rank);
    paths->h5ad = path_of_h5ad(options);
    paths->stage = paths->h5ad ? mzg_file_path(paths->h5ad, ".part") : NULL;
    paths->scratch = paths->stage ? mzg_file_path(paths->stage, tail) : NULL;
    if (!paths->scratch)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the paths of temporary files");
    return MZG_OK;
}

void mzg_paths_destroy(struct mzg_paths *paths)
{
    free(paths->h5ad);
    free(paths->stage);
    free(paths->scratch);
    *paths = (struct mzg_paths){0};
}
