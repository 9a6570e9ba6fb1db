/* The container on several ranks: what it leaves on success and on failure. Its content is read by
 * test_store_format.py. */
#include <failing_json.h>
#include <mpi_directory.h>
#include <spatialdata/spatialdata.h>
#include <string.h>

struct fixture {
    char directory[256];
    char output[512];
    struct mzg_context context;
    struct mzg_sdata_options options;
    struct mzg_sdata *sdata;
    struct mzg_error err;
};

static void begin(struct fixture *f)
{
    *f = (struct fixture){0};
    begin_directory(&f->context, 1, f->directory);
    snprintf(f->output, sizeof f->output, "%s/out.zarr", f->directory);
    f->options = (struct mzg_sdata_options){
        .path = f->output, .dataset_id = "set", .codec = {.kind = MZG_CODEC_ZSTD, .level = 3}};
}

static void end(struct fixture *f)
{
    mzg_sdata_free(f->sdata);
    end_directory(&f->context, f->directory);
}

static const int64_t numbers[2] = {1, 3};
static const int32_t x[2] = {1, 3}, y[2] = {1, 2}, ones[2] = {1, 1}, keys[2] = {1, 3};
static const double tic[2] = {4, 0.25}, spatial[4] = {0.5, 0.5, 2.5, 1.5}, mz[3] = {100, 200, 300};

/* Other ranks than 0 know nothing of the data. */
static enum mzg_status write_table(struct fixture *f)
{
    struct mzg_frame obs = {.n = 2, .index_numbers = numbers}, var = {.n = 3, .index_prefix = "mz_"},
                     skipped = {0};
    mzg_frame_add(&obs, "instance_key", MZG_INT32, keys);
    mzg_frame_add_category(&obs, "region", mzg_sdata_region(f->sdata));
    mzg_frame_add(&var, "mz", MZG_FLOAT64, mz);
    struct mzg_anndata table = {
        .obs = &obs,
        .var = &var,
        .n_obsm = 1,
        .obsm = {{.name = "spatial", .type = MZG_FLOAT64, .n = 2, .width = 2, .values = spatial}},
        .n_uns = 2,
        .uns_members = {{.name = "average_spectrum", .type = MZG_FLOAT64, .n = 3, .values = mz},
                        {.name = "skipped_pixels", .frame = &skipped}}};
    if (mpi_rank > 0)
        table = (struct mzg_anndata){0};
    return mzg_sdata_write_table(f->sdata, &table, &f->err);
}

static enum mzg_status write_rasters(struct fixture *f, int32_t max_x)
{
    struct mzg_sdata_geometry geometry = {
        .min = {1, 1, 1}, .max = {max_x, 2, 1}, .pixel_size = {1, 1, 1}, .in_micrometers = true};
    struct mzg_sdata_pixels pixels = {.n = 2, .x = x, .y = y, .z = ones, .instance_key = keys, .tic = tic};
    if (mpi_rank > 0)
        pixels = (struct mzg_sdata_pixels){0};
    return mzg_sdata_write_rasters(f->sdata, &geometry, &pixels, &f->err);
}

MPI_TEST(sdata, store_appears_when_it_is_finished)
{
    struct fixture f;
    begin(&f);
    cr_assert(eq(int, mzg_sdata_new(&f.context, &f.options, &f.sdata, &f.err), MZG_OK), "%s", f.err.text);
    cr_expect(eq(str, (char *)mzg_sdata_table_path(f.sdata), "tables/set_z0"));
    cr_expect(eq(str, (char *)mzg_sdata_region(f.sdata), "set_z0_pixels"));
    cr_expect(path_is_like(f.directory, "out.zarr.*.part"));
    cr_expect(eq(int, write_table(&f), MZG_OK), "%s", f.err.text);
    cr_expect(eq(int, write_rasters(&f, 3), MZG_OK), "%s", f.err.text);
    cr_expect_not(path_exists(f.directory, "out.zarr"));
    cr_expect(eq(int, mzg_sdata_finish(f.sdata, &f.err), MZG_OK), "%s", f.err.text);
    cr_expect_not(path_is_like(f.directory, "out.zarr.*.part"));
    static const char *const nodes[] = {"",
                                        "tables",
                                        "tables/set_z0",
                                        "tables/set_z0/obs/region/codes",
                                        "tables/set_z0/uns/skipped_pixels/_index",
                                        "labels/set_z0_pixels/0",
                                        "images/set_z0_tic/0"};
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
        char name[128];
        snprintf(name, sizeof name, "out.zarr/%s/zarr.json", nodes[i]);
        cr_expect(path_exists(f.directory, name), "%s", name);
    }
    mzg_sdata_free(f.sdata);
    f.sdata = NULL;
    cr_expect(path_exists(f.directory, "out.zarr/zarr.json"), "freeing leaves a finished store alone");
    end(&f);
}

MPI_TEST(sdata, freeing_an_unfinished_store_leaves_nothing)
{
    struct fixture f;
    begin(&f);
    cr_assert(eq(int, mzg_sdata_new(&f.context, &f.options, &f.sdata, &f.err), MZG_OK));
    cr_assert(eq(int, write_rasters(&f, 3), MZG_OK));
    mzg_sdata_free(f.sdata);
    f.sdata = NULL;
    MPI_Barrier(MPI_COMM_WORLD);
    cr_expect_not(path_is_like(f.directory, "out.zarr.*.part"));
    cr_expect_not(path_exists(f.directory, "out.zarr"));
    end(&f);
}

MPI_TEST(sdata, failure_of_rank_0_reaches_all)
{
    struct fixture f;
    begin(&f);
    cr_assert(eq(int, mzg_sdata_new(&f.context, &f.options, &f.sdata, &f.err), MZG_OK));
    cr_expect(eq(int, write_rasters(&f, 2), MZG_ERANGE));
    cr_expect_not_null(strstr(f.err.text, "pixel 1"), "%s", f.err.text);
    end(&f);
}

MPI_TEST(sdata, existing_output_is_refused_on_all_ranks)
{
    struct fixture f;
    begin(&f);
    if (mpi_rank == 0)
        cr_assert_eq(mkdir(f.output, 0777), 0);
    MPI_Barrier(MPI_COMM_WORLD);
    cr_expect(eq(int, mzg_sdata_new(&f.context, &f.options, &f.sdata, &f.err), MZG_EIO));
    cr_expect_not_null(strstr(f.err.text, "out.zarr exists; use --overwrite"), "%s", f.err.text);
    cr_expect_null(f.sdata);
    cr_expect_not(path_is_like(f.directory, "out.zarr.*.part"));
    end(&f);
}

MPI_TEST(sdata, overwritten_output_is_replaced_at_the_end)
{
    struct fixture f;
    begin(&f);
    if (mpi_rank == 0) {
        cr_assert_eq(mkdir(f.output, 0777), 0);
        write_whole_file(f.directory, "out.zarr/zarr.json", "old");
    }
    MPI_Barrier(MPI_COMM_WORLD);
    f.options.overwrite = true;
    cr_assert(eq(int, mzg_sdata_new(&f.context, &f.options, &f.sdata, &f.err), MZG_OK), "%s", f.err.text);
    cr_expect_not(path_exists(f.directory, "out.zarr/tables"));
    cr_expect(eq(int, write_table(&f), MZG_OK));
    cr_expect(eq(int, mzg_sdata_finish(f.sdata, &f.err), MZG_OK));
    cr_expect(path_exists(f.directory, "out.zarr/tables/set_z0/var/mz/zarr.json"));
    MPI_Barrier(MPI_COMM_WORLD);
    if (mpi_rank == 0)
        cr_expect_not(path_is_like(f.directory, "out.zarr.*"));
    end(&f);
}

MPI_TEST(sdata, names_that_spatialdata_refuses_are_refused)
{
    static const char *const ids[] = {"", "my set", "__set", "a/b", "µ", "(a)"};
    struct fixture f;
    begin(&f);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        f.options.dataset_id = ids[i];
        f.err.status = MZG_OK;
        cr_expect(eq(int, mzg_sdata_new(&f.context, &f.options, &f.sdata, &f.err), MZG_EUSAGE), "'%s'",
                  ids[i]);
    }
    f.err.status = MZG_OK;
    cr_expect_not(path_is_like(f.directory, "out.zarr.*.part"));
    end(&f);
}

/* Writes a whole store in which request number `n` of rank 0's JSON for memory fails. */
static enum mzg_status write_store(struct fixture *f, long n)
{
    begin(f);
    fail_json_request(mpi_rank == 0 ? n : 0);
    if (mzg_sdata_new(&f->context, &f->options, &f->sdata, &f->err) == MZG_OK && write_table(f) == MZG_OK &&
        write_rasters(f, 3) == MZG_OK)
        mzg_sdata_finish(f->sdata, &f->err);
    return f->err.status;
}

/* The root's consolidated metadata hold those of all nodes. */
MPI_TEST(sdata, without_memory_for_metadata_there_is_no_store)
{
    enum { SAMPLE = 24 };
    struct fixture f;
    cr_assert(eq(int, write_store(&f, 0), MZG_OK), "%s", f.err.text);
    long total = end_of_json_failure(), n_failed = 0;
    MPI_Bcast(&total, 1, MPI_LONG, 0, MPI_COMM_WORLD);
    cr_assert(gt(i64, total, 1000));
    size_t size = 0, other_size = 0;
    unsigned char *reference = read_whole_file(f.directory, "out.zarr/zarr.json", &size);
    cr_assert_not_null(reference);
    MPI_Barrier(MPI_COMM_WORLD);
    end(&f);
    for (long i = 0; i < SAMPLE; i++) {
        long n = 1 + i * (total - 1) / (SAMPLE - 1);
        enum mzg_status status = write_store(&f, n);
        end_of_json_failure();
        n_failed += status != MZG_OK;
        if (status == MZG_OK) {
            unsigned char *root = read_whole_file(f.directory, "out.zarr/zarr.json", &other_size);
            cr_expect(other_size == size && memcmp(root, reference, size) == 0, "request %ld of %ld", n,
                      total);
            free(root);
        } else {
            cr_expect_not(path_exists(f.directory, "out.zarr"), "request %ld of %ld", n, total);
        }
        MPI_Barrier(MPI_COMM_WORLD);
        end(&f);
    }
    cr_expect(gt(i64, n_failed, SAMPLE / 2));
    free(reference);
}
