#include <input/text.h>

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NUMBER = 63 }; /* characters; no writer prints more, and a longer one is no number */

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

/* Copies the number into `buffer` of MAX_NUMBER + 1 bytes; false where characters other than `allowed` occur.
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

bool mzg_text_to_double(struct mzg_text text, double *value)
{
    char buffer[MAX_NUMBER + 1];
    if (!copy_number(text, "+-.0123456789eE", buffer))
        return false;
    char *end;
    double number = strtod(buffer, &end);
    if (end == buffer || *end || !isfinite(number))
        return false;
    *value = number;
    return true;
}

bool mzg_text_to_int64(struct mzg_text text, int64_t *value)
{
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
    /* Above 2^53 a double no longer tells neighbouring integers apart. */
    double number;
    if (!mzg_text_to_double(text, &number) || number != floor(number) || fabs(number) > 9007199254740992.0)
        return false;
    *value = (int64_t)number;
    return true;
}

double mzg_text_half_digit(struct mzg_text text)
{
    char buffer[MAX_NUMBER + 1];
    if (!copy_number(text, "+-.0123456789eE", buffer))
        return 0;
    size_t mantissa = strcspn(buffer, "eE");
    long exponent = buffer[mantissa] ? strtol(buffer + mantissa + 1, NULL, 10) : 0;
    const char *point = memchr(buffer, '.', mantissa);
    long decimals = point ? buffer + mantissa - (point + 1) : 0;
    return 0.5 * pow(10.0, (double)(exponent - decimals));
}
