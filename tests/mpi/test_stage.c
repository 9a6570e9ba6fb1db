/*
 * Stages and the transposition: what is appended by any number of ranks, in rounds of unequal size, with
 * empty rows, is read back in order, and arrives column by column; whether the stage is an HDF5 file, memory
 * in either order, or moves from memory to a file half way.
 */
#include <core/agree.h>
#include <stage/sink.h>
#include <stage/transpose.h>
#include <stage_fixture.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 60, COLUMNS = 17, CHUNK = 3 };

/* The matrix: value (row, column) is stored where row * 7 + column * 3 is a multiple of 4, in rows that are
 * not empty. */
static bool stored(int64_t row, int64_t column)
{
    return row % 5 != 2 && (row * 7 + column * 3) % 4 == 0;
}

/* A double that a float would round. */
static double value_of(int64_t row, int64_t column)
{
    return (double)(row * 100 + column + 1) + 1.0 / 3;
}

/* That value as a stage of `type` holds it. */
static double stored_value(int64_t row, int64_t column, enum mzg_type type)
{
    double value = value_of(row, column);
    return type == MZG_FLOAT64 ? value : (double)(float)value;
}

static void put_value(void *values, int64_t i, double value, enum mzg_type type)
{
    if (type == MZG_FLOAT64)
        ((double *)values)[i] = value;
    else
        ((float *)values)[i] = (float)value;
}

static const enum mzg_type types[] = {MZG_FLOAT32, MZG_FLOAT64};

enum kind { HDF5, MEMORY, COLUMNS_IN_MEMORY, SPILLING, SPILLING_COLUMNS, KINDS };

/* Rows first .. first + n - 1 of the matrix. */
static void fill_rows(int64_t first, int64_t n, enum mzg_type type, struct mzg_rows *rows)
{
    rows->n_rows = n;
    rows->n_values = 0;
    for (int64_t i = 0; i < n; i++) {
        rows->row_counts[i] = 0;
        for (int32_t column = 0; column < COLUMNS; column++) {
            if (!stored(first + i, column))
                continue;
            rows->bins[rows->n_values] = column;
            put_value(rows->values, rows->n_values++, value_of(first + i, column), type);
            rows->row_counts[i]++;
        }
    }
}

static struct mzg_sink *new_sink(struct fixture *f, enum kind kind, enum mzg_type type, int64_t n_columns)
{
    struct mzg_sink *sink = NULL;
    const struct mzg_sink_spec spec = {.context = &f->context,
                                       .n_columns = n_columns,
                                       .value_type = type,
                                       .by_column = kind == COLUMNS_IN_MEMORY || kind == SPILLING_COLUMNS,
                                       .path = f->path,
                                       .most_bytes = kind >= SPILLING ? 1500 : 0};
    enum mzg_status status =
        mzg_sink_open(kind == HDF5 ? &mzg_hdf5_sink : &mzg_memory_sink, &spec, &sink, &f->err);
    cr_assert(eq(int, (int)status, MZG_OK), "%s", f->err.text);
    return sink;
}

/* Appends rows of all ranks, and moves them to the file when they outgrow their memory. */
static enum mzg_status append(struct fixture *f, struct mzg_sink **sink, const struct mzg_rows *rows)
{
    bool local = (*sink)->kind->local;
    int64_t expected = (*sink)->bytes + mzg_sink_bytes_of_rows(*sink, rows);
    mzg_sink_append(*sink, rows, &f->err);
    cr_expect(eq(i64, (*sink)->bytes, expected));
    MPI_Allreduce(MPI_IN_PLACE, &expected, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    cr_expect(local || expected == 0);
    if (mzg_agree(MPI_COMM_WORLD, &f->err) == MZG_OK && mzg_sink_is_outgrown(*sink, expected)) {
        mzg_sink_move(sink, &f->err);
        cr_expect(eq(int, (*sink)->kind->local, false));
    }
    return f->err.status;
}

static struct mzg_staged *fill_stage(struct fixture *f, enum kind kind, enum mzg_type type)
{
    struct mzg_sink *sink = new_sink(f, kind, type, COLUMNS);
    struct mzg_staged *staged = NULL;
    int64_t counts[CHUNK];
    int32_t bins[CHUNK * COLUMNS];
    double values[CHUNK * COLUMNS];
    struct mzg_rows rows = {.row_counts = counts, .bins = bins, .values = values};
    bool ever_by_column = sink->spec.by_column;
    struct mzg_column_sorter *sorter = NULL;
    struct mzg_column_block sorted;
    mzg_column_sorter_new(COLUMNS, mzg_type_size(type), mzg_pool_size(f->context.pool), &sorter, &f->err);
    for (int64_t round = 0; round * CHUNK * mpi_size < ROWS; round++) {
        int64_t first = (round * mpi_size + mpi_rank) * CHUNK;
        int64_t n = ROWS - first < CHUNK ? ROWS - first : CHUNK;
        fill_rows(first, n > 0 ? n : 0, type, &rows);
        if (sink->spec.by_column) {
            cr_expect(
                eq(int, (int)mzg_column_sort(sorter, &rows, f->context.pool, &sorted, &f->err), MZG_OK));
            rows.by_column = &sorted;
        }
        cr_expect(eq(int, (int)append(f, &sink, &rows), MZG_OK));
    }
    mzg_column_sorter_free(sorter);
    cr_expect(eq(int, ever_by_column && !sink->spec.by_column, kind == SPILLING_COLUMNS));
    cr_expect(eq(int, sink->kind->local, kind == MEMORY || kind == COLUMNS_IN_MEMORY));
    cr_expect(eq(int, (int)mzg_sink_seal(&sink, &staged, &f->err), MZG_OK), "%s", f->err.text);
    mzg_sink_close(sink);
    cr_expect(eq(i64, staged->n_rows, ROWS));
    return staged;
}

static void check_rows_of(enum kind kind, enum mzg_type type, const char *name)
{
    struct fixture f;
    begin(&f, name);
    struct mzg_staged *staged = fill_stage(&f, kind, type);

    int64_t begins[ROWS + 1];
    static int32_t bins[ROWS * COLUMNS];
    static double space[ROWS * COLUMNS];
    char *values = (char *)space;
    int64_t size = mzg_type_size(type);
    for (int64_t first = 0; first <= ROWS; first += 7) { /* in parts that begin anywhere */
        int64_t n = ROWS + 1 - first < 7 ? ROWS + 1 - first : 7;
        cr_expect(eq(int, (int)mzg_staged_read_row_begins(staged, first, n, begins + first, &f.err), MZG_OK));
    }
    int64_t parts[] = {0, 1, staged->n_values / 3, staged->n_values / 3 + 2, staged->n_values};
    for (int part = 0; part < 4; part++) { /* within a row, a block, and over many */
        int64_t first = parts[part], n = parts[part + 1] - first;
        cr_expect(eq(
            int, (int)mzg_staged_read_values(staged, first, n, bins + first, values + first * size, &f.err),
            MZG_OK));
    }
    int64_t i = 0;
    for (int64_t row = 0; row < ROWS; row++) {
        cr_expect(eq(i64, begins[row], i));
        for (int32_t column = 0; column < COLUMNS; column++) {
            if (!stored(row, column))
                continue;
            cr_expect(eq(i32, bins[i], column));
            double value = mzg_value_at(values, i, type == MZG_FLOAT64);
            cr_expect(eq(dbl, value, stored_value(row, column, type)));
            i++;
        }
    }
    cr_expect(eq(i64, begins[ROWS], i));
    cr_expect(eq(i64, staged->n_values, i));
    mzg_staged_close(staged);
    end(&f);
}

static void check_rows(enum kind kind, const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        check_rows_of(kind, types[i], name);
}

MPI_TEST(stage, rows_are_read_back_from_hdf5)
{
    check_rows(HDF5, "rows");
}

MPI_TEST(stage, rows_are_read_back_from_memory)
{
    check_rows(MEMORY, "rows-memory");
}

MPI_TEST(stage, rows_are_read_back_from_columns_in_memory)
{
    check_rows(COLUMNS_IN_MEMORY, "rows-columns");
}

MPI_TEST(stage, rows_are_read_back_after_moving_to_hdf5)
{
    check_rows(SPILLING, "rows-spilling");
    check_rows(SPILLING_COLUMNS, "rows-spilling");
}

/* What a rank wants, value by value, and how far it has got it. */
struct taken {
    int64_t next;
    const int32_t *expected_rows;
    const double *expected_values;
    enum mzg_type type;
    bool fails;
};

static enum mzg_status take_part(void *context, const struct mzg_column_values *part, struct mzg_error *err)
{
    struct taken *taken = context;
    if (taken->fails)
        return mzg_fail(err, MZG_EIO, "cannot take it");
    cr_expect(eq(i64, part->first, taken->next));
    for (int64_t i = 0; i < part->n; i++) {
        cr_expect(eq(i32, part->rows[i], taken->expected_rows[part->first + i]));
        double value = mzg_value_at(part->values, i, taken->type == MZG_FLOAT64);
        cr_expect(eq(dbl, value, taken->expected_values[part->first + i]));
    }
    taken->next += part->n;
    return err->status;
}

/* What the columns hold, and where they begin; returns how many values. */
static int64_t expect_columns(enum mzg_type type, int64_t *column_begins, int32_t *rows, double *values)
{
    int64_t n = 0;
    for (int64_t column = 0; column < COLUMNS; column++) {
        column_begins[column] = n;
        for (int32_t row = 0; row < ROWS; row++) {
            if (!stored(row, column))
                continue;
            rows[n] = row;
            values[n++] = stored_value(row, column, type);
        }
    }
    column_begins[COLUMNS] = n;
    return n;
}

static void check_columns_of(enum kind kind, enum mzg_type type, const char *name)
{
    struct fixture f;
    begin(&f, name);
    struct mzg_staged *staged = fill_stage(&f, kind, type);

    int64_t column_begins[COLUMNS + 1] = {0};
    static int32_t expected_rows[ROWS * COLUMNS];
    static double expected_values[ROWS * COLUMNS];
    int64_t n = expect_columns(type, column_begins, expected_rows, expected_values);
    struct mzg_transpose_options options = {.column_begins = column_begins, .scratch_path = f.path};
    char scratch[sizeof f.path + 32];
    snprintf(scratch, sizeof scratch, "%s.columns-%d", f.path, mpi_rank);
    options.scratch_path = scratch;

    /* Borders in the middle of columns; the last rank takes the rest, overlapping its neighbour. */
    int64_t share = n / mpi_size;
    options.first = mpi_rank * share;
    options.n = share;
    if (mpi_rank == mpi_size - 1) {
        options.first = mpi_rank > 0 ? options.first - 5 : 0;
        options.n = n - options.first;
    }
    struct taken taken = {.expected_rows = expected_rows, .expected_values = expected_values, .type = type};
    for (options.most_values = 1; options.most_values <= n;
         options.most_values = 3 * options.most_values + 1) {
        options.part_values = options.most_values % 7 == 0 ? options.most_values / 7 : options.most_values;
        taken.next = options.first;
        cr_expect(eq(int, (int)mzg_staged_transpose(staged, &options, take_part, &taken, &f.err), MZG_OK));
        cr_expect(eq(i64, taken.next, options.first + options.n));
        cr_expect(eq(int, access(scratch, F_OK), -1));
    }

    if (mpi_rank == 0) /* one rank wants nothing */
        options.n = 0;
    options.most_values = options.part_values = n;
    taken.next = options.first;
    cr_expect(eq(int, (int)mzg_staged_transpose(staged, &options, take_part, &taken, &f.err), MZG_OK));
    cr_expect(eq(i64, taken.next, options.first + options.n));

    if (mpi_rank == mpi_size - 1) { /* the last rank alone cannot take what it gets, */
        taken.fails = true;
        options.n = n - options.first;
    }
    taken.next = options.first;
    cr_expect(eq(int, (int)mzg_staged_transpose(staged, &options, take_part, &taken, &f.err), MZG_EIO));
    cr_expect(ne(ptr, strstr(f.err.text, "cannot take it"), NULL));
    taken.fails = false;

    f.err = (struct mzg_error){0};
    if (mpi_rank == mpi_size - 1) /* or cannot make its file, which columns in memory do without */
        options = (struct mzg_transpose_options){.column_begins = column_begins,
                                                 .n = n,
                                                 .part_values = 2,
                                                 .most_values = 2,
                                                 .scratch_path = "/nonexistent/scratch"};
    taken.next = options.first;
    enum mzg_status expected = kind == COLUMNS_IN_MEMORY ? MZG_OK : MZG_EIO;
    cr_expect(eq(int, (int)mzg_staged_transpose(staged, &options, take_part, &taken, &f.err), (int)expected));
    cr_expect(eq(int, strstr(f.err.text, "/nonexistent/scratch") != NULL, expected != MZG_OK));
    f.err = (struct mzg_error){0};
    mzg_staged_close(staged);
    end(&f);
}

static void check_columns(enum kind kind, const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        check_columns_of(kind, types[i], name);
}

MPI_TEST(stage, columns_arrive_in_order_from_hdf5)
{
    check_columns(HDF5, "columns");
}

MPI_TEST(stage, columns_arrive_in_order_from_memory)
{
    check_columns(MEMORY, "columns-memory");
    check_columns(COLUMNS_IN_MEMORY, "columns-memory");
}

MPI_TEST(stage, without_values_is_readable)
{
    for (enum kind kind = HDF5; kind < KINDS; kind++) {
        struct fixture f;
        begin(&f, "empty");
        struct mzg_sink *sink = new_sink(&f, kind, MZG_FLOAT32, 4);
        struct mzg_staged *staged = NULL;
        int64_t counts[2] = {0, 0};
        struct mzg_rows rows = {.n_rows = mpi_rank == mpi_size - 1 ? 2 : 0, .row_counts = counts};
        const int64_t bucket_begins[5] = {0};
        const uint16_t column_counts[4] = {0};
        const struct mzg_column_block sorted = {
            .n_columns = 4, .bucket_begins = bucket_begins, .column_counts = column_counts};
        if (sink->spec.by_column)
            rows.by_column = &sorted;
        cr_expect(eq(int, (int)mzg_sink_append(sink, &rows, &f.err), MZG_OK));
        cr_expect(eq(int, (int)mzg_sink_seal(&sink, &staged, &f.err), MZG_OK));
        int64_t begins[3] = {-1, -1, -1};
        cr_expect(eq(int, (int)mzg_staged_read_row_begins(staged, 0, 3, begins, &f.err), MZG_OK));
        cr_expect(eq(i64, begins[0] + begins[1] + begins[2], 0));

        int64_t column_begins[5] = {0};
        struct mzg_transpose_options nothing = {
            .column_begins = column_begins, .part_values = 1, .most_values = 1};
        cr_expect(eq(int, (int)mzg_staged_transpose(staged, &nothing, take_part, NULL, &f.err), MZG_OK));
        mzg_staged_close(staged);
        mzg_sink_close(sink);
        end(&f);
    }
}
