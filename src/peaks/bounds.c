#include <peaks/bounds.h>

/* The lowest bin between two others, the first of several. */
static int64_t valley_between(const double *values, int64_t left, int64_t right)
{
    int64_t lowest = left + 1;
    for (int64_t k = left + 2; k < right; k++)
        if (values[k] < values[lowest])
            lowest = k;
    return lowest;
}

/* How many bins a peak has beside its top, in the direction `step`; at most `most`. */
static int64_t reach(const double *values, const struct mzg_peak *peak, double half, int step, int64_t most)
{
    bool is_wide = true; /* it has not come down by half yet */
    for (int64_t distance = 1; distance <= most; distance++) {
        double value = values[peak->top + step * distance];
        if (value <= 0)
            return distance - 1;
        if (is_wide && value <= half) {
            is_wide = false;
            most = distance * MZG_PEAK_REACH < most ? distance * MZG_PEAK_REACH : most;
        }
    }
    return most;
}

void mzg_peaks_bound(const double *values, int64_t n_bins, const struct mzg_noise *noise,
                     struct mzg_peaks *peaks)
{
    int64_t begin = 0; /* of what no earlier peak may have */
    for (int64_t i = 0; i < peaks->n; i++) {
        struct mzg_peak *peak = &peaks->items[i];
        int64_t end = i + 1 < peaks->n ? valley_between(values, peak->top, peak[1].top) : n_bins;
        double median = noise->median[mzg_noise_window(noise, peak->top)];
        double foot = values[peak->top] - peak->prominence;
        double low = median < foot ? median : foot;
        double half = low + (values[peak->top] - low) / 2;
        peak->first = peak->top - reach(values, peak, half, -1, peak->top - begin);
        peak->end = peak->top + reach(values, peak, half, 1, end - 1 - peak->top) + 1;
        begin = end;
    }
}
