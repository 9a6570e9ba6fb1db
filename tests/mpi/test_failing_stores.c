/*
 * Work on stores that stand, merging, feature tables and exports, and validation, in which one rank is denied
 * memory or a file (failing_calls.h). All ranks end with the same error, the stores are as before, nothing is
 * left.
 */
#include <failing_calls.h>
#include <mpi_directory.h>
#include <mzgrid/convert.h>
#include <mzgrid/peaks.h>
#include <mzgrid/validate.h>
#include <run/export.h>
#include <run/merge.h>
#include <synthetic/synthetic.h>

#include <ftw.h>
#include <jansson.h>
#include <unistd.h>

enum { MOST = 5 }; /* attempts: each takes a while */

struct fixture {
    struct mzg_context context;
    char directory[256], liver[300], kidney[300], study[300];
    bool concat; /* of an export: processed */
};

static void make_store(struct fixture *f, const char *input, const char *output)
{
    struct mzg_convert_options options;
    struct mzg_convert_outcome outcome = {.size = sizeof outcome};
    struct mzg_error err = {0};
    mzg_convert_defaults(&options);
    options.input = input;
    options.output = output;
    options.dataset_id = strstr(output, "liver") ? "liver" : "kidney";
    options.axis_type_auto = false;
    options.axis =
        (struct mzg_axis_spec){.type = MZG_AXIS_CONSTANT, .min_mz = 100, .max_mz = 1200, .bins = 300};
    mzg_convert(&f->context, &options, NULL, &outcome, &err);
    cr_assert(eq(int, (int)err.status, MZG_OK), "%s", err.text);
}

static void begin(struct fixture *f)
{
    json_set_alloc_funcs(malloc, free); /* so that its memory is counted, too */
    *f = (struct fixture){0};
    begin_directory(&f->context, 2, f->directory);
    snprintf(f->liver, sizeof f->liver, "%s/liver.zarr", f->directory);
    snprintf(f->kidney, sizeof f->kidney, "%s/kidney.zarr", f->directory);
    snprintf(f->study, sizeof f->study, "%s/study.zarr", f->directory);
    make_store(f, "synthetic:8x6:60:centroid:1:full", f->liver);
    make_store(f, "synthetic:5x4:60:centroid:2:full", f->kidney);
}

static void end(struct fixture *f)
{
    end_directory(&f->context, f->directory);
}

static int64_t n_entries;

static int count_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)path;
    (void)status;
    (void)kind;
    (void)place;
    n_entries++;
    return 0;
}

/* The files and directories in the directory of the fixture, by rank 0. */
static int64_t entries(const struct fixture *f)
{
    MPI_Barrier(MPI_COMM_WORLD);
    n_entries = 0;
    if (mpi_rank == 0)
        cr_assert(eq(int, nftw(f->directory, count_entry, 8, FTW_PHYS), 0));
    MPI_Bcast(&n_entries, 1, MPI_INT64_T, 0, MPI_COMM_WORLD);
    return n_entries;
}

static enum mzg_status try_to_merge(void *fixture, struct mzg_error *err)
{
    struct fixture *f = fixture;
    const char *inputs[] = {f->liver, f->kidney};
    struct mzg_merge_options options = {
        .inputs = inputs, .n_inputs = 2, .output = f->study, .concat = f->concat, .table = "all"};
    struct mzg_merge_outcome outcome;
    struct mzg_error ignored = {0};
    enum mzg_status status = mzg_merge(&f->context, &options, NULL, &outcome, err);
    end_failing();
    MPI_Barrier(MPI_COMM_WORLD);
    if (status == MZG_OK)
        cr_expect(path_exists(f->directory, "study.zarr/zarr.json"));
    else
        cr_expect(not(path_is_like(f->directory, "study*")), "left after: %s", err->text);
    MPI_Barrier(MPI_COMM_WORLD);
    if (mpi_rank == 0 && status == MZG_OK)
        mzg_remove_tree(f->study, &ignored);
    return status;
}

static void merge(bool concat)
{
    struct fixture f;
    begin(&f);
    f.concat = concat;
    int64_t before = entries(&f);
    fail_each_call(MEMORY, mpi_size - 1, MOST, try_to_merge, &f);
    fail_each_call(FILES, mpi_size - 1, MOST, try_to_merge, &f);
    cr_expect(ge(long, fail_each_call(MEMORY, 0, MOST, try_to_merge, &f), 1));
    cr_expect(ge(long, fail_each_call(FILES, 0, MOST, try_to_merge, &f), 1));
    cr_expect(eq(i64, entries(&f), before));
    end(&f);
}

MPI_TEST(failing_stores, that_become_one)
{
    merge(false);
}

MPI_TEST(failing_stores, whose_tables_become_one)
{
    merge(true);
}

/* The table is made once more each time, in place of the one before. */
static enum mzg_status try_to_pick(void *fixture, struct mzg_error *err)
{
    struct fixture *f = fixture;
    struct mzg_peaks_options options;
    struct mzg_peaks_outcome outcome;
    mzg_peaks_defaults(&options);
    options.replace = true;
    enum mzg_status status = mzg_peaks_make(&f->context, f->liver, &options, NULL, &outcome, err);
    end_failing();
    return status;
}

MPI_TEST(failing_stores, that_get_a_feature_table)
{
    struct fixture f;
    struct mzg_error err = {0};
    begin(&f);
    cr_assert(eq(int, (int)try_to_pick(&f, &err), MZG_OK), "%s", err.text);
    int64_t before = entries(&f);
    fail_each_call(MEMORY, mpi_size - 1, MOST, try_to_pick, &f);
    cr_expect(eq(i64, entries(&f), before));
    fail_each_call(FILES, mpi_size - 1, MOST, try_to_pick, &f);
    cr_expect(eq(i64, entries(&f), before));
    cr_expect(ge(long, fail_each_call(MEMORY, 0, MOST, try_to_pick, &f), 1));
    cr_expect(eq(i64, entries(&f), before));
    cr_expect(ge(long, fail_each_call(FILES, 0, MOST, try_to_pick, &f), 1));
    cr_expect(eq(i64, entries(&f), before));
    end(&f);
}

/* The study takes the name of the imzML. */
static enum mzg_status try_to_export(void *fixture, struct mzg_error *err)
{
    struct fixture *f = fixture;
    const struct mzg_export_options options = {.store = f->liver, .output = f->study, .processed = f->concat};
    struct mzg_export_outcome outcome;
    enum mzg_status status = mzg_export_imzml(&f->context, &options, NULL, &outcome, err);
    end_failing();
    MPI_Barrier(MPI_COMM_WORLD);
    cr_expect(eq(int, path_exists(f->directory, "study.imzML"), status == MZG_OK), "%s", err->text);
    cr_expect(eq(int, path_exists(f->directory, "study.ibd"), status == MZG_OK), "%s", err->text);
    cr_expect(not(path_is_like(f->directory, "study*.part")), "left after: %s", err->text);
    MPI_Barrier(MPI_COMM_WORLD);
    char ibd[300];
    snprintf(ibd, sizeof ibd, "%s/study.ibd", f->directory);
    if (mpi_rank == 0 && status == MZG_OK) {
        unlink(f->study);
        unlink(ibd);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    return status;
}

MPI_TEST(failing_stores, that_become_imzml)
{
    struct fixture f;
    begin(&f);
    snprintf(f.study, sizeof f.study, "%s/study.imzML", f.directory);
    for (int processed = 0; processed < 2; processed++) {
        f.concat = processed;
        int64_t before = entries(&f);
        fail_on_both(MEMORY, MOST, try_to_export, &f, 2, 2);
        fail_on_both(FILES, MOST, try_to_export, &f, 1, 1);
        cr_expect(eq(i64, entries(&f), before));
    }
    end(&f);
}

static enum mzg_status try_to_validate(void *fixture, struct mzg_error *err)
{
    const struct fixture *f = fixture;
    char *verdict = NULL;
    bool valid;
    enum mzg_status status = mzg_validate(&f->context, f->liver, 0, NULL, &verdict, &valid, err);
    end_failing();
    cr_expect(eq(int, verdict != NULL, status == MZG_OK && mpi_rank == 0));
    mzg_free(verdict);
    return status;
}

MPI_TEST(failing_stores, and_an_input_that_is_validated)
{
    struct fixture f = {0};
    struct mzg_synthetic_options tissue = {.width = 6, .height = 4, .points = 40, .seed = 1, .full = true};
    struct mzg_error err = {0};
    json_set_alloc_funcs(malloc, free);
    begin_directory(&f.context, 2, f.directory);
    snprintf(f.liver, sizeof f.liver, "%s/liver.imzML", f.directory);
    cr_assert(eq(int, (int)mzg_synthetic_write(&f.context, f.liver, &tissue, &err), MZG_OK), "%s", err.text);
    MPI_Barrier(MPI_COMM_WORLD);
    fail_each_call(MEMORY, mpi_size - 1, 15, try_to_validate, &f);
    cr_expect(ge(long, fail_each_call(MEMORY, 0, 15, try_to_validate, &f), 3));
    fail_each_call(FILES, 0, 15, try_to_validate, &f);
    end(&f);
}
