/*
 * Rows go into the arrays of X as they come. The units (matrix_arrays.h) that become whole are packed by a
 * rank that has rows of them, which sends each, packed, to the owner of its shard, who alone writes it, chunk
 * after chunk:
 *
 *     rows of the round     |  rank 0  |  rank 1  |  rank 2  |
 *     units            ...begun |   0   |   1   |   2   | begun ...
 *     packed by               rank 0   rank 1   rank 2
 *     written by            owner of the shard of each
 *
 * A unit that is not whole yet stays where its items are; the rank before packs it if that has more of it
 * (direct_begun.h). The owner of shard s is rank s modulo the number of ranks. All ranks know what each
 * appends, so that they know who packs which unit, and nothing is asked or agreed on: what is sent is what
 * the other waits for. A rank that fails sends refusals instead, and the round says so at its end. Nobody
 * waits for ever, because all send and receive in the order of the units.
 *
 * What the arrays hold in the end is known in the end: they are declared with the most that they can hold,
 * and cut when the stage is sealed.
 */
#include <spatialdata/direct.h>

#include <core/agree.h>
#include <core/memory.h>
#include <core/piece.h>
#include <spatialdata/direct_begun.h>
#include <spatialdata/direct_parcel.h>
#include <spatialdata/direct_row_ends.h>
#include <spatialdata/matrix_pack.h>

#include <stdlib.h>
#include <string.h>

enum { MOST_UNITS = 128 }; /* that a rank packs at once; bounds what waits for the owners of their shards */

struct direct {
    struct mzg_sink base;
    int64_t n_rows, n_values; /* of all ranks */
    int64_t n_units;          /* of rounds before the one under way */
    struct mzg_sdata *sdata;
    struct mzg_matrix_arrays x;
    struct mzg_matrix_packer packer;
    int64_t step_units; /* that this rank packs at once, */
    int *owners;        /*  and who writes these */

    struct mzg_direct_begun begun;
    int64_t *units; /* that each rank packs in the round under way */
    struct mzg_direct_parcel parcel;

    int64_t open_shard; /* -1: none */
    struct mzg_zarr_file *files[2];
    bool is_broken; /* a rank failed to give what belongs to the files */

    struct mzg_direct_row_ends row_ends; /* CSR */
};

/* What this rank has to pack in a round: the unit that was begun, whole ones among the rows it appends, and
 * the one that it begins, as `share` says. */
struct packing {
    struct mzg_direct_share share;
    const struct mzg_direct_rows *rows;
    int64_t first, n_units; /* of all units */
    int64_t done;           /* so many were packed, */
    int64_t n_packed;       /*  and so many of them last */
};

static bool is_dense(const struct direct *d)
{
    return d->x.spec.layout == MZG_MATRIX_DENSE;
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

/* Opens the shard of a unit, unless it is. */
static enum mzg_status open_shard(struct direct *d, int64_t unit, struct mzg_error *err)
{
    int64_t shard = unit / d->x.units_per_shard;
    if (shard == d->open_shard)
        return err->status;
    end_files(d, err);
    for (int a = 0; a < d->x.n_arrays && err->status == MZG_OK; a++)
        mzg_zarr_file_begin(d->x.arrays[a], shard, &d->files[a], err);
    d->open_shard = shard;
    return err->status;
}

static void put_part(struct direct *d, int64_t unit, int64_t part, const void *bytes, int64_t size,
                     struct mzg_error *err)
{
    int64_t inner;
    int array = mzg_matrix_part(&d->x, unit, part, &inner);
    if (err->status == MZG_OK)
        mzg_zarr_file_put(d->files[array], inner, bytes, (size_t)size, err);
}

/* Closes the shard behind its last unit. */
static void close_shard(struct direct *d, int64_t unit, struct mzg_error *err)
{
    if ((unit + 1) % d->x.units_per_shard == 0)
        end_files(d, err);
}

/* Puts the unit that was packed as number `i` of its go into its shard. */
static void put_own(struct direct *d, int64_t unit, int64_t i, struct mzg_error *err)
{
    const struct mzg_buffer *parts = d->packer.packed + i * d->x.n_parts;
    if (err->status != MZG_OK || d->is_broken || open_shard(d, unit, err) != MZG_OK)
        return;
    for (int64_t part = 0; part < d->x.n_parts; part++)
        put_part(d, unit, part, parts[part].bytes, (int64_t)parts[part].size, err);
    close_shard(d, unit, err);
}

/* Waits for a unit that another rank has packed, and puts it into its shard. */
static void put_received(struct direct *d, int64_t unit, int rank, struct mzg_error *err)
{
    const int32_t *sizes;
    const char *bytes = mzg_direct_parcel_get(&d->parcel, rank, &sizes);
    d->is_broken = d->is_broken || !bytes;
    if (err->status != MZG_OK || d->is_broken || open_shard(d, unit, err) != MZG_OK)
        return;
    for (int64_t part = 0; part < d->x.n_parts; part++) {
        put_part(d, unit, part, bytes, sizes[part], err);
        bytes += sizes[part];
    }
    close_shard(d, unit, err);
}

static struct mzg_matrix_piece piece_of(const struct mzg_direct_rows *rows)
{
    return (struct mzg_matrix_piece){
        .n_items = rows->n_items, .counts = rows->counts, .bins = rows->bins, .values = rows->values};
}

/* Packs some of what is left, and sends it to the owners. What was sent before has left. */
static void pack_some(struct direct *d, struct packing *p, struct mzg_error *err)
{
    struct mzg_matrix_piece pieces[3];
    int n_pieces = 0;
    int64_t n = p->n_units - p->done, items = d->x.unit_items;
    n = n < d->step_units ? n : d->step_units;
    bool has_begun = p->done == 0 && p->share.completes;
    bool has_last = p->done + n == p->n_units && p->share.packs_last;
    int64_t n_whole = n - has_begun - has_last;
    if (has_begun)
        pieces[n_pieces++] = piece_of(&d->begun.whole);
    if (n_whole > 0) {
        int64_t before = p->done - (p->share.completes && !has_begun);
        struct mzg_direct_rows rows =
            mzg_direct_part(&d->begun, p->rows, p->share.n_own + before * items, n_whole * items);
        pieces[n_pieces++] = piece_of(&rows);
    }
    if (has_last)
        pieces[n_pieces++] = piece_of(&d->begun.last);
    for (int64_t i = 0; i < n; i++)
        d->owners[i] = owner_of(d, p->first + p->done + i);
    struct mzg_error refused = *err;
    if (p->share.is_broken && err->status == MZG_OK)
        refused.status = MZG_EIO; /* another rank has failed and will say so */
    if (refused.status == MZG_OK && mzg_matrix_pack(&d->packer, pieces, n_pieces, err) != MZG_OK)
        refused = *err;
    bool had_failed = refused.status != MZG_OK;
    mzg_direct_parcel_send(&d->parcel, &d->packer, d->owners, n, &refused);
    if (!had_failed)
        *err = refused;
    d->is_broken = d->is_broken || p->share.is_broken;
    p->done += n;
    p->n_packed = n;
}

/* Writes the units that this rank packed and owns, and packs and sends the rest. */
static void write_own(struct direct *d, struct packing *p, struct mzg_error *err)
{
    for (int64_t i = 0; i < p->n_units; i++) {
        if (i == p->done) {
            mzg_direct_parcel_wait(&d->parcel);
            pack_some(d, p, err);
        }
        int64_t unit = p->first + i;
        if (owner_of(d, unit) == d->base.spec.context->rank)
            put_own(d, unit, i - (p->done - p->n_packed), err);
    }
}

/* Packs the units of a round, d->units[rank] of each rank, and writes them. Collective. */
static void write_units(struct direct *d, const struct mzg_direct_rows *rows,
                        const struct mzg_direct_share *share, struct mzg_error *err)
{
    const struct mzg_context *context = d->base.spec.context;
    struct packing p = {
        .share = *share, .rows = rows, .first = d->n_units, .n_units = d->units[context->rank]};
    for (int rank = 0; rank < context->rank; rank++)
        p.first += d->units[rank];
    if (p.n_units > 0)
        pack_some(d, &p, err);
    for (int rank = 0; rank < context->size; rank++) {
        if (rank == context->rank)
            write_own(d, &p, err);
        for (int64_t i = 0; rank != context->rank && i < d->units[rank]; i++)
            if (owner_of(d, d->n_units + i) == context->rank)
                put_received(d, d->n_units + i, rank, err);
        d->n_units += d->units[rank];
    }
    mzg_direct_begun_wait(&d->begun);
    mzg_direct_parcel_wait(&d->parcel);
}

static enum mzg_status direct_append(struct mzg_sink *base, const struct mzg_rows *rows,
                                     const struct mzg_sink_part *parts, struct mzg_error *err)
{
    struct direct *d = (struct direct *)base;
    struct mzg_direct_share share;
    struct mzg_direct_rows mine = {.n_items = is_dense(d) ? rows->n_rows : rows->n_values,
                                   .n_values = rows->n_values,
                                   .counts = is_dense(d) ? rows->row_counts : NULL,
                                   .bins = rows->bins,
                                   .values = rows->values};
    int64_t first_row = d->n_rows, first_value = d->n_values;
    for (int rank = 0; rank < base->spec.context->size; rank++) {
        first_row += rank < base->spec.context->rank ? parts[rank].n_rows : 0;
        first_value += rank < base->spec.context->rank ? parts[rank].n_values : 0;
        d->n_rows += parts[rank].n_rows;
        d->n_values += parts[rank].n_values;
    }
    if (d->n_rows > d->x.spec.most_rows)
        return mzg_fail(err, MZG_ERANGE, "more rows come than the input has pixels"); /* on all ranks */
    if (!is_dense(d))
        mzg_direct_row_ends_note(&d->row_ends, first_row, first_value, rows, err);
    mzg_direct_begun_append(&d->begun, &mine, is_dense(d) ? &parts->n_rows : &parts->n_values,
                            sizeof *parts / sizeof(int64_t), d->units, &share, err);
    write_units(d, &mine, &share, err);
    return err->status;
}

/* The last unit, which is not full, is written by whoever has the end of it. Collective. */
static enum mzg_status write_rest(struct direct *d, struct mzg_error *err)
{
    struct mzg_direct_share share;
    const struct mzg_direct_rows none = {0};
    mzg_direct_begun_end(&d->begun, d->units, &share, err);
    write_units(d, &none, &share, err);
    end_files(d, err);
    return mzg_agree(d->base.spec.context->comm, err);
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

static void fill_row_ends(const void *source, int column, int64_t first, int64_t n, void *values)
{
    const struct direct *d = source;
    const int64_t *ends = d->row_ends.held + mzg_piece_slot(first, d->base.spec.context->size);
    (void)column;
    if (d->x.index_type == MZG_INT64)
        memcpy(values, ends, (size_t)n * sizeof *ends);
    for (int64_t i = 0; d->x.index_type == MZG_INT32 && i < n; i++)
        ((int32_t *)values)[i] = (int32_t)ends[i];
}

/* Where the rows begin, by all ranks. Collective. */
static enum mzg_status write_row_begins(struct direct *d, struct mzg_error *err)
{
    const struct mzg_frame_rows rows = {.fill = fill_row_ends, .source = d};
    if (is_dense(d))
        return MZG_OK;
    if (d->x.index_type == MZG_INT32 && d->n_values > INT32_MAX) /* on all ranks */
        return mzg_fail(err, MZG_ERANGE, "%lld values are more than the input was taken to give",
                        (long long)d->n_values);
    if (mzg_direct_row_ends_deal(&d->row_ends, d->n_rows, err) != MZG_OK)
        return err->status;
    return mzg_matrix_write_indptr_of_rows(d->sdata, &d->x, d->base.spec.context, d->n_rows + 1, &rows, err);
}

static enum mzg_status direct_seal(struct mzg_sink *base, struct mzg_staged **staged, struct mzg_error *err)
{
    struct direct *d = (struct direct *)base;
    if (write_rest(d, err) != MZG_OK)
        return err->status;
    struct mzg_staged *made = calloc(1, sizeof *made);
    if (!made)
        mzg_fail(err, MZG_ENOMEM, "no memory to close the rows in the store");
    if (err->status == MZG_OK)
        mzg_matrix_arrays_cut(d->sdata, &d->x, d->n_rows, d->n_values, err);
    if (mzg_agree(base->spec.context->comm, err) == MZG_OK)
        write_row_begins(d, err);
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
    mzg_direct_begun_destroy(&d->begun);
    mzg_direct_parcel_destroy(&d->parcel);
    mzg_direct_row_ends_destroy(&d->row_ends);
    free(d->owners);
    free(d->units);
    free(d);
}

/* The units that a rank packs at once: their packed bytes are no more than their values, at the worst. */
static int64_t units_of_step(const struct mzg_matrix_arrays *x, int64_t memory)
{
    int64_t index = x->index_type == MZG_INT64 ? (int64_t)sizeof(int64_t) : (int64_t)sizeof(int32_t);
    int64_t value = mzg_type_size(x->spec.value_type), entry = value + index;
    int64_t values = x->spec.layout == MZG_MATRIX_DENSE ? x->unit_items * x->spec.n_columns : x->unit_items;
    int64_t units = (memory / (values * entry) - MZG_DIRECT_OTHER_UNITS) / 2; /* packed, and leaving */
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
    d->row_ends.context = context;
    d->units = calloc((size_t)context->size, sizeof *d->units);
    if (!d->units)
        return mzg_fail(err, MZG_ENOMEM, "no memory to write rows into the store as they come");
    if (mzg_matrix_arrays_declare(d->sdata, spec, spec->most_rows, most_values, &d->x, err) != MZG_OK)
        return err->status;
    d->step_units = units_of_step(&d->x, memory);
    d->owners = calloc((size_t)d->step_units, sizeof *d->owners);
    if (!d->owners)
        return mzg_fail(err, MZG_ENOMEM, "no memory to write rows into the store as they come");
    if (mzg_direct_begun_init(&d->begun, context, &d->x, err) != MZG_OK)
        return err->status;
    return mzg_direct_parcel_init(&d->parcel, context, &d->x, d->step_units, err);
}

static enum mzg_status direct_open(const struct mzg_sink_spec *spec, struct mzg_sink **sink,
                                   struct mzg_error *err)
{
    const struct mzg_direct_target *target = spec->target;
    struct direct *made = calloc(1, sizeof *made);
    if (!made) {
        mzg_fail(err, MZG_ENOMEM, "no memory to write rows into the store as they come");
    } else {
        made->base.spec = *spec;
        made->sdata = target->sdata;
        made->open_shard = -1;
        prepare(made, &target->matrix, target->memory, err);
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
