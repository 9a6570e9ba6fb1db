/* A JSON object on standard output: as JSON, and as aligned text for people. What it holds of an input
 * appears with its control characters escaped. */
#ifndef MZG_CLI_JSON_PRINT_H
#define MZG_CLI_JSON_PRINT_H

#include <jansson.h>
#include <mzgrid/error.h>
#include <stdio.h>

/* Prints JSON, indented, and a line end. Local. */
enum mzg_status mzg_json_print(FILE *file, const json_t *object, struct mzg_error *err);

/* Prints one line per value, names aligned, underscores in names as blanks, null as "unknown". An object is
 * indented below its name. A list of plain values stands on one line where it fits into 80 columns; of any
 * other list each item has a line, an object in it as "name value, name value". Local. */
void mzg_json_print_text(FILE *file, const json_t *object);

#endif
