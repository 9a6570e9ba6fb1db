#include <input/text.h>

#include <core/number.h>

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NUMBER = 63 }; /* characters; no writer prints more, and a longer one is no number */
/* Above 2^53 a double no longer tells neighbouring integers apart. */
static const int64_t MAX_EXACT = INT64_C(9007199254740992);

struct mzg_text mzg_text_of(const char *string)
{
    return (struct mzg_text){string, string ? strlen(string) : 0};
}

bool mzg_text_equals(struct mzg_text text, const char *string)
{
    return text.p && text.n == strlen(string) && memcmp(text.p, string, text.n) == 0;
}

char *mzg_text_copy(struct mzg_text text)
{
    char *copy = malloc(text.n + 1);
    if (!copy)
        return NULL;
    if (text.n > 0)
        memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    return copy;
}

static struct mzg_text trim(struct mzg_text text)
{
    while (text.n > 0 && isspace((unsigned char)text.p[0])) {
        text.p++;
        text.n--;
    }
    while (text.n > 0 && isspace((unsigned char)text.p[text.n - 1]))
        text.n--;
    return text;
}

/* Copies the number into `buffer` of MAX_NUMBER + 1 bytes; false if characters other than `allowed` occur.
 */
static bool copy_number(struct mzg_text text, const char *allowed, char *buffer)
{
    text = trim(text);
    if (text.n == 0 || text.n > MAX_NUMBER)
        return false;
    memcpy(buffer, text.p, text.n);
    buffer[text.n] = '\0';
    return strspn(buffer, allowed) == text.n;
}

/* A number as nearly all of them are written: at most 18 digits, with one point among them or none. False for
 * any other, which may be a number all the same. */
struct plain_number {
    int64_t digits;
    int decimals; /* digits behind the point */
    bool has_point;
};

static bool read_plain(struct mzg_text text, struct plain_number *number)
{
    int64_t digits = 0;
    size_t point = text.n;
    if (text.n > 18)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        unsigned digit = (unsigned char)text.p[i] - (unsigned)'0';
        if (digit <= 9)
            digits = 10 * digits + digit;
        else if (text.p[i] == '.' && point == text.n)
            point = i;
        else
            return false;
    }
    bool has_point = point < text.n;
    *number = (struct plain_number){digits, has_point ? (int)(text.n - 1 - point) : 0, has_point};
    return text.n > (size_t)has_point;
}

/* Powers of ten that are doubles without error; so digits below 2^53, divided by one, are rounded but once.
 */
static const double powers_of_ten[] = {1,   1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,
                                       1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17};

bool mzg_text_to_double(struct mzg_text text, double *value)
{
    struct plain_number plain;
    if (read_plain(text, &plain) && plain.digits <= MAX_EXACT) {
        *value = (double)plain.digits / powers_of_ten[plain.decimals];
        return true;
    }
    char buffer[MAX_NUMBER + 1];
    if (!copy_number(text, "+-.0123456789eE", buffer))
        return false;
    char *end;
    double number = mzg_number_read(buffer, &end);
    if (end == buffer || *end || !isfinite(number))
        return false;
    *value = number;
    return true;
}

bool mzg_text_to_int64(struct mzg_text text, int64_t *value)
{
    struct plain_number plain;
    if (read_plain(text, &plain) && !plain.has_point) {
        *value = plain.digits;
        return true;
    }
    char buffer[MAX_NUMBER + 1];
    if (copy_number(text, "+-0123456789", buffer)) {
        char *end;
        errno = 0;
        long long number = strtoll(buffer, &end, 10);
        if (end == buffer || *end || errno)
            return false;
        *value = number;
        return true;
    }
    double number;
    if (!mzg_text_to_double(text, &number) || number != floor(number) || fabs(number) > (double)MAX_EXACT)
        return false;
    *value = (int64_t)number;
    return true;
}

double mzg_text_half_digit(struct mzg_text text)
{
    struct plain_number plain;
    if (read_plain(text, &plain))
        return 0.5 / powers_of_ten[plain.decimals];
    char buffer[MAX_NUMBER + 1];
    if (!copy_number(text, "+-.0123456789eE", buffer))
        return 0;
    size_t mantissa = strcspn(buffer, "eE");
    long exponent = buffer[mantissa] ? strtol(buffer + mantissa + 1, NULL, 10) : 0;
    const char *point = memchr(buffer, '.', mantissa);
    long decimals = point ? buffer + mantissa - (point + 1) : 0;
    return 0.5 * pow(10.0, (double)(exponent - decimals));
}
