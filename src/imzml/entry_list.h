/* Entries of the index in blocks, which grow without being moved and are freed one by one as they are copied
 * out. */
#ifndef MZG_IMZML_ENTRY_LIST_H
#define MZG_IMZML_ENTRY_LIST_H

#include <imzml/entry.h>

enum { MZG_ENTRY_BLOCK = 1 << 10 };

struct mzg_entry_list {
    struct mzg_imzml_entry **blocks;
    int64_t n_blocks, block_capacity;
    int64_t n;
};

/* Copies `entry` to the end of the list. */
enum mzg_status mzg_entry_list_append(struct mzg_entry_list *list, const struct mzg_imzml_entry *entry,
                                      struct mzg_error *err);

/* Entry i. */
const struct mzg_imzml_entry *mzg_entry_list_at(const struct mzg_entry_list *list, int64_t i);

/* Moves all entries to `to` and leaves the list empty. */
void mzg_entry_list_move(struct mzg_entry_list *list, struct mzg_imzml_entry *to);

/* Accepts a list of zeros. */
void mzg_entry_list_destroy(struct mzg_entry_list *list);

#endif
