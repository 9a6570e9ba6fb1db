/*
 * Where elements of AnnData go: a back end writes groups, numbers and strings under paths such as "obs/x".
 * Above it stands one tree with one set of names and types (anndata.h); below it Zarr or HDF5.
 *
 * Every element carries the attributes encoding-type and encoding-version. Those of groups are given; those
 * of the rest follow from their shape: "numeric-scalar" and "array", "string" and "string-array".
 */
#ifndef MZG_ANNDATA_BACKEND_H
#define MZG_ANNDATA_BACKEND_H

#include <core/frame.h>
#include <jansson.h>
#include <mzgrid/error.h>
#include <stdint.h>

/* A column of rows that lie on all ranks; `rows` NULL: none, the values stand in memory. */
struct mzg_row_column {
    const struct mzg_frame_rows *rows;
    int column;
};

/* n × width numbers; width 0: a vector of n; n < 0: a scalar. `values` NULL: all are 0, unless they are those
 * of `of_rows`. */
struct mzg_numbers {
    enum mzg_type type;
    int64_t n, width;
    const void *values;
    struct mzg_row_column of_rows;
};

/* n strings, or one scalar (n < 0). Item i is what `item` writes: at most `size` bytes of UTF-8 into `text`,
 * or nothing if text is NULL; it returns the length. Several threads may call it at once. Those of `of_rows`
 * have no `item`, but its `text` or the decimals of its numbers. */
struct mzg_strings {
    int64_t n;
    struct mzg_row_column of_rows;
    int64_t (*item)(const void *source, int64_t i, char *text, int64_t size);
    const void *source;
};

struct mzg_backend;

/* All local. `path` has no leading slash, and the groups above it were made before. `group` takes the
 * reference to `attributes`, also on failure; NULL stands for a lack of memory. */
struct mzg_backend_kind {
    enum mzg_status (*group)(struct mzg_backend *backend, const char *path, json_t *attributes,
                             struct mzg_error *err);
    enum mzg_status (*numbers)(struct mzg_backend *backend, const char *path,
                               const struct mzg_numbers *numbers, struct mzg_error *err);
    enum mzg_status (*strings)(struct mzg_backend *backend, const char *path,
                               const struct mzg_strings *strings, struct mzg_error *err);
};

struct mzg_backend {
    const struct mzg_backend_kind *kind;
};

/* Numbers of which the first is that of item `first`, and the item function of strings that are their
 * decimals, with these as `source`. Local. */
struct mzg_decimals {
    const int64_t *numbers;
    int64_t first;
};
int64_t mzg_decimal_text(const void *source, int64_t i, char *text, int64_t size);

/* The attributes of an element: {"encoding-type": type, "encoding-version": version}, a new reference or
 * NULL. Local. */
json_t *mzg_encoding(const char *type, const char *version);

/* The attributes of numbers (of strings), a scalar or an array of them; likewise. */
json_t *mzg_encoding_of_numbers(const struct mzg_numbers *numbers);
json_t *mzg_encoding_of_strings(const struct mzg_strings *strings);

/* The attributes of a sparse matrix: `type` is "csr_matrix" or "csc_matrix"; likewise. */
json_t *mzg_encoding_of_sparse(const char *type, int64_t n_rows, int64_t n_columns);

#endif
