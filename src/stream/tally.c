#include <stream/tally.h>

#include <core/agree.h>
#include <core/mpi.h>

#include <stdlib.h>
#include <string.h>

static const char record_bytes[] = "bytes of records of a round";

enum { SLOTS = MZG_TALLY_SLACK + 1 };

/* A round on its way. */
struct slot {
    MPI_Request requests[2];
    struct mzg_tally mine;
    struct mzg_tally *all; /* of each rank */
    struct mzg_pixel_record *records;
    int *counts, *begins; /* rank 0: where the records of each rank go, in bytes */
};

struct mzg_tallies {
    const struct mzg_context *context;
    struct mzg_pixel_record *records; /* rank 0 */
    struct slot slots[SLOTS];
};

enum mzg_status mzg_tallies_new(const struct mzg_context *context, int64_t most_pixels,
                                struct mzg_pixel_record *records, struct mzg_tallies **tallies,
                                struct mzg_error *err)
{
    size_t size = (size_t)context->size;
    struct mzg_tallies *made = calloc(1, sizeof *made);
    bool complete = made != NULL;
    for (int i = 0; complete && i < SLOTS; i++) {
        struct slot *slot = &made->slots[i];
        slot->requests[0] = slot->requests[1] = MPI_REQUEST_NULL;
        slot->all = calloc(size, sizeof *slot->all);
        slot->records = calloc((size_t)most_pixels + 1, sizeof *slot->records);
        slot->counts = calloc(size, sizeof *slot->counts);
        slot->begins = calloc(size, sizeof *slot->begins);
        complete = slot->all && slot->records && slot->counts && slot->begins;
    }
    if (!complete) {
        mzg_tallies_free(made);
        return mzg_fail(err, MZG_ENOMEM, "no memory for the tallies of %zu ranks", size);
    }
    made->context = context;
    made->records = records;
    *tallies = made;
    return MZG_OK;
}

void mzg_tallies_free(struct mzg_tallies *tallies)
{
    for (int i = 0; tallies && i < SLOTS; i++) {
        struct slot *slot = &tallies->slots[i];
        if (slot->all)
            mzg_agree_wait(2, slot->requests);
        free(slot->all);
        free(slot->records);
        free(slot->counts);
        free(slot->begins);
    }
    free(tallies);
}

void mzg_tallies_post(struct mzg_tallies *tallies, int64_t round, const struct mzg_tally *mine,
                      const struct mzg_pixel_record *records, int64_t n, const int64_t *firsts)
{
    const struct mzg_context *context = tallies->context;
    struct slot *slot = &tallies->slots[round % SLOTS];
    int64_t record = (int64_t)sizeof *records;
    slot->mine = *mine;
    MZG_MPI(MPI_Iallgather(&slot->mine, sizeof slot->mine, MPI_BYTE, slot->all, sizeof slot->mine, MPI_BYTE,
                           context->comm, &slot->requests[0]));
    if (records)
        memcpy(slot->records, records, (size_t)n * sizeof *records);
    else
        memset(slot->records, 0, (size_t)n * sizeof *records);
    for (int rank = 0; context->rank == 0 && rank < context->size; rank++) {
        slot->counts[rank] = mzg_mpi_count((firsts[rank + 1] - firsts[rank]) * record, record_bytes);
        slot->begins[rank] = mzg_mpi_count((firsts[rank] - firsts[0]) * record, record_bytes);
    }
    MZG_MPI(MPI_Igatherv(slot->records, mzg_mpi_count(n * record, record_bytes), MPI_BYTE,
                         tallies->records ? tallies->records + firsts[0] : NULL, slot->counts, slot->begins,
                         MPI_BYTE, 0, context->comm, &slot->requests[1]));
}

const struct mzg_tally *mzg_tallies_take(struct mzg_tallies *tallies, int64_t round)
{
    struct slot *slot = &tallies->slots[round % SLOTS];
    mzg_agree_wait(2, slot->requests);
    return slot->all;
}
