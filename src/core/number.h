/*
 * Numbers as text with a point, whatever locale a program that uses the library has chosen: with a comma in
 * it, files would be misread, and names in a store would differ from those of other programs. All local, for
 * any thread.
 */
#ifndef MZG_CORE_NUMBER_H
#define MZG_CORE_NUMBER_H

#include <stddef.h>

/* strtod(). */
double mzg_number_read(const char *text, char **end);

/* The number with so many digits behind the point. As snprintf(): at most `size` bytes with the terminator;
 * the length of the whole. */
int mzg_number_print_fixed(char *text, size_t size, int decimals, double value);

/* The shortest decimal that reads back as the very value: 15 digits do for what has no more, 17 for any.
 * Likewise. */
int mzg_number_print_exactly(char *text, size_t size, double value);

/* The same of a float: 9 digits do for any. */
int mzg_number_print_float(char *text, size_t size, float value);

#endif
