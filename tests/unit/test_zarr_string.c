/* Chunks of strings against their bytes written down by hand, and items of several chunks and shards. */
#include <core/remove_tree.h>
#include <zarr/zarr.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>
#include <temp_files.h>

static char directory[256];
static struct mzg_context context;
static struct mzg_zarr_store *store;
static struct mzg_error err;

static void setup(void)
{
    make_temp_directory(directory);
    cr_assert(eq(int, mzg_zarr_store_new(&context, directory, &store, &err), MZG_OK));
    cr_assert(eq(int, mzg_zarr_group(store, "", json_object(), &err), MZG_OK));
}

static void teardown(void)
{
    mzg_zarr_store_free(store);
    mzg_remove_tree(directory, &err);
}

static int64_t item_of_list(const void *source, int64_t i, char *text, int64_t size)
{
    const char *item = ((const char *const *)source)[i];
    int64_t length = (int64_t)strlen(item);
    cr_assert_geq(text ? size : length, length);
    if (text)
        memcpy(text, item, (size_t)length);
    return length;
}

static void write_strings(struct mzg_zarr_array_spec spec, const char *const *items)
{
    struct mzg_zarr_array *array;
    spec.type = MZG_STRING;
    mzg_zarr_array(store, "s", &spec, json_object(), &array, &err);
    cr_assert(eq(int, err.status, MZG_OK), "%s", err.text);
    cr_assert(eq(int, mzg_zarr_write_strings(array, item_of_list, items, &err), MZG_OK), "%s", err.text);
}

static void expect_file(const char *name, const void *expected, size_t expected_size)
{
    size_t size;
    unsigned char *bytes = read_whole_file(directory, name, &size);
    cr_assert_not_null(bytes);
    cr_assert(eq(sz, size, expected_size));
    cr_expect_arr_eq(bytes, expected, size);
    free(bytes);
}

Test(string, chunk_has_count_and_sizes_and_is_padded_with_empty_items, .init = setup, .fini = teardown)
{
    const char *const items[] = {"a", "", "\xc2\xb5m", "bcd"};
    write_strings((struct mzg_zarr_array_spec){.n_dimensions = 1, .shape = {4}, .chunk = {3}}, items);
    expect_file("s/c/0", "\3\0\0\0\1\0\0\0a\0\0\0\0\3\0\0\0\xc2\xb5m", 20);
    expect_file("s/c/1", "\3\0\0\0\3\0\0\0bcd\0\0\0\0\0\0\0\0", 19);
}

Test(string, chunks_of_empty_strings_are_left_out, .init = setup, .fini = teardown)
{
    const char *const items[] = {"", "", "x"};
    write_strings((struct mzg_zarr_array_spec){.n_dimensions = 1, .shape = {3}, .chunk = {1}, .shard = {2}},
                  items);
    cr_expect_not(path_exists(directory, "s/c/0"));
    size_t size;
    unsigned char *bytes = read_whole_file(directory, "s/c/1", &size);
    cr_assert(eq(sz, size, 9 + 36));
    cr_expect_arr_eq(bytes, "\1\0\0\0\1\0\0\0x", 9);
    free(bytes);
}

Test(string, scalar_has_one_item, .init = setup, .fini = teardown)
{
    const char *const items[] = {"text"};
    write_strings((struct mzg_zarr_array_spec){.n_dimensions = 0}, items);
    expect_file("s/c", "\1\0\0\0\4\0\0\0text", 12);
}

static int64_t item_too_long(const void *source, int64_t i, char *text, int64_t size)
{
    (void)source, (void)i, (void)size;
    cr_assert_null(text, "it must not be asked for");
    return INT64_C(3) << 30;
}

Test(string, item_beyond_the_limit_of_a_chunk_is_an_error, .init = setup, .fini = teardown)
{
    struct mzg_zarr_array_spec spec = {.type = MZG_STRING};
    struct mzg_zarr_array *array;
    cr_assert(eq(int, mzg_zarr_array(store, "s", &spec, json_object(), &array, &err), MZG_OK));
    cr_expect(eq(int, mzg_zarr_write_strings(array, item_too_long, NULL, &err), MZG_ERANGE));
    cr_expect_not(path_exists(directory, "s/c"));
}
