/*
 * Names of samples and elements where several stores become one. A rule OLD=NEW renames what is called OLD or
 * begins with OLD and '_', '-' or '.'; in NEW, {sample} stands for the name of the sample and {number} for
 * its number, from 1. The OLD "*" is any name, and {name} in its NEW that name. All local.
 */
#ifndef MZG_SPATIALDATA_NAMES_H
#define MZG_SPATIALDATA_NAMES_H

#include <mzgrid/error.h>
#include <stdbool.h>

/* Borrowed texts. */
struct mzg_rename {
    const char *old; /* ends before '=' */
    int old_length;
    const char *new_name;
};

/* Takes OLD=NEW apart; the text is borrowed. MZG_EUSAGE. */
enum mzg_status mzg_rename_parse(const char *text, struct mzg_rename *rule, struct mzg_error *err);

/* Whether it can be the name of an element: 1 to 220 letters, digits, '_', '-' or '.', not beginning with
 * "__". */
bool mzg_is_element_name(const char *name);

/* Whether it can begin the names of a conversion's elements: likewise, but 1 to 128 characters, because more
 * follow. MZG_EUSAGE, which names the option. Local. */
enum mzg_status mzg_check_dataset_id(const char *id, struct mzg_error *err);

/* What an element of sample `number` (from 1) is called by the first rule that fits, or as before; to be
 * freed. MZG_EUSAGE if that is no name for an element. */
enum mzg_status mzg_rename_apply(const struct mzg_rename *rules, int n_rules, const char *sample, int number,
                                 const char *name, char **renamed, struct mzg_error *err);

/* The name of a sample after the path of its store: its last part without ".zarr", with '_' for what no
 * element's name has; to be freed. MZG_EUSAGE if nothing is left. */
enum mzg_status mzg_sample_name(const char *path, char **name, struct mzg_error *err);

#endif
