/* Pieces of text that end at a length rather than at a terminator, as an XML parser hands them over, and the
 * numbers written in them. Pure functions of bytes. */
#ifndef MZG_INPUT_TEXT_H
#define MZG_INPUT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed bytes, not terminated. `p` is NULL if there is no text at all, as opposed to an empty one. */
struct mzg_text {
    const char *p;
    size_t n;
};

struct mzg_text mzg_text_of(const char *string);
bool mzg_text_equals(struct mzg_text text, const char *string);

/* A terminated copy for free(); NULL if there is no memory. Of no text, "". */
char *mzg_text_copy(struct mzg_text text);

/* A decimal number, surrounded by nothing but white space: no hexadecimal, no infinity, nothing behind it. */
bool mzg_text_to_double(struct mzg_text text, double *value);

/* A whole number, also one that some writer printed as 1.156e+09. False for anything that is not a whole
 * number of 64 bits. */
bool mzg_text_to_int64(struct mzg_text text, int64_t *value);

/* Half a unit of the last digit of a decimal number: 0.05 for "100.1", 0.5 for "100", 50 for "1e2". The
 * number is one that mzg_text_to_double() accepts. */
double mzg_text_half_digit(struct mzg_text text);

#endif
