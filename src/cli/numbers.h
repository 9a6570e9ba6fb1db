/*
 * Numbers as users type them, read strictly: the whole text is the number, plain decimal notation only (no
 * white space, no hexadecimal, no "inf" or "nan"), and what does not fit is refused. All local; on failure
 * the output is untouched.
 */
#ifndef MZG_CLI_NUMBERS_H
#define MZG_CLI_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

/* A whole number such as "-3" or "40000". */
bool mzg_read_integer(const char *text, int64_t *value);

/* A finite number such as "5", "-0.25" or "1e-3". `*end` (NULL: the text must end there) is where the number
 * ends. */
bool mzg_read_number(const char *text, const char **end, double *value);

/* A number of bytes: a number of 0 or more, then nothing or K, M, G or T (powers of 1024), such as "512M" or
 * "1.5G". */
bool mzg_read_size(const char *text, int64_t *bytes);

#endif
