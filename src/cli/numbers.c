#include <cli/numbers.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* "1e6", whose value a double has to the last digit. */
static bool read_power(const char *text, int64_t *value)
{
    double number;
    if (!strpbrk(text, "eE") || !mzg_read_number(text, NULL, &number) || number != trunc(number) ||
        fabs(number) > 0x1p53)
        return false;
    *value = (int64_t)number;
    return true;
}

bool mzg_read_integer(const char *text, int64_t *value)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    if (!digits[0] || digits[strspn(digits, "0123456789")])
        return read_power(text, value);
    errno = 0;
    long long number = strtoll(text, NULL, 10);
    if (errno)
        return false;
    *value = number;
    return true;
}

bool mzg_read_number(const char *text, const char **end, double *value)
{
    /* strtod() would also take white space, "0x1p3", "inf" and "nan". */
    const char *digits = text[0] == '-' ? text + 1 : text;
    if (!strchr("0123456789.", digits[0]) || digits[0] == '\0' ||
        (digits[0] == '0' && (digits[1] | 32) == 'x'))
        return false;
    char *stop;
    double number = strtod(text, &stop);
    if (stop == text || !isfinite(number) || (!end && *stop))
        return false;
    if (end)
        *end = stop;
    *value = number;
    return true;
}

bool mzg_read_quantity(const char *text, const char **unit, double *value)
{
    const char *end;
    if (!mzg_read_number(text, &end, value))
        return false;
    *unit = end + strspn(end, " \t");
    return **unit || *unit == end; /* blanks at the end are no unit */
}

bool mzg_same_word(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

/* How many bytes a unit stands for; 0: it is none. */
static double bytes_of_unit(const char *unit)
{
    static const char letters[] = "kmgt";
    if (!*unit || mzg_same_word(unit, "B"))
        return 1;
    char letter[] = {*unit, '\0'};
    for (int i = 0; letters[i]; i++) {
        char known[] = {letters[i], '\0'};
        if (!mzg_same_word(letter, known))
            continue;
        if (!unit[1] || mzg_same_word(unit + 1, "iB"))
            return ldexp(1, 10 * (i + 1));
        return mzg_same_word(unit + 1, "B") ? pow(1000, i + 1) : 0;
    }
    return 0;
}

bool mzg_read_size(const char *text, int64_t *bytes)
{
    const char *unit;
    double number;
    if (!mzg_read_quantity(text, &unit, &number) || number < 0)
        return false;
    double factor = bytes_of_unit(unit);
    if (factor == 0)
        return false;
    number *= factor;
    if (number >= 0x1p63)
        return false;
    *bytes = (int64_t)number;
    return true;
}
