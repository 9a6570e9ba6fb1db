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
    uint64_t number = (uint64_t)whole + (rest > 0.5);
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

int mzg_number_print_exactly(char *text, size_t size, double value)
{
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
