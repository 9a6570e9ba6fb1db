/* Arrays read back: what our own writer wrote, against the numbers that went in; chunks written down by hand;
 * and stores that are damaged in every byte. */
#include <core/remove_tree.h>
#include <zarr/read.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <temp_files.h>
#include <zarr/store.h>

static char directory[256];
static struct mzg_context context;
static struct mzg_zarr_store *store;
static struct mzg_error err;

static void setup(void)
{
    make_temp_directory(directory);
    cr_assert(eq(int, mzg_zarr_store_new(&context, directory, &store, &err), MZG_OK));
    cr_assert(eq(int, mzg_zarr_group(store, "", json_pack("{s:i}", "seven", 7), &err), MZG_OK));
}

static void teardown(void)
{
    mzg_zarr_store_free(store);
    mzg_remove_tree(directory, &err);
}

static void make_directory(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    mkdir(path, 0777);
}

/* Writes the metadata of a node as the store has it declared; the end of a store, without MPI. */
static void write_metadata(const char *node)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s%szarr.json", directory, node, *node ? "/" : "");
    make_directory(node);
    cr_assert(eq(int, json_dump_file(json_object_get(store->nodes, node), path, 0), 0));
}

static void write_text(const char *node, const char *metadata)
{
    char name[300];
    make_directory(node);
    snprintf(name, sizeof name, "%s%szarr.json", node, *node ? "/" : "");
    write_whole_file(directory, name, metadata);
}

static void write_bytes(const char *name, const void *bytes, size_t n)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, n, file), n);
    fclose(file);
}

static float *some_floats(int64_t n)
{
    float *values = calloc((size_t)n, sizeof *values);
    for (int64_t i = 0; i < n; i++)
        values[i] = i / 50 % 3 == 1 ? 0 : sinf((float)i) + (float)(i % 7);
    return values;
}

static struct mzg_zarr_input *open_array(const char *node)
{
    struct mzg_zarr_input *input = NULL;
    mzg_zarr_input_open(directory, node, &input, &err);
    cr_assert(eq(int, err.status, MZG_OK), "%s", err.text);
    return input;
}

Test(zarr_read, every_range_of_a_vector_comes_back, .init = setup, .fini = teardown)
{
    static const char *const codecs[] = {"none", "zstd", "blosc-zstd", "blosc-lz4"};
    enum { N = 1003 };
    float *values = some_floats(N), read[N];
    for (int kind = 0; kind < 8; kind++) {
        char node[16];
        struct mzg_zarr_array *array;
        struct mzg_zarr_array_spec spec = {
            .type = MZG_FLOAT32, .n_dimensions = 1, .shape = {N}, .chunk = {50}};
        spec.shard[0] = kind < 4 ? 0 : 150;
        mzg_codec_parse(codecs[kind % 4], &spec.codec, &err);
        snprintf(node, sizeof node, "a%d", kind);
        cr_assert(
            eq(int, mzg_zarr_array(store, node, &spec, json_pack("{s:s}", "k", "v"), &array, &err), MZG_OK));
        cr_assert(eq(int, mzg_zarr_write_all(array, values, &err), MZG_OK));
        write_metadata(node);

        struct mzg_zarr_input *input = open_array(node);
        struct mzg_zarr_cursor cursor = {0};
        cr_expect(eq(i64, mzg_zarr_input_shape(input)->shape[0], N));
        cr_expect(eq(i64, mzg_zarr_input_shape(input)->chunk[0], 50));
        cr_expect(eq(i64, mzg_zarr_input_shape(input)->file[0], kind < 4 ? 50 : 150));
        cr_expect_str_eq(json_string_value(json_object_get(mzg_zarr_input_attributes(input), "k")), "v");
        for (int64_t first = 0; first < N; first += 37) {
            for (int64_t n = 0; n <= N - first; n += n < 3 ? 1 : 41) {
                mzg_zarr_read_range(input, &cursor, first, n, read, &err);
                cr_assert(eq(int, err.status, MZG_OK), "%s", err.text);
                cr_assert(eq(int, memcmp(read, values + first, (size_t)n * sizeof *values), 0),
                          "%s: %" PRId64 " from %" PRId64, node, n, first);
            }
        }
        cr_expect(eq(int, mzg_zarr_read_range(input, &cursor, 1000, 4, read, &err), MZG_ERANGE));
        err.status = MZG_OK;
        mzg_zarr_cursor_close(&cursor);
        mzg_zarr_input_free(input);
    }
    free(values);
}

Test(zarr_read, boxes_of_a_matrix_come_back, .init = setup, .fini = teardown)
{
    enum { ROWS = 23, COLUMNS = 61 };
    struct mzg_zarr_array *array;
    struct mzg_zarr_array_spec spec = {.type = MZG_FLOAT32,
                                       .n_dimensions = 2,
                                       .shape = {ROWS, COLUMNS},
                                       .chunk = {4, 10},
                                       .shard = {8, 70},
                                       .codec = {.kind = MZG_CODEC_ZSTD, .level = 1}};
    float *values = some_floats(ROWS * COLUMNS), read[ROWS * COLUMNS];
    cr_assert(eq(int, mzg_zarr_array(store, "m", &spec, json_object(), &array, &err), MZG_OK));
    cr_assert(eq(int, mzg_zarr_write_all(array, values, &err), MZG_OK));
    write_metadata("m");
    struct mzg_zarr_input *input = open_array("m");
    struct mzg_zarr_cursor cursor = {0};
    for (int64_t row = 0; row < ROWS; row += 5) {
        for (int64_t column = 0; column < COLUMNS; column += 9) {
            int64_t origin[] = {row, column}, count[] = {(ROWS - row + 1) / 2, (COLUMNS - column + 2) / 3};
            mzg_zarr_read(input, &cursor, origin, count, read, &err);
            cr_assert(eq(int, err.status, MZG_OK), "%s", err.text);
            for (int64_t i = 0; i < count[0] * count[1]; i++) {
                int64_t at = (row + i / count[1]) * COLUMNS + column + i % count[1];
                cr_assert(eq(flt, read[i], values[at]));
            }
        }
    }
    mzg_zarr_cursor_close(&cursor);
    mzg_zarr_input_free(input);
    free(values);
}

static int64_t item_of_list(const void *source, int64_t i, char *text, int64_t size)
{
    const char *item = ((const char *const *)source)[i];
    (void)size;
    if (text)
        memcpy(text, item, strlen(item));
    return (int64_t)strlen(item);
}

Test(zarr_read, strings_come_back, .init = setup, .fini = teardown)
{
    const char *const items[] = {"a", "", "", "", "\xc2\xb5m", "798.5421", ""};
    struct mzg_zarr_array *array;
    struct mzg_zarr_array_spec spec = {.type = MZG_STRING,
                                       .n_dimensions = 1,
                                       .shape = {7},
                                       .chunk = {2},
                                       .shard = {4},
                                       .codec = {.kind = MZG_CODEC_ZSTD, .level = 1}};
    struct mzg_zarr_strings strings = {0};
    cr_assert(eq(int, mzg_zarr_array(store, "s", &spec, json_object(), &array, &err), MZG_OK));
    cr_assert(eq(int, mzg_zarr_write_strings(array, item_of_list, items, &err), MZG_OK));
    write_metadata("s");
    mzg_zarr_read_strings(directory, "s", 7, &strings, &err);
    cr_assert(eq(int, err.status, MZG_OK), "%s", err.text);
    cr_assert(eq(i64, strings.n, 7));
    for (int i = 0; i < 7; i++)
        cr_expect_str_eq(strings.items[i], items[i]);
    mzg_zarr_strings_free(&strings);
    cr_expect(eq(int, mzg_zarr_read_strings(directory, "s", 6, &strings, &err), MZG_ERANGE));

    struct mzg_zarr_input *input = NULL;
    struct mzg_zarr_cursor cursor = {0};
    err = (struct mzg_error){0};
    cr_assert(eq(int, mzg_zarr_input_open(directory, "s", &input, &err), MZG_OK));
    for (int first = 0; first < 7; first++) {
        for (int n = 0; first + n <= 7; n++) {
            cr_assert(eq(int, mzg_zarr_read_texts(input, &cursor, first, n, &strings, &err), MZG_OK));
            cr_assert(eq(i64, strings.n, n));
            for (int i = 0; i < n; i++)
                cr_expect_str_eq(strings.items[i], items[first + i]);
            mzg_zarr_strings_free(&strings);
        }
    }
    cr_expect(eq(int, mzg_zarr_read_texts(input, &cursor, 5, 3, &strings, &err), MZG_ERANGE));
    mzg_zarr_cursor_close(&cursor);
    mzg_zarr_input_free(input);
}

Test(zarr_read, numbers_are_widened, .init = setup, .fini = teardown)
{
    const int32_t numbers[] = {3, -4, INT32_MAX};
    struct mzg_zarr_array *array;
    struct mzg_zarr_array_spec spec = {.type = MZG_INT32, .n_dimensions = 1, .shape = {3}, .chunk = {2}};
    void *read;
    int64_t n;
    cr_assert(eq(int, mzg_zarr_array(store, "i", &spec, json_object(), &array, &err), MZG_OK));
    cr_assert(eq(int, mzg_zarr_write_all(array, numbers, &err), MZG_OK));
    write_metadata("i");
    cr_assert(eq(int, mzg_zarr_read_whole(directory, "i", MZG_INT64, 1, 3, &read, &n, &err), MZG_OK));
    for (int i = 0; i < 3; i++)
        cr_expect(eq(i64, ((int64_t *)read)[i], numbers[i]));
    free(read);
    cr_assert(eq(int, mzg_zarr_read_whole(directory, "i", MZG_FLOAT64, 1, 3, &read, &n, &err), MZG_OK));
    for (int i = 0; i < 3; i++)
        cr_expect(eq(dbl, ((double *)read)[i], numbers[i]));
    free(read);
    cr_expect(eq(int, mzg_zarr_read_whole(directory, "i", MZG_FLOAT32, 1, 3, &read, &n, &err), MZG_EFORMAT));
    err.status = MZG_OK;
    cr_expect(eq(int, mzg_zarr_read_whole(directory, "i", MZG_INT32, 2, 3, &read, &n, &err), MZG_EFORMAT));
    err.status = MZG_OK;
    cr_expect(eq(int, mzg_zarr_read_whole(directory, "i", MZG_INT32, 1, 2, &read, &n, &err), MZG_ERANGE));
}

#define HEAD "{\"zarr_format\":3,\"node_type\":\"array\",\"attributes\":{},"
#define GRID(shape)                                                                                          \
    "\"chunk_grid\":{\"name\":\"regular\",\"configuration\":{\"chunk_shape\":" shape                         \
    "}},\"chunk_key_encoding\":{\"name\":\"default\",\"configuration\":{\"separator\":\"/\"}},"
#define BYTES "{\"name\":\"bytes\",\"configuration\":{\"endian\":\"little\"}}"

/* Two chunks of two in one shard whose index lies in front, without a checksum; the second is left out. */
Test(zarr_read, shard_with_its_index_in_front, .init = setup, .fini = teardown)
{
    const uint64_t index[] = {32, 8, UINT64_MAX, UINT64_MAX};
    const int32_t chunk[] = {5, 6};
    unsigned char bytes[40];
    int32_t *read;
    int64_t n;
    memcpy(bytes, index, 32);
    memcpy(bytes + 32, chunk, 8);
    write_text("h",
               HEAD "\"shape\":[4],\"data_type\":\"int32\"," GRID(
                   "[4]") "\"fill_value\":-9,\"codecs\":[{\"name\":\"sharding_indexed\",\"configuration\":{"
                          "\"chunk_shape\":[2],\"codecs\":[" BYTES "],\"index_codecs\":[" BYTES
                          "],\"index_location\":\"start\"}}]}");
    make_directory("h/c");
    write_bytes("h/c/0", bytes, sizeof bytes);
    mzg_zarr_read_whole(directory, "h", MZG_INT32, 1, 4, (void **)&read, &n, &err);
    cr_assert(eq(int, err.status, MZG_OK), "%s", err.text);
    cr_expect(eq(i32, read[0], 5));
    cr_expect(eq(i32, read[1], 6));
    cr_expect(eq(i32, read[2], -9));
    cr_expect(eq(i32, read[3], -9));
    free(read);
}

Test(zarr_read, absent_chunks_have_the_fill_value, .init = setup, .fini = teardown)
{
    double *read;
    int64_t n;
    struct mzg_zarr_strings strings = {0};
    write_text("f", HEAD "\"shape\":[3],\"data_type\":\"float64\"," GRID(
                        "[2]") "\"fill_value\":\"NaN\",\"codecs\":[" BYTES "]}");
    write_text("t", HEAD "\"shape\":[3],\"data_type\":\"string\"," GRID(
                        "[2]") "\"fill_value\":\"x\",\"codecs\":[{\"name\":\"vlen-utf8\"}]}");
    cr_assert(
        eq(int, mzg_zarr_read_whole(directory, "f", MZG_FLOAT64, 1, 3, (void **)&read, &n, &err), MZG_OK));
    cr_expect(isnan(read[0]) && isnan(read[2]));
    free(read);
    cr_assert(eq(int, mzg_zarr_read_strings(directory, "t", 3, &strings, &err), MZG_OK), "%s", err.text);
    cr_expect_str_eq(strings.items[2], "x");
    mzg_zarr_strings_free(&strings);
}

/* Each is refused with a sentence that has this in it. */
static const struct {
    const char *metadata, *word;
} refused[] = {
    {"", "not JSON"},
    {"[1]", "does not describe a group or array"},
    {"{\"zarr_format\":2,\"node_type\":\"array\"}", "version 3"},
    {"{\"zarr_format\":3,\"node_type\":\"group\"}", "node_type"},
    {HEAD "\"shape\":[-1],\"data_type\":\"int32\"," GRID("[2]") "\"fill_value\":0,\"codecs\":[" BYTES "]}",
     "shape"},
    {HEAD "\"shape\":[1,1,1,1,1],\"data_type\":\"int32\"," GRID("[2]") "\"fill_value\":0,\"codecs\":[" BYTES
                                                                       "]}",
     "shape"},
    {HEAD "\"shape\":[4611686018427387904],\"data_type\":\"int64\"," GRID(
         "[2]") "\"fill_value\":0,\"codecs\":[" BYTES "]}",
     "shape"},
    {HEAD "\"shape\":[4],\"data_type\":\"complex64\"," GRID("[2]") "\"fill_value\":0,\"codecs\":[" BYTES "]}",
     "data_type"},
    {HEAD "\"shape\":[4],\"data_type\":\"int8\"," GRID("[2]") "\"fill_value\":300,\"codecs\":[" BYTES "]}",
     "fill_value"},
    {HEAD "\"shape\":[4],\"data_type\":\"int32\"," GRID("[0]") "\"fill_value\":0,\"codecs\":[" BYTES "]}",
     "chunk_grid"},
    {HEAD "\"shape\":[4],\"data_type\":\"int32\"," GRID("[1,1]") "\"fill_value\":0,\"codecs\":[" BYTES "]}",
     "chunk_grid"},
    {HEAD "\"shape\":[4],\"data_type\":\"int32\"," GRID(
         "[4611686018427387904]") "\"fill_value\":0,\"codecs\":[" BYTES "]}",
     "chunk_grid"},
    {HEAD "\"shape\":[4],\"data_type\":\"int32\"," GRID("[2]") "\"fill_value\":0,\"codecs\":[]}", "codecs"},
    {HEAD "\"shape\":[4],\"data_type\":\"int32\"," GRID(
         "[2]") "\"fill_value\":0,\"codecs\":[{\"name\":\"bytes\",\"configuration\":{\"endian\":\"big\"}}]}",
     "codecs"},
    {HEAD "\"shape\":[4],\"data_type\":\"int32\"," GRID("[2]") "\"fill_value\":0,\"codecs\":[" BYTES
                                                               ",{\"name\":\"gzip\"}]}",
     "gzip"},
};

Test(zarr_read, other_metadata_are_refused, .init = setup, .fini = teardown)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct mzg_zarr_input *input = NULL;
        write_text("x", refused[i].metadata);
        err.status = MZG_OK;
        cr_expect(eq(int, mzg_zarr_input_open(directory, "x", &input, &err), MZG_EFORMAT), "case %zu", i);
        cr_expect(strstr(err.text, refused[i].word) != NULL, "case %zu: %s", i, err.text);
    }
    struct mzg_zarr_input *input = NULL;
    err.status = MZG_OK;
    cr_expect(eq(int, mzg_zarr_input_open(directory, "nothing", &input, &err), MZG_EIO));
}

Test(zarr_read, members_are_listed_by_name, .init = setup, .fini = teardown)
{
    struct mzg_zarr_strings names = {0};
    write_text("b", "{}");
    write_text("a", "{}");
    make_directory("empty");
    cr_assert(eq(int, mzg_zarr_members(directory, "", &names, &err), MZG_OK), "%s", err.text);
    cr_assert(eq(i64, names.n, 2));
    cr_expect_str_eq(names.items[0], "a");
    cr_expect_str_eq(names.items[1], "b");
    mzg_zarr_strings_free(&names);
    cr_expect(eq(int, mzg_zarr_members(directory, "none", &names, &err), MZG_EIO));
}

/* Reads whatever can be read; what it says does not matter here. */
static void read_anything(bool is_string)
{
    struct mzg_error ignored = {0};
    struct mzg_zarr_strings strings = {0};
    void *values = NULL;
    int64_t n;
    if (is_string)
        mzg_zarr_read_strings(directory, "d", 1 << 20, &strings, &ignored);
    else
        mzg_zarr_read_whole(directory, "d", MZG_INT64, 1, 1 << 20, &values, &n, &ignored);
    free(values);
    mzg_zarr_strings_free(&strings);
}

/* Each byte of a file is set to some others, and the file is cut at each byte. */
static void damage(const char *name, bool is_string)
{
    static const unsigned char others[] = {0x00, 0x01, 0x7f, 0x80, 0xff, '0', '9', '-', '}', '"'};
    size_t size;
    unsigned char *bytes = read_whole_file(directory, name, &size);
    cr_assert_not_null(bytes);
    for (size_t i = 0; i < size; i++) {
        unsigned char held = bytes[i];
        for (size_t k = 0; k < sizeof others; k++) {
            bytes[i] = others[k];
            write_bytes(name, bytes, size);
            read_anything(is_string);
        }
        bytes[i] = held;
        write_bytes(name, bytes, i);
        read_anything(is_string);
    }
    write_bytes(name, bytes, size);
    free(bytes);
}

static void write_damaged(struct mzg_zarr_array_spec spec, const char *codec)
{
    const char *const items[] = {"a", "", "bc", "def", "", "\xc2\xb5m", ""};
    int64_t numbers[400];
    struct mzg_zarr_array *array;
    for (int i = 0; i < 400; i++)
        numbers[i] = i % 9;
    spec.n_dimensions = 1;
    mzg_codec_parse(codec, &spec.codec, &err);
    cr_assert(eq(int, mzg_zarr_array(store, "d", &spec, json_object(), &array, &err), MZG_OK));
    if (spec.type == MZG_STRING)
        mzg_zarr_write_strings(array, item_of_list, items, &err);
    else
        mzg_zarr_write_all(array, numbers, &err);
    cr_assert(eq(int, err.status, MZG_OK), "%s", err.text);
    write_metadata("d");
    damage("d/zarr.json", spec.type == MZG_STRING);
    damage("d/c/0", spec.type == MZG_STRING);
}

Test(zarr_read, damaged_blosc_does_not_crash, .init = setup, .fini = teardown)
{
    write_damaged(
        (struct mzg_zarr_array_spec){.type = MZG_INT64, .shape = {400}, .chunk = {200}, .shard = {400}},
        "blosc-lz4");
}

Test(zarr_read, damaged_blosc_zstd_does_not_crash, .init = setup, .fini = teardown)
{
    write_damaged((struct mzg_zarr_array_spec){.type = MZG_INT64, .shape = {400}, .chunk = {400}},
                  "blosc-zstd");
}

Test(zarr_read, damaged_zstd_does_not_crash, .init = setup, .fini = teardown)
{
    write_damaged(
        (struct mzg_zarr_array_spec){.type = MZG_INT64, .shape = {400}, .chunk = {200}, .shard = {400}},
        "zstd");
}

Test(zarr_read, damaged_strings_do_not_crash, .init = setup, .fini = teardown)
{
    write_damaged((struct mzg_zarr_array_spec){.type = MZG_STRING, .shape = {7}, .chunk = {4}, .shard = {8}},
                  "none");
}

/* An index that places a chunk across the end, or so that the sum of its numbers overflows, with a checksum
 * that holds.
 */
Test(zarr_read, index_that_lies_is_refused, .init = setup, .fini = teardown)
{
    static const uint64_t places[][2] = {{0, 9},          {8, 8}, {UINT64_MAX - 3, 8},
                                         {4, UINT64_MAX}, {0, 0}, {1, 8}};
    write_text("h",
               HEAD "\"shape\":[2],\"data_type\":\"int32\"," GRID(
                   "[2]") "\"fill_value\":0,\"codecs\":[{\"name\":\"sharding_indexed\",\"configuration\":{"
                          "\"chunk_shape\":[2],\"codecs\":[" BYTES "],\"index_codecs\":[" BYTES "]}}]}");
    make_directory("h/c");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        unsigned char bytes[24] = {0};
        void *read = NULL;
        int64_t n;
        memcpy(bytes + 8, places[i], 16);
        write_bytes("h/c/0", bytes, sizeof bytes);
        err.status = MZG_OK;
        mzg_zarr_read_whole(directory, "h", MZG_INT32, 1, 2, &read, &n, &err);
        if (i == 1 || i == 5) { /* they lie in the file */
            cr_expect(eq(int, err.status, MZG_OK), "case %zu: %s", i, err.text);
            free(read);
        } else {
            cr_expect(eq(int, err.status, MZG_EFORMAT), "case %zu", i);
        }
    }
}
