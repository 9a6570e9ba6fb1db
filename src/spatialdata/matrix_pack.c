#include <spatialdata/matrix_pack.h>

#include <core/array.h>
#include <core/pool.h>

#include <stdlib.h>
#include <string.h>

/* Makes room for the packed chunks, keeping the buffers that are there. */
static enum mzg_status reserve(struct mzg_matrix_packer *packer, int64_t n_chunks, int64_t n_rows,
                               struct mzg_error *err)
{
    size_t workers = (size_t)mzg_pool_size(packer->pool);
    if (!packer->scratch)
        packer->scratch = calloc(workers, sizeof *packer->scratch);
    if (!packer->errors)
        packer->errors = calloc(workers, sizeof *packer->errors);
    if (!packer->scratch || !packer->errors)
        return mzg_fail(err, MZG_ENOMEM, "no memory to pack %lld chunks of the matrix", (long long)n_chunks);
    int64_t known = packer->capacity;
    if (mzg_array_grow(&packer->packed, sizeof *packer->packed, n_chunks, &packer->capacity,
                       "packed chunks of the matrix", err) != MZG_OK)
        return err->status;
    memset(packer->packed + known, 0, (size_t)(packer->capacity - known) * sizeof *packer->packed);
    return mzg_array_reserve(&packer->row_begins, sizeof *packer->row_begins, n_rows, &packer->row_capacity,
                             "rows of the matrix to pack", err);
}

/* A chunk of indices that are wider than bins. `unit` is that of the piece, here and below. */
static enum mzg_status pack_wide_bins(const struct mzg_matrix_packer *packer,
                                      const struct mzg_matrix_piece *piece, int64_t unit,
                                      struct mzg_buffer *scratch, struct mzg_buffer *packed,
                                      struct mzg_error *err)
{
    const struct mzg_matrix_arrays *x = packer->x;
    const int32_t *bins = piece->bins + unit * x->unit_items;
    int64_t n = piece->n_items - unit * x->unit_items;
    if (mzg_buffer_reserve(scratch, (size_t)x->unit_items * sizeof(int64_t), err) != MZG_OK)
        return err->status;
    for (int64_t i = 0; i < x->unit_items; i++) {
        int64_t index = i < n ? bins[i] : 0;
        memcpy(scratch->bytes + (size_t)i * sizeof index, &index, sizeof index);
    }
    return mzg_zarr_pack(x->arrays[1], scratch->bytes, packed, err);
}

/* A chunk of data or indices, padded with zeros where it is not full. */
static enum mzg_status pack_vector(const struct mzg_matrix_packer *packer,
                                   const struct mzg_matrix_piece *piece, int64_t unit, int64_t part,
                                   struct mzg_buffer *scratch, struct mzg_buffer *packed,
                                   struct mzg_error *err)
{
    const struct mzg_matrix_arrays *x = packer->x;
    if (part == 1 && x->index_type == MZG_INT64)
        return pack_wide_bins(packer, piece, unit, scratch, packed, err);
    size_t size = part == 0 ? (size_t)mzg_type_size(x->spec.value_type) : sizeof(int32_t);
    const char *items = part == 0 ? piece->values : (const char *)piece->bins;
    int64_t first = unit * x->unit_items;
    int64_t n = piece->n_items - first;
    items += (size_t)first * size;
    if (n < x->unit_items) {
        size_t whole = (size_t)x->unit_items * size;
        if (mzg_buffer_reserve(scratch, whole, err) != MZG_OK)
            return err->status;
        memcpy(scratch->bytes, items, (size_t)n * size);
        memset(scratch->bytes + (size_t)n * size, 0, whole - (size_t)n * size);
        items = (const char *)scratch->bytes;
    }
    return mzg_zarr_pack(x->arrays[part], items, packed, err);
}

/* Puts values of ascending bins, the first of which is `first_bin`, to their columns; compiled for each type.
 */
static inline void spread_values(const int32_t *bins, const void *values, int64_t n, int64_t first_bin,
                                 void *columns, bool wide)
{
    for (int64_t i = 0; i < n; i++) {
        if (wide)
            ((double *)columns)[bins[i] - first_bin] = ((const double *)values)[i];
        else
            ((float *)columns)[bins[i] - first_bin] = ((const float *)values)[i];
    }
}

/* A chunk of a band: the columns first .. end - 1 of its rows. `row_begins` are those of the piece. */
static enum mzg_status pack_band(const struct mzg_matrix_packer *packer, const struct mzg_matrix_piece *piece,
                                 const int64_t *row_begins, int64_t unit, int64_t part,
                                 struct mzg_buffer *scratch, struct mzg_buffer *packed, struct mzg_error *err)
{
    const struct mzg_matrix_arrays *x = packer->x;
    size_t size = (size_t)mzg_type_size(x->spec.value_type);
    size_t row_bytes = (size_t)x->chunk_columns * size;
    int64_t first = part * x->chunk_columns, end = first + x->chunk_columns;
    int64_t begin = unit * x->unit_items;
    int64_t n_rows = piece->n_items - begin < x->unit_items ? piece->n_items - begin : x->unit_items;
    bool blank = true;
    packed->size = 0;
    if (mzg_buffer_reserve(scratch, (size_t)x->unit_items * row_bytes, err) != MZG_OK)
        return err->status;
    for (int64_t row = 0; row < n_rows; row++) {
        int64_t at = row_begins[begin + row];
        int64_t count = piece->counts[begin + row];
        int64_t low = mzg_bins_lower_bound(piece->bins + at, count, first);
        int64_t n = mzg_bins_lower_bound(piece->bins + at + low, count - low, end);
        const int32_t *bins = piece->bins + at + low;
        const void *values = (const char *)piece->values + (size_t)(at + low) * size;
        unsigned char *columns = scratch->bytes + (size_t)row * row_bytes;
        if (n == 0)
            continue;
        if (blank)
            memset(scratch->bytes, 0, (size_t)x->unit_items * row_bytes);
        blank = false;
        if (size == sizeof(double))
            spread_values(bins, values, n, first, columns, true);
        else
            spread_values(bins, values, n, first, columns, false);
    }
    return blank ? MZG_OK : mzg_zarr_pack(x->arrays[0], scratch->bytes, packed, err);
}

static int64_t units_of(const struct mzg_matrix_packer *packer, const struct mzg_matrix_piece *piece)
{
    return (piece->n_items + packer->x->unit_items - 1) / packer->x->unit_items;
}

/* A worker's task: the item-th chunk of the pieces. */
static void pack_chunk(void *context, int64_t item, int worker)
{
    const struct mzg_matrix_packer *packer = context;
    const struct mzg_matrix_piece *piece = packer->pieces;
    const int64_t *row_begins = packer->row_begins;
    int64_t unit = item / packer->x->n_parts, part = item % packer->x->n_parts;
    for (; unit >= units_of(packer, piece); piece++) {
        unit -= units_of(packer, piece);
        row_begins += piece->counts ? piece->n_items : 0;
    }
    struct mzg_buffer *scratch = &packer->scratch[worker];
    struct mzg_error *err = &packer->errors[worker];
    if (err->status != MZG_OK)
        return;
    if (packer->x->spec.layout == MZG_MATRIX_DENSE)
        pack_band(packer, piece, row_begins, unit, part, scratch, &packer->packed[item], err);
    else
        pack_vector(packer, piece, unit, part, scratch, &packer->packed[item], err);
}

enum mzg_status mzg_matrix_pack(struct mzg_matrix_packer *packer, const struct mzg_matrix_piece *pieces,
                                int n_pieces, struct mzg_error *err)
{
    const struct mzg_matrix_arrays *x = packer->x;
    int64_t n_rows = 0, row = 0;
    packer->n_units = 0;
    for (int p = 0; p < n_pieces; p++) {
        packer->n_units += units_of(packer, &pieces[p]);
        n_rows += pieces[p].counts ? pieces[p].n_items : 0;
    }
    if (reserve(packer, packer->n_units * x->n_parts, n_rows, err) != MZG_OK)
        return err->status;
    for (int p = 0; p < n_pieces; p++) {
        int64_t begin = 0;
        for (int64_t i = 0; pieces[p].counts && i < pieces[p].n_items; i++) {
            packer->row_begins[row++] = begin;
            begin += pieces[p].counts[i];
        }
    }
    packer->pieces = pieces;
    mzg_pool_run(packer->pool, packer->n_units * x->n_parts, pack_chunk, packer);
    for (int w = 0; w < mzg_pool_size(packer->pool) && err->status == MZG_OK; w++)
        *err = packer->errors[w];
    return err->status;
}

void mzg_matrix_packer_destroy(struct mzg_matrix_packer *packer)
{
    for (int64_t i = 0; i < packer->capacity; i++)
        free(packer->packed[i].bytes);
    for (int w = 0; packer->scratch && w < mzg_pool_size(packer->pool); w++)
        free(packer->scratch[w].bytes);
    free(packer->packed);
    free(packer->scratch);
    free(packer->errors);
    free(packer->row_begins);
    *packer = (struct mzg_matrix_packer){0};
}
