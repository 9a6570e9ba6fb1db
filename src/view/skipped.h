/* The pixels that a conversion left out, as its store lists them. */
#ifndef MZG_VIEW_SKIPPED_H
#define MZG_VIEW_SKIPPED_H

#include <view/view.h>

/* All zero is an empty list. */
struct mzg_view_skipped {
    bool is_there; /* the table has such a list */
    int64_t n;
    int64_t *spectrum, *x, *y, *z;   /* of each; x INT32_MIN: the input tells no position */
    struct mzg_zarr_strings reasons; /* of each */
    struct mzg_zarr_strings details; /* likewise; none if there are more pixels than were asked for */
};

/* Reads the list; the details, which are sentences, only of at most `most_details` pixels. Empty if the table
 * has no such list. Release with mzg_view_skipped_destroy(). Local. */
enum mzg_status mzg_view_skipped_read(const struct mzg_view *view, int64_t most_details,
                                      struct mzg_view_skipped *skipped, struct mzg_error *err);
void mzg_view_skipped_destroy(struct mzg_view_skipped *skipped);

#endif
