#include <stage/columns.h>

struct mzg_column_range mzg_columns_of_values(const int64_t *column_begins, int64_t n_columns, int64_t first,
                                              int64_t n)
{
    if (n == 0)
        return (struct mzg_column_range){0, 0};
    int64_t ends[2] = {first, first + n - 1}, found[2];
    for (int i = 0; i < 2; i++) {
        int64_t low = 0, high = n_columns; /* column_begins[low] <= value < column_begins[high] */
        while (high - low > 1) {
            int64_t middle = low + (high - low) / 2;
            if (column_begins[middle] <= ends[i])
                low = middle;
            else
                high = middle;
        }
        found[i] = low;
    }
    return (struct mzg_column_range){found[0], found[1] + 1};
}
