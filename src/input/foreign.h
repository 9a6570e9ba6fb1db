/* Inputs of foreign readers (mzgrid/foreign.h), for the table of kinds. */
#ifndef MZG_INPUT_FOREIGN_H
#define MZG_INPUT_FOREIGN_H

#include <input/reader.h>
#include <mzgrid/foreign.h>

struct mzg_foreign_entry;

/* The reader that is registered for `path`; NULL: there is none. Local. */
const struct mzg_foreign_entry *mzg_foreign_find(const struct mzg_context *context, const char *path);

/* Opens `path` with it; as struct mzg_reader_kind. Collective over context->comm. */
enum mzg_status mzg_foreign_open(const struct mzg_context *context, const struct mzg_foreign_entry *entry,
                                 const char *path, const struct mzg_reader_options *options,
                                 struct mzg_reader **opened, struct mzg_error *err);

#endif
