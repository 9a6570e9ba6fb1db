#include <core/format.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *format_scaled(char *text, size_t size, int64_t bytes, double base, const char *const units[])
{
    double value = (double)bytes;
    int unit = 0;
    /* Values that would be printed as 1024.0 or 1000.0 already take the next unit. */
    while (fabs(value) >= base - 0.05 && units[unit + 1]) {
        value /= base;
        unit++;
    }
    snprintf(text, size, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return text;
}

char *mzg_format_memory(char *text, size_t size, int64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", NULL};
    return format_scaled(text, size, bytes, 1024, units);
}

char *mzg_format_data(char *text, size_t size, int64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", NULL};
    return format_scaled(text, size, bytes, 1000, units);
}

char *mzg_format_count(char *text, size_t size, int64_t count)
{
    char digits[MZG_FORMAT_SIZE];
    int length = snprintf(digits, sizeof digits, "%" PRId64, count);
    size_t used = 0;
    for (int i = 0; i < length && used + 2 < size; i++) {
        text[used++] = digits[i];
        int left = length - 1 - i;
        if (left > 0 && left % 3 == 0 && digits[i] != '-')
            text[used++] = ',';
    }
    text[used] = '\0';
    return text;
}

char *mzg_format_power(char *text, size_t size, int exponent)
{
    static const char *const superscripts[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    char digits[16];
    int n = snprintf(text, size, "×10%s", exponent < 0 ? "⁻" : "");
    snprintf(digits, sizeof digits, "%d", abs(exponent));
    for (const char *digit = digits; *digit && n > 0 && (size_t)n < size; digit++)
        n += snprintf(text + n, size - (size_t)n, "%s", superscripts[*digit - '0']);
    return text;
}

char *mzg_format_value(char *text, size_t size, double value, int digits)
{
    char rounded[64], power[MZG_FORMAT_SIZE];
    snprintf(rounded, sizeof rounded, "%.*e", digits - 1, value);
    const char *mark = strchr(rounded, 'e');
    int exponent = mark ? atoi(mark + 1) : 0;
    if (value == 0) {
        snprintf(text, size, "0");
    } else if (exponent >= 3 && exponent >= digits - 1 && exponent < 6) { /* none stands behind the point */
        mzg_format_count(text, size, llround(atof(rounded)));
    } else if (!isfinite(value) || (exponent >= -3 && exponent < 6)) {
        snprintf(text, size, "%.*g", digits, value);
    } else {
        snprintf(text, size, "%g%s", atof(rounded) / pow(10, exponent),
                 mzg_format_power(power, sizeof power, exponent));
    }
    return text;
}

char *mzg_format_rate(char *text, size_t size, double amount, double seconds)
{
    double rate = seconds > 0 ? amount / seconds : NAN;
    if (!isfinite(rate) || rate >= 1e18)
        snprintf(text, size, "-");
    else if (rate >= 99.95)
        mzg_format_count(text, size, llround(rate));
    else if (rate >= 9.995)
        snprintf(text, size, "%.1f", rate);
    else
        snprintf(text, size, rate >= 0.9995 ? "%.2f" : "%.3f", rate);
    return text;
}

char *mzg_format_duration(char *text, size_t size, double seconds)
{
    /* The limits are where rounding would print 10.00 or 60.0. */
    int64_t whole = seconds < 9e15 ? llround(seconds) : 0;
    if (!isfinite(seconds) || seconds < 0 || seconds >= 9e15)
        snprintf(text, size, "-");
    else if (seconds < 9.995)
        snprintf(text, size, "%.2f s", seconds);
    else if (seconds < 59.95)
        snprintf(text, size, "%.1f s", seconds);
    else if (whole < 3600)
        snprintf(text, size, "%" PRId64 " min %02" PRId64 " s", whole / 60, whole % 60);
    else
        snprintf(text, size, "%" PRId64 " h %02" PRId64 " min", whole / 3600, whole % 3600 / 60);
    return text;
}
