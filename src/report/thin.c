#include <report/thin.h>

#include <string.h>

/* The bin with the largest value, or with the smallest. */
static int64_t find_end(const double *values, int64_t first, int64_t end, int sign)
{
    int64_t found = first;
    for (int64_t i = first + 1; i < end; i++)
        if (sign * values[i] > sign * values[found] || values[found] != values[found])
            found = i;
    return found;
}

int64_t mzg_thin(const double *one, const double *other, int64_t n, int64_t most,
                 const struct mzg_thin_range *ranges, int n_ranges, unsigned char *is_drawn)
{
    memset(is_drawn, n <= most, (size_t)n);
    int64_t parts = most / 4, drawn = 0;
    if (n <= most)
        return n;
    for (int64_t p = 0; p < parts; p++) {
        int64_t first = n / parts * p + n % parts * p / parts;
        int64_t end = n / parts * (p + 1) + n % parts * (p + 1) / parts;
        is_drawn[find_end(one, first, end, 1)] = 1;
        is_drawn[find_end(one, first, end, -1)] = 1;
        is_drawn[find_end(other, first, end, 1)] = 1;
    }
    is_drawn[0] = is_drawn[n - 1] = 1;
    for (int r = 0; r < n_ranges; r++)
        memset(is_drawn + ranges[r].first, 1, (size_t)(ranges[r].end - ranges[r].first));
    for (int64_t i = 0; i < n; i++)
        drawn += is_drawn[i];
    return drawn;
}
