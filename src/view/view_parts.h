/* What the files that read a store share. All local. */
#ifndef MZG_VIEW_VIEW_PARTS_H
#define MZG_VIEW_VIEW_PARTS_H

#include <view/view.h>

/* Reads the column obs/x or var/mz as MZG_INT64 or MZG_FLOAT64; `*values` is to be freed. `n` is how many
 * elements it has, -1: any number. `*n_absent`, if not NULL, becomes how many of its chunks are not there. */
enum mzg_status mzg_view_column(const struct mzg_view *view, const char *column, enum mzg_type type,
                                int64_t n, void **values, int64_t *n_absent, struct mzg_error *err);

/* Chunks of a dense X were absent while a row was read: that they hold zeros, as var/n_pixels says, and were
 * not lost. Reads all of X. */
enum mzg_status mzg_view_check_dense(const struct mzg_view *view, struct mzg_error *err);

/* The values that are read at a time, a multiple of the chunks that mzgrid writes. */
enum { MZG_VIEW_BLOCK = 1 << 18 };

/* Finds the table that `dataset` names; `*name` is to be freed. The root's metadata are `root`. */
enum mzg_status mzg_view_find_table(const char *store, const char *dataset, char **name,
                                    struct mzg_error *err);

/* Marks the directory `path`, so that another one in its place is known. */
void mzg_view_mark(const char *path, struct mzg_view_mark *mark);

/* `parent`/`name`, to be freed. NULL: no memory. */
char *mzg_view_node(const char *parent, const char *name);

/* Whether the node is there, as a group or an array. */
bool mzg_view_has(const char *store, const char *node);

/* "a, b and c" of the names of tables, in `text`, which is returned. */
const char *mzg_view_names(const struct mzg_zarr_strings *tables, char *text, size_t size);

/* Opens X, and the layer csr if there is one. */
enum mzg_status mzg_view_open_matrix(struct mzg_view *view, struct mzg_error *err);

/* A run of stored values: places and values of `n` of them, from number `first` on. */
struct mzg_view_block {
    int64_t first, n;
    int64_t *places;
    double *values;
    struct mzg_zarr_cursor index_cursor, data_cursor;
};
enum mzg_status mzg_view_block_new(struct mzg_view_block *block, struct mzg_error *err);
void mzg_view_block_destroy(struct mzg_view_block *block);

/* Reads the places of the values from `first` on, up to `end` or the end of the block; checks that they lie
 * in the table, and whether the run is to end. */
enum mzg_status mzg_view_block_places(const struct mzg_view *view, const struct mzg_view_lines *lines,
                                      int64_t first, int64_t end, struct mzg_view_block *block,
                                      struct mzg_error *err);
/* And their values. */
enum mzg_status mzg_view_block_values(const struct mzg_view_lines *lines, struct mzg_view_block *block,
                                      struct mzg_error *err);

/* Whether a sparse X that is open has any value. */
bool mzg_view_has_values(const struct mzg_view *view);

/* Where the lines first .. first + n begin, and where the last of them ends: n + 1 numbers, ascending and in
 * the arrays, or MZG_EFORMAT. */
enum mzg_status mzg_view_bounds(const struct mzg_view *view, const struct mzg_view_lines *lines,
                                int64_t first, int64_t n, int64_t *bounds, struct mzg_error *err);

#endif
