/* Files that a command is to make: what their names say, and whether they may be made. All local, rank 0. */
#ifndef MZG_CLI_NEW_FILE_H
#define MZG_CLI_NEW_FILE_H

#include <mzgrid/error.h>
#include <stdbool.h>

/* What a file of this name holds, by its end. */
enum mzg_file_kind { MZG_FILE_PNG, MZG_FILE_TIFF, MZG_FILE_CSV, MZG_FILE_SVG, MZG_FILE_OTHER };
enum mzg_file_kind mzg_file_kind_of(const char *path);

/* Whether `path`, given by `option`, may be written: it is not the store, nor in it, and does not exist, or
 * is a file that `overwrite` allows to replace. `store` may be NULL: there is none. MZG_EUSAGE, MZG_EIO. */
enum mzg_status mzg_check_new_file(const char *option, const char *path, const char *store, bool overwrite,
                                   struct mzg_error *err);

/* Refuses, as MZG_EUSAGE, a `path` that is called like files of another kind than those that end in `end`,
 * such as a store called x.h5ad. Other ends are as good as none, and CSV may be called x.txt. `what` begins
 * the message. */
enum mzg_status mzg_check_ending(const char *what, const char *path, const char *end, struct mzg_error *err);

#endif
