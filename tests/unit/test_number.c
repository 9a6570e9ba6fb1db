/* Numbers as text: the shortest decimal of a double, and a point in any locale. */
#include <core/frame.h>
#include <core/number.h>
#include <input/text.h>
#include <peaks/list.h>

#include <comma_locale.h>
#include <criterion/new/assert.h>
#include <float.h>
#include <math.h>
#include <temp_files.h>

/* As plainly as can be, in the locale of C. */
static void expect_shortest(double value)
{
    char expected[64], text[64];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(expected, sizeof expected, "%.*g", digits, value);
        if (strtod(expected, NULL) == value)
            break;
    }
    int length = mzg_number_print_exactly(text, sizeof text, value);
    cr_expect(eq(str, text, expected));
    cr_expect(eq(int, length, (int)strlen(expected)));
}

static double random_share(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) / 0x1p53;
}

Test(number, exact_text_is_the_shortest_that_reads_back)
{
    uint64_t state = 7;
    for (int i = 0; i < 5000; i++) {
        double value = 50 + 2000 * random_share(&state), power = pow(10, floor(17 * random_share(&state)));
        expect_shortest(value);
        expect_shortest((float)value);
        expect_shortest(rint(value * power) / power); /* of few digits, and of 15, 16 and 17 */
        expect_shortest(ldexp(random_share(&state), (int)(200 * random_share(&state)) - 100));
    }
}

Test(number, exact_text_at_the_ends_of_its_decades)
{
    static const double values[] = {0,       DBL_MIN, DBL_TRUE_MIN, DBL_MAX, 1e6,    0.1,
                                    0.3,     1e22,    1e23,         1e-7,    1e-8,   1e-9,
                                    999.999, 1e15,    1e-22,        2e-300,  0x1p53, 0x1p-53};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        expect_shortest(values[i]);
    for (int exponent = -30; exponent <= 30; exponent++) {
        double below = strtod("1", NULL) * pow(10, exponent), above = below;
        for (int i = 0; i < 40; i++) {
            expect_shortest(below);
            expect_shortest(above);
            below = nextafter(below, 0);
            above = nextafter(above, DBL_MAX);
        }
    }
}

Test(number, floats_have_the_digits_that_they_need)
{
    static const struct {
        float value;
        const char *text;
    } cases[] = {{0, "0"},
                 {-0.0F, "-0"},
                 {0.1F, "0.1"},
                 {16777216.0F, "16777216"},
                 {1.0F / 3, "0.33333334"},
                 {455.0293F, "455.0293"},
                 {FLT_MAX, "3.4028235e+38"},
                 {1e-45F, "1.4013e-45"},
                 {8.5899346e9F, "8.589935e+09"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[40];
        mzg_number_print_float(text, sizeof text, cases[i].value);
        cr_expect(eq(str, text, (char *)cases[i].text));
        cr_expect(strtof(text, NULL) == cases[i].value);
    }
}

Test(number, text_that_is_too_long_says_so)
{
    char text[8];
    cr_expect(eq(int, mzg_number_print_exactly(text, sizeof text, 103.05983000000002), 18));
    cr_expect(eq(str, text, (char *)"103.059"));
}

static void expect_fixed(int decimals, double value)
{
    char expected[400], text[400];
    int length = snprintf(expected, sizeof expected, "%.*f", decimals, value);
    cr_expect(eq(int, mzg_number_print_fixed(text, sizeof text, decimals, value), length));
    cr_expect(eq(str, text, expected), "%.17g", value);
    char small[6];
    snprintf(expected, sizeof small, "%.*f", decimals, value);
    cr_expect(eq(int, mzg_number_print_fixed(small, sizeof small, decimals, value), length));
    cr_expect(eq(str, small, expected), "%.17g", value);
}

/* Near the middle between two decimals, far from it, and beyond what has few digits. */
Test(number, fixed_decimals_are_those_of_printf)
{
    static const double values[] = {0,        -0.0,  0.5,     1.5,  0.125,    0.00005, 9.99995, 999999.99995,
                                    1e-300,   1e300, 1e12,    1e6,  -3.25,    0.99999, 1e15,    NAN,
                                    INFINITY, 0.005, 1000.05, 4e11, 123.4565, 2.675,   100,     0.1};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        for (int decimals = 0; decimals <= 9; decimals++)
            expect_fixed(decimals, values[i]);
    uint64_t state = 7;
    for (int i = 0; i < 20000; i++) {
        double value = random_share(&state) * pow(10, (double)(i % 14) - 3);
        expect_fixed(i % 8, value);
        expect_fixed(i % 7, (rint(value) + 0.5) / pow(10, i % 7)); /* as near to the middle as can be */
    }
}

/* What goes into a store, and what is read. */
Test(number, point_stays_a_point_where_a_program_writes_commas)
{
    static const double values[] = {100.5, 103.05883026123047}, edges[] = {100.25, 100.75, 106};
    struct mzg_frame frame = {.n = 2, .index_values = values};
    struct mzg_peak_list list = {0};
    struct mzg_error err = {0};
    char directory[256], text[64], *end;
    double value = 0;
    make_temp_directory(directory);
    choose_comma_locale(directory);
    mzg_frame_index(&frame, 1, text, sizeof text);
    cr_expect(eq(str, text, (char *)"103.05883026123047"));
    frame.index_edges = edges;
    mzg_frame_index(&frame, 0, text, sizeof text);
    cr_expect(eq(str, text, (char *)"100.50"));
    cr_expect(mzg_number_read("1.25x", &end) == 1.25 && *end == 'x');
    cr_expect(mzg_text_to_double(mzg_text_of("1.25e1"), &value) && value == 12.5, "%g", value);
    cr_expect(eq(int, mzg_peak_list_parse("list", "100.25\n", 7, &list, &err), MZG_OK), "%s", err.text);
    cr_expect(list.n == 1 && list.items[0].mz == 100.25);
    mzg_peak_list_destroy(&list);
    snprintf(text, sizeof text, "%.1f", 0.5);
    cr_expect(eq(str, text, (char *)"0,5"), "the program keeps its own");
}
