/* A row of a dense matrix that is too long for a message is an error of the run, not the end of the job. */
#include <spatialdata/direct_parcel.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static enum mzg_status try(int n_ranks, int64_t n_parts, struct mzg_error *err)
{
    struct mzg_context context = {.size = n_ranks};
    struct mzg_matrix_arrays x = {.spec = {.layout = MZG_MATRIX_DENSE, .value_type = MZG_FLOAT64},
                                  .unit_items = 1,
                                  .chunk_columns = 1 << 18,
                                  .n_parts = n_parts};
    struct mzg_direct_parcel parcel;
    enum mzg_status status = mzg_direct_parcel_init(&parcel, &context, &x, 1, err);
    mzg_direct_parcel_destroy(&parcel);
    return status;
}

/* A part has 2 MiB, which a codec may make longer by a 128th and 1 KiB: 1015 of them fit 2^31 - 1 bytes. */
Test(direct_parcel, of_a_row_longer_than_a_message)
{
    struct mzg_error err = {0};
    cr_expect(eq(int, try(2, 1015, &err), MZG_OK));
    cr_expect(eq(int, try(2, 1016, &err), MZG_ERANGE));
    cr_expect_not_null(strstr(err.text, "2148397024 bytes, more than MPI can send at once"));
    cr_expect_not_null(strstr(err.text, "--streaming hdf5"));
}

/* One rank sends nothing. */
Test(direct_parcel, of_one_rank_may_be_of_any_length)
{
    struct mzg_error err = {0};
    cr_expect(eq(int, try(1, 1 << 13, &err), MZG_OK));
}
