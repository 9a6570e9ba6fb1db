/* Numbers as typed, strictly; and quantities as printed. */
#include <cli/numbers.h>
#include <core/format.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(cli_numbers, integers_are_read_whole)
{
    int64_t value = 7;
    cr_expect(mzg_read_integer("40000", &value));
    cr_expect(eq(i64, value, 40000));
    cr_expect(mzg_read_integer("-3", &value));
    cr_expect(eq(i64, value, -3));
    cr_expect(mzg_read_integer("9223372036854775807", &value));
    cr_expect(eq(i64, value, INT64_MAX));
    cr_expect(mzg_read_integer("1e6", &value));
    cr_expect(eq(i64, value, 1000000));
    cr_expect(mzg_read_integer("-2.5E3", &value));
    cr_expect(eq(i64, value, -2500));
}

Test(cli_numbers, what_is_no_integer_is_refused)
{
    static const char *const bad[] = {"",      "-",    "+3",   " 3",  "3 ",
                                      "3x",    "1e-3", "0x10", "3.0", "9223372036854775808",
                                      "1e400", "1e16", "nan"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t value = 7;
        cr_expect(not(mzg_read_integer(bad[i], &value)), "'%s'", bad[i]);
        cr_expect(eq(i64, value, 7), "'%s' changed the output", bad[i]);
    }
}

Test(cli_numbers, numbers_are_read_whole_or_up_to_their_unit)
{
    double value;
    const char *end;
    cr_expect(mzg_read_number("-0.25", NULL, &value));
    cr_expect(eq(dbl, value, -0.25));
    cr_expect(mzg_read_number(".5e-3", NULL, &value));
    cr_expect(eq(dbl, value, 0.5e-3));
    cr_expect(mzg_read_number("5mDa", &end, &value));
    cr_expect(eq(dbl, value, 5));
    cr_expect(eq(str, (char *)end, "mDa"));
}

Test(cli_numbers, a_unit_may_stand_apart)
{
    double value;
    const char *unit;
    cr_expect(mzg_read_quantity("5 ppm", &unit, &value));
    cr_expect(eq(dbl, value, 5));
    cr_expect(eq(str, (char *)unit, "ppm"));
    cr_expect(mzg_read_quantity("5", &unit, &value));
    cr_expect(eq(str, (char *)unit, ""));
    cr_expect(not(mzg_read_quantity("5 ", &unit, &value)));
    cr_expect(not(mzg_read_quantity(" 5", &unit, &value)));
    cr_expect(mzg_same_word("PPM", "ppm"));
    cr_expect(not(mzg_same_word("pp", "ppm")));
}

Test(cli_numbers, what_is_no_number_is_refused)
{
    static const char *const bad[] = {"",    "-",    ".",     " 1",   "1 ",    "1,5", "nan",
                                      "inf", "-inf", "0x1p3", "-0X2", "1e999", "5mDa"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double value = 7;
        cr_expect(not(mzg_read_number(bad[i], NULL, &value)), "'%s'", bad[i]);
        cr_expect(eq(dbl, value, 7), "'%s' changed the output", bad[i]);
    }
}

Test(cli_numbers, sizes_have_binary_units)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } good[] = {{"0", 0},
                {"17", 17},
                {"17B", 17},
                {"4K", 4096},
                {"1.5G", 1610612736},
                {"512M", 536870912},
                {"2T", 2199023255552},
                {"1 M", 1048576},
                {"1k", 1024},
                {"1.5 gib", 1610612736},
                {"16GB", 16000000000},
                {"2 kb", 2000}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t bytes = -1;
        cr_expect(mzg_read_size(good[i].text, &bytes), "'%s'", good[i].text);
        cr_expect(eq(i64, bytes, good[i].bytes), "'%s'", good[i].text);
    }
    static const char *const bad[] = {"", "K", "-1", "1X", "1Kb/s", "1M ", "1 ", "1 MM", "1KiBB", "8388608T"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t bytes = -1;
        cr_expect(not(mzg_read_size(bad[i], &bytes)), "'%s'", bad[i]);
        cr_expect(eq(i64, bytes, -1), "'%s' changed the output", bad[i]);
    }
}

Test(cli_format, memory_in_powers_of_1024_and_data_in_powers_of_1000)
{
    char text[MZG_FORMAT_SIZE];
    cr_expect(eq(str, mzg_format_memory(text, sizeof text, 0), "0 B"));
    cr_expect(eq(str, mzg_format_memory(text, sizeof text, 1023), "1023 B"));
    cr_expect(eq(str, mzg_format_memory(text, sizeof text, 1536), "1.5 KiB"));
    cr_expect(eq(str, mzg_format_memory(text, sizeof text, 1048575), "1.0 MiB"));
    cr_expect(eq(str, mzg_format_memory(text, sizeof text, INT64_MAX), "8192.0 PiB"));
    cr_expect(eq(str, mzg_format_data(text, sizeof text, 999), "999 B"));
    cr_expect(eq(str, mzg_format_data(text, sizeof text, 12345678), "12.3 MB"));
    cr_expect(eq(str, mzg_format_data(text, sizeof text, 999999), "1.0 MB"));
}

Test(cli_format, counts_have_their_thousands_apart)
{
    char text[MZG_FORMAT_SIZE];
    cr_expect(eq(str, mzg_format_count(text, sizeof text, 0), "0"));
    cr_expect(eq(str, mzg_format_count(text, sizeof text, 999), "999"));
    cr_expect(eq(str, mzg_format_count(text, sizeof text, 1000), "1,000"));
    cr_expect(eq(str, mzg_format_count(text, sizeof text, -123456), "-123,456"));
    cr_expect(eq(str, mzg_format_count(text, sizeof text, INT64_MIN), "-9,223,372,036,854,775,808"));
}

Test(cli_format, values_are_read_without_counting_zeros)
{
    static const struct {
        double value;
        int digits;
        const char *text;
    } cases[] = {
        {0, 3, "0"},
        {-0.0, 3, "0"},
        {7, 3, "7"},
        {12.345, 3, "12.3"},
        {0.012345, 3, "0.0123"},
        {0.00099996, 3, "0.001"},
        {999.6, 3, "1,000"},
        {8683.2, 3, "8,680"},
        {97184.4, 4, "97,180"},
        {1140.2, 4, "1,140"},
        {-2526, 3, "-2,530"},
        {999951, 4, "1×10⁶"},
        {12345.67, 6, "12345.7"},
        {7.54e6, 3, "7.54×10⁶"},
        {1.5e-12, 3, "1.5×10⁻¹²"},
        {-3.2e-38, 3, "-3.2×10⁻³⁸"},
    };
    char text[MZG_FORMAT_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect(eq(str, mzg_format_value(text, sizeof text, cases[i].value, cases[i].digits),
                     (char *)cases[i].text));
    cr_expect(eq(str, mzg_format_value(text, sizeof text, INFINITY, 3), "inf"));
}

Test(cli_format, rates_keep_three_digits)
{
    char text[MZG_FORMAT_SIZE];
    cr_expect(eq(str, mzg_format_rate(text, sizeof text, 30000, 3), "10,000"));
    cr_expect(eq(str, mzg_format_rate(text, sizeof text, 99.94, 1), "99.9"));
    cr_expect(eq(str, mzg_format_rate(text, sizeof text, 99.96, 1), "100"));
    cr_expect(eq(str, mzg_format_rate(text, sizeof text, 1.234, 1), "1.23"));
    cr_expect(eq(str, mzg_format_rate(text, sizeof text, 0.1234, 1), "0.123"));
    cr_expect(eq(str, mzg_format_rate(text, sizeof text, 5, 0), "-"));
    cr_expect(eq(str, mzg_format_rate(text, sizeof text, 1e300, 1e-9), "-"));
}

Test(cli_format, durations_change_their_units_with_length)
{
    char text[MZG_FORMAT_SIZE];
    cr_expect(eq(str, mzg_format_duration(text, sizeof text, 0), "0.00 s"));
    cr_expect(eq(str, mzg_format_duration(text, sizeof text, 9.994), "9.99 s"));
    cr_expect(eq(str, mzg_format_duration(text, sizeof text, 9.996), "10.0 s"));
    cr_expect(eq(str, mzg_format_duration(text, sizeof text, 59.97), "1 min 00 s"));
    cr_expect(eq(str, mzg_format_duration(text, sizeof text, 125), "2 min 05 s"));
    cr_expect(eq(str, mzg_format_duration(text, sizeof text, 3599.6), "1 h 00 min"));
    cr_expect(eq(str, mzg_format_duration(text, sizeof text, 11260), "3 h 07 min"));
    cr_expect(eq(str, mzg_format_duration(text, sizeof text, -1), "-"));
    cr_expect(eq(str, mzg_format_duration(text, sizeof text, 1e30), "-"));
}
