#include <core/array.h>

#include <core/memory.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST = 8 };

/* The elements of an array, whatever their type. */
static void *elements_of(const struct mzg_array *array)
{
    void *elements;
    memcpy(&elements, array->pointer, sizeof elements);
    return elements;
}

static void set_elements(const struct mzg_array *array, void *elements)
{
    memcpy(array->pointer, &elements, sizeof elements);
}

static void release(const struct mzg_array *arrays, int n_arrays)
{
    for (int i = 0; i < n_arrays; i++) {
        free(elements_of(&arrays[i]));
        set_elements(&arrays[i], NULL);
    }
}

static bool is_enough(const struct mzg_array *arrays, int n_arrays, int64_t wanted, int64_t capacity)
{
    for (int i = 0; i < n_arrays; i++)
        if (!elements_of(&arrays[i]))
            return false;
    return wanted >= 0 && wanted <= capacity;
}

static enum mzg_status no_memory(int64_t wanted, const char *what, struct mzg_error *err)
{
    if (wanted < 0)
        return mzg_fail(err, MZG_ENOMEM, "no memory for more %s than can be counted", what);
    return mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " %s", wanted, what);
}

enum mzg_status mzg_arrays_grow(const struct mzg_array *arrays, int n_arrays, int64_t wanted,
                                int64_t *capacity, const char *what, struct mzg_error *err)
{
    if (is_enough(arrays, n_arrays, wanted, *capacity))
        return MZG_OK;
    if (wanted < 0)
        return no_memory(wanted, what, err);
    int64_t doubled = *capacity > INT64_MAX / 2 ? wanted : 2 * *capacity;
    int64_t room = wanted > doubled ? wanted : doubled;
    if (room < LEAST)
        room = LEAST;
    for (int i = 0; i < n_arrays; i++) {
        void *elements = elements_of(&arrays[i]);
        int64_t used = elements ? *capacity * arrays[i].element : 0;
        void *grown = mzg_memory_grow(elements, used, mzg_size_product(room, arrays[i].element));
        if (!grown)
            return no_memory(wanted, what, err); /* those before have more room than the capacity says */
        set_elements(&arrays[i], grown);
    }
    *capacity = room;
    return MZG_OK;
}

enum mzg_status mzg_arrays_reserve(const struct mzg_array *arrays, int n_arrays, int64_t wanted,
                                   int64_t *capacity, const char *what, struct mzg_error *err)
{
    if (is_enough(arrays, n_arrays, wanted, *capacity))
        return MZG_OK;
    release(arrays, n_arrays);
    *capacity = 0;
    for (int i = 0; i < n_arrays; i++) {
        set_elements(&arrays[i], mzg_memory_large(mzg_size_product(wanted, arrays[i].element)));
        if (!elements_of(&arrays[i])) {
            release(arrays, n_arrays);
            return no_memory(wanted, what, err);
        }
    }
    *capacity = wanted;
    return MZG_OK;
}

enum mzg_status mzg_array_grow(void *pointer, int64_t element, int64_t wanted, int64_t *capacity,
                               const char *what, struct mzg_error *err)
{
    return mzg_arrays_grow(&(struct mzg_array){pointer, element}, 1, wanted, capacity, what, err);
}

enum mzg_status mzg_array_reserve(void *pointer, int64_t element, int64_t wanted, int64_t *capacity,
                                  const char *what, struct mzg_error *err)
{
    return mzg_arrays_reserve(&(struct mzg_array){pointer, element}, 1, wanted, capacity, what, err);
}
