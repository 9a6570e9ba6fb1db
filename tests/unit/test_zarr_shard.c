/*
 * Chunk files, read back byte by byte with nothing of the zarr room but its checksum, which has a test of its
 * own: offsets and sizes of the index, the decompressors of the codec libraries, padding at the edges, and
 * what is left out.
 */
#include <core/remove_tree.h>
#include <zarr/codec.h>
#include <zarr/crc32c.h>
#include <zarr/zarr.h>

#include <blosc.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <temp_files.h>
#include <unistd.h>
#include <zstd.h>

static char directory[256];
static struct mzg_context context; /* without a pool: the caller compresses */
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

static struct mzg_zarr_array *declare(struct mzg_zarr_array_spec spec)
{
    struct mzg_zarr_array *array = NULL;
    mzg_zarr_array(store, "a", &spec, json_object(), &array, &err);
    cr_assert(eq(int, err.status, MZG_OK), "%s", err.text);
    return array;
}

static uint64_t little_endian(const unsigned char *bytes, int size)
{
    uint64_t value = 0;
    for (int i = 0; i < size; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

struct shard {
    unsigned char *bytes;
    size_t size;
    size_t n; /* entries of the index */
    const unsigned char *index;
};

static struct shard open_shard(const char *name, size_t n)
{
    struct shard shard = {.n = n};
    shard.bytes = read_whole_file(directory, name, &shard.size);
    cr_assert_not_null(shard.bytes, "%s is missing", name);
    cr_assert_geq(shard.size, 16 * n + 4);
    shard.index = shard.bytes + shard.size - 16 * n - 4;
    cr_expect(eq(u32, (uint32_t)little_endian(shard.index + 16 * n, 4), mzg_crc32c(shard.index, 16 * n)));
    return shard;
}

static bool is_absent(const struct shard *shard, size_t i)
{
    return little_endian(shard->index + 16 * i, 8) == UINT64_MAX &&
           little_endian(shard->index + 16 * i + 8, 8) == UINT64_MAX;
}

/* Decompresses inner chunk i, whose frame must know its size. */
static void unpack_zstd(const struct shard *shard, size_t i, void *target, size_t size)
{
    const unsigned char *packed = shard->bytes + little_endian(shard->index + 16 * i, 8);
    size_t packed_size = little_endian(shard->index + 16 * i + 8, 8);
    cr_assert_eq(ZSTD_getFrameContentSize(packed, packed_size), size);
    cr_assert_eq(ZSTD_findFrameCompressedSize(packed, packed_size), packed_size, "more than one frame");
    cr_assert_eq(ZSTD_decompress(target, size, packed, packed_size), size);
}

static const struct mzg_codec zstd = {.kind = MZG_CODEC_ZSTD, .level = 3};

Test(shard, chunks_lie_in_order_without_gaps_and_zeros_are_left_out, .init = setup, .fini = teardown)
{
    struct mzg_zarr_array *array = declare((struct mzg_zarr_array_spec){
        .type = MZG_INT32, .n_dimensions = 1, .shape = {22}, .chunk = {4}, .shard = {12}, .codec = zstd});
    cr_assert(eq(i64, mzg_zarr_array_files(array), 2));
    int32_t data[22];
    for (int i = 0; i < 22; i++)
        data[i] = i >= 4 && i < 8 ? 0 : 100 + i;
    cr_assert(eq(int, mzg_zarr_write(array, 0, data, &err), MZG_OK));
    cr_assert(eq(int, mzg_zarr_write(array, 1, data + 12, &err), MZG_OK));

    struct shard shard = open_shard("a/c/0", 3);
    int32_t chunk[4];
    unpack_zstd(&shard, 0, chunk, sizeof chunk);
    cr_expect_arr_eq(chunk, data, sizeof chunk);
    cr_expect(is_absent(&shard, 1));
    unpack_zstd(&shard, 2, chunk, sizeof chunk);
    cr_expect_arr_eq(chunk, data + 8, sizeof chunk);
    uint64_t first_size = little_endian(shard.index + 8, 8);
    cr_expect(eq(u64, little_endian(shard.index, 8), 0));
    cr_expect(eq(u64, little_endian(shard.index + 32, 8), first_size));
    cr_expect(eq(u64, first_size + little_endian(shard.index + 40, 8), shard.size - 52));
    size_t written = shard.size;
    free(shard.bytes);

    shard = open_shard("a/c/1", 3);
    unpack_zstd(&shard, 2, chunk, sizeof chunk);
    const int32_t padded[4] = {120, 121, 0, 0};
    cr_expect_arr_eq(chunk, padded, sizeof chunk);
    cr_expect(eq(i64, mzg_zarr_bytes_written(store), (int64_t)(written + shard.size)));
    free(shard.bytes);
}

Test(shard, file_of_zeros_alone_does_not_exist, .init = setup, .fini = teardown)
{
    struct mzg_zarr_array *array = declare((struct mzg_zarr_array_spec){
        .type = MZG_FLOAT64, .n_dimensions = 1, .shape = {8}, .chunk = {2}, .shard = {4}, .codec = zstd});
    const double data[8] = {0, 0, 0, 0, 0, 0, 0, 1};
    cr_assert(eq(int, mzg_zarr_write_all(array, data, &err), MZG_OK));
    cr_expect_not(path_exists(directory, "a/c/0"));
    cr_expect(path_exists(directory, "a/c/1"));
}

Test(shard, negative_zero_and_nan_are_stored, .init = setup, .fini = teardown)
{
    struct mzg_zarr_array *array = declare((struct mzg_zarr_array_spec){
        .type = MZG_FLOAT32, .n_dimensions = 1, .shape = {6}, .chunk = {2}, .shard = {6}, .codec = zstd});
    const float data[6] = {0, -0.0F, 0, 0, NAN, 0};
    cr_assert(eq(int, mzg_zarr_write_all(array, data, &err), MZG_OK));
    struct shard shard = open_shard("a/c/0", 3);
    float chunk[2];
    unpack_zstd(&shard, 0, chunk, sizeof chunk);
    cr_expect(ne(int, signbit(chunk[1]), 0));
    cr_expect(is_absent(&shard, 1));
    cr_expect_not(is_absent(&shard, 2));
    free(shard.bytes);
}

Test(shard, two_dimensions_are_cut_and_padded, .init = setup, .fini = teardown)
{
    /* 5 × 7 in shards of 4 × 4 of chunks of 2 × 2: the last shard has one row and three columns */
    struct mzg_zarr_array *array = declare((struct mzg_zarr_array_spec){.type = MZG_INT64,
                                                                        .n_dimensions = 2,
                                                                        .shape = {5, 7},
                                                                        .chunk = {2, 2},
                                                                        .shard = {4, 4},
                                                                        .codec = zstd});
    cr_assert(eq(i64, mzg_zarr_array_files(array), 4));
    int64_t data[5][7];
    for (int i = 0; i < 35; i++)
        data[i / 7][i % 7] = 1000 + i;
    cr_assert(eq(int, mzg_zarr_write_all(array, data, &err), MZG_OK));

    int64_t chunk[2][2];
    struct shard shard = open_shard("a/c/0/0", 4);
    unpack_zstd(&shard, 2, chunk, sizeof chunk);
    const int64_t lower_left[2][2] = {{1014, 1015}, {1021, 1022}};
    cr_expect_arr_eq(chunk, lower_left, sizeof chunk);
    free(shard.bytes);

    shard = open_shard("a/c/1/1", 4);
    unpack_zstd(&shard, 1, chunk, sizeof chunk);
    const int64_t corner[2][2] = {{1034, 0}, {0, 0}};
    cr_expect_arr_eq(chunk, corner, sizeof chunk);
    cr_expect(is_absent(&shard, 2)); /* outside the array */
    cr_expect(is_absent(&shard, 3));
    free(shard.bytes);
}

Test(shard, every_dimension_up_to_four_goes_to_its_place, .init = setup, .fini = teardown)
{
    struct mzg_zarr_array *array = declare((struct mzg_zarr_array_spec){
        .type = MZG_INT8, .n_dimensions = 4, .shape = {2, 2, 3, 3}, .chunk = {1, 2, 2, 2}});
    cr_assert(eq(i64, mzg_zarr_array_files(array), 8));
    int8_t data[36];
    for (int i = 0; i < 36; i++)
        data[i] = (int8_t)(i + 1);
    cr_assert(eq(int, mzg_zarr_write_all(array, data, &err), MZG_OK));
    size_t size;
    unsigned char *bytes = read_whole_file(directory, "a/c/1/0/1/0", &size);
    /* element (1, b, 2, d) is 19 + 9 b + 6 + d; the second row is padding */
    const unsigned char expected[8] = {25, 26, 0, 0, 34, 35, 0, 0};
    cr_assert(eq(sz, size, sizeof expected));
    cr_expect_arr_eq(bytes, expected, sizeof expected);
    free(bytes);
}

Test(shard, scalar_is_the_file_c, .init = setup, .fini = teardown)
{
    struct mzg_zarr_array *array = declare((struct mzg_zarr_array_spec){.type = MZG_INT32});
    cr_assert(eq(int, mzg_zarr_write_all(array, &(int32_t){0x01020304}, &err), MZG_OK));
    size_t size;
    unsigned char *bytes = read_whole_file(directory, "a/c", &size);
    cr_assert(eq(sz, size, 4));
    cr_expect_arr_eq(bytes, "\x04\x03\x02\x01", 4);
    free(bytes);
}

Test(shard, blosc_buffer_unpacks, .init = setup, .fini = teardown)
{
    struct mzg_zarr_array *array =
        declare((struct mzg_zarr_array_spec){.type = MZG_INT32,
                                             .n_dimensions = 1,
                                             .shape = {1500},
                                             .chunk = {1000},
                                             .codec = {.kind = MZG_CODEC_BLOSC_LZ4, .level = 5}});
    int32_t data[1500], chunk[1000];
    for (int i = 0; i < 1500; i++)
        data[i] = 3 * i + 1;
    cr_assert(eq(int, mzg_zarr_write_all(array, data, &err), MZG_OK));
    size_t size;
    unsigned char *bytes = read_whole_file(directory, "a/c/1", &size);
    cr_assert(eq(int, blosc_decompress_ctx(bytes, chunk, sizeof chunk, 1), sizeof chunk));
    cr_expect_arr_eq(chunk, data + 1000, 500 * sizeof *data);
    cr_expect(eq(i32, chunk[500], 0));
    cr_expect(lt(sz, size, sizeof chunk / 2), "shuffled, it must have become smaller");
    free(bytes);
}

/* Numbers of like size, of which the last bits are noise. */
static void check_planes(enum mzg_codec_kind kind, int flags, size_t most)
{
    enum { N = 1 << 16 };
    static float data[N], chunk[N];
    struct mzg_zarr_array *array = declare((struct mzg_zarr_array_spec){.type = MZG_FLOAT32,
                                                                        .n_dimensions = 1,
                                                                        .shape = {N},
                                                                        .chunk = {N},
                                                                        .codec = {.kind = kind, .level = 1}});
    uint32_t state = 1;
    for (int i = 0; i < N; i++) {
        state = state * 1664525 + 1013904223;
        data[i] = 100 + (float)(state >> 8) / (1 << 24) * 150;
    }
    cr_assert(eq(int, mzg_zarr_write_all(array, data, &err), MZG_OK));
    size_t size, whole, compressed, block;
    unsigned char *bytes = read_whole_file(directory, "a/c/0", &size);
    cr_assert(eq(int, blosc_decompress_ctx(bytes, chunk, sizeof chunk, 1), sizeof chunk));
    cr_expect(eq(int, memcmp(chunk, data, sizeof data), 0));
    blosc_cbuffer_sizes(bytes, &whole, &compressed, &block);
    cr_expect(eq(sz, block, sizeof data));
    cr_expect(eq(int, bytes[2] & 0x1f, flags), "sorted so, and each plane by itself, without flag 0x10");
    cr_expect(lt(sz, size, most));
    free(bytes);
}

/* Of 32 bits the sign and all but one of the exponent's are alike. */
Test(shard, exponents_are_compressed_apart, .init = setup, .fini = teardown)
{
    check_planes(MZG_CODEC_BLOSC_ZSTD, BLOSC_DOSHUFFLE, (size_t)(4 << 16) * 13 / 16);
}

Test(shard, bits_are_sorted_for_lz4, .init = setup, .fini = teardown)
{
    check_planes(MZG_CODEC_BLOSC_LZ4, BLOSC_DOBITSHUFFLE, (size_t)(4 << 16) * 13 / 16);
}

Test(shard, fast_planes_are_those_of_blosc, .init = setup, .fini = teardown)
{
    check_planes(MZG_CODEC_BLOSC_FAST, BLOSC_DOSHUFFLE, (size_t)(4 << 16) * 13 / 16);
}

/* Packs by a codec that makes no file, and has c-blosc unpack it. Gives the size, and the flags. */
static size_t pack_fast(enum mzg_type type, const void *data, size_t size, int *flags)
{
    const struct mzg_codec codec = {.kind = MZG_CODEC_BLOSC_FAST, .level = 1};
    struct mzg_buffer packed = {0};
    cr_assert(eq(int, mzg_codec_compress(&codec, type, data, size, &packed, &err), MZG_OK), "%s", err.text);
    size_t whole = 0, stated = 0, block = 0, found = packed.size;
    cr_expect(eq(int, blosc_cbuffer_validate(packed.bytes, packed.size, &whole), 0));
    blosc_cbuffer_sizes(packed.bytes, &whole, &stated, &block);
    cr_expect(eq(sz, whole, size));
    cr_expect(eq(sz, stated, packed.size));
    cr_expect(eq(sz, block, size));
    char *unpacked = malloc(size);
    cr_assert(unpacked != NULL);
    cr_expect(eq(int, blosc_decompress_ctx(packed.bytes, unpacked, size, 1), (int)size));
    cr_expect(eq(int, memcmp(unpacked, data, size), 0));
    *flags = packed.bytes[2] & 0x1f;
    free(unpacked);
    free(packed.bytes);
    return found;
}

Test(shard, fast_leaves_noise_as_it_is)
{
    enum { N = 40000 };
    static uint64_t data[N];
    uint64_t state = 1;
    int flags;
    for (int i = 0; i < N; i++)
        data[i] = state = state * 6364136223846793005U + (state >> 7) + 1442695040888963407U;
    cr_expect(eq(sz, pack_fast(MZG_FLOAT64, data, sizeof data, &flags), sizeof data + 16));
    cr_expect(eq(int, flags, BLOSC_DOSHUFFLE | BLOSC_MEMCPYED));
}

/* 10 random bits an item, in two planes of its eight, of which the first is all noise. */
Test(shard, fast_finds_what_is_alike)
{
    enum { N = 1 << 17 };
    static double values[N];
    static int64_t rows[N];
    int flags;
    uint32_t state = 1;
    for (int i = 0; i < N; i++) {
        state = state * 1664525 + 1013904223;
        uint64_t bits = (uint64_t)0x4000 << 48 | (uint64_t)(state >> 22) << 32;
        memcpy(&values[i], &bits, sizeof bits);
        rows[i] = 2 * (i % 50000) + (state >> 31);
    }
    size_t size = pack_fast(MZG_FLOAT64, values, sizeof values, &flags);
    cr_expect(lt(sz, size, (size_t)N * 10 / 8 * 102 / 100), "%zu bytes", size);
    cr_expect(eq(int, flags, BLOSC_DOSHUFFLE));
    size = pack_fast(MZG_INT64, rows, sizeof rows, &flags);
    cr_expect(lt(sz, size, (size_t)N * 21 / 20), "%zu bytes: one plane of eight, hardly any of the others",
              size);
    static float same[300];
    cr_expect(lt(sz, pack_fast(MZG_FLOAT32, same, sizeof same, &flags), 120));
}

/* c-blosc itself falls over memory that it did not get. */
Test(shard, no_memory_to_compress_is_an_error, .init = setup, .fini = teardown)
{
#ifdef __SANITIZE_ADDRESS__
    cr_skip_test("AddressSanitizer ends a process that gets no memory");
#endif
    enum { SIZE = 32 << 20 };
    struct mzg_buffer packed = {0};
    struct rlimit limit;
    long pages = 0;
    struct mzg_codec codec = {.kind = MZG_CODEC_BLOSC_ZSTD, .level = 1};
    float *data = malloc(SIZE);
    cr_assert(data != NULL);
    for (size_t i = 0; i < SIZE / sizeof *data; i++)
        data[i] = (float)(i % 1000);
    cr_assert(eq(int, mzg_buffer_reserve(&packed, SIZE + BLOSC_MAX_OVERHEAD, &err), MZG_OK));
    FILE *statm = fopen("/proc/self/statm", "r");
    cr_assert(statm && fscanf(statm, "%ld", &pages) == 1);
    fclose(statm);
    cr_assert(eq(int, getrlimit(RLIMIT_AS, &limit), 0));
    limit.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + 2 * SIZE; /* it takes three times SIZE */
    cr_assert(eq(int, setrlimit(RLIMIT_AS, &limit), 0));
    cr_expect(eq(int, mzg_codec_compress(&codec, MZG_FLOAT32, data, SIZE, &packed, &err), MZG_ENOMEM));
    cr_expect(strstr(err.text, "no memory") != NULL, "%s", err.text);
    codec.kind = MZG_CODEC_BLOSC_FAST;
    limit.rlim_cur -= (rlim_t)SIZE * 15 / 8; /* it takes a quarter */
    err = (struct mzg_error){0};
    cr_assert(eq(int, setrlimit(RLIMIT_AS, &limit), 0));
    cr_expect(eq(int, mzg_codec_compress(&codec, MZG_FLOAT32, data, SIZE, &packed, &err), MZG_ENOMEM));
    cr_expect(strstr(err.text, "no memory") != NULL, "%s", err.text);
    limit.rlim_cur = limit.rlim_max;
    cr_assert(eq(int, setrlimit(RLIMIT_AS, &limit), 0));
    err = (struct mzg_error){0};
    cr_expect(eq(int, mzg_codec_compress(&codec, MZG_FLOAT32, data, SIZE, &packed, &err), MZG_OK));
    free(packed.bytes);
    free(data);
}

static int level_of(const struct mzg_codec *codec, enum mzg_type type)
{
    json_t *json;
    int level = -1;
    cr_assert(eq(int, mzg_codec_json(codec, type, 1 << 20, &json, &err), MZG_OK));
    cr_expect(eq(int, json_unpack(json, "{s:{s:i}}", "configuration", "clevel", &level), 0));
    json_decref(json);
    return level;
}

Test(shard, integers_have_a_level_of_their_own_unless_one_is_given, .init = setup, .fini = teardown)
{
    struct mzg_codec codec;
    cr_assert(eq(int, mzg_codec_parse(NULL, &codec, &err), MZG_OK));
    cr_expect(eq(int, level_of(&codec, MZG_FLOAT32), 1));
    cr_expect(eq(int, level_of(&codec, MZG_INT32), 2));
    cr_assert(eq(int, mzg_codec_parse("blosc-zstd", &codec, &err), MZG_OK));
    cr_expect(eq(int, level_of(&codec, MZG_INT64), 2));
    cr_assert(eq(int, mzg_codec_parse("blosc-zstd:1", &codec, &err), MZG_OK));
    cr_expect(eq(int, level_of(&codec, MZG_FLOAT64), 1));
    cr_expect(eq(int, level_of(&codec, MZG_INT32), 1));
    cr_assert(eq(int, mzg_codec_parse("BLOSC-zstd:Fast", &codec, &err), MZG_OK));
    cr_expect(eq(int, (int)codec.kind, MZG_CODEC_BLOSC_FAST));
    cr_expect(eq(int, level_of(&codec, MZG_FLOAT64), 1));
    cr_expect(eq(int, level_of(&codec, MZG_INT32), 1));
    static const char *const wrong[] = {"blosc-lz4:fast", "zstd:fast", "blosc-zstd:faster", "blosc-zstd:0"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_expect(eq(int, mzg_codec_parse(wrong[i], &codec, &(struct mzg_error){0}), MZG_EUSAGE), "%s",
                  wrong[i]);
}

/* c-blosc reads as one plane what has fewer than 128 items. */
Test(shard, few_items_unpack, .init = setup, .fini = teardown)
{
    for (int i = 0; i < 8; i++) {
        int64_t n = 100 + 20 * (i / 2);
        char name[16];
        double data[160], chunk[160];
        struct mzg_zarr_array *array = NULL;
        struct mzg_zarr_array_spec spec = {
            .type = MZG_FLOAT64, .n_dimensions = 1, .shape = {n}, .chunk = {n}, .codec = {.level = 1}};
        spec.codec.kind = i % 2 ? MZG_CODEC_BLOSC_FAST : MZG_CODEC_BLOSC_ZSTD;
        snprintf(name, sizeof name, "a%d", i);
        cr_assert(eq(int, mzg_zarr_array(store, name, &spec, json_object(), &array, &err), MZG_OK));
        for (int k = 0; k < n; k++)
            data[k] = 100 + 0.25 * k;
        cr_assert(eq(int, mzg_zarr_write_all(array, data, &err), MZG_OK));
        size_t size, bytes = (size_t)n * sizeof *data;
        snprintf(name, sizeof name, "a%d/c/0", i);
        unsigned char *packed = read_whole_file(directory, name, &size);
        cr_expect(eq(int, blosc_decompress_ctx(packed, chunk, bytes, 1), (int)bytes));
        cr_expect(eq(int, memcmp(chunk, data, bytes), 0));
        free(packed);
    }
}

Test(shard, empty_array_has_no_files, .init = setup, .fini = teardown)
{
    struct mzg_zarr_array *array = declare((struct mzg_zarr_array_spec){
        .type = MZG_INT32, .n_dimensions = 1, .shape = {0}, .chunk = {1}, .codec = zstd});
    cr_expect(eq(i64, mzg_zarr_array_files(array), 0));
    cr_expect(eq(int, mzg_zarr_write_all(array, NULL, &err), MZG_OK));
    cr_expect(eq(int, mzg_zarr_write(array, 0, NULL, &err), MZG_EUSAGE));
}

static enum mzg_status status_of(struct mzg_zarr_array_spec spec)
{
    struct mzg_zarr_array *array = NULL;
    struct mzg_error refused = {0};
    enum mzg_status status = mzg_zarr_array(store, "a", &spec, json_object(), &array, &refused);
    cr_expect(status == MZG_OK || array == NULL);
    return status;
}

Test(array, inconsistent_specifications_are_refused, .init = setup, .fini = teardown)
{
    struct mzg_zarr_array_spec good = {
        .type = MZG_INT64, .n_dimensions = 2, .shape = {10, 10}, .chunk = {2, 5}, .shard = {4, 5}};
    struct mzg_zarr_array_spec spec = good;
    spec.shard[1] = 7; /* not a multiple of the chunk */
    cr_expect(eq(int, status_of(spec), MZG_EUSAGE));
    spec = good;
    spec.chunk[0] = 0;
    cr_expect(eq(int, status_of(spec), MZG_EUSAGE));
    spec = good;
    spec.shape[1] = -1;
    cr_expect(eq(int, status_of(spec), MZG_EUSAGE));
    spec = good;
    spec.n_dimensions = 5;
    cr_expect(eq(int, status_of(spec), MZG_EUSAGE));
    spec = good;
    spec.shape[0] = spec.shape[1] = INT64_C(1) << 40;
    cr_expect(eq(int, status_of(spec), MZG_ERANGE));
    spec = good;
    spec.shard[0] = 0;
    spec.chunk[0] = spec.chunk[1] = 20000; /* 3.2 GB */
    cr_expect(eq(int, status_of(spec), MZG_ERANGE));
    cr_expect(eq(int, status_of(good), MZG_OK));
    cr_expect(eq(int, status_of(good), MZG_EUSAGE), "the same path twice");
}

Test(array, group_above_must_be_declared, .init = setup, .fini = teardown)
{
    cr_expect(eq(int, mzg_zarr_group(store, "tables/t", json_object(), &err), MZG_EUSAGE));
    cr_expect_not_null(strstr(err.text, "tables/t"));
}
