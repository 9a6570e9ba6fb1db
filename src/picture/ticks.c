#include <core/format.h>
#include <picture/ticks.h>

#include <math.h>
#include <stdio.h>

struct mzg_ticks mzg_ticks_of(double low, double high, int wanted, bool scaled)
{
    struct mzg_ticks ticks = {.first = low};
    double span = high - low, largest = fmax(fabs(low), fabs(high));
    if (!(span > 0) || !isfinite(span))
        return ticks;
    double rough = span / (wanted > 1 ? wanted : 1), power = pow(10, floor(log10(rough)));
    double factor = rough / power;
    ticks.step = power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
    ticks.first = ceil(low / ticks.step - 1e-9) * ticks.step;
    ticks.n = (int)floor((high - ticks.first) / ticks.step + 1e-9) + 1;
    if (scaled && (largest >= 1e5 || largest < 1e-2))
        ticks.exponent = 3 * (int)floor(log10(largest) / 3);
    double digits = ticks.exponent - floor(log10(ticks.step) + 1e-9);
    ticks.digits = digits > 0 ? (int)digits : 0;
    return ticks;
}

struct mzg_ticks mzg_ticks_pair(double low, double high, int wanted)
{
    struct mzg_ticks ticks = {0};
    for (int more = 0; ticks.n < 2 && more < 4; more++)
        ticks = mzg_ticks_of(low, high, wanted + more, false);
    return ticks;
}

double mzg_scale_bar_length(double longest, double cell)
{
    for (int wanted = 8; wanted >= 1; wanted--) {
        double length = mzg_ticks_of(0, longest, wanted, false).step;
        if (length >= cell && length <= longest)
            return length;
    }
    return cell;
}

double mzg_tick_value(const struct mzg_ticks *ticks, int i)
{
    return ticks->first + i * ticks->step;
}

void mzg_tick_text(const struct mzg_ticks *ticks, int i, char *text, int size)
{
    double value = mzg_tick_value(ticks, i);
    if (fabs(value) < ticks->step / 2)
        value = 0; /* not -0 */
    snprintf(text, (size_t)size, "%.*f", ticks->digits, value / pow(10, ticks->exponent));
}

void mzg_tick_label(const struct mzg_ticks *ticks, const char *label, char *text, int size)
{
    char power[MZG_FORMAT_SIZE];
    if (ticks->exponent == 0)
        snprintf(text, (size_t)size, "%s", label);
    else
        snprintf(text, (size_t)size, "%s (%s)", label,
                 mzg_format_power(power, sizeof power, ticks->exponent));
}
