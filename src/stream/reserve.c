#include <stream/reserve.h>

#include <core/memory.h>

enum mzg_status mzg_reserve(void *array_pointer, int64_t element, int64_t wanted, int64_t capacity,
                            struct mzg_error *err)
{
    void **array = array_pointer;
    if (wanted <= capacity && *array)
        return MZG_OK;
    int64_t bytes = mzg_size_product(wanted > 2 * capacity ? wanted : 2 * capacity, element);
    void *grown = mzg_memory_grow(*array, *array ? capacity * element : 0, bytes);
    if (!grown)
        return mzg_fail(err, MZG_ENOMEM, "no memory for %lld resampled values; try a smaller --chunk-size",
                        (long long)wanted);
    *array = grown;
    return MZG_OK;
}

int64_t mzg_grown_capacity(int64_t wanted, int64_t capacity)
{
    return wanted <= capacity ? capacity : wanted > 2 * capacity ? wanted : 2 * capacity;
}

enum mzg_status mzg_reserve_pairs(int32_t **bins, void *values, int64_t value_size, int64_t wanted,
                                  int64_t *capacity, struct mzg_error *err)
{
    if (mzg_reserve(bins, sizeof **bins, wanted, *capacity, err) != MZG_OK ||
        mzg_reserve(values, value_size, wanted, *capacity, err) != MZG_OK)
        return err->status;
    *capacity = mzg_grown_capacity(wanted, *capacity);
    return MZG_OK;
}
