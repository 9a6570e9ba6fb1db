/*
 * What a rank asks for of the matrix in CSC order, and how it gets it: common to the ways in which rows
 * become columns.
 */
#ifndef MZG_STAGE_COLUMNS_H
#define MZG_STAGE_COLUMNS_H

#include <mzgrid/error.h>
#include <stage/panels.h>

#include <stdbool.h>

struct mzg_transpose_options {
    const int64_t
        *column_begins; /* n_columns + 1: where each column begins in CSC order; the same on all ranks */
    int64_t first;      /* this rank wants values first .. first + n - 1 of the CSC matrix */
    int64_t n;
    int64_t part_values; /* in each part that it takes but the last; above 0 */
    int64_t most_values; /* that it may put in order at once, where that needs memory; parts are the least */
    bool is_last;        /* nobody reads the stage afterwards: what is taken may be given back at once */
    int64_t memory;      /* bytes that rows on their way may take on this rank, beside the values, about */
    const char
        *scratch_path; /* where this rank may make a temporary file, if it must take them in several goes */
    int *scratch_fd;   /* may be NULL; receives what holds that file: closing it last gives its space back,
                        * which takes seconds for many GB */
};

/* Values first .. first + n - 1 of the CSC matrix: column by column, rows ascending in each. */
struct mzg_column_values {
    int64_t first;
    int64_t n;
    const int32_t *rows;
    const void *values; /* of the stage's type */
};

/* Takes one part of what a rank wants; parts come in order. It may not communicate. Returns err->status. */
typedef enum mzg_status mzg_take_columns_fn(void *context, const struct mzg_column_values *part,
                                            struct mzg_error *err);

/* The columns that hold values first .. first + n - 1. Local. */
struct mzg_column_range mzg_columns_of_values(const int64_t *column_begins, int64_t n_columns, int64_t first,
                                              int64_t n);

#endif
