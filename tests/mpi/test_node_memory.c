/* Memory that the ranks of a node share: all see what rank 0 wrote. */
#include <failing_calls.h>
#include <input/node_memory.h>
#include <mpi_test.h>

#include <string.h>

MPI_TEST(node_memory, all_ranks_see_what_rank_0_wrote)
{
    enum { N = 300000 };
    struct mzg_node_memory *memory = NULL;
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)mzg_node_memory_new(MPI_COMM_WORLD, N * sizeof(int32_t), &memory, &err), MZG_OK));
    int32_t *numbers = mzg_node_memory_bytes(memory);
    if (mpi_rank == 0)
        for (int32_t i = 0; i < N; i++)
            numbers[i] = 3 * i + 1;
    mzg_node_memory_share(memory, 0, mpi_rank == 0 ? N * (int64_t)sizeof *numbers : 0);
    int32_t wrong = 0;
    for (int32_t i = 0; i < N; i++)
        wrong += numbers[i] != 3 * i + 1;
    cr_expect(eq(i32, wrong, 0));
    mzg_node_memory_free(memory);
}

/* Parts of different sizes, one of them of nothing, in an order that is not that of the ranks. */
MPI_TEST(node_memory, all_ranks_see_what_each_wrote)
{
    struct mzg_node_memory *memory = NULL;
    struct mzg_error err = {0};
    int64_t total = 0, first = 0, size = 0;
    for (int r = mpi_size - 1; r >= 0; r--) {
        int64_t part = r == 1 ? 0 : 1000 * (r + 1);
        if (r == mpi_rank) {
            first = total;
            size = part;
        }
        total += part;
    }
    cr_assert(eq(int, (int)mzg_node_memory_new(MPI_COMM_WORLD, total, &memory, &err), MZG_OK));
    char *bytes = mzg_node_memory_bytes(memory);
    memset(bytes + first, 'a' + mpi_rank, (size_t)size);
    mzg_node_memory_share(memory, first, size);
    int64_t wrong = 0, at = 0;
    for (int r = mpi_size - 1; r >= 0; r--)
        for (int64_t i = r == 1 ? 0 : 1000 * (r + 1); i > 0; i--)
            wrong += bytes[at++] != 'a' + r;
    cr_expect(eq(i64, wrong, 0));
    mzg_node_memory_free(memory);
}

MPI_TEST(node_memory, several_at_once_and_none_at_all)
{
    struct mzg_node_memory *memories[3] = {NULL};
    struct mzg_error err = {0};
    for (int i = 0; i < 3; i++)
        cr_assert(eq(int, (int)mzg_node_memory_new(MPI_COMM_WORLD, 8 * i, &memories[i], &err), MZG_OK));
    for (int i = 2; i >= 0; i--) {
        if (mpi_rank == 0)
            memset(mzg_node_memory_bytes(memories[i]), 'a' + i, (size_t)(8 * i));
        mzg_node_memory_share(memories[i], 0, mpi_rank == 0 ? 8 * i : 0);
    }
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 8 * i; k++)
            cr_expect(eq(chr, *((char *)mzg_node_memory_bytes(memories[i]) + k), (char)('a' + i)));
    for (int i = 0; i < 3; i++)
        mzg_node_memory_free(memories[i]);
    mzg_node_memory_free(NULL);
}

static enum mzg_status try_to_allocate(void *fixture, struct mzg_error *err)
{
    struct mzg_node_memory *memory = NULL;
    (void)fixture;
    enum mzg_status status = mzg_node_memory_new(MPI_COMM_WORLD, 100, &memory, err);
    end_failing();
    cr_expect(eq(int, memory != NULL, status == MZG_OK));
    mzg_node_memory_free(memory);
    return status;
}

MPI_TEST(node_memory, is_made_by_no_rank_if_the_last_has_no_memory)
{
    cr_expect(ge(long, fail_each_call(MEMORY, mpi_size - 1, 0, try_to_allocate, NULL), 1));
}

MPI_TEST(node_memory, more_than_there_is_fails_on_all_ranks)
{
    struct mzg_node_memory *memory = NULL;
    struct mzg_error err = {0};
    cr_expect(eq(int, (int)mzg_node_memory_new(MPI_COMM_WORLD, INT64_MAX / 4, &memory, &err), MZG_ENOMEM));
    cr_expect(memory == NULL);
}
