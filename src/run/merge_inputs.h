/* The stores that are merged: opened, their samples and elements named, all names told apart. Rank 0; all
 * local. */
#ifndef MZG_RUN_MERGE_INPUTS_H
#define MZG_RUN_MERGE_INPUTS_H

#include <run/merge.h>
#include <spatialdata/catalog.h>

struct mzg_merge_input {
    struct mzg_catalog catalog;
    char *sample;
    int number;    /* of the sample, from 1 */
    char **names;  /* of each element, as it is called in the output */
    int64_t table; /* the element whose rows go into the table of all samples; -1: none */
};

struct mzg_merge_inputs {
    int n;
    struct mzg_merge_input *inputs;
};

/* Opens all stores and names what is in them. MZG_EUSAGE for names that are alike and for a store given
 * twice, or that is the output, lies in it or holds it. Release with mzg_merge_inputs_close(), also after a
 * failure.
 */
enum mzg_status mzg_merge_inputs_open(const struct mzg_merge_options *options,
                                      struct mzg_merge_inputs *inputs, struct mzg_error *err);
void mzg_merge_inputs_close(struct mzg_merge_inputs *inputs);

/* MZG_EIO if the metadata of a store changed since, or another store stands in its place. */
enum mzg_status mzg_merge_inputs_check(const struct mzg_merge_inputs *inputs, struct mzg_error *err);

#endif
