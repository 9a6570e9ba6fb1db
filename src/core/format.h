/*
 * Quantities as people read them. Each function writes at most `size` bytes, the terminator included, and
 * returns `text`, so that it can stand among the arguments of a printf. All local.
 */
#ifndef MZG_CORE_FORMAT_H
#define MZG_CORE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

enum { MZG_FORMAT_SIZE = 32 }; /* enough for any of them */

/* Memory, in powers of 1024: "17 B", "1.5 KiB", "812.3 MiB". */
char *mzg_format_memory(char *text, size_t size, int64_t bytes);

/* Data, in powers of 1000: "17 B", "1.5 kB", "812.3 MB". */
char *mzg_format_data(char *text, size_t size, int64_t bytes);

/* A count with its thousands apart: "1,234,567". */
char *mzg_format_count(char *text, size_t size, int64_t count);

/* A power of ten to stand behind a number: "×10⁻⁶". */
char *mzg_format_power(char *text, size_t size, int exponent);

/* A measured value with `digits` significant digits, the thousands apart: "0.0123", "12.3", "97,180"; from a
 * million, and below a thousandth, "7.54×10⁶". */
char *mzg_format_value(char *text, size_t size, double value, int digits);

/* A rate with three digits at least: "0.123", "12.3", "1,234"; "-" where `seconds` is 0, or too short to
 * tell. */
char *mzg_format_rate(char *text, size_t size, double amount, double seconds);

/* A duration: "0.12 s", "12.3 s", "2 min 05 s", "3 h 07 min". */
char *mzg_format_duration(char *text, size_t size, double seconds);

#endif
