/*
 * A store in the making, in which one rank is denied memory or a file (failing_calls.h): from the claim of
 * its name to the new name all ranks end with the same error, and nothing is left of it.
 */
#include <failing_calls.h>
#include <mpi_directory.h>
#include <spatialdata/spatialdata.h>

#include <jansson.h>

struct fixture {
    struct mzg_context context;
    char directory[256], output[300];
    bool last_is_troubled; /* before the end */
};

static const int64_t numbers[2] = {1, 3};
static const int32_t x[2] = {1, 3}, y[2] = {1, 2}, ones[2] = {1, 1}, keys[2] = {1, 3};
static const double tic[2] = {4, 0.25}, mz[3] = {100, 200, 300};

/* Rank 0 alone knows the data. */
static enum mzg_status fill(struct mzg_sdata *sdata, struct mzg_error *err)
{
    struct mzg_frame obs = {.n = 2, .index_numbers = numbers}, var = {.n = 3, .index_prefix = "mz_"};
    mzg_frame_add(&obs, "instance_key", MZG_INT32, keys);
    mzg_frame_add_category(&obs, "region", mzg_sdata_region(sdata));
    mzg_frame_add(&var, "mz", MZG_FLOAT64, mz);
    const struct mzg_anndata table = {.obs = &obs, .var = &var}, no_table = {0};
    const struct mzg_sdata_geometry geometry = {
        .min = {1, 1, 1}, .max = {3, 2, 1}, .pixel_size = {1, 1, 1}, .in_micrometers = true};
    const struct mzg_sdata_pixels pixels =
                                      {.n = 2, .x = x, .y = y, .z = ones, .instance_key = keys, .tic = tic},
                                  no_pixels = {0};
    if (mzg_sdata_write_table(sdata, mpi_rank == 0 ? &table : &no_table, err) == MZG_OK)
        mzg_sdata_write_rasters(sdata, &geometry, mpi_rank == 0 ? &pixels : &no_pixels, err);
    return err->status;
}

static enum mzg_status try_to_make(void *fixture, struct mzg_error *err)
{
    const struct fixture *f = fixture;
    const struct mzg_sdata_options options = {
        .path = f->output, .dataset_id = "set", .codec = {.kind = MZG_CODEC_ZSTD, .level = 3}};
    struct mzg_sdata *sdata = NULL;
    struct mzg_error ignored = {0};
    if (mzg_sdata_new(&f->context, &options, &sdata, err) == MZG_OK && fill(sdata, err) == MZG_OK) {
        if (f->last_is_troubled && mpi_rank == mpi_size - 1)
            mzg_fail(err, MZG_EIO, "the last rank");
        mzg_sdata_finish(sdata, err);
    }
    end_failing();
    mzg_sdata_free(sdata);
    MPI_Barrier(MPI_COMM_WORLD);
    if (err->status == MZG_OK)
        cr_expect(path_exists(f->directory, "out.zarr/zarr.json"));
    else
        cr_expect(not(path_is_like(f->directory, "*out*")), "left after: %s", err->text);
    MPI_Barrier(MPI_COMM_WORLD);
    if (mpi_rank == 0 && err->status == MZG_OK)
        mzg_remove_tree(f->output, &ignored);
    MPI_Barrier(MPI_COMM_WORLD);
    return err->status;
}

static void begin(struct fixture *f)
{
    json_set_alloc_funcs(malloc, free); /* so that its memory is counted, too */
    *f = (struct fixture){0};
    begin_directory(&f->context, 1, f->directory);
    snprintf(f->output, sizeof f->output, "%s/out.zarr", f->directory);
}

MPI_TEST(failing_sdata, for_which_a_rank_has_no_memory)
{
    struct fixture f;
    begin(&f);
    fail_on_both(MEMORY, 12, try_to_make, &f, 3, 8);
    end_directory(&f.context, f.directory);
}

MPI_TEST(failing_sdata, whose_files_cannot_be_used)
{
    struct fixture f;
    begin(&f);
    fail_each_call(FILES, mpi_size - 1, 12, try_to_make, &f); /* rank 0 has all of them */
    cr_expect(ge(long, fail_each_call(FILES, 0, 12, try_to_make, &f), 8));
    end_directory(&f.context, f.directory);
}

MPI_TEST(failing_sdata, that_the_last_rank_does_not_want_to_finish)
{
    struct fixture f;
    struct mzg_error err = {0};
    begin(&f);
    f.last_is_troubled = true;
    cr_expect(eq(int, (int)try_to_make(&f, &err), MZG_EIO));
    cr_expect(eq(str, err.text, "the last rank"));
    end_directory(&f.context, f.directory);
}
