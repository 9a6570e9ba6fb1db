/* Stored bytes → doubles, for every type, at any alignment; entries of the index against the size of the ibd.
 */
#include <imzml/entry.h>
#include <imzml/terms.h>
#include <input/stored_array.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <string.h>

static void expect_values(enum mzg_array_type type, const unsigned char *bytes, int64_t n,
                          const double *wanted)
{
    /* Every alignment: types must not be read through pointers of their own. */
    for (int shift = 0; shift < 8; shift++) {
        unsigned char shifted[64];
        double values[8] = {0};
        memcpy(shifted + shift, bytes, (size_t)n * (size_t)mzg_array_item_size(type));
        mzg_array_convert(type, shifted + shift, n, values);
        for (int64_t i = 0; i < n; i++)
            cr_expect(eq(dbl, values[i], wanted[i]), "%s, value %d", mzg_array_type_name(type), (int)i);
    }
}

Test(array, little_endian_values_of_every_type)
{
    expect_values(MZG_ARRAY_FLOAT32, (const unsigned char[]){0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc1}, 2,
                  (const double[]){1, -10});
    expect_values(MZG_ARRAY_FLOAT64, (const unsigned char[]){0, 0, 0, 0, 0, 0, 0x59, 0x40}, 1,
                  (const double[]){100});
    expect_values(MZG_ARRAY_INT8, (const unsigned char[]){0x7f, 0x80, 0xff}, 3,
                  (const double[]){127, -128, -1});
    expect_values(MZG_ARRAY_INT16, (const unsigned char[]){0x01, 0x02, 0x00, 0x80}, 2,
                  (const double[]){513, -32768});
    expect_values(MZG_ARRAY_INT32, (const unsigned char[]){0x01, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff}, 2,
                  (const double[]){1, -2});
    expect_values(MZG_ARRAY_INT64, (const unsigned char[]){0, 0, 0, 0, 1, 0, 0, 0}, 1,
                  (const double[]){4294967296.0});
}

Test(array, half_floats)
{
    /* 1, -2, 1.0009765625 (the next above 1), 65504 (the largest), 2^-14 (the least normal) */
    expect_values(MZG_ARRAY_FLOAT16,
                  (const unsigned char[]){0x00, 0x3c, 0x00, 0xc0, 0x01, 0x3c, 0xff, 0x7b, 0x00, 0x04}, 5,
                  (const double[]){1, -2, 1.0009765625, 65504, 0x1p-14});
    /* 2^-24 (the least of all), 1023 * 2^-24, 0, 1000.5, 100.0625 */
    expect_values(MZG_ARRAY_FLOAT16,
                  (const unsigned char[]){0x01, 0x00, 0xff, 0x03, 0x00, 0x00, 0xd1, 0x63, 0x41, 0x56}, 5,
                  (const double[]){0x1p-24, 1023 * 0x1p-24, 0, 1000.5, 100.0625});
    double values[4];
    mzg_array_convert(MZG_ARRAY_FLOAT16, (const unsigned char[]){0, 0x7c, 0, 0xfc, 1, 0x7c, 0, 0x80}, 4,
                      values);
    cr_expect(values[0] == INFINITY && values[1] == -INFINITY);
    cr_expect(isnan(values[2]));
    cr_expect(values[3] == 0 && signbit(values[3]));
}

Test(array, not_a_number_stays_so)
{
    double value;
    mzg_array_convert(MZG_ARRAY_FLOAT32, (const unsigned char[]){0, 0, 0xc0, 0x7f}, 1, &value);
    cr_expect(isnan(value));
}

Test(array, no_values_touch_nothing)
{
    double value = 5;
    for (int type = MZG_ARRAY_UNTYPED; type <= MZG_ARRAY_FLOAT16; type++)
        mzg_array_convert((enum mzg_array_type)type, NULL, 0, &value);
    cr_expect(eq(dbl, value, 5));
}

Test(array, types_by_term)
{
    cr_expect(eq(int, (int)mzg_array_type_of(MZG_IMS(1000141)), (int)MZG_ARRAY_INT32), "obsolete accession");
    cr_expect(eq(int, (int)mzg_array_type_of(MZG_IMS(1000142)), (int)MZG_ARRAY_INT64), "obsolete accession");
    cr_expect(eq(int, (int)mzg_array_type_of(MZG_IMS(1100000)), (int)MZG_ARRAY_INT8));
    cr_expect(eq(int, (int)mzg_array_type_of(MZG_IMS(1100001)), (int)MZG_ARRAY_INT16));
    cr_expect(eq(int, (int)mzg_array_type_of(MZG_TERM_ZLIB), (int)MZG_ARRAY_UNTYPED));
}

/* A sound entry: 10 values of 8 and 4 bytes that fill an ibd of 136 bytes. */
static struct mzg_imzml_entry sound(void)
{
    return (struct mzg_imzml_entry){.array = {{16, 10, 80}, {96, 10, 40}},
                                    .position = {1, 1, 1},
                                    .format = {MZG_ARRAY_FLOAT64, MZG_ARRAY_FLOAT32}};
}
enum { SIZE = 136 };

static struct mzg_fault explain(struct mzg_imzml_entry entry)
{
    struct mzg_fault fault = {0};
    mzg_entry_check(&entry, SIZE);
    mzg_entry_explain(&entry, 6, SIZE, &fault);
    cr_expect(eq(i64, fault.spectrum, 6));
    return fault;
}

#define EXPECT_FAULT(entry, wanted, words)                                                                   \
    do {                                                                                                     \
        struct mzg_fault fault = explain(entry);                                                             \
        cr_expect(eq(int, (int)fault.reason, (int)(wanted)), "%s", fault.text);                              \
        cr_expect(strstr(fault.text, words) != NULL, "%s", fault.text);                                      \
    } while (0)

Test(entry, sound_to_the_last_byte)
{
    EXPECT_FAULT(sound(), MZG_FAULT_NONE, "");
    struct mzg_imzml_entry entry = sound();
    cr_expect(eq(i64, mzg_entry_stored(&entry, MZG_MZ, SIZE), 80));
    cr_expect(eq(i64, mzg_entry_stored(&entry, MZG_INTENSITY, SIZE), 40));
    entry.array[MZG_MZ].encoded = 0;
    EXPECT_FAULT(entry, MZG_FAULT_NONE, "");
}

Test(entry, arrays_outside_the_file)
{
    struct mzg_imzml_entry entry = sound();
    entry.array[MZG_INTENSITY].offset = 97;
    EXPECT_FAULT(entry, MZG_FAULT_OUTSIDE_FILE,
                 "intensity array at byte 97: its 10 values of 4 bytes end beyond");
    entry = sound();
    entry.array[MZG_MZ].offset = INT64_MAX;
    EXPECT_FAULT(entry, MZG_FAULT_OUTSIDE_FILE, "m/z array at byte 9223372036854775807");
    entry.array[MZG_MZ].offset = INT64_MIN;
    EXPECT_FAULT(entry, MZG_FAULT_OUTSIDE_FILE, "begins before the ibd");
    entry = sound();
    entry.array[MZG_MZ].n = INT64_MAX; /* times 8 overflows */
    EXPECT_FAULT(entry, MZG_FAULT_OUTSIDE_FILE, "9223372036854775807 values of 8 bytes");
}

Test(entry, numbers_without_meaning)
{
    struct mzg_imzml_entry entry = sound();
    entry.array[MZG_MZ].n = -1;
    EXPECT_FAULT(entry, MZG_FAULT_BAD_NUMBER, "length (IMS:1000103)");
    entry = sound();
    entry.array[MZG_MZ].encoded = -80;
    EXPECT_FAULT(entry, MZG_FAULT_BAD_NUMBER, "encoded length (IMS:1000104)");
    entry = sound();
    entry.fault = MZG_ENTRY_BAD_OFFSET;
    EXPECT_FAULT(entry, MZG_FAULT_BAD_NUMBER, "offset (IMS:1000102) is missing or not a whole number");
    entry.fault = MZG_ENTRY_NO_POSITION;
    EXPECT_FAULT(entry, MZG_FAULT_BAD_NUMBER, "position");
}

Test(entry, missing_arrays_and_types)
{
    struct mzg_imzml_entry entry = sound();
    entry.format[MZG_INTENSITY] = 0;
    EXPECT_FAULT(entry, MZG_FAULT_NO_ARRAY, "no intensity array");
    entry = sound();
    entry.format[MZG_MZ] = MZG_ARRAY_UNTYPED | MZG_ENTRY_ZLIB;
    EXPECT_FAULT(entry, MZG_FAULT_NO_ARRAY, "m/z array at byte 16: no data type");
}

Test(entry, lengths_that_do_not_fit)
{
    struct mzg_imzml_entry entry = sound();
    entry.array[MZG_MZ].encoded = 40;
    EXPECT_FAULT(entry, MZG_FAULT_ENCODED_LENGTH, "40 encoded bytes cannot hold 10 values of 64-bit float");
    entry = sound();
    entry.array[MZG_INTENSITY] = (struct mzg_imzml_array){96, 9, 36};
    EXPECT_FAULT(entry, MZG_FAULT_LENGTHS_DIFFER, "has 10 values, intensity array at byte 96 has 9");
}

Test(entry, an_empty_spectrum_is_no_fault_wherever_its_arrays_are)
{
    struct mzg_imzml_entry entry = sound();
    entry.array[MZG_MZ] = (struct mzg_imzml_array){-1, 0, 0};
    entry.array[MZG_INTENSITY] = (struct mzg_imzml_array){INT64_MAX, 0, 17};
    EXPECT_FAULT(entry, MZG_FAULT_NONE, "");
    cr_expect(eq(i64, mzg_entry_stored(&entry, MZG_INTENSITY, SIZE), 0));
}

Test(entry, compressed_arrays)
{
    struct mzg_imzml_entry entry = sound();
    entry.format[MZG_MZ] |= MZG_ENTRY_ZLIB;
    entry.array[MZG_MZ].encoded = 30;
    EXPECT_FAULT(entry, MZG_FAULT_NONE, "");
    cr_expect(eq(i64, mzg_entry_stored(&entry, MZG_MZ, SIZE), 30));

    entry.array[MZG_MZ].encoded = 121;
    EXPECT_FAULT(entry, MZG_FAULT_OUTSIDE_FILE, "its 121 bytes end beyond");

    /* 30 bytes cannot inflate to 8 million: no memory is to be had for such a claim. */
    entry.array[MZG_MZ] = (struct mzg_imzml_array){16, 1000000, 30};
    EXPECT_FAULT(entry, MZG_FAULT_ENCODED_LENGTH, "30 encoded bytes cannot hold 1000000 values");
    entry.array[MZG_MZ].n = INT64_MAX;
    EXPECT_FAULT(entry, MZG_FAULT_ENCODED_LENGTH, "cannot hold");

    /* Without an encoded length: no further than the end of the file. */
    entry.array[MZG_MZ] = (struct mzg_imzml_array){16, 10, 0};
    EXPECT_FAULT(entry, MZG_FAULT_NONE, "");
    cr_expect(eq(i64, mzg_entry_stored(&entry, MZG_MZ, SIZE), 120));
    cr_expect(ge(i64, mzg_entry_stored(&entry, MZG_MZ, 1000000), 80));
    cr_expect(lt(i64, mzg_entry_stored(&entry, MZG_MZ, 1000000), 200));
}

Test(array, values_are_apart_by_what_the_type_can_tell)
{
    cr_expect(eq(dbl, mzg_array_rounding(MZG_ARRAY_FLOAT16, 1000), 0.5));
    cr_expect(eq(dbl, mzg_array_rounding(MZG_ARRAY_FLOAT16, 1024), 1));
    cr_expect(eq(dbl, mzg_array_rounding(MZG_ARRAY_FLOAT16, 1e-9), 0x1p-24));
    cr_expect(eq(dbl, mzg_array_rounding(MZG_ARRAY_FLOAT32, 120.3), 0x1p-17));
    cr_expect(eq(dbl, mzg_array_rounding(MZG_ARRAY_FLOAT64, 120.3), 0x1p-46));
    cr_expect(eq(dbl, mzg_array_rounding(MZG_ARRAY_INT32, 500), 1));
}
