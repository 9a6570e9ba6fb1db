/* Columns merged from blocks that were sorted by column, where buckets and tiles have several columns, parts
 * begin and end in the middle of them, and rows differ in length: against a matrix that is simply looked up.
 */
#include <core/pool.h>
#include <mpi_test.h>
#include <stage/sink.h>
#include <stage/transpose.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS = 150, COLUMNS = 9001, CHUNK = 11, MOST_CHUNK = 30, SPREAD = 37 };

static bool is_full;
static int64_t chunk = CHUNK; /* rows of a block */

/* Unless all is stored: every column has some rows, the first ones all; row 4 is empty. */
static bool stored(int64_t row, int64_t column)
{
    return is_full || (row != 4 && (column < 3 || (row * 31 + column * 17) % SPREAD == 0));
}

static double value_of(int64_t row, int64_t column)
{
    return (double)(row * COLUMNS + column + 1) / 8; /* exact in a float */
}

static void put(void *values, int64_t i, double value, enum mzg_type type)
{
    if (type == MZG_FLOAT64)
        ((double *)values)[i] = value;
    else
        ((float *)values)[i] = (float)value;
}

/* The matrix, appended by all ranks in rounds. */
static struct mzg_staged *fill(const struct mzg_context *context, enum mzg_type type, struct mzg_error *err)
{
    struct mzg_sink *sink = NULL;
    struct mzg_staged *staged = NULL;
    struct mzg_sink_spec spec = {
        .context = context, .n_columns = COLUMNS, .value_type = type, .by_column = true};
    struct mzg_column_sorter *sorter = NULL;
    struct mzg_column_block sorted;
    cr_assert(eq(int, (int)mzg_sink_open(&mzg_memory_sink, &spec, &sink, err), MZG_OK));
    cr_assert(eq(
        int,
        (int)mzg_column_sorter_new(COLUMNS, mzg_type_size(type), mzg_pool_size(context->pool), &sorter, err),
        MZG_OK));
    static int32_t bins[MOST_CHUNK * COLUMNS];
    static double values[MOST_CHUNK * COLUMNS];
    int64_t counts[MOST_CHUNK];
    for (int64_t round = 0; round * chunk * mpi_size < ROWS; round++) {
        struct mzg_rows rows = {.row_counts = counts, .bins = bins, .values = values};
        int64_t first = (round * mpi_size + mpi_rank) * chunk;
        for (int64_t row = first; row < first + chunk && row < ROWS; row++) {
            int64_t before = rows.n_values;
            for (int32_t column = 0; column < COLUMNS; column++) {
                if (!stored(row, column))
                    continue;
                bins[rows.n_values] = column;
                put(values, rows.n_values++, value_of(row, column), type);
            }
            counts[rows.n_rows++] = rows.n_values - before;
        }
        cr_assert(eq(int, (int)mzg_column_sort(sorter, &rows, context->pool, &sorted, err), MZG_OK));
        rows.by_column = &sorted;
        cr_assert(eq(int, (int)mzg_sink_append(sink, &rows, err), MZG_OK));
        if (round == 1)
            mzg_column_sorter_trim(sorter);
    }
    mzg_column_sorter_free(sorter);
    cr_assert(eq(int, (int)mzg_sink_seal(&sink, &staged, err), MZG_OK));
    mzg_sink_close(sink);
    return staged;
}

/* Where the next value is looked for, and how many were not it. */
struct taken {
    int64_t next, row, column, n_wrong;
    enum mzg_type type;
};

static enum mzg_status take(void *context, const struct mzg_column_values *part, struct mzg_error *err)
{
    struct taken *t = context;
    t->n_wrong += part->first != t->next;
    for (int64_t i = 0; i < part->n; i++, t->row++) {
        while (t->column < COLUMNS && !stored(t->row, t->column)) {
            if (++t->row == ROWS) {
                t->row = 0;
                t->column++;
            }
        }
        double value = mzg_value_at(part->values, i, t->type == MZG_FLOAT64);
        t->n_wrong += part->rows[i] != t->row;
        t->n_wrong += value != value_of(t->row, t->column);
        if (t->row + 1 == ROWS) {
            t->row = -1;
            t->column++;
        }
    }
    t->next += part->n;
    return err->status;
}

/* The matrix, and what each rank takes of it. */
struct fixture {
    struct mzg_context context;
    struct mzg_error err;
    struct mzg_staged *staged;
    int64_t *column_begins;
    int64_t first_column;
    struct mzg_transpose_options options;
};

static void begin(struct fixture *f, enum mzg_type type, int threads)
{
    *f = (struct fixture){.context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size}};
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_WORLD, threads, &f->context.pool, &f->err), MZG_OK));
    f->staged = fill(&f->context, type, &f->err);
    int64_t *begins = f->column_begins = calloc(COLUMNS + 1, sizeof *begins);
    for (int64_t column = 0; column < COLUMNS; column++) {
        begins[column + 1] = begins[column];
        for (int64_t row = 0; row < ROWS; row++)
            begins[column + 1] += stored(row, column);
    }
    f->first_column = COLUMNS * (int64_t)mpi_rank / mpi_size;
    int64_t first = begins[f->first_column], end = begins[COLUMNS * (int64_t)(mpi_rank + 1) / mpi_size];
    f->options = (struct mzg_transpose_options){.column_begins = begins, .first = first, .n = end - first};
}

static void end(struct fixture *f)
{
    free(f->column_begins);
    mzg_staged_close(f->staged);
    mzg_pool_free(f->context.pool);
}

static void check_parts(struct fixture *f, int64_t part_values)
{
    struct taken taken = {.next = f->options.first, .column = f->first_column, .type = f->staged->value_type};
    f->options.part_values = part_values;
    cr_expect(eq(int, (int)mzg_staged_transpose(f->staged, &f->options, take, &taken, &f->err), MZG_OK));
    cr_expect(eq(i64, taken.next, f->options.first + f->options.n));
    cr_expect(eq(i64, taken.n_wrong, 0));
}

static void check(enum mzg_type type, int threads)
{
    struct fixture f;
    begin(&f, type, threads);
    int64_t n = f.column_begins[COLUMNS];
    const int64_t part_values[] = {n, n / 3 + 1, 4099, 7};
    for (size_t i = 0; i < sizeof part_values / sizeof *part_values; i++)
        check_parts(&f, part_values[i]);
    end(&f);
}

MPI_TEST(merge, floats_arrive_in_column_order)
{
    check(MZG_FLOAT32, 1);
    check(MZG_FLOAT32, 3);
}

MPI_TEST(merge, doubles_arrive_in_column_order)
{
    check(MZG_FLOAT64, 1);
    check(MZG_FLOAT64, 2);
}

/* The memory of what is mapped at `address`. */
static int64_t memory_at(const void *address)
{
    char line[256];
    int64_t kilobytes = -1;
    bool is_inside = false;
    FILE *file = fopen("/proc/self/smaps", "r");
    cr_assert_not_null(file);
    while (kilobytes < 0 && fgets(line, sizeof line, file)) {
        unsigned long begin, end;
        if (sscanf(line, "%lx-%lx ", &begin, &end) == 2)
            is_inside = (uintptr_t)address >= begin && (uintptr_t)address < end;
        else if (is_inside && strncmp(line, "Rss:", 4) == 0)
            kilobytes = strtoll(line + 4, NULL, 10);
    }
    fclose(file);
    return kilobytes * 1024;
}

/* The memory that the rows of this rank take; one rank alone has no file of them. */
static int64_t memory_of_rows(const struct mzg_staged *staged)
{
    int64_t bytes = 0;
    if (mpi_size == 1)
        return memory_at(staged->blocks[0].row_counts);
    DIR *fds = opendir("/proc/self/fd");
    cr_assert_not_null(fds);
    for (const struct dirent *entry; (entry = readdir(fds));) {
        char target[256] = "";
        struct stat status;
        int fd = atoi(entry->d_name);
        if (readlinkat(dirfd(fds), entry->d_name, target, sizeof target - 1) > 0 &&
            strstr(target, "mzgrid-stage") && fstat(fd, &status) == 0)
            bytes += (int64_t)status.st_blocks * 512;
    }
    closedir(fds);
    return bytes;
}

/* While other ranks still read what lies beside it. */
static void check_giving_back(enum mzg_type type, int threads)
{
    struct fixture f;
    is_full = true;
    begin(&f, type, threads);
    int64_t before = memory_of_rows(f.staged), most = f.staged->memory;
    cr_expect(before >= most - most / 8, "%ld of %ld bytes", before, most);
    check_parts(&f, f.options.n / 4 + 1);
    MPI_Barrier(MPI_COMM_WORLD);
    cr_expect(gt(i64, memory_of_rows(f.staged), before / 2));
    MPI_Barrier(MPI_COMM_WORLD);
    f.options.is_last = true;
    check_parts(&f, f.options.n / 4 + 1);
    MPI_Barrier(MPI_COMM_WORLD);
    cr_expect(lt(i64, memory_of_rows(f.staged), before / 2));
    MPI_Barrier(MPI_COMM_WORLD);
    end(&f);
    is_full = false;
}

MPI_TEST(merge, what_was_taken_for_the_last_time_is_given_back)
{
    check_giving_back(MZG_FLOAT32, 1);
    check_giving_back(MZG_FLOAT64, 2);
}

/* Each of many ranks takes little of a block, and all of them together all of it. */
MPI_TEST(merge, what_many_ranks_take_is_given_back)
{
    enum { SHARES = 20 };
    struct fixture f;
    is_full = true;
    chunk = MOST_CHUNK;
    begin(&f, MZG_FLOAT32, 1);
    f.options.is_last = true;
    int64_t before = memory_of_rows(f.staged);
    for (int64_t share = mpi_rank; share < SHARES; share += mpi_size) {
        f.first_column = COLUMNS * share / SHARES;
        f.options.first = f.column_begins[f.first_column];
        f.options.n = f.column_begins[COLUMNS * (share + 1) / SHARES] - f.options.first;
        check_parts(&f, f.options.n);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    cr_expect(lt(i64, memory_of_rows(f.staged), before / 2));
    MPI_Barrier(MPI_COMM_WORLD);
    end(&f);
    is_full = false;
    chunk = CHUNK;
}

MPI_TEST(merge, of_too_many_rows_is_refused)
{
    struct mzg_error err = {0};
    struct mzg_pool *pool = NULL;
    struct mzg_column_sorter *sorter = NULL;
    struct mzg_column_block sorted;
    struct mzg_rows rows = {.n_rows = MZG_COLUMN_BLOCK_ROWS + 1};
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_WORLD, 1, &pool, &err), MZG_OK));
    cr_assert(eq(int, (int)mzg_column_sorter_new(3, sizeof(float), 1, &sorter, &err), MZG_OK));
    cr_expect(eq(int, (int)mzg_column_sort(sorter, &rows, pool, &sorted, &err), MZG_EUSAGE));
    cr_expect(ne(ptr, strstr(err.text, "65536 rows"), NULL));
    mzg_column_sorter_free(sorter);
    mzg_pool_free(pool);
}
