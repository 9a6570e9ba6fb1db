/* The files of a merged store that are taken over as they are: rank 0 lists them, every rank clones its
 * share.
 */
#ifndef MZG_RUN_MERGE_FILES_H
#define MZG_RUN_MERGE_FILES_H

#include <run/merge_inputs.h>

/* The same on all ranks once it is shared. File i goes from the path that text + begins[2 * i] is, to the one
 * from begins[2 * i + 1] on in the store. */
struct mzg_merge_files {
    int64_t n;
    int64_t text_size;
    char *text;
    int64_t *begins;
    struct mzg_file_state *states;
    int64_t capacity, text_capacity; /* rank 0 */
};

/* Lists the files of all elements but the tables that become one. Rank 0, local. */
enum mzg_status mzg_merge_files_list(const struct mzg_merge_inputs *inputs, struct mzg_merge_files *files,
                                     struct mzg_error *err);

/* Adds the files of an element that lie below `node`, to lie below `path` in the store. Rank 0, local. */
enum mzg_status mzg_merge_files_add(const struct mzg_merge_input *input, const struct mzg_element *element,
                                    const char *node, const char *path, struct mzg_merge_files *files,
                                    struct mzg_error *err);

/* Gives all ranks the list. All ranks return the same status. Collective. */
enum mzg_status mzg_merge_files_share(const struct mzg_context *context, struct mzg_merge_files *files,
                                      struct mzg_error *err);

/* Clones all files into the directory `part`; file i is that of rank i modulo the number of ranks. Counts
 * what was done, of all ranks. All ranks return the same status. Collective. */
enum mzg_status mzg_merge_files_clone(const struct mzg_context *context, const struct mzg_merge_files *files,
                                      const char *part, bool copy, const struct mzg_progress *progress,
                                      struct mzg_merge_outcome *outcome, struct mzg_error *err);

/* MZG_EIO if a file changed since it was listed. All ranks return the same status. Collective. */
enum mzg_status mzg_merge_files_check(const struct mzg_context *context, const struct mzg_merge_files *files,
                                      struct mzg_error *err);

void mzg_merge_files_destroy(struct mzg_merge_files *files);

#endif
