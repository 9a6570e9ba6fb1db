/*
 * Writes a SpatialData store of invented pixels through the functions that a conversion uses, for
 * test_store_format.py, which knows the formulas:
 *
 *     make_store OUT.zarr WIDTH HEIGHT DEPTH BINS STEP um|pixel none|zstd|blosc-lz4|blosc-zstd[:fast]
 *
 * Positions are numbered in C order (z, y, x), from x 3, y 2, z 1 on. Every STEP-th of them, from the first,
 * is a pixel. Pixel p has the key p + 1 and the tic (37 p mod 1001) / 8; the row of each third pixel is
 * empty, that of another has the value p mod 97 + b + 0.5 in bins b with (p + b) mod 5 = 0.
 */
#include <core/agree.h>
#include <core/block.h>
#include <core/pool.h>
#include <spatialdata/spatialdata.h>
#include <zarr/zarr.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_X = 3, FIRST_Y = 2, FIRST_Z = 1, CHUNK = 1000 };

struct demo {
    int64_t size[3]; /* x, y, z */
    int64_t bins;
    int64_t step;
    int64_t n;
    int32_t *x, *y, *z, *key;
    int64_t *index;
    double *tic, *spatial;
    double *mz, *average;
    int64_t n_values;
    int64_t *row_begins;
    int32_t *indices;
    float *values;
    bool in_micrometers;
};

static const double pixel_size[3] = {25, 50, 10};

static void *allocate(int64_t n, size_t size)
{
    void *block = calloc((size_t)n + 1, size);
    if (!block)
        abort();
    return block;
}

static void make_pixels(struct demo *demo)
{
    int64_t positions = demo->size[0] * demo->size[1] * demo->size[2];
    demo->n = (positions + demo->step - 1) / demo->step;
    demo->x = allocate(demo->n, sizeof *demo->x);
    demo->y = allocate(demo->n, sizeof *demo->y);
    demo->z = allocate(demo->n, sizeof *demo->z);
    demo->key = allocate(demo->n, sizeof *demo->key);
    demo->index = allocate(demo->n, sizeof *demo->index);
    demo->tic = allocate(demo->n, sizeof *demo->tic);
    demo->spatial = allocate(2 * demo->n, sizeof *demo->spatial);
    for (int64_t i = 0; i < demo->n; i++) {
        int64_t p = i * demo->step;
        demo->x[i] = (int32_t)(FIRST_X + p % demo->size[0]);
        demo->y[i] = (int32_t)(FIRST_Y + p / demo->size[0] % demo->size[1]);
        demo->z[i] = (int32_t)(FIRST_Z + p / demo->size[0] / demo->size[1]);
        demo->key[i] = (int32_t)(p + 1);
        demo->index[i] = p + 1;
        demo->tic[i] = (double)(37 * p % 1001) / 8;
        demo->spatial[2 * i] = (demo->x[i] - 0.5) * (demo->in_micrometers ? pixel_size[0] : 1);
        demo->spatial[2 * i + 1] = (demo->y[i] - 0.5) * (demo->in_micrometers ? pixel_size[1] : 1);
    }
}

static void make_matrix(struct demo *demo)
{
    int64_t most = demo->n * (demo->bins / 5 + 1);
    demo->row_begins = allocate(demo->n + 1, sizeof *demo->row_begins);
    demo->indices = allocate(most, sizeof *demo->indices);
    demo->values = allocate(most, sizeof *demo->values);
    for (int64_t i = 0; i < demo->n; i++) {
        int64_t p = i * demo->step;
        for (int64_t b = (5 - p % 5) % 5; b < demo->bins && i % 3 != 2; b += 5) {
            demo->indices[demo->n_values] = (int32_t)b;
            demo->values[demo->n_values++] = (float)(p % 97 + b) + 0.5F;
        }
        demo->row_begins[i + 1] = demo->n_values;
    }
    demo->mz = allocate(demo->bins, sizeof *demo->mz);
    demo->average = allocate(demo->bins, sizeof *demo->average);
    for (int64_t b = 0; b < demo->bins; b++)
        demo->mz[b] = 100 + 0.25 * (double)b;
    for (int64_t k = 0; k < demo->n_values; k++)
        demo->average[demo->indices[k]] += (double)demo->values[k] / (double)demo->n;
}

/* Writes a vector in shards of 2 × CHUNK elements, the shards dealt to the ranks. */
static void write_vector(const struct mzg_context *context, struct mzg_sdata *sdata, const char *name,
                         enum mzg_type type, int64_t n, const void *data, struct mzg_codec codec,
                         struct mzg_error *err)
{
    char path[512];
    snprintf(path, sizeof path, "%s/X/%s", mzg_sdata_table_path(sdata), name);
    struct mzg_zarr_array_spec spec = {.type = type,
                                       .n_dimensions = 1,
                                       .shape = {n},
                                       .chunk = {CHUNK},
                                       .shard = {2 * CHUNK},
                                       .codec = codec};
    struct mzg_zarr_array *array;
    if (mzg_zarr_array(mzg_sdata_store(sdata), path, &spec, json_object(), &array, err) != MZG_OK)
        return;
    for (int64_t file = context->rank; file < mzg_zarr_array_files(array) && err->status == MZG_OK;
         file += context->size)
        mzg_zarr_write(array, file, (const char *)data + file * 2 * CHUNK * mzg_type_size(type), err);
}

static void write_matrix(const struct mzg_context *context, struct mzg_sdata *sdata, const struct demo *demo,
                         struct mzg_codec codec, struct mzg_error *err)
{
    char path[512];
    snprintf(path, sizeof path, "%s/X", mzg_sdata_table_path(sdata));
    json_t *attributes = json_pack("{s:s, s:s, s:[I, I]}", "encoding-type", "csr_matrix", "encoding-version",
                                   "0.1.0", "shape", (json_int_t)demo->n, (json_int_t)demo->bins);
    if (mzg_zarr_group(mzg_sdata_store(sdata), path, attributes, err) != MZG_OK)
        return;
    write_vector(context, sdata, "data", MZG_FLOAT32, demo->n_values, demo->values, codec, err);
    write_vector(context, sdata, "indices", MZG_INT32, demo->n_values, demo->indices, codec, err);
    int32_t *begins = calloc((size_t)demo->n + 1, sizeof *begins);
    for (int64_t i = 0; begins && i <= demo->n; i++)
        begins[i] = (int32_t)demo->row_begins[i];
    if (!begins)
        mzg_fail(err, MZG_ENOMEM, "no memory for %lld rows", (long long)demo->n);
    else
        write_vector(context, sdata, "indptr", MZG_INT32, demo->n + 1, begins, codec, err);
    free(begins);
}

static void write_table(struct mzg_sdata *sdata, const struct demo *demo, struct mzg_error *err)
{
    static const int64_t skipped_index[] = {7, 11};
    static const char *const reasons[] = {"array ends outside the file, µ", "checksum"};
    struct mzg_frame obs = {.n = demo->n, .index_numbers = demo->index};
    mzg_frame_add(&obs, "instance_key", MZG_INT32, demo->key);
    mzg_frame_add_category(&obs, "region", mzg_sdata_region(sdata));
    mzg_frame_add(&obs, "x", MZG_INT32, demo->x);
    mzg_frame_add(&obs, "y", MZG_INT32, demo->y);
    mzg_frame_add(&obs, "tic", MZG_FLOAT64, demo->tic);
    struct mzg_frame var = {.n = demo->bins, .index_prefix = "mz_"};
    mzg_frame_add(&var, "mz", MZG_FLOAT64, demo->mz);
    struct mzg_frame skipped = {.n = demo->step > 1 ? 2 : 0};
    mzg_frame_add(&skipped, "spectrum_index", MZG_INT64, skipped_index);
    mzg_frame_add(&skipped, "reason", MZG_STRING, reasons);

    json_error_t where;
    json_t *uns = json_loads(
        "{\"mzgrid\": {\"version\": \"0.1.0\", \"bins\": 12, \"width\": 0.005, \"exact\": true, \"nothing\": "
        "null},"
        " \"imzml\": {\"MS:1000514\": \"m/z array\", \"ms:1000514\": \"twice\", \"µm\": \"µ – UTF-8\", "
        "\"empty\": \"\","
        " \"list\": [\"a\", \"\", \"µ\"], \"numbers\": [1, 2.5], \"whole\": [1, 2], \"flags\": [true, false],"
        " \"none\": [], \"mixed\": [{\"a\": 1}, \"b\"]}}",
        0, &where);
    json_object_set_new(uns, "spatialdata_attrs", mzg_sdata_annotation(mzg_sdata_region(sdata)));
    struct mzg_anndata table = {
        .obs = &obs,
        .var = &var,
        .n_obsm = 1,
        .obsm = {{.name = "spatial", .type = MZG_FLOAT64, .n = demo->n, .width = 2, .values = demo->spatial}},
        .n_uns = 2,
        .uns_members =
            {{.name = "average_spectrum", .type = MZG_FLOAT64, .n = demo->bins, .values = demo->average},
             {.name = "skipped_pixels", .frame = &skipped}},
        .uns = uns};
    mzg_sdata_write_table(sdata, &table, err);
    json_decref(uns);
}

/* Each rank has a share of the pixels. */
static void write_rasters(const struct mzg_context *context, struct mzg_sdata *sdata, const struct demo *demo,
                          struct mzg_error *err)
{
    struct mzg_sdata_geometry geometry = {.min = {FIRST_X, FIRST_Y, FIRST_Z},
                                          .in_micrometers = demo->in_micrometers};
    for (int d = 0; d < 3; d++) {
        geometry.max[d] = geometry.min[d] + (int32_t)demo->size[d] - 1;
        geometry.pixel_size[d] = demo->in_micrometers ? pixel_size[d] : 1;
        geometry.origin[d] = (geometry.min[d] - 1) * geometry.pixel_size[d];
    }
    struct mzg_block share = mzg_block_of(demo->n, context->size, context->rank);
    struct mzg_sdata_pixels pixels = {.n = share.count,
                                      .x = demo->x + share.first,
                                      .y = demo->y + share.first,
                                      .z = demo->z + share.first,
                                      .instance_key = demo->key + share.first,
                                      .tic = demo->tic + share.first};
    mzg_sdata_write_rasters(sdata, &geometry, &pixels, err);
}

static struct mzg_codec codec_by_name(const char *name)
{
    if (strcmp(name, "none") == 0)
        return (struct mzg_codec){.kind = MZG_CODEC_NONE};
    if (strcmp(name, "blosc-lz4") == 0)
        return (struct mzg_codec){.kind = MZG_CODEC_BLOSC_LZ4, .level = 5};
    if (strcmp(name, "blosc-zstd") == 0)
        return (struct mzg_codec){.kind = MZG_CODEC_BLOSC_ZSTD, .level = 1};
    if (strcmp(name, "blosc-zstd:fast") == 0)
        return (struct mzg_codec){.kind = MZG_CODEC_BLOSC_FAST, .level = 1};
    return (struct mzg_codec){.kind = MZG_CODEC_ZSTD, .level = 3};
}

static void write_store(const struct mzg_context *context, const char *path, const struct demo *demo,
                        struct mzg_codec codec, struct mzg_error *err)
{
    struct mzg_sdata_options options = {
        .path = path, .dataset_id = "demo", .codec = codec, .overwrite = true};
    struct mzg_sdata *sdata = NULL;
    if (mzg_sdata_new(context, &options, &sdata, err) != MZG_OK)
        return;
    write_matrix(context, sdata, demo, codec, err);
    if (mzg_agree(context->comm, err) == MZG_OK)
        write_table(sdata, demo, err);
    if (err->status == MZG_OK)
        write_rasters(context, sdata, demo, err);
    if (err->status == MZG_OK)
        mzg_sdata_finish(sdata, err);
    mzg_sdata_free(sdata);
}

static void free_demo(struct demo *demo)
{
    void *blocks[] = {demo->x,       demo->y,  demo->z,       demo->key,        demo->index,   demo->tic,
                      demo->spatial, demo->mz, demo->average, demo->row_begins, demo->indices, demo->values};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        free(blocks[i]);
}

int main(int argc, char **argv)
{
    if (argc != 9) {
        fprintf(stderr, "usage: make_store OUT.zarr WIDTH HEIGHT DEPTH BINS STEP um|pixel CODEC\n");
        return 2;
    }
    MPI_Init(&argc, &argv);
    struct demo demo = {.size = {atoll(argv[2]), atoll(argv[3]), atoll(argv[4])},
                        .bins = atoll(argv[5]),
                        .step = atoll(argv[6]),
                        .in_micrometers = strcmp(argv[7], "um") == 0};
    make_pixels(&demo);
    make_matrix(&demo);

    struct mzg_error err = {0};
    struct mzg_context context = {.comm = MPI_COMM_WORLD};
    MPI_Comm_rank(context.comm, &context.rank);
    MPI_Comm_size(context.comm, &context.size);
    if (mzg_pool_new(context.comm, 2, &context.pool, &err) == MZG_OK)
        write_store(&context, argv[1], &demo, codec_by_name(argv[8]), &err);
    mzg_pool_free(context.pool);
    free_demo(&demo);
    if (err.status != MZG_OK && context.rank == 0)
        fprintf(stderr, "make_store: %s\n", err.text);
    MPI_Finalize();
    return err.status == MZG_OK ? 0 : 1;
}
