/* A column of obs or var as it is stored. */
#include <view/view_parts.h>

#include <inttypes.h>
#include <stdlib.h>

enum { MOST = INT32_MAX }; /* pixels or bins */

static enum mzg_status read_values(const struct mzg_zarr_input *input, enum mzg_type type, void *values,
                                   int64_t *n_absent, struct mzg_error *err)
{
    struct mzg_zarr_cursor cursor = {0};
    int64_t n = mzg_zarr_input_shape(input)->shape[0];
    if (type == MZG_INT64)
        mzg_zarr_read_int64(input, &cursor, 0, n, values, err);
    else
        mzg_zarr_read_double(input, &cursor, 0, n, values, err);
    if (n_absent)
        *n_absent = cursor.n_absent;
    mzg_zarr_cursor_close(&cursor);
    return err->status;
}

enum mzg_status mzg_view_column(const struct mzg_view *view, const char *column, enum mzg_type type,
                                int64_t n, void **values, int64_t *n_absent, struct mzg_error *err)
{
    struct mzg_zarr_input *input = NULL;
    void *made = NULL;
    char *node = mzg_view_node(view->table, column);
    if (!node) {
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to read %s", view->store, column);
    } else if (!mzg_view_has(view->store, node)) {
        mzg_fail(err, MZG_EFORMAT,
                 "%s/%s: is not there; the store is damaged, or an old mzgrid or another program wrote it",
                 view->store, node);
    } else if (mzg_zarr_input_open(view->store, node, &input, err) == MZG_OK) {
        const struct mzg_zarr_shape *shape = mzg_zarr_input_shape(input);
        int64_t found = shape->n_dimensions == 1 ? shape->shape[0] : -1;
        if (found < 0 || found > MOST)
            mzg_fail(err, MZG_EFORMAT, "%s/%s: is not a list of values", view->store, node);
        else if (n >= 0 && found != n)
            mzg_fail(err, MZG_EFORMAT, "%s/%s: has %" PRId64 " values, the table %" PRId64, view->store, node,
                     found, n);
        else if (!(made = malloc((size_t)(found + 1) * sizeof(double))))
            mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for its %" PRId64 " values", view->store, node,
                     found);
        else
            read_values(input, type, made, n_absent, err);
    }
    mzg_zarr_input_free(input);
    free(node);
    if (err->status == MZG_OK)
        *values = made;
    else
        free(made);
    return err->status;
}
