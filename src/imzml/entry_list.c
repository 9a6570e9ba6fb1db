#include <core/array.h>
#include <imzml/entry_list.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void mzg_entry_list_destroy(struct mzg_entry_list *list)
{
    for (int64_t b = 0; b < list->n_blocks; b++)
        free(list->blocks[b]);
    free(list->blocks);
    *list = (struct mzg_entry_list){0};
}

enum mzg_status mzg_entry_list_append(struct mzg_entry_list *list, const struct mzg_imzml_entry *entry,
                                      struct mzg_error *err)
{
    if (list->n == list->n_blocks * MZG_ENTRY_BLOCK) {
        if (mzg_array_grow(&list->blocks, sizeof *list->blocks, list->n_blocks + 1, &list->block_capacity,
                           "blocks of the index", err) != MZG_OK)
            return err->status;
        struct mzg_imzml_entry *block = malloc(MZG_ENTRY_BLOCK * sizeof *block);
        if (!block)
            return mzg_fail(err, MZG_ENOMEM, "no memory for the index after %" PRId64 " spectra", list->n);
        list->blocks[list->n_blocks++] = block;
    }
    list->blocks[list->n / MZG_ENTRY_BLOCK][list->n % MZG_ENTRY_BLOCK] = *entry;
    list->n++;
    return MZG_OK;
}

const struct mzg_imzml_entry *mzg_entry_list_at(const struct mzg_entry_list *list, int64_t i)
{
    return &list->blocks[i / MZG_ENTRY_BLOCK][i % MZG_ENTRY_BLOCK];
}

void mzg_entry_list_move(struct mzg_entry_list *list, struct mzg_imzml_entry *to)
{
    for (int64_t b = 0; b < list->n_blocks; b++) {
        int64_t left = list->n - b * MZG_ENTRY_BLOCK;
        int64_t n = left < MZG_ENTRY_BLOCK ? left : MZG_ENTRY_BLOCK;
        memcpy(to + b * MZG_ENTRY_BLOCK, list->blocks[b], (size_t)n * sizeof *to);
        free(list->blocks[b]);
        list->blocks[b] = NULL;
    }
    mzg_entry_list_destroy(list);
}
