/* What is built of JSON when memory runs out: for every request for memory that fails there is an error, or
 * the same as without. Nothing is left out. */
#include <anndata/backend.h>
#include <cli/options.h>
#include <cli/run_record.h>
#include <core/context.h>
#include <core/json.h>
#include <run/provenance.h>
#include <run/table.h>
#include <spatialdata/ome.h>
#include <spatialdata/omero.h>
#include <zarr/store.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <failing_json.h>
#include <string.h>

/* Builds something, a new reference; NULL: an error. */
typedef json_t *builder(void);

static void expect_all_or_nothing(builder *build)
{
    fail_json_request(0);
    json_t *reference = build();
    long n = end_of_json_failure(), n_failed = 0;
    cr_assert_not_null(reference);
    for (long i = 1; i <= n; i++) {
        fail_json_request(i);
        json_t *built = build();
        end_of_json_failure();
        n_failed += !built;
        bool is_right = !built || json_equal(built, reference);
        cr_expect(is_right, "request %ld of %ld", i, n);
        json_decref(built);
    }
    cr_expect(gt(i64, n_failed, n / 2), "%ld of %ld", n_failed, n);
    json_decref(reference);
}

static json_t *chain(void)
{
    json_t *list = mzg_json_append(mzg_json_append(json_array(), json_string("a")), json_integer(1));
    json_t *object = mzg_json_with(json_object(), "list", list);
    return mzg_json_merge(object, mzg_json_with(json_object(), "more", json_real(0.5)));
}

Test(json_memory, chains)
{
    expect_all_or_nothing(chain);
    json_t *built = chain(), *expected = json_pack("{s:[s, i], s:f}", "list", "a", 1, "more", 0.5);
    cr_expect(json_equal(built, expected));
    json_decref(expected);
    json_decref(built);
    cr_expect_null(mzg_json_with(NULL, "a", json_true()));
    cr_expect_null(mzg_json_with(json_object(), "a", NULL));
    cr_expect_null(mzg_json_with(json_object(), "a", json_string("\xff")), "no UTF-8");
    cr_expect_null(mzg_json_append(NULL, json_true()));
    cr_expect_null(mzg_json_append(json_array(), NULL));
    cr_expect_null(mzg_json_merge(json_object(), NULL));
    cr_expect_null(mzg_json_merge(NULL, json_object()));
}

static json_t *image(void)
{
    static const struct mzg_raster_size levels[] = {{.width = 2048, .height = 1500, .depth = 2},
                                                    {.width = 1024, .height = 750, .depth = 2}};
    static const struct mzg_sdata_geometry geometry = {
        .pixel_size = {10, 20, 30}, .origin = {5, 0, 0}, .in_micrometers = true};
    static const struct mzg_omero_window window = {.max = 7, .end = 5};
    json_t *omero = mzg_omero_attributes("tic", &window);
    return omero ? mzg_ome_attributes("tic", "czyx", levels, 2, &geometry, omero) : NULL;
}

static json_t *labels(void)
{
    static const struct mzg_raster_size level = {.width = 20, .height = 15, .depth = 1};
    static const struct mzg_sdata_geometry geometry = {.pixel_size = {1, 1, 1}};
    return mzg_ome_attributes("pixels", "yx", &level, 1, &geometry, NULL);
}

Test(json_memory, rasters)
{
    expect_all_or_nothing(image);
    expect_all_or_nothing(labels);
}

/* A store's nodes: groups, and arrays of all kinds. */
static json_t *nodes(void)
{
    static const struct mzg_zarr_array_spec specs[] = {
        {.type = MZG_FLOAT64},
        {.type = MZG_STRING, .n_dimensions = 1, .shape = {3}, .chunk = {3}, .codec = {MZG_CODEC_ZSTD, 3, 0}},
        {.type = MZG_INT32,
         .n_dimensions = 2,
         .shape = {100, 100},
         .chunk = {10, 10},
         .shard = {50, 50},
         .codec = {MZG_CODEC_BLOSC_ZSTD, 1, 2},
         .dimension_names = "yx"},
    };
    struct mzg_context context = {.size = 1};
    struct mzg_zarr_store *store = NULL;
    struct mzg_zarr_array *array;
    struct mzg_error err = {0};
    json_t *found = NULL;
    if (mzg_zarr_store_new(&context, "nowhere", &store, &err) != MZG_OK)
        return NULL;
    mzg_zarr_group(store, "", mzg_encoding("anndata", "0.1.0"), &err);
    for (int i = 0; i < 3 && err.status == MZG_OK; i++) {
        const char path[] = {(char)('a' + i), '\0'};
        mzg_zarr_array(store, path, &specs[i], mzg_encoding_of_numbers(&(struct mzg_numbers){.n = i - 1}),
                       &array, &err);
    }
    if (err.status == MZG_OK && mzg_zarr_array_cut(array, 90, &err) == MZG_OK &&
        mzg_zarr_set_attributes(store, "b", mzg_encoding_of_sparse("csr_matrix", 3, 4), &err) == MZG_OK)
        found = json_incref(store->nodes);
    mzg_zarr_store_free(store);
    return found;
}

Test(json_memory, nodes_of_a_store)
{
    expect_all_or_nothing(nodes);
}

/* uns of a table, with everything that may stand in it. */
static json_t *provenance(void)
{
    static double edges[] = {100, 200, 300}, centers[] = {150, 250};
    static const struct mzg_reader_kind kind = {.name = "imzml", .metadata_key = "imzml"};
    static struct mzg_reader reader = {.kind = &kind, .dataset = {.n_pixels = 4, .n_all_pixels = 9}};
    struct mzg_convert_options options = {.region = {.given = true, .max = {2, 2, 1}}, .mobility_sum = true};
    struct mzg_decisions decisions = {
        .has_fit = true, .type_reason = "a", .axis_reason = "b", .range_reason = "c", .method_reason = "d"};
    struct mzg_axis axis = {.spec = {.type = MZG_AXIS_TOF, .bin_width = 1, .reference_mz = 200},
                            .n_bins = 2,
                            .edges = edges,
                            .centers = centers};
    struct mzg_sdata_geometry geometry = {.pixel_size = {1, 1, 1}};
    struct mzg_table_source source = {.options = &options,
                                      .decisions = &decisions,
                                      .reader = &reader,
                                      .axis = &axis,
                                      .geometry = &geometry,
                                      .region = "pixels"};
    struct mzg_error err = {0};
    json_t *uns = NULL;
    if (!reader.dataset.metadata)
        reader.dataset.metadata = json_object();
    mzg_provenance_make(&source, &uns, &err);
    return uns;
}

Test(json_memory, provenance)
{
    expect_all_or_nothing(provenance);
}

static json_t *run_record(void)
{
    static const struct mzg_option bins = {.kind = MZG_OPTION_TEXT, .name = "bins"};
    static const struct mzg_option strict = {.kind = MZG_OPTION_FLAG, .name = "strict"};
    char *argv[] = {"mzgrid", "convert", "in\xff", "out"};
    struct mzg_argument given[] = {{.option = &bins, .text = "100"}, {.option = &strict}};
    struct mzg_arguments arguments = {
        .argc = 4, .argv = argv, .n_given = 2, .given = given, .operands = {"in\xff", "out"}};
    struct mzg_context context = {.size = 2};
    struct mzg_convert_outcome outcome = {.pixels = 90};
    json_t *hosts = json_object();
    json_t *record = mzg_run_record_new(&context, &arguments, 86400, hosts, &outcome);
    json_decref(hosts);
    return record;
}

Test(json_memory, run_record)
{
    expect_all_or_nothing(run_record);
}
