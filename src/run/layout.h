/* What each layout of the store means: its name, and the matrices that hold the values. The one place that
 * knows it; a further layout is a value of enum mzg_layout and a row of the table. */
#ifndef MZG_RUN_LAYOUT_H
#define MZG_RUN_LAYOUT_H

#include <mzgrid/convert.h>
#include <spatialdata/matrix.h>

enum { MZG_LAYOUT_MATRICES = 2 };

/* A matrix of the table: where it lies below the table's group, and how. */
struct mzg_layout_matrix {
    const char *path;
    enum mzg_matrix_layout layout;
};

struct mzg_layout_rule {
    const char *name;
    int n_matrices;
    struct mzg_layout_matrix matrices[MZG_LAYOUT_MATRICES]; /* in the order in which they are written: columns
                                                             * last, for they give back what rows wait in */
};

/* The rule of a layout. Local. */
const struct mzg_layout_rule *mzg_layout_rule(enum mzg_layout layout);

/* The name of layout `number`, NULL behind the last one. Local. */
const char *mzg_layout_name(int number);

/* Whether any of its matrices goes by columns, so that all rows must be there before it is written. Local. */
bool mzg_layout_has_columns(enum mzg_layout layout);

#endif
