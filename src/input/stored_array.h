/* Stored bytes of one array → doubles. Pure functions: the caller has checked that the bytes are there. */
#ifndef MZG_INPUT_STORED_ARRAY_H
#define MZG_INPUT_STORED_ARRAY_H

#include <stdint.h>

enum mzg_array_type {
    MZG_ARRAY_UNTYPED,
    MZG_ARRAY_FLOAT32,
    MZG_ARRAY_FLOAT64,
    MZG_ARRAY_INT8,
    MZG_ARRAY_INT16,
    MZG_ARRAY_INT32,
    MZG_ARRAY_INT64,
    MZG_ARRAY_FLOAT16
};

/* deflate cannot shrink data further than this: what promises more is not believed. */
enum { MZG_DEFLATE_MAX_RATIO = 1032 };

/* Such as "32-bit float". */
const char *mzg_array_type_name(enum mzg_array_type type);

/* Bytes of one value; 0 for MZG_ARRAY_UNTYPED. */
int mzg_array_item_size(enum mzg_array_type type);

/* How far apart neighbouring values of the type are at `value`: 1 for integers. */
double mzg_array_rounding(enum mzg_array_type type, double value);

/* Converts n little-endian values, at any alignment. Exact but for 64-bit integers beyond 2^53. */
void mzg_array_convert(enum mzg_array_type type, const void *bytes, int64_t n, double *values);

#endif
