/*
 * The part of TOML 1.0 that a file of options needs: tables of one name, and keys whose value is a string, a
 * whole number, a number or true or false. What else TOML knows (lists, dates, tables in tables, texts of
 * several lines) is refused by name, because no option takes it. Whatever is accepted means what every TOML
 * parser says.
 */
#ifndef MZG_CLI_TOML_H
#define MZG_CLI_TOML_H

#include <mzgrid/error.h>
#include <stdbool.h>
#include <stddef.h>

enum mzg_toml_kind {
    MZG_TOML_TABLE,   /* a line "[table]": key and text are NULL */
    MZG_TOML_STRING,  /* its text, escapes decoded */
    MZG_TOML_INTEGER, /* decimal, without "_" and "+" */
    MZG_TOML_FLOAT,   /* likewise */
    MZG_TOML_BOOLEAN  /* "true" or "false" */
};

struct mzg_toml_item {
    enum mzg_toml_kind kind;
    const char *table; /* "" above the first table */
    const char *key;
    const char *text;
    int line; /* from 1 */
};

/* A reader of bytes, item by item. The texts of items lie in these bytes. */
struct mzg_toml {
    const char *name; /* of the file, for messages; borrowed */
    char *rest;       /* the lines that are still to be read; NULL at the end */
    const char *table;
    int line;
};

/* Begins to read the `n` bytes at `bytes`, behind which one more must be writable; they are changed on the
 * way. MZG_EUSAGE if they are no text in UTF-8. Local. */
enum mzg_status mzg_toml_begin(struct mzg_toml *toml, const char *name, char *bytes, size_t n,
                               struct mzg_error *err);

/* Gives the next item; false at the end, and with `err` filled (MZG_EUSAGE) at a line that is not understood.
 * Local. */
bool mzg_toml_next(struct mzg_toml *toml, struct mzg_toml_item *item, struct mzg_error *err);

#endif
