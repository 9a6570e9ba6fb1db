/* indices and indptr of X have one type, int32 or from a number of values on int64, in csc and csr, staged or
 * written as rows come, and in the file of rows that is kept. Files without compression are read as they lie.
 */
#include <hdf5.h>
#include <mpi_directory.h>
#include <spatialdata/direct.h>
#include <spatialdata/matrix.h>
#include <spatialdata/sdata.h>
#include <string.h>

enum { ROWS = 3, COLUMNS = 4, VALUES = 5, INDICES_CHUNK = 1 << 18, INDPTR_CHUNK = 1 << 16 };

/* rows: {0: 1, 2: 2}, {}, {0: 3, 1: 4, 3: 5} */
static const int64_t row_begins[ROWS + 1] = {0, 2, 2, 5}, bins_of_rows[VALUES] = {0, 2, 0, 1, 3};
static const int64_t column_begins[COLUMNS + 1] = {0, 2, 3, 4, 5}, rows_of_columns[VALUES] = {0, 2, 2, 0, 2};

struct fixture {
    char directory[256];
    char output[512], stage[512], scratch[512];
    struct mzg_context context;
    struct mzg_sdata *sdata;
    struct mzg_error err;
};

static void begin(struct fixture *f)
{
    *f = (struct fixture){0};
    begin_directory(&f->context, 2, f->directory);
    snprintf(f->output, sizeof f->output, "%s/out.zarr", f->directory);
    snprintf(f->stage, sizeof f->stage, "%s/stage.h5", f->directory);
    snprintf(f->scratch, sizeof f->scratch, "%s/scratch-%d", f->directory, mpi_rank);
    struct mzg_sdata_options options = {.path = f->output, .dataset_id = "set"};
    cr_assert(eq(int, mzg_sdata_new(&f->context, &options, &f->sdata, &f->err), MZG_OK), "%s", f->err.text);
}

static void end(struct fixture *f)
{
    mzg_sdata_free(f->sdata);
    end_directory(&f->context, f->directory);
}

/* Rank 0 has the first two rows, the last rank the third. */
static struct mzg_staged *stage(struct fixture *f, const struct mzg_sink_kind *kind,
                                const struct mzg_sink_spec *spec)
{
    static int64_t counts[ROWS] = {2, 0, 3};
    static int32_t bins[VALUES] = {0, 2, 0, 1, 3};
    static float values[VALUES] = {1, 2, 3, 4, 5};
    bool first = mpi_rank == 0, last = mpi_rank == mpi_size - 1;
    struct mzg_rows rows = {.n_rows = (first ? 2 : 0) + (last ? 1 : 0),
                            .n_values = (first ? 2 : 0) + (last ? 3 : 0),
                            .row_counts = first ? counts : counts + 2,
                            .bins = first ? bins : bins + 2,
                            .values = first ? values : values + 2};
    struct mzg_sink *sink = NULL;
    struct mzg_staged *staged = NULL;
    cr_assert(eq(int, (int)mzg_sink_open(kind, spec, &sink, &f->err), MZG_OK), "%s", f->err.text);
    cr_assert(eq(int, (int)mzg_sink_append(sink, &rows, &f->err), MZG_OK), "%s", f->err.text);
    cr_assert(eq(int, (int)mzg_sink_seal(&sink, &staged, &f->err), MZG_OK), "%s", f->err.text);
    mzg_sink_close(sink);
    return staged;
}

/* The chunk file, which ends with an index of 20 bytes, has these numbers and zeros behind them. */
static void check_file(struct fixture *f, const char *name, size_t item, int chunk, const int64_t *numbers,
                       int n)
{
    char path[128];
    size_t size = 0;
    snprintf(path, sizeof path, "tables/set_z0/X/%s/c/0", name);
    unsigned char *bytes = read_whole_file(f->sdata->part, path, &size);
    cr_assert_not_null(bytes, "%s", path);
    cr_expect(eq(sz, size, item * (size_t)chunk + 20), "%s", path);
    for (int i = 0; i < 2 * n; i++) {
        int64_t wide = 0;
        memcpy(&wide, bytes + item * (size_t)i, item); /* little-endian, and none is negative */
        cr_expect(eq(i64, wide, i < n ? numbers[i] : 0), "%s: number %d", path, i);
    }
    free(bytes);
}

static void check_store(enum mzg_matrix_layout layout, bool direct, int64_t wide_from, size_t item)
{
    struct fixture f;
    begin(&f);
    struct mzg_matrix_spec matrix = {.layout = layout,
                                     .value_type = MZG_FLOAT32,
                                     .n_columns = COLUMNS,
                                     .most_rows = ROWS + 1,
                                     .most_values = 7,
                                     .wide_from = wide_from};
    const struct mzg_direct_target store = {.sdata = f.sdata, .matrix = matrix, .memory = 1 << 20};
    const struct mzg_sink_spec spec = {.context = &f.context,
                                       .n_columns = COLUMNS,
                                       .value_type = MZG_FLOAT32,
                                       .path = f.stage,
                                       .target = &store};
    int scratch_fd = -1;
    struct mzg_staged *staged = stage(&f, direct ? &mzg_direct_sink : &mzg_hdf5_sink, &spec);
    struct mzg_sdata_matrix writing = {.spec = matrix,
                                       .staged = staged,
                                       .column_begins = column_begins,
                                       .memory = 64 << 20,
                                       .scratch_path = f.scratch,
                                       .scratch_fd = &scratch_fd};
    if (!direct)
        cr_assert(eq(int, (int)mzg_sdata_write_matrix(f.sdata, &writing, &f.err), MZG_OK), "%s", f.err.text);
    mzg_staged_close(staged);
    MPI_Barrier(MPI_COMM_WORLD);
    if (mpi_rank == 0 && layout == MZG_MATRIX_CSC) {
        check_file(&f, "indices", item, INDICES_CHUNK, rows_of_columns, VALUES);
        check_file(&f, "indptr", item, INDPTR_CHUNK, column_begins, COLUMNS + 1);
    } else if (mpi_rank == 0) {
        check_file(&f, "indices", item, INDICES_CHUNK, bins_of_rows, VALUES);
        check_file(&f, "indptr", item, INDPTR_CHUNK, row_begins, ROWS + 1);
    }
    end(&f);
}

MPI_TEST(index_types, of_csc_follow_the_values_that_there_are)
{
    check_store(MZG_MATRIX_CSC, false, 0, 4);
    check_store(MZG_MATRIX_CSC, false, 6, 4);
    check_store(MZG_MATRIX_CSC, false, 5, 8);
}

MPI_TEST(index_types, of_csr_follow_the_values_that_there_may_be)
{
    for (int direct = 0; direct < 2; direct++) {
        check_store(MZG_MATRIX_CSR, direct, 0, 4);
        check_store(MZG_MATRIX_CSR, direct, 8, 4);
        check_store(MZG_MATRIX_CSR, direct, 7, 8);
    }
}

MPI_TEST(index_types, change_at_a_number_that_int32_does_not_hold)
{
    cr_expect(eq(int, mzg_matrix_index_type(INT64_C(2147483647), 0), MZG_INT32));
    cr_expect(eq(int, mzg_matrix_index_type(INT64_C(2147483648), 0), MZG_INT64));
    cr_expect(eq(int, mzg_matrix_index_type(0, 0), MZG_INT32));
}

/* Reads an array of the kept file, and what it takes there. */
static size_t read_array(const char *path, const char *name, int64_t *numbers)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), array = H5Dopen2(file, name, H5P_DEFAULT);
    hid_t type = H5Dget_type(array);
    size_t size = H5Tget_size(type);
    cr_assert(ge(int, H5Dread(array, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers), 0));
    H5Tclose(type);
    H5Dclose(array);
    H5Fclose(file);
    return size;
}

static void check_kept(enum mzg_type type, size_t indices_size, size_t indptr_size)
{
    struct fixture f;
    int64_t numbers[VALUES], begins[ROWS + 1];
    int32_t bins[VALUES];
    begin(&f);
    const struct mzg_sink_spec spec = {.context = &f.context,
                                       .n_columns = COLUMNS,
                                       .value_type = MZG_FLOAT32,
                                       .index_type = type,
                                       .path = f.stage};
    struct mzg_staged *staged = stage(&f, &mzg_hdf5_sink, &spec);
    mzg_staged_read_values(staged, 0, VALUES, bins, NULL, &f.err);
    mzg_staged_read_row_begins(staged, 0, ROWS + 1, begins, &f.err);
    cr_assert(eq(int, (int)f.err.status, MZG_OK), "%s", f.err.text);
    for (int i = 0; i < VALUES; i++)
        cr_expect(eq(i64, bins[i], bins_of_rows[i]));
    cr_expect_arr_eq(begins, row_begins, sizeof begins);
    mzg_staged_close(staged);
    if (mpi_rank == 0) {
        cr_expect(eq(sz, read_array(f.stage, "X/indices", numbers), indices_size));
        cr_expect_arr_eq(numbers, bins_of_rows, sizeof numbers);
        cr_expect(eq(sz, read_array(f.stage, "X/indptr", begins), indptr_size));
        cr_expect_arr_eq(begins, row_begins, sizeof begins);
    }
    end(&f);
}

MPI_TEST(index_types, of_a_kept_file_are_one)
{
    check_kept(MZG_INT32, 4, 4);
    check_kept(MZG_INT64, 8, 8);
    check_kept(MZG_BOOL, 4, 8); /* not kept */
}
