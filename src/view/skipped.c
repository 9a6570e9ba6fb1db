#include <view/skipped.h>

#include <stdlib.h>
#include <view/view_parts.h>

void mzg_view_skipped_destroy(struct mzg_view_skipped *skipped)
{
    free(skipped->spectrum);
    free(skipped->x);
    free(skipped->y);
    free(skipped->z);
    mzg_zarr_strings_free(&skipped->reasons);
    mzg_zarr_strings_free(&skipped->details);
    *skipped = (struct mzg_view_skipped){0};
}

/* A column of whole numbers, of as many rows as there are reasons. */
static enum mzg_status read_numbers(const struct mzg_view *view, const char *list, const char *name,
                                    int64_t rows, int64_t **values, struct mzg_error *err)
{
    int64_t n = 0;
    void *read = NULL;
    char *node = mzg_view_node(list, name);
    if (!node)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to read its skipped pixels", view->store);
    if (mzg_zarr_read_whole(view->store, node, MZG_INT64, 1, INT32_MAX, &read, &n, err) == MZG_OK &&
        n != rows)
        mzg_fail(err, MZG_EFORMAT, "%s/%s: has another number of rows than the reasons", view->store, node);
    *values = read;
    free(node);
    return err->status;
}

static enum mzg_status read_texts(const struct mzg_view *view, const char *list, const char *name,
                                  struct mzg_zarr_strings *texts, struct mzg_error *err)
{
    char *node = mzg_view_node(list, name);
    if (!node)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to read its skipped pixels", view->store);
    mzg_zarr_read_strings(view->store, node, INT32_MAX, texts, err);
    free(node);
    return err->status;
}

static enum mzg_status read_list(const struct mzg_view *view, const char *list, int64_t most_details,
                                 struct mzg_view_skipped *skipped, struct mzg_error *err)
{
    if (read_texts(view, list, "reason", &skipped->reasons, err) != MZG_OK)
        return err->status;
    skipped->n = skipped->reasons.n;
    if (read_numbers(view, list, "spectrum_index", skipped->n, &skipped->spectrum, err) != MZG_OK ||
        read_numbers(view, list, "x", skipped->n, &skipped->x, err) != MZG_OK ||
        read_numbers(view, list, "y", skipped->n, &skipped->y, err) != MZG_OK ||
        read_numbers(view, list, "z", skipped->n, &skipped->z, err) != MZG_OK || skipped->n > most_details)
        return err->status;
    if (read_texts(view, list, "detail", &skipped->details, err) == MZG_OK &&
        skipped->details.n != skipped->n)
        mzg_fail(err, MZG_EFORMAT, "%s/%s: has another number of details than of reasons", view->store, list);
    return err->status;
}

enum mzg_status mzg_view_skipped_read(const struct mzg_view *view, int64_t most_details,
                                      struct mzg_view_skipped *skipped, struct mzg_error *err)
{
    char *list = mzg_view_node(view->table, "uns/skipped_pixels");
    if (!list)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to read its skipped pixels", view->store);
    skipped->is_there = mzg_view_has(view->store, list);
    if (skipped->is_there)
        read_list(view, list, most_details, skipped, err);
    free(list);
    if (err->status != MZG_OK)
        mzg_view_skipped_destroy(skipped);
    return err->status;
}
