/* Which part of an input is read. */
#ifndef MZGRID_INPUT_H
#define MZGRID_INPUT_H

#include <stdbool.h>
#include <stdint.h>

enum mzg_polarity { MZG_POLARITY_UNKNOWN, MZG_POLARITY_POSITIVE, MZG_POLARITY_NEGATIVE, MZG_POLARITIES };

/* A box of positions, both ends included. Part of other structs, and therefore never longer. */
struct mzg_box {
    bool given;     /* else: everywhere */
    int32_t min[3]; /* x, y, z */
    int32_t max[3];
};

#endif
