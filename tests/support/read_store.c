/*
 * Reads an array through the functions of this project, for test_zarr_read.py:
 *
 *     read_store STORE NODE numbers|strings
 *
 * and writes its elements to standard output: numbers as they lie in memory, strings each with a zero byte
 * behind it. What goes wrong is told on standard error, with status 1.
 */
#include <zarr/read.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_numbers(const char *store, const char *node, struct mzg_error *err)
{
    struct mzg_zarr_input *input = NULL;
    void *values = NULL;
    int64_t n = 0;
    if (mzg_zarr_input_open(store, node, &input, err) != MZG_OK)
        return;
    const struct mzg_zarr_shape *shape = mzg_zarr_input_shape(input);
    mzg_zarr_read_whole(store, node, shape->type, shape->n_dimensions, 1 << 28, &values, &n, err);
    if (err->status == MZG_OK)
        fwrite(values, (size_t)mzg_type_size(shape->type), (size_t)n, stdout);
    free(values);
    mzg_zarr_input_free(input);
}

static void put_strings(const char *store, const char *node, struct mzg_error *err)
{
    struct mzg_zarr_strings strings = {0};
    mzg_zarr_read_strings(store, node, 1 << 24, &strings, err);
    for (int64_t i = 0; i < strings.n; i++)
        fwrite(strings.items[i], 1, strlen(strings.items[i]) + 1, stdout);
    mzg_zarr_strings_free(&strings);
}

int main(int argc, char **argv)
{
    struct mzg_error err = {0};
    if (argc != 4)
        return 2;
    if (strcmp(argv[3], "strings") == 0)
        put_strings(argv[1], argv[2], &err);
    else
        put_numbers(argv[1], argv[2], &err);
    if (err.status != MZG_OK)
        fprintf(stderr, "%s\n", err.text);
    return err.status == MZG_OK ? 0 : 1;
}
