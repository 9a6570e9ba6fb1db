/* Maps of colours. */
#ifndef MZG_PICTURE_COLOURS_H
#define MZG_PICTURE_COLOURS_H

#include <stdint.h>

/* The colour of a share between 0 and 1 as 0xRRGGBB. */
uint32_t mzg_colour(int map, double share);

/* That of a cell without a pixel. */
uint32_t mzg_colour_of_none(int map);

#endif
