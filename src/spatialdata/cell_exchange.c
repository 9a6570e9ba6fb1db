#include <spatialdata/cell_exchange.h>

#include <core/agree.h>
#include <core/array.h>
#include <core/mpi.h>
#include <core/stop.h>

#include <stdlib.h>

enum { SLICE = 1 << 16 }; /* pixels of a rank that become cells at once */

static const char on_their_way[] = "cells of a raster";

/* Counts the cells that go to each rank, and those that come; returns how many come. Collective. */
static int64_t count_cells(struct mzg_cell_set *set, int level, const struct mzg_cell *cells, int64_t n)
{
    int size = set->context->size;
    int *sent = set->counts, *begins = sent + size, *received = begins + size, *places = received + size;
    mzg_tiles_count(&set->tiles, level, cells, n, set->shares);
    for (int rank = 0; rank < size; rank++)
        sent[rank] = mzg_mpi_count(set->shares[rank], on_their_way);
    (void)mzg_mpi_count(mzg_mpi_line_up(sent, begins, size), on_their_way);
    MZG_MPI(MPI_Alltoall(sent, 1, MPI_INT, received, 1, MPI_INT, set->context->comm));
    return mzg_mpi_count(mzg_mpi_line_up(received, places, size), on_their_way);
}

/* Exchanges the cells that were counted. Collective. */
static void exchange(const struct mzg_cell_set *set, const struct mzg_cell *cells, struct mzg_cell *received)
{
    int size = set->context->size;
    const int *sent = set->counts, *begins = sent + size, *counts = begins + size, *places = counts + size;
    MPI_Datatype cell; /* MPI counts cells, because their bytes are more than fit into an int */
    MZG_MPI(MPI_Type_contiguous((int)sizeof *cells, MPI_BYTE, &cell));
    MZG_MPI(MPI_Type_commit(&cell));
    MZG_MPI(MPI_Alltoallv(cells, sent, begins, cell, received, counts, places, cell, set->context->comm));
    MZG_MPI(MPI_Type_free(&cell));
}

/* Room for a slice of pixels that are loaded. */
struct slice {
    int32_t positions[3][SLICE];
    int32_t keys[SLICE];
    double tics[SLICE];
};

/* The cells of pixels first .. first + n - 1. */
static enum mzg_status make_cells(const struct mzg_sdata_geometry *geometry,
                                  const struct mzg_sdata_pixels *pixels, int64_t first, int64_t n,
                                  struct slice *slice, struct mzg_cell **cells, struct mzg_error *err)
{
    struct mzg_sdata_pixels part = {.n = n};
    if (n == 0)
        return MZG_OK;
    if (pixels->load) {
        struct mzg_sdata_room room = {
            {slice->positions[0], slice->positions[1], slice->positions[2]}, slice->keys, slice->tics};
        pixels->load(pixels->source, first, n, &room);
        part.x = slice->positions[0];
        part.y = slice->positions[1];
        part.z = slice->positions[2];
        part.instance_key = slice->keys;
        part.tic = slice->tics;
    } else {
        part.x = pixels->x + first;
        part.y = pixels->y + first;
        part.z = pixels->z + first;
        part.instance_key = pixels->instance_key + first;
        part.tic = pixels->tic + first;
    }
    return mzg_cells_new(geometry, &part, cells, err);
}

/* Adds the cells of a slice of each rank to those of its tiles. `err` may hold a failure already. All ranks
 * return the same status. Collective. */
static enum mzg_status add_slice(struct mzg_cell_set *set, const struct mzg_cell *cells, int64_t n,
                                 struct mzg_error *err)
{
    mzg_check_stop(set->context->stop, err);
    if (mzg_agree(set->context->comm, err) != MZG_OK)
        return err->status;
    int64_t received = count_cells(set, 0, cells, n);
    mzg_array_grow(&set->cells, sizeof *set->cells, set->n + received, &set->capacity, on_their_way, err);
    if (mzg_agree(set->context->comm, err) != MZG_OK)
        return err->status;
    exchange(set, cells, set->cells + set->n);
    set->n += received;
    return MZG_OK;
}

static enum mzg_status add_pixels(struct mzg_cell_set *set, const struct mzg_sdata_geometry *geometry,
                                  const struct mzg_sdata_pixels *pixels, struct slice *slice,
                                  struct mzg_error *err)
{
    int64_t most = pixels->n;
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_INT64_T, MPI_MAX, set->context->comm));
    /* From the last to the first, so that what the pixels are loaded from can shrink while cells grow. */
    for (int64_t slices = (most + SLICE - 1) / SLICE; slices > 0 && err->status == MZG_OK; slices--) {
        struct mzg_cell *cells = NULL;
        int64_t first = (slices - 1) * SLICE, left = pixels->n - first;
        int64_t n = left < 0 ? 0 : left < SLICE ? left : SLICE;
        make_cells(geometry, pixels, first, n, slice, &cells, err);
        if (pixels->cut && n > 0)
            pixels->cut(pixels->owner, first);
        add_slice(set, cells, n, err);
        free(cells);
    }
    return err->status;
}

enum mzg_status mzg_cell_set_new(const struct mzg_context *context, const struct mzg_sdata_geometry *geometry,
                                 const struct mzg_raster_size *size, const struct mzg_sdata_pixels *pixels,
                                 struct mzg_cell_set *set, struct mzg_error *err)
{
    size_t n_ranks = (size_t)context->size;
    struct slice *slice = pixels->load ? malloc(sizeof *slice) : NULL;
    *set = (struct mzg_cell_set){.context = context,
                                 .tiles = mzg_tiles_of(size, context->size),
                                 .shares = malloc(n_ranks * sizeof *set->shares),
                                 .counts = malloc(4 * n_ranks * sizeof *set->counts)};
    if (!set->shares || !set->counts || (pixels->load && !slice))
        mzg_fail(err, MZG_ENOMEM, "no memory to order the pixels for the rasters");
    if (mzg_agree(context->comm, err) == MZG_OK && add_pixels(set, geometry, pixels, slice, err) == MZG_OK)
        mzg_cells_sort(set->cells, set->n);
    free(slice);
    if (err->status != MZG_OK)
        mzg_cell_set_destroy(set);
    return err->status;
}

enum mzg_status mzg_cell_set_halve(struct mzg_cell_set *set, int level, struct mzg_raster_size *size,
                                   struct mzg_error *err)
{
    struct mzg_cell *received = NULL;
    int64_t capacity = 0;
    set->n = mzg_cells_halve(set->cells, set->n, size);
    int64_t n = count_cells(set, level, set->cells, set->n);
    mzg_array_grow(&received, sizeof *received, n, &capacity, on_their_way, err);
    if (mzg_agree(set->context->comm, err) != MZG_OK) {
        free(received);
        return err->status;
    }
    exchange(set, set->cells, received); /* sorted, as those of lower ranks come before */
    free(set->cells);
    set->cells = received;
    set->capacity = capacity;
    set->n = n;
    return MZG_OK;
}

void mzg_cell_set_destroy(struct mzg_cell_set *set)
{
    free(set->cells);
    free(set->shares);
    free(set->counts);
    *set = (struct mzg_cell_set){0};
}
