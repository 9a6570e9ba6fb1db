/*
 * Numbers as users type them, read strictly: the whole text is the number, plain decimal notation only (no
 * hexadecimal, no "inf" or "nan", white space between a number and its unit only), and what does not fit is
 * refused. Units and words count in any case. All local; on failure the output is untouched.
 */
#ifndef MZG_CLI_NUMBERS_H
#define MZG_CLI_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

/* A whole number such as "-3", "40000" or "1e6". */
bool mzg_read_integer(const char *text, int64_t *value);

/* A finite number such as "5", "-0.25" or "1e-3". `*end` (NULL: the text must end there) is where the number
 * ends. */
bool mzg_read_number(const char *text, const char **end, double *value);

/* The same with a unit behind it, after blanks or none: `*unit` is where that begins, or the end. */
bool mzg_read_quantity(const char *text, const char **unit, double *value);

/* Whether two words differ in case alone. */
bool mzg_same_word(const char *a, const char *b);

/* A number of bytes: a number of 0 or more, then nothing or B, K, M, G or T or KiB ... TiB (powers of 1024),
 * or KB ... TB (powers of 1000), such as "512M", "1.5 GiB" or "16GB". */
bool mzg_read_size(const char *text, int64_t *bytes);

#endif
