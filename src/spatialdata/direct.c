/*
 * Rows go into the arrays of X as they come. In each round the units (matrix_arrays.h) that have become whole
 * are dealt to the ranks, in order: every rank gets the values of its units from those who have them, packs
 * them, and sends the packed chunks to the owner of their shard, who alone writes it, chunk after chunk:
 *
 *     rows of the round     |  rank 0   |    rank 1    |
 *     units         carried |   0   |   1   |   2   |   3   | left over
 *     packed by             | rank 0        | rank 1        |
 *     written by            | owner of the shard of each    |
 *
 * What is left over, less than a unit, is carried on rank 0 to the next round, where it comes first. The
 * owner of shard s is rank s modulo the number of ranks. What the arrays hold in the end is known in the end:
 * they are declared with the most that they can hold, and cut when the stage is sealed.
 */
#include <spatialdata/direct.h>

#include <core/agree.h>
#include <core/block.h>
#include <core/memory.h>
#include <core/mpi.h>
#include <core/pool.h>
#include <spatialdata/direct_exchange.h>
#include <spatialdata/matrix_pack.h>

#include <stdlib.h>
#include <string.h>

enum { MOST_UNITS = 128 }; /* packed in one go by all ranks together; bounds what one owner receives */

struct direct {
    struct mzg_sink base;
    int64_t n_rows, n_values; /* of all ranks */
    struct mzg_sdata *sdata;
    struct mzg_matrix_arrays x;
    struct mzg_matrix_packer packer;
    struct mzg_direct_ranks ranks;
    int64_t step_units;

    struct mzg_direct_rows carried;  /* rank 0 */
    struct mzg_direct_rows received; /* of the units that this rank packs */
    struct mzg_block *units;         /* of each rank, in the go under way */
    struct mzg_direct_parcel parcel; /* of the go under way, on their way to the owners */

    int64_t open_shard; /* -1: none */
    struct mzg_zarr_file *files[2];

    int64_t *row_ends; /* CSR, rank 0: where each row ends */
};

static bool is_dense(const struct direct *d)
{
    return d->x.spec.layout == MZG_MATRIX_DENSE;
}

static int64_t items_of(const struct direct *d)
{
    return is_dense(d) ? d->n_rows : d->n_values;
}

static int owner_of(const struct direct *d, int64_t unit)
{
    return (int)(unit / d->x.units_per_shard % d->base.spec.context->size);
}

static enum mzg_status end_files(struct direct *d, struct mzg_error *err)
{
    for (int a = 0; a < d->x.n_arrays; a++) {
        mzg_zarr_file_end(d->files[a], err);
        d->files[a] = NULL;
    }
    d->open_shard = -1;
    return err->status;
}

/* Puts a unit, packed to `bytes`, into its shard. */
static enum mzg_status put_unit(struct direct *d, int64_t unit, const char *bytes, const int32_t *sizes,
                                struct mzg_error *err)
{
    int64_t shard = unit / d->x.units_per_shard;
    if (shard != d->open_shard) {
        end_files(d, err);
        for (int a = 0; a < d->x.n_arrays && err->status == MZG_OK; a++)
            mzg_zarr_file_begin(d->x.arrays[a], shard, &d->files[a], err);
        d->open_shard = shard;
    }
    for (int64_t part = 0; part < d->x.n_parts && err->status == MZG_OK; part++) {
        int64_t inner;
        int array = mzg_matrix_part(&d->x, unit, part, &inner);
        mzg_zarr_file_put(d->files[array], inner, bytes, (size_t)sizes[part], err);
        bytes += sizes[part];
    }
    if ((unit + 1) % d->x.units_per_shard == 0)
        end_files(d, err);
    return err->status;
}

/* Sends the packed units of this go to the owners of their shards, who write them. Collective. */
static enum mzg_status deliver(struct direct *d, struct mzg_error *err)
{
    const struct mzg_context *context = d->base.spec.context;
    struct mzg_direct_parcel *parcel = &d->parcel;
    mzg_direct_parcel_share(parcel, &d->packer, d->units);
    int64_t i = 0; /* the unit's place among those of this go */
    for (int rank = 0; rank < context->size; rank++)
        for (int64_t u = 0; u < d->units[rank].count; u++, i++)
            parcel->owners[i] = owner_of(d, d->units[rank].first + u);
    if (mzg_direct_parcel_send(parcel, &d->packer, d->units, err) != MZG_OK)
        return err->status;
    i = 0;
    for (int rank = 0; rank < context->size; rank++) {
        const char *bytes = mzg_direct_parcel_from(parcel, rank);
        for (int64_t u = 0; u < d->units[rank].count; u++, i++) {
            const int32_t *sizes = parcel->sizes + i * d->x.n_parts;
            if (parcel->owners[i] != context->rank || err->status != MZG_OK)
                continue;
            put_unit(d, d->units[rank].first + u, bytes, sizes, err);
            for (int64_t part = 0; part < d->x.n_parts; part++)
                bytes += sizes[part];
        }
    }
    return mzg_agree(context->comm, err);
}

/* Packs what d->received holds and delivers it. Collective. */
static enum mzg_status pack_and_deliver(struct direct *d, const struct mzg_direct_rows *rows,
                                        struct mzg_error *err)
{
    struct mzg_matrix_piece piece = {.n_items = is_dense(d) ? rows->n_rows : rows->n_values,
                                     .counts = is_dense(d) ? rows->counts : NULL,
                                     .bins = rows->bins,
                                     .values = rows->values};
    mzg_matrix_pack(&d->packer, &piece, err);
    if (mzg_agree(d->base.spec.context->comm, err) != MZG_OK)
        return err->status;
    return deliver(d, err);
}

/* Deals units first .. end - 1, which are whole, to the ranks, and writes them. `mine` is what
 * this rank holds. Collective. */
static enum mzg_status write_units(struct direct *d, int64_t first, int64_t end,
                                   const struct mzg_direct_rows *mine, struct mzg_error *err)
{
    const struct mzg_context *context = d->base.spec.context;
    for (; first < end; first += d->step_units) {
        int64_t n = end - first < d->step_units ? end - first : d->step_units;
        for (int rank = 0; rank < context->size; rank++) {
            d->units[rank] = mzg_block_of(n, context->size, rank);
            d->units[rank].first += first;
            d->ranks.share[rank] = (struct mzg_block){d->units[rank].first * d->x.unit_items,
                                                      d->units[rank].count * d->x.unit_items};
        }
        if (mzg_direct_redistribute(&d->ranks, mine, is_dense(d), &d->received, err) != MZG_OK ||
            pack_and_deliver(d, &d->received, err) != MZG_OK)
            return err->status;
    }
    return MZG_OK;
}

/* Rank 0 gets the items from `first` on, which no unit holds yet. Collective. */
static enum mzg_status carry(struct direct *d, int64_t first, int64_t n, const struct mzg_direct_rows *mine,
                             struct mzg_error *err)
{
    for (int rank = 0; rank < d->base.spec.context->size; rank++)
        d->ranks.share[rank] = (struct mzg_block){first, rank == 0 ? n : 0};
    if (mzg_direct_redistribute(&d->ranks, mine, is_dense(d), &d->received, err) != MZG_OK)
        return err->status;
    struct mzg_direct_rows swap = d->carried;
    d->carried = d->received;
    d->received = swap;
    return MZG_OK;
}

/* Rank 0 keeps where the rows end, for indptr. Collective. */
static enum mzg_status note_row_ends(struct direct *d, const struct mzg_rows *rows, int64_t n_rows,
                                     struct mzg_error *err)
{
    const struct mzg_context *context = d->base.spec.context;
    int64_t before = d->n_rows;
    if (before + n_rows > d->x.spec.most_rows)
        return mzg_fail(err, MZG_ERANGE, "more rows come than the input has pixels");
    int64_t begin = 0;
    for (int rank = 0; rank < context->size; rank++) {
        d->ranks.receive_counts[rank] = mzg_mpi_count(d->ranks.sizes[2 * (size_t)rank], "rows of a round");
        d->ranks.receive_begins[rank] = mzg_mpi_count(begin, "rows of a round");
        begin += d->ranks.receive_counts[rank];
    }
    MZG_MPI(MPI_Gatherv(rows->row_counts, mzg_mpi_count(rows->n_rows, "rows of a round"), MPI_INT64_T,
                        d->row_ends ? d->row_ends + 1 + before : NULL, d->ranks.receive_counts,
                        d->ranks.receive_begins, MPI_INT64_T, 0, context->comm));
    for (int64_t row = before + 1; d->row_ends && row <= before + n_rows; row++)
        d->row_ends[row] += d->row_ends[row - 1];
    return MZG_OK;
}

/* Every rank learns what each has: the rows that it appends, on rank 0 behind what it carries; `sums` are the
 * rows and values that were appended. Collective. */
static enum mzg_status hold_rows(struct direct *d, const struct mzg_rows *rows, int64_t sums[2],
                                 struct mzg_direct_rows *mine, struct mzg_error *err)
{
    const struct mzg_context *context = d->base.spec.context;
    int64_t sizes[2] = {rows->n_rows, rows->n_values};
    int64_t *all = d->ranks.sizes;
    struct mzg_block *held = d->ranks.held;
    MZG_MPI(MPI_Allgather(sizes, 2, MPI_INT64_T, all, 2, MPI_INT64_T, context->comm));
    int64_t next = items_of(d) / d->x.unit_items * d->x.unit_items;
    int64_t carried = items_of(d) - next;
    sums[0] = sums[1] = 0;
    for (size_t rank = 0; rank < (size_t)context->size; rank++) {
        held[rank] = (struct mzg_block){next, all[2 * rank + !is_dense(d)] + (rank == 0 ? carried : 0)};
        next += held[rank].count;
        sums[0] += all[2 * rank];
        sums[1] += all[2 * rank + 1];
    }
    *mine = (struct mzg_direct_rows){.n_rows = is_dense(d) ? rows->n_rows : 0,
                                     .n_values = rows->n_values,
                                     .counts = rows->row_counts,
                                     .bins = rows->bins,
                                     .values = rows->values,
                                     .value_size = d->carried.value_size};
    if (context->rank == 0 && carried > 0 && mzg_direct_rows_append(&d->carried, mine, err) == MZG_OK)
        *mine = d->carried;
    return mzg_agree(context->comm, err);
}

static enum mzg_status direct_append(struct mzg_sink *base, const struct mzg_rows *rows,
                                     struct mzg_error *err)
{
    struct direct *d = (struct direct *)base;
    struct mzg_direct_rows mine;
    int64_t sums[2];
    if (hold_rows(d, rows, sums, &mine, err) != MZG_OK ||
        (!is_dense(d) && note_row_ends(d, rows, sums[0], err) != MZG_OK))
        return err->status;
    int64_t first = items_of(d) / d->x.unit_items;
    d->n_rows += sums[0];
    d->n_values += sums[1];
    int64_t end = items_of(d) / d->x.unit_items;
    if (write_units(d, first, end, &mine, err) != MZG_OK)
        return err->status;
    int64_t begin = end * d->x.unit_items;
    return carry(d, begin, items_of(d) - begin, &mine, err);
}

/* Rank 0 packs what it carries as the last unit, which is not full. Collective. */
static enum mzg_status write_rest(struct direct *d, struct mzg_error *err)
{
    bool any = items_of(d) % d->x.unit_items > 0;
    for (int rank = 0; rank < d->base.spec.context->size; rank++)
        d->units[rank] = (struct mzg_block){items_of(d) / d->x.unit_items, any && rank == 0};
    return any ? pack_and_deliver(d, &d->carried, err) : MZG_OK;
}

/* The rows stand in the store, and nobody reads them here. */
static enum mzg_status no_row_begins(struct mzg_staged *staged, int64_t first, int64_t n, int64_t *begins,
                                     struct mzg_error *err)
{
    (void)staged;
    (void)begins;
    return mzg_fail(err, MZG_EUSAGE, "rows %lld to %lld are in the store and cannot be read here",
                    (long long)first, (long long)(first + n - 1));
}

static enum mzg_status no_values(struct mzg_staged *staged, int64_t first, int64_t n, int32_t *bins,
                                 void *values, struct mzg_error *err)
{
    (void)staged;
    (void)bins;
    (void)values;
    return mzg_fail(err, MZG_EUSAGE, "values %lld to %lld are in the store and cannot be read here",
                    (long long)first, (long long)(first + n - 1));
}

static void forget_nothing(struct mzg_staged *staged, int64_t block, const struct mzg_stage_taken *taken,
                           int64_t end)
{
    (void)staged;
    (void)block;
    (void)taken;
    (void)end;
}

static void close_staged(struct mzg_staged *staged)
{
    free(staged);
}

static const struct mzg_staged_kind in_store = {
    .read_row_begins = no_row_begins,
    .read_values = no_values,
    .forget = forget_nothing,
    .close = close_staged,
};

static enum mzg_status copy_row_ends(void *context, int64_t first, int64_t n, int64_t *begins,
                                     struct mzg_error *err)
{
    const struct direct *d = context;
    memcpy(begins, d->row_ends + first, (size_t)n * sizeof *begins);
    return err->status;
}

static enum mzg_status direct_seal(struct mzg_sink *base, struct mzg_staged **staged, struct mzg_error *err)
{
    struct direct *d = (struct direct *)base;
    if (write_rest(d, err) != MZG_OK)
        return err->status;
    struct mzg_staged *made = calloc(1, sizeof *made);
    if (!made)
        mzg_fail(err, MZG_ENOMEM, "no memory to close the rows in the store");
    end_files(d, err);
    if (err->status == MZG_OK)
        mzg_matrix_arrays_cut(d->sdata, &d->x, d->n_rows, d->n_values, err);
    if (!is_dense(d) && err->status == MZG_OK)
        mzg_matrix_write_indptr(d->sdata, &d->x, d->n_rows + 1, d->row_ends ? copy_row_ends : NULL, d, err);
    if (mzg_agree(base->spec.context->comm, err) != MZG_OK || !made) {
        free(made);
        return err->status;
    }
    *made = (struct mzg_staged){.kind = &in_store,
                                .context = base->spec.context,
                                .n_columns = base->spec.n_columns,
                                .value_type = base->spec.value_type,
                                .n_rows = d->n_rows,
                                .n_values = d->n_values,
                                .in_store = true};
    *staged = made;
    return MZG_OK;
}

static void direct_close(struct mzg_sink *base)
{
    struct direct *d = (struct direct *)base;
    struct mzg_error failed = {.status =
                                   MZG_EIO}; /* a file that is still open belongs to a run that failed */
    end_files(d, &failed);
    mzg_matrix_packer_destroy(&d->packer);
    mzg_direct_ranks_destroy(&d->ranks);
    mzg_direct_rows_destroy(&d->carried);
    mzg_direct_rows_destroy(&d->received);
    mzg_direct_parcel_destroy(&d->parcel);
    free(d->units);
    free(d->row_ends);
    free(d);
}

/* The units of one go: their values as received, packed, and as the owner gets them, at the worst. */
static int64_t units_of_step(const struct mzg_matrix_arrays *x, int64_t memory)
{
    int64_t index = x->index_type == MZG_INT64 ? (int64_t)sizeof(int64_t) : (int64_t)sizeof(int32_t);
    int64_t value = mzg_type_size(x->spec.value_type), entry = value + index;
    int64_t values = x->spec.layout == MZG_MATRIX_DENSE ? x->unit_items * x->spec.n_columns : x->unit_items;
    int64_t units = memory / (values * 3 * entry);
    return units < 1 ? 1 : units > MOST_UNITS ? MOST_UNITS : units;
}

static enum mzg_status prepare(struct direct *d, const struct mzg_matrix_spec *spec, int64_t memory,
                               struct mzg_error *err)
{
    const struct mzg_context *context = d->base.spec.context;
    int64_t most_values = mzg_size_product(spec->most_rows, spec->n_columns);
    int64_t bound = INT64_C(1) << 58; /* beyond it Zarr could not count the bytes */
    if (most_values < 0 || most_values > bound)
        most_values = bound;
    d->packer = (struct mzg_matrix_packer){.x = &d->x, .pool = context->pool};
    d->carried.value_size = d->received.value_size = mzg_type_size(spec->value_type);
    d->units = calloc((size_t)context->size, sizeof *d->units);
    if (context->rank == 0 && spec->layout == MZG_MATRIX_CSR) {
        d->row_ends = calloc((size_t)spec->most_rows + 1, sizeof *d->row_ends);
    }
    if (!d->units || (context->rank == 0 && spec->layout == MZG_MATRIX_CSR && !d->row_ends))
        return mzg_fail(err, MZG_ENOMEM, "no memory to write rows into the store as they come");
    if (mzg_direct_ranks_init(&d->ranks, context, err) != MZG_OK ||
        mzg_matrix_arrays_declare(d->sdata, spec, spec->most_rows, most_values, &d->x, err) != MZG_OK)
        return err->status;
    d->step_units = units_of_step(&d->x, memory);
    return mzg_direct_parcel_init(&d->parcel, &d->ranks, d->step_units, d->x.n_parts, err);
}

static enum mzg_status direct_open(const struct mzg_sink_spec *spec, struct mzg_sink **sink,
                                   struct mzg_error *err)
{
    const struct mzg_direct_target *target = spec->target;
    struct direct *made = calloc(1, sizeof *made);
    int64_t memory = target->memory;
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &memory, 1, MPI_INT64_T, MPI_MIN, spec->context->comm));
    if (!made) {
        mzg_fail(err, MZG_ENOMEM, "no memory to write rows into the store as they come");
    } else {
        made->base.spec = *spec;
        made->sdata = target->sdata;
        made->open_shard = -1;
        prepare(made, &target->matrix, memory, err);
    }
    if (mzg_agree(spec->context->comm, err) != MZG_OK) {
        if (made)
            direct_close(&made->base);
        return err->status;
    }
    *sink = &made->base;
    return MZG_OK;
}

const struct mzg_sink_kind mzg_direct_sink = {
    .name = "direct",
    .uses_pool = true,
    .open = direct_open,
    .bytes_of_rows = mzg_sink_takes_no_memory,
    .append = direct_append,
    .move = mzg_sink_cannot_move,
    .seal = direct_seal,
    .close = direct_close,
};
