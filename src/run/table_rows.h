/* The rows of obs: columns filled from the records of the rows that this rank holds. */
#ifndef MZG_RUN_TABLE_ROWS_H
#define MZG_RUN_TABLE_ROWS_H

#include <input/kinds.h>
#include <run/table.h>

struct mzg_table_rows;

/* To be freed by free(); what the source points to is used as long. Fails with MZG_ENOMEM: agree. Local. */
enum mzg_status mzg_table_rows_new(const struct mzg_context *context, const struct mzg_table_source *source,
                                   struct mzg_table_rows **rows, struct mzg_error *err);

/* The frame of all rows; `region` is borrowed. Local. */
void mzg_table_rows_frame(const struct mzg_table_rows *rows, const struct mzg_kinds *kinds,
                          const char *region, struct mzg_frame *obs);

/* What obsm["spatial"] is: x and y in the unit of the geometry. Local. */
struct mzg_row_column mzg_table_rows_spatial(const struct mzg_table_rows *rows);

#endif
