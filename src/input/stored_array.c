#include <input/stored_array.h>

#include <axis/clones.h>

#include <math.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "arrays of imzML are little-endian, and read as they are");

const char *mzg_array_type_name(enum mzg_array_type type)
{
    static const char *const names[] = {"unknown type",   "32-bit float",   "64-bit float",   "8-bit integer",
                                        "16-bit integer", "32-bit integer", "64-bit integer", "16-bit float"};
    return names[type];
}

int mzg_array_item_size(enum mzg_array_type type)
{
    static const int sizes[] = {0, 4, 8, 1, 2, 4, 8, 2};
    return sizes[type];
}

/* A number of IEEE 754 binary16: five bits of exponent, ten of fraction. C17 has no type for it. */
static double half_to_double(uint16_t half)
{
    int exponent = half >> 10 & 31;
    int fraction = half & 1023;
    double value = exponent == 31  ? (fraction ? NAN : INFINITY)
                   : exponent == 0 ? ldexp(fraction, -24)
                                   : ldexp(1024 + fraction, exponent - 25);
    return half & 0x8000 ? -value : value;
}

double mzg_array_rounding(enum mzg_array_type type, double value)
{
    double size = fabs(value);
    int exponent;
    frexp(size, &exponent);
    if (type == MZG_ARRAY_FLOAT16)
        return ldexp(1, exponent > -13 ? exponent - 11 : -24);
    if (type == MZG_ARRAY_FLOAT32)
        return (double)nextafterf((float)size, INFINITY) - (double)(float)size;
    return type == MZG_ARRAY_FLOAT64 ? nextafter(size, INFINITY) - size : 1;
}

/* One loop for each type: memcpy is how C reads a value at any alignment, and compiles to a plain load. */
#define CONVERTER(c_type)                                                                                    \
    MZG_CLONES                                                                                               \
    static void convert_##c_type(const char *from, int64_t n, double *values)                                \
    {                                                                                                        \
        for (int64_t i = 0; i < n; i++) {                                                                    \
            c_type value;                                                                                    \
            memcpy(&value, from + i * (int64_t)sizeof value, sizeof value);                                  \
            values[i] = (double)value;                                                                       \
        }                                                                                                    \
    }

CONVERTER(float)
CONVERTER(int8_t)
CONVERTER(int16_t)
CONVERTER(int32_t)
CONVERTER(int64_t)

void mzg_array_convert(enum mzg_array_type type, const void *bytes, int64_t n, double *values)
{
    const char *from = bytes;
    switch (type) {
    case MZG_ARRAY_UNTYPED:
        break;
    case MZG_ARRAY_FLOAT32:
        convert_float(from, n, values);
        break;
    case MZG_ARRAY_FLOAT64:
        if (n > 0)
            memcpy(values, from, (size_t)n * sizeof *values);
        break;
    case MZG_ARRAY_INT8:
        convert_int8_t(from, n, values);
        break;
    case MZG_ARRAY_INT16:
        convert_int16_t(from, n, values);
        break;
    case MZG_ARRAY_INT32:
        convert_int32_t(from, n, values);
        break;
    case MZG_ARRAY_INT64:
        convert_int64_t(from, n, values);
        break;
    case MZG_ARRAY_FLOAT16:
        for (int64_t i = 0; i < n; i++) {
            uint16_t half;
            memcpy(&half, from + i * (int64_t)sizeof half, sizeof half);
            values[i] = half_to_double(half);
        }
        break;
    }
}
