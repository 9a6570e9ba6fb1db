#include <stage/columns.h>

#include <core/search.h>

struct mzg_column_range mzg_columns_of_values(const int64_t *column_begins, int64_t n_columns, int64_t first,
                                              int64_t n)
{
    if (n == 0)
        return (struct mzg_column_range){0, 0};
    return (struct mzg_column_range){mzg_place_of(column_begins, n_columns, first),
                                     mzg_place_of(column_begins, n_columns, first + n - 1) + 1};
}
