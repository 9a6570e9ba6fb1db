/* Validation: the same verdict on any number of ranks; what one rank meets, all know. */
#include <imzml_pair.h>
#include <run/runs.h>

#include <core/context.h>
#include <core/pool.h>
#include <jansson.h>
#include <math.h>

static json_t *verdict;
static bool valid;

static enum mzg_status validate(const atomic_int *stop, struct mzg_error *err)
{
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size, .stop = stop};
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_WORLD, 2, &context.pool, err), MZG_OK));
    enum mzg_status status = mzg_run_validate(&context, imzml, 0, NULL, &verdict, &valid, err);
    mzg_pool_free(context.pool);
    return status;
}

static void validate_well(void)
{
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)validate(NULL, &err), MZG_OK), "%s", err.text);
    cr_expect(verdict != NULL || mpi_rank > 0);
}

static int64_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static const char *text_of_kind(const char *kind)
{
    size_t i;
    json_t *finding;
    json_array_foreach(json_object_get(verdict, "findings"), i,
                       finding) if (strcmp(json_string_value(json_object_get(finding, "kind")), kind) ==
                                    0) return json_string_value(json_object_get(finding, "text"));
    return "none";
}

MPI_TEST(validate, a_sound_file_is_valid)
{
    begin(SAMPLE_CONTENT SAMPLE_CV("MS:1000127", "", ""), 7);
    static const float sound[] = {1, 2, 3};
    for (int i = 0; i < 7; i++)
        add_processed(i + 1, 1, mz3, sound, i == 3 ? 0 : 3);
    write_pair();
    validate_well();
    cr_expect(valid);
    if (mpi_rank == 0) {
        cr_expect(json_object_get(verdict, "valid") == json_true());
        cr_expect(eq(i64, number(verdict, "spectra"), 7));
        cr_expect(eq(i64, number(verdict, "points"), 18));
        cr_expect(eq(i64, number(verdict, "empty_spectra"), 1));
        cr_expect(eq(str, (char *)json_string_value(json_object_get(verdict, "checksum_status")), "none"));
        cr_expect(eq(sz, json_array_size(json_object_get(verdict, "findings")), 0));
    }
    json_decref(verdict);
}

/* Every third spectrum is faulty, every fifth unsorted, every seventh has odd intensities. */
MPI_TEST(validate, oddities_of_all_ranks_come_together)
{
    enum { N = 48 };
    static const double unsorted[] = {300, 200, 200};
    static const float negative[] = {1, -2, NAN};
    begin(SAMPLE_CONTENT SAMPLE_CV("MS:1000127", "", ""), N);
    for (int i = 0; i < N; i++) {
        if (i % 3 == 2)
            sample_spectrum(&sample, i + 1, 1, INT64_C(1) << 40, INT64_C(1) << 41, 3);
        else
            add_processed(i + 1, 1, i % 5 == 4 ? unsorted : mz3, i % 7 == 6 ? negative : intensity3, 3);
    }
    write_pair();
    validate_well();
    cr_expect(valid == false);
    if (mpi_rank == 0) {
        const json_t *faulty = json_object_get(verdict, "faulty_spectra");
        const json_t *listed = json_object_get(faulty, "listed");
        cr_expect(eq(i64, number(faulty, "count"), 16));
        cr_expect(eq(i64, number(json_object_get(faulty, "by_reason"), "array outside the file"), 16));
        cr_assert(eq(sz, json_array_size(listed), 16));
        for (size_t i = 0; i < 16; i++)
            cr_expect(eq(i64, number(json_array_get(listed, i), "spectrum"), 3 * (int64_t)i + 3));
        /* i % 5 == 4 and i % 3 != 2: 4, 9, 19, 24, 34, 39; i % 7 == 6 and i % 3 != 2: 6, 13, 27, 34. */
        cr_expect(
            eq(str, (char *)text_of_kind("mz_unsorted"),
               "6 m/z of 6 spectra are below their predecessor; first: m/z 200 at point 2 of spectrum 5"));
        cr_expect(
            eq(str, (char *)text_of_kind("mz_repeated"),
               "6 m/z of 6 spectra are equal to their predecessor; first: m/z 200 at point 3 of spectrum 5"));
        cr_expect(
            strstr(text_of_kind("intensity_not_finite"), "of 4 spectra are not finite; first: intensity ") &&
                strstr(text_of_kind("intensity_not_finite"), "at point 3 of spectrum 7"),
            "%s", text_of_kind("intensity_not_finite"));
        cr_expect(strstr(text_of_kind("truncated_ibd"), "16 of 48 spectra") != NULL);
    }
    json_decref(verdict);
}

/* A file while it is indexed; of other input, which has no index, the spectra. */
MPI_TEST(validate, a_stop_on_the_last_rank_ends_all)
{
    begin(SAMPLE_CONTENT, 1);
    add_processed(1, 1, mz3, intensity3, 3);
    write_pair();
    atomic_int stop = mpi_rank == mpi_size - 1;
    struct mzg_error err = {0};
    cr_expect(eq(int, (int)validate(&stop, &err), MZG_EINTERRUPTED));
    cr_expect(verdict == NULL && !valid);
    err = (struct mzg_error){0};
    snprintf(imzml, sizeof imzml, "synthetic:8x8:10");
    cr_expect(eq(int, (int)validate(&stop, &err), MZG_EINTERRUPTED));
    cr_expect(verdict == NULL && !valid);
}

MPI_TEST(validate, failure_of_the_last_rank_reaches_all)
{
    begin(SAMPLE_CONTENT, 1);
    add_processed(1, 1, mz3, intensity3, 3);
    write_pair();
    if (mpi_rank == mpi_size - 1)
        snprintf(imzml, sizeof imzml, "%s/unknown.format", directory);
    struct mzg_error err = {0};
    cr_expect(eq(int, (int)validate(NULL, &err), MZG_EIO));
    cr_expect(verdict == NULL && !valid);
}
