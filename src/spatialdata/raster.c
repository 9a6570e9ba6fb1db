/*
 * Labels and image. Each rank writes the files of its tiles (tiles.h). Of the raster only one shard stands in
 * its memory at a time, 16 MiB: its cells are put into zeros, and the zarr room leaves out the chunks that
 * stay empty.
 */
#include <core/agree.h>
#include <spatialdata/cell_exchange.h>
#include <spatialdata/ome.h>
#include <spatialdata/omero.h>
#include <spatialdata/sdata.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_SIDE = 512,
    SHARD_CHUNKS = MZG_TILE_SIDE / CHUNK_SIDE, /* in each direction, so that a shard is a tile */
    PYRAMID_SIDE = 1024 /* rasters with a longer side get smaller levels until both sides are this short */
};

/* One level of a raster: what to make of the cells, and how they lie in its array. */
struct level {
    struct mzg_zarr_array *array;
    bool is_labels;
    struct mzg_raster_size size;
    int64_t file_height;
    int64_t file_width;
};

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Chunk and shard of one side of a plane. */
static void set_side(int64_t size, int64_t *chunk, int64_t *shard)
{
    *chunk = smaller(size, CHUNK_SIDE);
    *shard = *chunk * smaller(SHARD_CHUNKS, (size + *chunk - 1) / *chunk);
}

static struct mzg_zarr_array_spec raster_spec(const char *axes, const struct level *level,
                                              struct mzg_codec codec)
{
    const struct mzg_raster_size *size = &level->size;
    struct mzg_zarr_array_spec spec = {.type = level->is_labels ? MZG_INT32 : MZG_FLOAT32,
                                       .n_dimensions = (int)strlen(axes),
                                       .dimension_names = axes,
                                       .codec = codec};
    for (int d = 0; d < spec.n_dimensions; d++) {
        spec.shape[d] = spec.chunk[d] = spec.shard[d] = 1;
        if (axes[d] == 'z')
            spec.shape[d] = size->depth;
        else if (axes[d] != 'c')
            set_side(spec.shape[d] = axes[d] == 'y' ? size->height : size->width, &spec.chunk[d],
                     &spec.shard[d]);
    }
    if (size->height <= CHUNK_SIDE && size->width <= CHUNK_SIDE)
        memset(spec.shard, 0, sizeof spec.shard); /* one chunk for each plane needs no shards */
    return spec;
}

static int64_t file_of(const struct level *level, const struct mzg_cell *cell)
{
    int64_t rows = (level->size.height + level->file_height - 1) / level->file_height;
    int64_t columns = (level->size.width + level->file_width - 1) / level->file_width;
    return (cell->z * rows + mzg_cell_y(cell) / level->file_height) * columns +
           mzg_cell_x(cell) / level->file_width;
}

/* Writes the chunk file of the first of `n` cells and returns how many of them were in it. */
static int64_t write_file(const struct level *level, const struct mzg_cell *cells, int64_t n,
                          unsigned char *data, struct mzg_error *err)
{
    int64_t file = file_of(level, cells);
    int64_t top = mzg_cell_y(cells) / level->file_height * level->file_height;
    int64_t begin = mzg_cell_x(cells) / level->file_width * level->file_width;
    int64_t height = smaller(level->file_height, level->size.height - top);
    int64_t width = smaller(level->file_width, level->size.width - begin);
    memset(data, 0, (size_t)(4 * height * width));
    int64_t i = 0;
    for (; i < n && file_of(level, &cells[i]) == file; i++) {
        int64_t at = (mzg_cell_y(&cells[i]) - top) * width + mzg_cell_x(&cells[i]) - begin;
        memcpy(data + 4 * at, level->is_labels ? (const void *)&cells[i].label : &cells[i].value, 4);
    }
    mzg_zarr_write(level->array, file, data, err);
    return i;
}

static enum mzg_status write_level(struct mzg_sdata *sdata, const char *group, int number, const char *axes,
                                   struct level *level, const struct mzg_cell *cells, int64_t n,
                                   struct mzg_error *err)
{
    struct mzg_zarr_array_spec spec = raster_spec(axes, level, sdata->codec);
    const int64_t *file_shape = spec.shard[0] > 0 ? spec.shard : spec.chunk;
    level->file_height = file_shape[spec.n_dimensions - 2];
    level->file_width = file_shape[spec.n_dimensions - 1];

    char *path;
    unsigned char *data = NULL;
    if (asprintf(&path, "%s/%d", group, number) < 0)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its path", group);
    if (mzg_zarr_array(sdata->store, path, &spec, json_object(), &level->array, err) != MZG_OK)
        goto cleanup;
    if (n == 0)
        goto cleanup;
    data = malloc((size_t)(4 * smaller(level->file_height, level->size.height) *
                           smaller(level->file_width, level->size.width)));
    if (!data) {
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for a shard of %lld x %lld cells", path,
                 (long long)level->file_height, (long long)level->file_width);
        goto cleanup;
    }
    for (int64_t i = 0; i < n && err->status == MZG_OK;)
        i += write_file(level, cells + i, n - i, data, err);

cleanup:
    free(data);
    free(path);
    return err->status;
}

/* Declares the group `kind`, with the attributes `of_kind`, and the raster's in it, whose path it returns, to
 * be freed; NULL with `err` filled. Takes both references. */
static char *declare_raster(struct mzg_sdata *sdata, const char *kind, const char *name, json_t *of_kind,
                            json_t *attributes, struct mzg_error *err)
{
    char *path;
    if (mzg_zarr_group(sdata->store, kind, of_kind, err) != MZG_OK ||
        asprintf(&path, "%s/%s", kind, name) < 0) {
        json_decref(attributes);
        if (err->status == MZG_OK)
            mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for its path", kind, name);
        return NULL;
    }
    if (mzg_zarr_group(sdata->store, path, attributes, err) == MZG_OK)
        return path;
    free(path);
    return NULL;
}

/* Local. */
static enum mzg_status write_labels(struct mzg_sdata *sdata, const struct mzg_sdata_geometry *geometry,
                                    const struct mzg_raster_size *size, const struct mzg_cell_set *set,
                                    struct mzg_error *err)
{
    const char *axes = size->depth > 1 ? "zyx" : "yx";
    struct level level = {.is_labels = true, .size = *size};
    json_t *names = json_pack("{s:{s:[s]}}", "ome", "labels", sdata->region);
    json_t *attributes = mzg_ome_attributes(sdata->region, axes, size, 1, geometry, NULL);
    char *group = declare_raster(sdata, "labels", sdata->region, names, attributes, err);
    if (!group)
        return err->status;
    write_level(sdata, group, 0, axes, &level, set->cells, set->n, err);
    free(group);
    return err->status;
}

/* Fills the sizes of the pyramid's levels and returns how many there are. */
static int pyramid(const struct mzg_raster_size *size, struct mzg_raster_size levels[MZG_MAX_LEVELS])
{
    int n = 0;
    levels[n++] = *size;
    for (; levels[n - 1].height > PYRAMID_SIDE || levels[n - 1].width > PYRAMID_SIDE; n++) {
        levels[n] = levels[n - 1];
        mzg_cells_halve(NULL, 0, &levels[n]);
    }
    return n;
}

/* The image's group, to be freed; NULL with `err` filled. Collective, though it may fail: agree. */
static char *declare_image(struct mzg_sdata *sdata, const struct mzg_sdata_geometry *geometry,
                           const char *axes, const struct mzg_raster_size *levels, int n_levels,
                           const struct mzg_cell_set *set, struct mzg_error *err)
{
    struct mzg_omero_window window = mzg_omero_window_of(sdata->context->comm, set->cells, set->n);
    json_t *omero = mzg_omero_attributes("tic", &window);
    if (!omero) {
        mzg_fail(err, MZG_ENOMEM, "images/%s: no memory for its metadata", sdata->image);
        return NULL;
    }
    json_t *attributes = mzg_ome_attributes(sdata->image, axes, levels, n_levels, geometry, omero);
    return declare_raster(sdata, "images", sdata->image, json_object(), attributes, err);
}

/* Changes the cells: they end as those of the smallest level. Collective. */
static enum mzg_status write_image(struct mzg_sdata *sdata, const struct mzg_sdata_geometry *geometry,
                                   const struct mzg_raster_size *size, struct mzg_cell_set *set,
                                   struct mzg_error *err)
{
    const char *axes = size->depth > 1 ? "czyx" : "cyx";
    struct mzg_raster_size levels[MZG_MAX_LEVELS];
    int n_levels = pyramid(size, levels);
    char *group = declare_image(sdata, geometry, axes, levels, n_levels, set, err);
    struct mzg_raster_size now = *size;
    mzg_agree(sdata->context->comm, err);
    for (int i = 0; i < n_levels && err->status == MZG_OK; i++) {
        if (i > 0 && mzg_cell_set_halve(set, i, &now, err) != MZG_OK)
            break;
        struct level level = {.size = now};
        write_level(sdata, group, i, axes, &level, set->cells, set->n, err);
        mzg_agree(sdata->context->comm, err);
    }
    free(group);
    return err->status;
}

enum mzg_status mzg_sdata_write_rasters(struct mzg_sdata *sdata, const struct mzg_sdata_geometry *geometry,
                                        const struct mzg_sdata_pixels *pixels, struct mzg_error *err)
{
    struct mzg_raster_size size;
    struct mzg_cell_set set;
    mzg_raster_size(geometry, &size, err);
    if (mzg_agree(sdata->context->comm, err) != MZG_OK ||
        mzg_cell_set_new(sdata->context, geometry, &size, pixels, &set, err) != MZG_OK)
        return err->status;
    write_labels(sdata, geometry, &size, &set, err);
    if (mzg_agree(sdata->context->comm, err) == MZG_OK)
        write_image(sdata, geometry, &size, &set, err);
    mzg_cell_set_destroy(&set);
    return err->status;
}
