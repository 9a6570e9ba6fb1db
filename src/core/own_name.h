/* The names of core/own_file.h. */
#ifndef MZG_CORE_OWN_NAME_H
#define MZG_CORE_OWN_NAME_H

#include <stdbool.h>

enum { MZG_OWN_STEM = 96, MZG_OWN_TAG = 9 };

/* Roles of files that do not lie beside the output with --temp-dir: who owns them, the rows that wait, and
 * the columns that each rank makes of them, with its number behind. */
#define MZG_OWN_OWNER "owner"
#define MZG_OWN_ROWS "h5ad.part"
#define MZG_OWN_COLUMNS "columns-"

/* What all names of one output begin with, "OUT.zarr.1a2b3c4d-"; a long name is cut, the digest is of all of
 * its path, whose directory is resolved. 0, or -1 with errno set. */
int mzg_own_stem(const char *output, char stem[MZG_OWN_STEM]);

/* Eight random digits. */
void mzg_own_tag(char tag[MZG_OWN_TAG]);

/* Whether `name` is STEM, eight digits, '.' and a role, which `*role` then points to; `tag` gets the digits.
 */
bool mzg_own_is_name(const char *name, const char *stem, char tag[MZG_OWN_TAG], const char **role);

/* A path of these parts, to be freed; NULL: no memory. */
char *mzg_own_path(const char *directory, const char *stem, const char *tag, const char *role);

/* The directory of a path: "." or what is before its last '/'. To be freed; NULL: no memory. */
char *mzg_own_directory_of(const char *path);

/* Removes what dead runs of `output` left in `directory` under names that begin with `stem`. */
void mzg_own_sweep(const char *directory, const char *output, const char *stem);

/* Ends all claims. */
void mzg_own_end_claims(void);

#endif
