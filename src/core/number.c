#include <core/number.h>

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static locale_t plain; /* (locale_t)0 if there is no memory for it: then that of the program remains */

static void make_plain(void)
{
    plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static locale_t plain_locale(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, make_plain);
    return plain;
}

double mzg_number_read(const char *text, char **end)
{
    locale_t locale = plain_locale();
    return locale ? strtod_l(text, end, locale) : strtod(text, end);
}

/* Rounded once: by way of a double, a decimal could end beside the float that it is nearest to. */
static float read_float(const char *text)
{
    locale_t locale = plain_locale();
    return locale ? strtof_l(text, NULL, locale) : strtof(text, NULL);
}

/* `number` / 10^decimals, as snprintf() would. */
static int print_decimal(char *text, size_t size, int decimals, uint64_t number)
{
    char backwards[24];
    int n = 0, least = decimals > 0 ? decimals + 2 : 1; /* "0.00" */
    while (n < least || number > 0) {
        backwards[n++] = (char)('0' + number % 10);
        number /= 10;
        if (n == decimals)
            backwards[n++] = '.';
    }
    size_t at = 0;
    for (; at < (size_t)n && at + 1 < size; at++)
        text[at] = backwards[(size_t)n - 1 - at];
    if (size > 0)
        text[at] = '\0';
    return n;
}

/* Hardly any value lies near the middle between two texts. Of all others value 10^decimals, off by less than
 * 1e-4, rounds to the digits of the right text. Returns its length; 0: it is not that plain. */
static int print_plainly(char *text, size_t size, int decimals, double value)
{
    static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
    static const double most = 1e12, room = 1e-3;
    if (decimals < 0 || decimals > 6 || !(value > 0) || !(value * powers[decimals] < most))
        return 0;
    double scaled = value * powers[decimals], whole = floor(scaled), rest = scaled - whole;
    if (fabs(rest - 0.5) < room)
        return 0;
    return print_decimal(text, size, decimals, (uint64_t)whole + (rest > 0.5));
}

int mzg_number_print_fixed(char *text, size_t size, int decimals, double value)
{
    int length = print_plainly(text, size, decimals, value);
    if (length > 0)
        return length;
    locale_t before = uselocale(plain_locale()); /* of this thread; (locale_t)0 changes nothing */
    length = snprintf(text, size, "%.*f", decimals, value);
    (void)uselocale(before);
    return length;
}

static int print_digits(char *text, size_t size, int digits, double value)
{
    locale_t before = uselocale(plain_locale());
    int length = snprintf(text, size, "%.*g", digits, value);
    (void)uselocale(before);
    return length;
}

/* Whether no decimal of 15 digits reads back as `value`, which is above 0. Such a decimal is d / 10^k, both
 * of them doubles without error, so that reading it divides and rounds once; and d is value 10^k, rounded,
 * because that is off by a fifth at most. False also of values that are too large or too small to tell it
 * thus. */
static bool needs_more_than_15_digits(double value)
{
    static const double least = 1e14, most = 1e15, last_power = 1e22;
    double power = 1;
    while (value * power < least && power < last_power)
        power *= 10;
    double scaled = value * power;
    return scaled >= least && scaled < most && rint(scaled) / power != value;
}

__extension__ typedef unsigned __int128 wide;

/* The decimal of so many digits that is nearest to m / 2^k, a double of 1 to 10^6, times 10^decimals, and
 * whether it reads back as that double. All without error: 53 bits times 10^16 are 107. False if that takes
 * more thought: another power of ten, a power of two, the middle between two doubles. */
static bool nearest_decimal(uint64_t m, int k, int digits, int decimals, uint64_t *decimal, bool *is_exact)
{
    static const uint64_t powers[] = {
        UINT64_C(1000000000),       UINT64_C(10000000000),       UINT64_C(100000000000),
        UINT64_C(1000000000000),    UINT64_C(10000000000000),    UINT64_C(100000000000000),
        UINT64_C(1000000000000000), UINT64_C(10000000000000000), UINT64_C(100000000000000000)};
    uint64_t power = powers[decimals - 9];
    wide scaled = (wide)m * power, rest = scaled & (((wide)1 << k) - 1), half = (wide)1 << (k - 1);
    uint64_t d = (uint64_t)(scaled >> k);
    d += rest > half || (rest == half && (d & 1));
    wide back = (wide)d << k, off = back > scaled ? back - scaled : scaled - back;
    if (d >= powers[digits - 9] || m == UINT64_C(1) << 52 || 2 * off == power)
        return false;
    *decimal = d;
    *is_exact = 2 * off < power;
    return true;
}

/* The shortest decimal of a value from 1 to below 10^6, as nearly every m/z is; 0: another value. */
static int print_mz(char *text, size_t size, double value)
{
    enum { LEAST = 15, MOST = 17 };
    if (!(value >= 1 && value < 1e6))
        return 0;
    int exponent = 0, whole = 1;
    uint64_t m = (uint64_t)ldexp(frexp(value, &exponent), 53), decimal = 0;
    double power = 10;
    while (value >= power) {
        power *= 10;
        whole++;
    }
    bool is_exact = false;
    int digits = LEAST;
    for (; digits <= MOST; digits++) {
        if (!nearest_decimal(m, 53 - exponent, digits, digits - whole, &decimal, &is_exact))
            return 0;
        if (is_exact)
            break;
    }
    if (!is_exact)
        return 0;
    int decimals = digits - whole;
    while (decimals > 0 && decimal % 10 == 0) {
        decimal /= 10;
        decimals--;
    }
    return print_decimal(text, size, decimals, decimal);
}

int mzg_number_print_exactly(char *text, size_t size, double value)
{
    int length = print_mz(text, size, value);
    if (length > 0)
        return length;
    char whole[40]; /* 17 digits, a sign, a point and an exponent; `text` may be too short to be read back */
    int digits = needs_more_than_15_digits(value) ? 16 : 15;
    print_digits(whole, sizeof whole, digits, value);
    while (digits < 17 && mzg_number_read(whole, NULL) != value)
        print_digits(whole, sizeof whole, ++digits, value);
    return snprintf(text, size, "%s", whole);
}

int mzg_number_print_float(char *text, size_t size, float value)
{
    char whole[40];
    int digits = 6;
    print_digits(whole, sizeof whole, digits, (double)value);
    while (digits < 9 && read_float(whole) != value)
        print_digits(whole, sizeof whole, ++digits, (double)value);
    return snprintf(text, size, "%s", whole);
}
