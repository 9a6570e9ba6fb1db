/* X on several ranks: how many files it has, whatever its shape, and that a failure of one rank reaches all
 * while rows are written as they come. Its content is read by test_layouts.py. */
#include <mpi_directory.h>
#include <spatialdata/direct.h>
#include <spatialdata/matrix_arrays.h>
#include <spatialdata/sdata.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    char directory[256];
    char output[512];
    struct mzg_context context;
    struct mzg_sdata *sdata;
    struct mzg_error err;
};

static void begin(struct fixture *f)
{
    *f = (struct fixture){0};
    begin_directory(&f->context, 1, f->directory);
    snprintf(f->output, sizeof f->output, "%s/out.zarr", f->directory);
    struct mzg_sdata_options options = {.path = f->output, .dataset_id = "set"};
    cr_assert(eq(int, mzg_sdata_new(&f->context, &options, &f->sdata, &f->err), MZG_OK), "%s", f->err.text);
}

static void end(struct fixture *f)
{
    mzg_sdata_free(f->sdata);
    end_directory(&f->context, f->directory);
}

/* The files of a matrix with `n_values` values, of the `most_values` that were expected. */
static int64_t files_of(enum mzg_matrix_layout layout, enum mzg_type type, int64_t n_rows, int64_t n_columns,
                        int64_t n_values, int64_t most_values)
{
    struct fixture f;
    struct mzg_matrix_arrays x;
    struct mzg_matrix_spec spec = {.layout = layout,
                                   .value_type = type,
                                   .n_columns = n_columns,
                                   .most_rows = n_rows,
                                   .most_values = most_values};
    begin(&f);
    enum mzg_status status = mzg_matrix_arrays_declare(f.sdata, &spec, n_rows, n_values, &x, &f.err);
    cr_assert(eq(int, (int)status, MZG_OK), "%s", f.err.text);
    int64_t files = 0;
    for (int a = 0; a < x.n_arrays; a++)
        files += mzg_zarr_array_files(x.arrays[a]);
    end(&f);
    return files;
}

MPI_TEST(matrix, has_fewer_than_1000_files_below_100_gb)
{
    static const int64_t columns[] = {1, 7, 1000, 5000, 100000, 982069, 1900000, 30000000, 2147483647};
    static const enum mzg_type types[] = {MZG_FLOAT32, MZG_FLOAT64};
    if (mpi_size > 1)
        return; /* the shapes know of no ranks */
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        for (size_t t = 0; t < 2; t++) {
            int64_t size = mzg_type_size(types[t]);
            int64_t rows = INT64_C(100000000000) / (columns[i] * size);
            rows = rows < 1 ? 1 : rows > 100000000 ? 100000000 : rows;
            int64_t files = files_of(MZG_MATRIX_DENSE, types[t], rows, columns[i], 0, rows * columns[i]);
            cr_expect(lt(i64, files, 1000), "%lld rows, %lld columns", (long long)rows,
                      (long long)columns[i]);
        }
    }
    for (int64_t values = 1000; values <= INT64_C(12500000000); values *= 5) {
        cr_expect(lt(i64, files_of(MZG_MATRIX_CSC, MZG_FLOAT32, 1000000, 100000, values, INT64_MAX), 1000));
        for (int64_t more = 1; more <= 1000; more *= 10)
            cr_expect(
                lt(i64, files_of(MZG_MATRIX_CSR, MZG_FLOAT32, 1000000, 100000, values, values * more), 1000));
    }
}

MPI_TEST(matrix, has_files_for_many_ranks)
{
    cr_expect(ge(i64, files_of(MZG_MATRIX_CSC, MZG_FLOAT32, 40000, 100000, 60000000, 60000000), 2 * 50));
    cr_expect(ge(i64, files_of(MZG_MATRIX_CSR, MZG_FLOAT32, 40000, 100000, 55000000, 60000000), 2 * 50));
    cr_expect(ge(i64, files_of(MZG_MATRIX_DENSE, MZG_FLOAT32, 10000, 50000, 0, 0), 14));
    cr_expect(ge(i64, files_of(MZG_MATRIX_DENSE, MZG_FLOAT32, 10000, 2000, 0, 0), 40));
}

enum { ROWS = 700, COLUMNS = 1200, CHUNK = 1 << 18 };

/* Each rank appends some full rows at a time; returns what came of it. */
static enum mzg_status append_rows(struct mzg_sink *sink, struct mzg_staged **staged, struct mzg_error *err)
{
    static int64_t counts[ROWS];
    static int32_t bins[ROWS * COLUMNS];
    static float values[ROWS * COLUMNS];
    struct mzg_rows rows = {.row_counts = counts, .bins = bins, .values = values};
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        counts[i / COLUMNS] = COLUMNS;
        bins[i] = i % COLUMNS;
    }
    for (int64_t left = ROWS; left > 0 && err->status == MZG_OK;) {
        bool last = left < 35 * mpi_size; /* rank 0 has all of them */
        rows.n_rows = last ? (mpi_rank == 0 ? left : 0) : 35;
        rows.n_values = rows.n_rows * COLUMNS;
        for (int64_t i = 0; i < rows.n_values; i++)
            values[i] = (float)((ROWS - left + 35 * mpi_rank) * COLUMNS + i + 1);
        mzg_sink_append(sink, &rows, err);
        left = last ? 0 : left - 35 * mpi_size;
    }
    return err->status == MZG_OK ? mzg_sink_seal(&sink, staged, err) : err->status;
}

static enum mzg_status open_sink(struct fixture *f, const struct mzg_matrix_spec *matrix,
                                 struct mzg_sink **sink)
{
    const struct mzg_direct_target store = {.sdata = f->sdata, .matrix = *matrix, .memory = 1 << 20};
    const struct mzg_sink_spec spec = {.context = &f->context,
                                       .n_columns = matrix->n_columns,
                                       .value_type = matrix->value_type,
                                       .target = &store};
    return mzg_sink_open(&mzg_direct_sink, &spec, sink, &f->err);
}

/* A shard belongs to one rank alone, which finds a directory where its file should be. */
static void check_failure(enum mzg_matrix_layout layout, const char *directory, int64_t shard,
                          int64_t n_shards)
{
    struct fixture f;
    struct mzg_sink *sink = NULL;
    struct mzg_staged *staged = NULL;
    struct mzg_matrix_spec spec = {.layout = layout,
                                   .value_type = MZG_FLOAT32,
                                   .n_columns = COLUMNS,
                                   .most_rows = ROWS,
                                   .most_values = ROWS * COLUMNS};
    begin(&f);
    cr_assert(lt(i64, shard, n_shards));
    if (mpi_rank == 0) {
        char path[1024], command[1100];
        snprintf(path, sizeof path, directory, f.sdata->part, (int)shard);
        snprintf(command, sizeof command, "mkdir -p %s", path);
        cr_assert(eq(int, system(command), 0));
    }
    MPI_Barrier(MPI_COMM_WORLD);
    enum mzg_status status = open_sink(&f, &spec, &sink);
    cr_assert(eq(int, (int)status, MZG_OK), "%s", f.err.text);
    cr_expect(eq(int, (int)append_rows(sink, &staged, &f.err), MZG_EIO));
    cr_expect_not_null(strstr(f.err.text, "/X/"), "%s", f.err.text);
    mzg_staged_close(staged);
    mzg_sink_close(sink);
    end(&f);
}

MPI_TEST(matrix, failure_of_last_rank_reaches_all_in_csr)
{
    check_failure(MZG_MATRIX_CSR, "%s/tables/set_z0/X/indices/c/%d", mpi_size - 1, 4);
}

MPI_TEST(matrix, failure_to_write_where_rows_end_reaches_all)
{
    check_failure(MZG_MATRIX_CSR, "%s/tables/set_z0/X/indptr/c/%d", 0, 1);
}

MPI_TEST(matrix, failure_of_last_rank_reaches_all_in_dense)
{
    check_failure(MZG_MATRIX_DENSE, "%s/tables/set_z0/X/c/%d/0", mpi_size - 1, 6);
}

MPI_TEST(matrix, is_written_as_rows_come)
{
    struct fixture f;
    struct mzg_sink *sink = NULL;
    struct mzg_staged *staged = NULL;
    struct mzg_matrix_spec spec = {.layout = MZG_MATRIX_CSR,
                                   .value_type = MZG_FLOAT32,
                                   .n_columns = COLUMNS,
                                   .most_rows = ROWS,
                                   .most_values = ROWS * COLUMNS};
    begin(&f);
    enum mzg_status status = open_sink(&f, &spec, &sink);
    cr_assert(eq(int, (int)status, MZG_OK), "%s", f.err.text);
    cr_expect(eq(int, (int)append_rows(sink, &staged, &f.err), MZG_OK), "%s", f.err.text);
    cr_expect(eq(i64, staged->n_values, ROWS * COLUMNS));
    mzg_staged_close(staged);
    mzg_sink_close(sink);
    MPI_Barrier(MPI_COMM_WORLD);
    /* without compression each shard is one chunk of 262144 values, the last one padded, and its index of 20
     * bytes */
    for (int shard = 0; shard < 4 && mpi_rank == 0; shard++) {
        char name[128];
        size_t size = 0;
        snprintf(name, sizeof name, "tables/set_z0/X/data/c/%d", shard);
        unsigned char *bytes = read_whole_file(f.sdata->part, name, &size);
        cr_assert_not_null(bytes, "%s", name);
        cr_expect(eq(sz, size, 4 * CHUNK + 20));
        for (int i = 0; i < CHUNK; i++) {
            float value;
            int number = shard * CHUNK + i;
            memcpy(&value, bytes + 4 * i, sizeof value);
            cr_assert(eq(flt, value, number < ROWS * COLUMNS ? (float)number + 1 : 0));
        }
        free(bytes);
    }
    end(&f);
}
