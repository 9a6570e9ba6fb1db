/*
 * A tally on its way is a message of 64-bit words, equally long on all ranks:
 *
 *     head | what the ranks of node 0 see, of node 1, ... | pace or part of rank 0, of rank 1, ...
 *
 * Each rank fills the head, the place of its node and its own pace or part. merge_tallies() adds two of them,
 * which is exact and in any order the same, because what is known of a rank meets zeros alone.
 */
#include <stream/tally.h>

#include <core/agree.h>
#include <core/mpi.h>

#include <stdlib.h>
#include <string.h>

enum { SLOTS = MZG_TALLY_SLACK + 1 };

/* What a message begins with. */
struct head {
    int64_t n_nodes, n_ranks; /* the same in all */
    int64_t least_end, greatest_end;
    struct mzg_tally_sums sums;
};

enum { SUMS = sizeof(struct mzg_tally_sums) / sizeof(int64_t) };
_Static_assert(sizeof(struct mzg_tally_sums) == SUMS * sizeof(int64_t), "sums are 64-bit words alone");
enum { WORDS = sizeof(union mzg_tally_of_rank) / sizeof(uint64_t) };
_Static_assert(sizeof(struct mzg_pace) == WORDS * sizeof(uint64_t), "either lies where the other does, and");
_Static_assert(sizeof(struct mzg_sink_part) == WORDS * sizeof(uint64_t), "all bits of zeros are 0");

/* A round on its way. */
struct slot {
    MPI_Request request;
    struct head *message;
    int64_t my_skips;
};

struct mzg_tallies {
    const struct mzg_context *context;
    const struct mzg_watch *watch;
    size_t message_size;
    MPI_Datatype message;
    MPI_Op merge;
    struct slot slots[SLOTS];
};

static struct mzg_watch_sight *nodes_of(struct head *message)
{
    return (struct mzg_watch_sight *)(message + 1);
}

/* Two words of each rank. */
static void *ranks_of(struct head *message)
{
    return nodes_of(message) + message->n_nodes;
}

static void merge_message(struct head *from, struct head *into)
{
    int64_t words[SUMS], sums[SUMS];
    memcpy(words, &from->sums, sizeof words);
    memcpy(sums, &into->sums, sizeof sums);
    for (int i = 0; i < SUMS; i++)
        sums[i] += words[i];
    memcpy(&into->sums, sums, sizeof sums);
    if (from->least_end < into->least_end)
        into->least_end = from->least_end;
    if (from->greatest_end > into->greatest_end)
        into->greatest_end = from->greatest_end;
    for (int64_t i = 0; i < into->n_nodes; i++)
        mzg_watch_merge(&nodes_of(from)[i], &nodes_of(into)[i]);
    uint64_t *ranks = ranks_of(into);
    const uint64_t *other_ranks = ranks_of(from);
    for (int64_t i = 0; i < WORDS * into->n_ranks; i++)
        ranks[i] |= other_ranks[i];
}

/* An MPI operation. */
static void merge_tallies(void *in, void *inout, int *n, MPI_Datatype *type)
{
    int bytes;
    MZG_MPI(MPI_Type_size(*type, &bytes));
    for (int i = 0; i < *n; i++)
        merge_message((struct head *)(void *)((char *)in + (size_t)i * (size_t)bytes),
                      (struct head *)(void *)((char *)inout + (size_t)i * (size_t)bytes));
}

static enum mzg_status allocate(struct mzg_tallies *tallies, struct mzg_error *err)
{
    for (int i = 0; i < SLOTS; i++) {
        tallies->slots[i].message = malloc(tallies->message_size);
        if (!tallies->slots[i].message)
            return mzg_fail(err, MZG_ENOMEM, "no memory for the tallies of %d ranks", tallies->context->size);
    }
    return MZG_OK;
}

enum mzg_status mzg_tallies_new(const struct mzg_context *context, const struct mzg_watch *watch,
                                struct mzg_tallies **tallies, struct mzg_error *err)
{
    struct mzg_tallies *made = calloc(1, sizeof *made);
    if (!made)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the tallies of %d ranks", context->size);
    made->context = context;
    made->watch = watch;
    made->message_size = sizeof(struct head) + (size_t)watch->n_nodes * sizeof(struct mzg_watch_sight) +
                         (size_t)context->size * sizeof(union mzg_tally_of_rank);
    for (int i = 0; i < SLOTS; i++)
        made->slots[i].request = MPI_REQUEST_NULL;
    MZG_MPI(MPI_Type_contiguous(mzg_mpi_count((int64_t)made->message_size, "bytes of a tally"), MPI_BYTE,
                                &made->message));
    MZG_MPI(MPI_Type_commit(&made->message));
    MZG_MPI(MPI_Op_create(merge_tallies, 1, &made->merge));
    if (allocate(made, err) != MZG_OK)
        mzg_tallies_free(made);
    else
        *tallies = made;
    return err->status;
}

void mzg_tallies_free(struct mzg_tallies *tallies)
{
    if (!tallies)
        return;
    for (int i = 0; i < SLOTS; i++) {
        mzg_agree_wait(1, &tallies->slots[i].request);
        free(tallies->slots[i].message);
    }
    MZG_MPI(MPI_Op_free(&tallies->merge));
    MZG_MPI(MPI_Type_free(&tallies->message));
    free(tallies);
}

static void write_message(const struct mzg_tallies *tallies, const struct mzg_tally *mine,
                          struct head *message)
{
    memset(message, 0, tallies->message_size);
    *message = (struct head){.n_nodes = tallies->watch->n_nodes,
                             .n_ranks = tallies->context->size,
                             .least_end = mine->round_end,
                             .greatest_end = mine->round_end,
                             .sums = mine->sums};
    for (int64_t i = 0; i < message->n_nodes; i++)
        nodes_of(message)[i] = mzg_watch_no_sight;
    nodes_of(message)[tallies->watch->node] = mine->sight;
    memcpy((union mzg_tally_of_rank *)ranks_of(message) + tallies->context->rank, &mine->of_rank,
           sizeof mine->of_rank);
}

void mzg_tallies_post(struct mzg_tallies *tallies, int64_t round, const struct mzg_tally *mine)
{
    struct slot *slot = &tallies->slots[round % SLOTS];
    slot->my_skips = mine->sums.n_skips;
    write_message(tallies, mine, slot->message);
    MZG_MPI(MPI_Iallreduce(MPI_IN_PLACE, slot->message, 1, tallies->message, tallies->merge,
                           tallies->context->comm, &slot->request));
}

struct mzg_round_tally mzg_tallies_take(struct mzg_tallies *tallies, int64_t round)
{
    struct slot *slot = &tallies->slots[round % SLOTS];
    mzg_agree_wait(1, &slot->request);
    return (struct mzg_round_tally){.sums = slot->message->sums,
                                    .my_skips = slot->my_skips,
                                    .least_end = slot->message->least_end,
                                    .greatest_end = slot->message->greatest_end,
                                    .nodes = nodes_of(slot->message),
                                    .paces = ranks_of(slot->message),
                                    .parts = ranks_of(slot->message)};
}
