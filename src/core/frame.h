/*
 * A table of named columns with an index of strings: what AnnData calls a dataframe (obs, var). It borrows
 * its columns from the caller and knows nothing of the formats it is written to.
 */
#ifndef MZG_CORE_FRAME_H
#define MZG_CORE_FRAME_H

#include <stdbool.h>
#include <stdint.h>

/* A value of MZG_BOOL is one byte, 0 or 1. */
enum mzg_type { MZG_BOOL, MZG_INT8, MZG_INT32, MZG_INT64, MZG_FLOAT32, MZG_FLOAT64, MZG_STRING };

enum { MZG_FRAME_MAX_COLUMNS = 64 };

/* Rows that lie on all ranks, in pieces (core/piece.h). `fill` writes what `column` has in rows first ..
 * first + n - 1, which are of one piece of this rank. `text` writes what a column of strings has in a row, as
 * item() of struct mzg_strings does; if it is NULL strings are the decimals of int64 that `fill` writes.
 * Several threads may call them at once. */
struct mzg_frame_rows {
    void (*fill)(const void *source, int column, int64_t first, int64_t n, void *values);
    int64_t (*text)(const void *source, int column, int64_t row, char *text, int64_t size);
    const void *source;
};

/* `n` values: of the type's C equivalent, or `const char *const *` for MZG_STRING (UTF-8, never NULL). With
 * `category`, the column is a categorical whose only category is that string; `values` is then unused. With
 * `categories`, it is a categorical of `n_categories` strings, and `values` are numbers of them, -1 for none,
 * of an integer `type`. In a frame with `rows`, values are those of the column `of_rows` there. */
struct mzg_column {
    const char *name;
    enum mzg_type type;
    const void *values;
    int of_rows;
    const char *category;
    int64_t n_categories;
    const char *const *categories;
};

/* With `index_values` the index of row i is index_values[i] in decimal: with as many digits as tell apart
 * values at a seventh of the distance between index_edges[i] and [i + 1], so that neighbours differ, and the
 * same value between the same edges has the same name in any frame. Without `index_edges` it is the shortest
 * decimal that reads back as the very value. Without `index_values` it is `index_prefix` followed by the
 * decimal index_numbers[i], or by i where that is NULL. With `index_texts` it is index_texts[i], whatever
 * else is set. With `rows` it is the decimal of the int64 in the column `index_of_rows` there.
 */
struct mzg_frame {
    int64_t n;
    const struct mzg_frame_rows *rows; /* NULL: all values stand in memory */
    int index_of_rows;
    const char *index_prefix;
    const char *const *index_texts;
    const double *index_values; /* ascending, n */
    const double *index_edges;  /* around them, n + 1; or NULL */
    const int64_t *index_numbers;
    int n_columns;
    struct mzg_column columns[MZG_FRAME_MAX_COLUMNS];
};

/* Adds a column; the values are borrowed. Local. */
void mzg_frame_add(struct mzg_frame *frame, const char *name, enum mzg_type type, const void *values);

/* Adds a categorical column of frame->rows: int32 numbers of the categories, which are borrowed. Local. */
void mzg_frame_add_categories_of_rows(struct mzg_frame *frame, const char *name, int64_t n_categories,
                                      const char *const *categories, int of_rows);

/* Adds a column of frame->rows. Local. */
void mzg_frame_add_of_rows(struct mzg_frame *frame, const char *name, enum mzg_type type, int of_rows);

/* Adds a categorical column with one category, the same in every row. Local. */
void mzg_frame_add_category(struct mzg_frame *frame, const char *name, const char *category);

/* Adds a categorical column of several categories. Local. */
void mzg_frame_add_categories(struct mzg_frame *frame, const char *name, int64_t n_categories,
                              const char *const *categories, enum mzg_type type, const void *codes);

/* Bytes of one value; 0 for MZG_STRING. */
int mzg_type_size(enum mzg_type type);

/* The name of a type, as Zarr has it: "float32". Local. */
const char *mzg_type_name(enum mzg_type type);

/* The type of that name; false if there is none. Local. */
bool mzg_type_of(const char *name, enum mzg_type *type);

/* Writes the index of row i, at most `size` bytes with the terminator, and returns its length. */
int mzg_frame_index(const struct mzg_frame *frame, int64_t i, char *text, int size);

#endif
