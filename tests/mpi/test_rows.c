/* Rows that lie on all ranks: records dealt by rows, obs and rasters written by the ranks that have them.
 * Beside each stands what rank 0 makes of all rows alone. */
#include <anndata/h5ad.h>
#include <anndata/row_pieces.h>
#include <core/agree.h>
#include <core/piece.h>
#include <failing_calls.h>
#include <hdf5.h>
#include <mpi_directory.h>
#include <spatialdata/spatialdata.h>
#include <stream/records.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { ROUND = 1009, PIXELS = 250007 };

/* One pixel in seven was skipped, and all of a stretch in which whole rounds have none. */
static bool is_skipped(int64_t pixel)
{
    return pixel % 7 == 3 || (pixel > 90000 && pixel < 120000);
}

/* Rank r has every size-th block of ROUND pixels, the last rank none of the second half. */
static void keep_all(struct mzg_records *records, struct mzg_error *err)
{
    static struct mzg_pixel_record of_pixels[ROUND];
    for (int64_t first = 0, block = 0; first < PIXELS;) {
        for (int rank = 0; rank < mpi_size; rank++) {
            bool has_none = block > PIXELS / ROUND / 2 && rank == mpi_size - 1 && mpi_size > 1;
            int64_t left = PIXELS - first, n = has_none ? 0 : left < ROUND ? left : ROUND;
            for (int64_t i = 0; i < n; i++)
                of_pixels[i] = (struct mzg_pixel_record){
                    .first_spectrum = is_skipped(first + i) ? -1 : 2 * (first + i), .n_points = first + i};
            if (rank == mpi_rank && err->status == MZG_OK)
                mzg_records_keep(records, first, of_pixels, n, err);
            first += n;
            block += n > 0;
        }
    }
}

MPI_TEST(rows, records_are_dealt_by_pieces)
{
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    struct mzg_records records = {0};
    struct mzg_error err = {0};
    int64_t n_rows = 0, row = 0, n_mine = 0, n_wrong = 0;
    keep_all(&records, &err);
    cr_assert(eq(int, err.status, MZG_OK), "%s", err.text);
    cr_assert(eq(int, (int)mzg_records_deal(&records, &context, &n_rows, &err), MZG_OK), "%s", err.text);
    for (int64_t pixel = 0; pixel < PIXELS; pixel++) {
        if (is_skipped(pixel))
            continue;
        int64_t piece = row / 65536;
        if (piece % mpi_size == mpi_rank) {
            const struct mzg_row_record *record = &records.list[n_mine++];
            n_wrong += record->row != row || record->pixel != pixel ||
                       record->of_pixel.first_spectrum != 2 * pixel || record->of_pixel.n_points != pixel;
        }
        row++;
    }
    cr_expect(eq(i64, n_wrong, 0));
    cr_expect(eq(i64, n_rows, row));
    cr_expect(eq(i64, records.n, n_mine));
    cr_expect(eq(i64, mzg_piece_held(n_rows, mpi_size, mpi_rank), n_mine));
    mzg_records_destroy(&records);
}

/* Calls of dealing fail; what keeping fails at, the ranks agree on in mzg_stream() (test_failing_stream.c).
 */
static enum mzg_status try_to_deal(void *fixture, struct mzg_error *err)
{
    struct mzg_records records = {.list = calloc(3, sizeof *records.list), .n = 3, .n_rounds = 1};
    int64_t n_rows = 0;
    records.rows = calloc(1, sizeof *records.rows);
    if (!records.list || !records.rows)
        mzg_fail(err, MZG_ENOMEM, "no memory for the test");
    if (mzg_agree(MPI_COMM_WORLD, err) == MZG_OK) {
        records.rows[0] = 3;
        mzg_records_deal(&records, fixture, &n_rows, err);
    }
    end_failing();
    if (err->status == MZG_OK)
        cr_expect(eq(i64, n_rows, INT64_C(3) * mpi_size));
    mzg_records_destroy(&records);
    return err->status;
}

MPI_TEST(rows, records_that_find_no_memory)
{
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    long wanted = mpi_size > 1 ? 5 : 2;
    cr_expect(ge(long, fail_each_call(MEMORY, mpi_size - 1, 0, try_to_deal, &context), wanted));
}

enum { KEY, VALUE, PLACE, ROWS_OF_LAST = 5000 };

static int64_t count_rows(void)
{
    return (int64_t)(mpi_size - 1) * 65536 + ROWS_OF_LAST;
}

static atomic_int n_foreign; /* rows that this rank was asked for and does not have; workers count them */

static void fill(const void *source, int column, int64_t first, int64_t n, void *values)
{
    if (!source && first / 65536 % mpi_size != mpi_rank)
        n_foreign++;
    for (int64_t i = 0; i < n; i++) {
        int64_t row = first + i;
        if (column == KEY)
            ((int64_t *)values)[i] = 3 * row + 1;
        else if (column == VALUE)
            ((double *)values)[i] =
                row % 70000 < 66000 ? 0 : (double)row / 8; /* a chunk of zeros is left out */
        else
            ((double *)values)[2 * i] = (double)row, ((double *)values)[2 * i + 1] = -(double)row;
    }
}

static const struct mzg_frame_rows all_rows = {.fill = fill};

/* A table whose rows lie on all ranks. */
static void make_table(struct mzg_frame *obs, struct mzg_anndata *table)
{
    *obs = (struct mzg_frame){.n = count_rows(), .rows = &all_rows, .index_of_rows = KEY};
    mzg_frame_add_of_rows(obs, "key", MZG_INT64, KEY);
    mzg_frame_add_category(obs, "region", "pixels");
    mzg_frame_add_of_rows(obs, "value", MZG_FLOAT64, VALUE);
    *table = (struct mzg_anndata){.obs = obs,
                                  .n_obsm = 1,
                                  .obsm = {{.name = "spatial",
                                            .type = MZG_FLOAT64,
                                            .n = obs->n,
                                            .width = 2,
                                            .of_rows = {&all_rows, PLACE}}}};
}

enum { WIDTH = 2100, HEIGHT = 300, CELLS = WIDTH * HEIGHT, DEPTH = 3, SPOTS = 4000 };

/* Pixels in three planes, of which each rank has every size-th. */
struct spots {
    int64_t first, step;
};

static void load_spots(const void *source, int64_t first, int64_t n, const struct mzg_sdata_room *part)
{
    const struct spots *spots = source;
    for (int64_t i = 0; i < n; i++) {
        int64_t spot = spots->first + (first + i) * spots->step, cell = spot * 7919 % CELLS;
        part->position[0][i] = (int32_t)(cell % WIDTH) - 5;
        part->position[1][i] = (int32_t)(cell / WIDTH) + 2;
        part->position[2][i] = (int32_t)(spot * 13 % DEPTH);
        part->instance_key[i] = (int32_t)spot + 1;
        part->tic[i] = (double)(spot * 31 % 997) / 3;
    }
}

static enum mzg_status write_spots(struct mzg_sdata *sdata, bool by_all, struct mzg_error *err)
{
    struct mzg_sdata_geometry geometry = {
        .min = {-5, 2, 0}, .max = {WIDTH - 6, HEIGHT + 1, DEPTH - 1}, .pixel_size = {1, 1, 1}};
    struct spots mine = {.first = mpi_rank, .step = mpi_size}, all = {.first = 0, .step = 1};
    int64_t share = (SPOTS - mpi_rank + mpi_size - 1) / mpi_size;
    struct mzg_sdata_pixels pixels = {.n = by_all          ? share
                                           : mpi_rank == 0 ? SPOTS
                                                           : 0,
                                      .load = load_spots,
                                      .source = by_all ? &mine : &all};
    return mzg_sdata_write_rasters(sdata, &geometry, &pixels, err);
}

struct fixture {
    struct mzg_context context;
    char directory[256], output[300];
};

static struct mzg_sdata *open_store(struct fixture *f, const char *name, struct mzg_error *err)
{
    struct mzg_sdata *sdata = NULL;
    snprintf(f->output, sizeof f->output, "%s/%s.zarr", f->directory, name);
    struct mzg_sdata_options options = {.path = f->output,
                                        .dataset_id = "set",
                                        .overwrite = true,
                                        .codec = {.kind = MZG_CODEC_ZSTD, .level = 1}};
    mzg_sdata_new(&f->context, &options, &sdata, err);
    return sdata;
}

/* All by all ranks. */
static enum mzg_status try_to_write(void *fixture, struct mzg_error *err)
{
    struct fixture *f = fixture;
    struct mzg_frame obs, var = {.index_prefix = "b"};
    struct mzg_anndata table;
    make_table(&obs, &table);
    struct mzg_sdata *sdata = open_store(f, "by_all", err);
    if (err->status == MZG_OK && mzg_sdata_write_rows(sdata, &table, err) == MZG_OK) {
        table.obs = NULL;
        table.var = &var;
        if (mzg_sdata_write_table(sdata, &table, err) == MZG_OK && write_spots(sdata, true, err) == MZG_OK)
            mzg_sdata_finish(sdata, err);
    }
    end_failing();
    mzg_sdata_free(sdata);
    return err->status;
}

/* The same by rank 0, of arrays that stand in memory. */
static void write_alone(struct fixture *f)
{
    struct mzg_error err = {0};
    struct mzg_sdata *sdata = open_store(f, "alone", &err);
    size_t n = (size_t)count_rows();
    int64_t *keys = malloc(n * sizeof *keys);
    double *values = malloc(n * sizeof *values), *places = malloc(2 * n * sizeof *places);
    cr_assert(keys && values && places && err.status == MZG_OK);
    fill(f, KEY, 0, (int64_t)n, keys);
    fill(f, VALUE, 0, (int64_t)n, values);
    fill(f, PLACE, 0, (int64_t)n, places);
    struct mzg_frame obs = {.n = (int64_t)n, .index_numbers = keys}, var = {.index_prefix = "b"};
    mzg_frame_add(&obs, "key", MZG_INT64, keys);
    mzg_frame_add_category(&obs, "region", "pixels");
    mzg_frame_add(&obs, "value", MZG_FLOAT64, values);
    struct mzg_anndata table = {
        .obs = &obs,
        .var = &var,
        .n_obsm = 1,
        .obsm = {{.name = "spatial", .type = MZG_FLOAT64, .n = (int64_t)n, .width = 2, .values = places}}};
    cr_expect(eq(int, (int)mzg_sdata_write_table(sdata, &table, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(int, (int)write_spots(sdata, false, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(int, (int)mzg_sdata_finish(sdata, &err), MZG_OK), "%s", err.text);
    mzg_sdata_free(sdata);
    free(keys);
    free(values);
    free(places);
}

MPI_TEST(rows, give_the_store_that_one_rank_writes)
{
    struct fixture f;
    struct mzg_error err = {0};
    begin_directory(&f.context, 2, f.directory);
    n_foreign = 0;
    cr_assert(eq(int, (int)try_to_write(&f, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(int, (int)n_foreign, 0));
    write_alone(&f);
    MPI_Barrier(MPI_COMM_WORLD);
    if (mpi_rank == 0) {
        char command[600];
        snprintf(command, sizeof command, "cd %s && diff -r by_all.zarr alone.zarr", f.directory);
        cr_expect(eq(int, system(command), 0));
        cr_expect(path_exists(f.directory, "by_all.zarr/tables/set_z0/obs/value/c/0") == (mpi_size > 1));
        cr_expect(path_exists(f.directory, "by_all.zarr/labels/set_z0_pixels/0/c/2/0/1"));
    }
    end_directory(&f.context, f.directory);
}

MPI_TEST(rows, that_cannot_be_written)
{
    struct fixture f;
    begin_directory(&f.context, 1, f.directory);
    cr_expect(ge(long, fail_each_call(MEMORY, mpi_size - 1, 16, try_to_write, &f), 8));
    cr_expect(ge(long, fail_each_call(FILES, mpi_size - 1, 6, try_to_write, &f), 2));
    end_directory(&f.context, f.directory);
}

/* Rank 0 takes some pieces of a file that only it writes, and fails: the rest is dropped, and nobody waits.
 */
MPI_TEST(rows, come_to_rank_0_piece_by_piece)
{
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    struct mzg_row_pieces pieces;
    struct mzg_error err = {0};
    struct mzg_frame obs;
    struct mzg_anndata table;
    make_table(&obs, &table);
    cr_assert(eq(int, (int)mzg_row_pieces_init(&context, &table, &pieces, &err), MZG_OK), "%s", err.text);
    cr_assert(eq(int, pieces.n_columns, 4)); /* the index, two columns, the places */
    n_foreign = 0;
    for (int64_t piece = 0; mpi_rank == 0 && piece < mpi_size; piece++) {
        int64_t n;
        const int64_t *keys = mzg_row_pieces_take(&pieces, &n);
        cr_expect(eq(i64, n, piece == mpi_size - 1 ? ROWS_OF_LAST : 65536));
        cr_expect(eq(i64, keys[0], 3 * piece * 65536 + 1));
        cr_expect(eq(i64, keys[n - 1], 3 * (piece * 65536 + n - 1) + 1));
    }
    mzg_row_pieces_finish(&pieces);
    cr_expect(eq(int, (int)n_foreign, 0));
    mzg_row_pieces_destroy(&pieces);
}

/* A file with the group X alone, and all else of rows that lie on all ranks. */
static enum mzg_status try_to_complete(void *fixture, struct mzg_error *err)
{
    struct fixture *f = fixture;
    struct mzg_frame obs, var = {.index_prefix = "b"};
    struct mzg_anndata table;
    make_table(&obs, &table);
    table.var = &var;
    snprintf(f->output, sizeof f->output, "%s/kept.h5ad", f->directory);
    if (mpi_rank == 0) {
        hid_t file = H5Fcreate(f->output, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        cr_assert(H5Gclose(H5Gcreate2(file, "X", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)) >= 0);
        cr_assert(H5Fclose(file) >= 0);
    }
    mzg_h5ad_complete(&f->context, f->output, &table, err);
    end_failing();
    return err->status;
}

static void expect_values(const char *path)
{
    size_t n = (size_t)count_rows();
    double *values = malloc(n * sizeof *values), *expected = malloc(n * sizeof *expected);
    char *name;
    hsize_t last = n - 1, one = 1;
    cr_assert(values && expected);
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t dataset = H5Dopen2(file, "obs/value", H5P_DEFAULT),
          names = H5Dopen2(file, "obs/_index", H5P_DEFAULT);
    cr_assert(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    fill(path, VALUE, 0, (int64_t)n, expected);
    cr_expect_arr_eq(values, expected, n * sizeof *values);
    hid_t space = H5Dget_space(names), memory = H5Screate_simple(1, &one, NULL), type = H5Dget_type(names);
    cr_assert(H5Sselect_hyperslab(space, H5S_SELECT_SET, &last, NULL, &one, NULL) >= 0);
    cr_assert(H5Dread(names, type, memory, space, H5P_DEFAULT, &name) >= 0);
    cr_expect(eq(i64, strtoll(name, NULL, 10), 3 * ((int64_t)n - 1) + 1));
    H5Dvlen_reclaim(type, memory, H5P_DEFAULT, &name);
    cr_expect(H5Tclose(type) >= 0 && H5Sclose(memory) >= 0 && H5Sclose(space) >= 0);
    cr_expect(H5Dclose(names) >= 0 && H5Dclose(dataset) >= 0 && H5Fclose(file) >= 0);
    free(values);
    free(expected);
}

MPI_TEST(rows, that_cannot_complete_an_h5ad)
{
    struct fixture f;
    struct mzg_error err = {0};
    begin_directory(&f.context, 1, f.directory);
    if (mpi_size > 1)
        cr_expect(ge(long, fail_each_call(MEMORY, mpi_size - 1, 0, try_to_complete, &f), 1)); /* the values */
    cr_assert(eq(int, (int)try_to_complete(&f, &err), MZG_OK), "%s", err.text);
    if (mpi_rank == 0)
        expect_values(f.output);
    end_directory(&f.context, f.directory);
}
