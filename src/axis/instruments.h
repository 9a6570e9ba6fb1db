/* Which law suits which instrument model. */
#ifndef MZG_AXIS_INSTRUMENTS_H
#define MZG_AXIS_INSTRUMENTS_H

#include <mzgrid/axis.h>

struct mzg_instrument {
    int32_t accession; /* the digits of the PSI-MS accession of the model */
    enum mzg_axis_type type;
    const char *model;
};

/* The entry of the model with that accession, such as "MS:1000557"; NULL if the accession is none of a
 * model, or the model does not tell its law (a TOF with and without reflectron). Local. */
const struct mzg_instrument *mzg_instrument_find(const char *accession);

/* The model that a text names, such as "Bruker solariX 7T": the one of the longest name that stands in it,
 * upper and lower case, blanks and dashes aside. NULL if it names none, or one that does not tell its law.
 * Local. */
const struct mzg_instrument *mzg_instrument_named(const char *text);

/* Entry `i` of all models, sorted by accession; NULL behind the last. Local. */
const struct mzg_instrument *mzg_instrument_at(int i);

#endif
