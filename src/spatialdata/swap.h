/*
 * Files and directories that take the places of others, one after the other, and go back if one of them
 * cannot. Each step is one rename, or one exchange of two names, so that at any moment every name has its old
 * or its new content. Knows file systems only. All local.
 */
#ifndef MZG_SPATIALDATA_SWAP_H
#define MZG_SPATIALDATA_SWAP_H

#include <mzgrid/error.h>

enum { MZG_SWAP_MOST = 8 };

struct mzg_swap {
    int n;
    struct mzg_swap_step {
        char *from; /* what is new; afterwards what was old, if there was any */
        char *to;
        char *old; /* where file systems that cannot exchange keep what was old; NULL: it is at `from` */
        enum { MZG_SWAP_MOVED, MZG_SWAP_EXCHANGED, MZG_SWAP_REPLACED } how;
    } steps[MZG_SWAP_MOST];
};

/* Gives `from` the name `to`, whose content goes to `from`, and brings the directory of `to` to the disk. On
 * failure this step is undone. MZG_EIO. */
enum mzg_status mzg_swap_in(struct mzg_swap *swap, const char *from, const char *to, struct mzg_error *err);

/* Undoes all steps, the last one first, as far as that can be done. */
void mzg_swap_undo(struct mzg_swap *swap);

/* Forgets the steps. */
void mzg_swap_destroy(struct mzg_swap *swap);

#endif
