/* What an image tells viewers of its channel: its name, and which values are dark and bright. */
#ifndef MZG_SPATIALDATA_OMERO_H
#define MZG_SPATIALDATA_OMERO_H

#include <jansson.h>
#include <spatialdata/cells.h>

/* Values below `start` are dark, those above `end` bright; all values lie in [min, max]. start < end. */
struct mzg_omero_window {
    double min, max, start, end;
};

/* The window of the cells that all ranks have of an image whose other cells are 0. `start` is 0, `end`
 * the 99.5 % quantile over the cells: the smallest value that at least 99.5 % of them do not exceed. If that
 * is not above 0, it is the largest value; if that is not either, 1. Exact, in the order of any cells.
 * Collective over `comm`; with MPI_COMM_NULL this process is alone. */
struct mzg_omero_window mzg_omero_window_of(MPI_Comm comm, const struct mzg_cell *cells, int64_t n);

/* The member "omero" of an image with the one channel `name`. A new reference, or NULL without memory. Local.
 */
json_t *mzg_omero_attributes(const char *name, const struct mzg_omero_window *window);

#endif
