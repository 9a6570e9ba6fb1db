/* Which law suits which instrument model. */
#ifndef MZG_AXIS_INSTRUMENTS_H
#define MZG_AXIS_INSTRUMENTS_H

#include <mzgrid/axis.h>

struct mzg_instrument {
    int32_t accession; /* the digits of the PSI-MS accession of the model */
    enum mzg_axis_type type;
    const char *model;
};

/* The entry of the model with that accession, such as "MS:1000557"; NULL where the accession is none of a
 * model, or the model does not tell its law (a TOF with and without reflectron). Local. */
const struct mzg_instrument *mzg_instrument_find(const char *accession);

#endif
