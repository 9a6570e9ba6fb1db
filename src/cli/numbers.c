#include <cli/numbers.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool mzg_read_integer(const char *text, int64_t *value)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    if (!digits[0] || digits[strspn(digits, "0123456789")])
        return false;
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

bool mzg_read_size(const char *text, int64_t *bytes)
{
    const char *unit;
    double number;
    if (!mzg_read_number(text, &unit, &number) || number < 0)
        return false;
    if (*unit) {
        static const char units[] = "KMGT";
        const char *found = strchr(units, *unit);
        if (!found || unit[1])
            return false;
        number = ldexp(number, 10 * (int)(found - units + 1));
    }
    if (number >= 0x1p63)
        return false;
    *bytes = (int64_t)number;
    return true;
}
