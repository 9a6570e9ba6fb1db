/* Growing arrays: what grow keeps and reserve loses, room that doubles, sizes that overflow. */
#include <core/array.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

Test(array, grow_keeps_what_is_there_and_doubles)
{
    struct mzg_error err = {0};
    int32_t *numbers = NULL;
    int64_t capacity = 0, moves = 0;
    for (int32_t i = 0; i < 3000000; i++) { /* across the size from which pages are huge */
        int64_t before = capacity;
        cr_assert(eq(int, (int)mzg_array_grow(&numbers, sizeof *numbers, i + 1, &capacity, "numbers", &err),
                     MZG_OK));
        moves += capacity != before;
        numbers[i] = i;
    }
    for (int32_t i = 0; i < 3000000; i++)
        cr_assert(eq(i32, numbers[i], i));
    cr_expect(capacity >= 3000000 && capacity < 6000000);
    cr_expect(moves <= 20);
    free(numbers);
}

Test(array, grow_gives_what_is_wanted_if_that_is_more_than_double)
{
    struct mzg_error err = {0};
    double *numbers = NULL;
    int64_t capacity = 0;
    cr_assert(
        eq(int, (int)mzg_array_grow(&numbers, sizeof *numbers, 100, &capacity, "numbers", &err), MZG_OK));
    cr_expect(eq(i64, capacity, 100));
    cr_assert(
        eq(int, (int)mzg_array_grow(&numbers, sizeof *numbers, 101, &capacity, "numbers", &err), MZG_OK));
    cr_expect(eq(i64, capacity, 200));
    cr_assert(
        eq(int, (int)mzg_array_grow(&numbers, sizeof *numbers, 1001, &capacity, "numbers", &err), MZG_OK));
    cr_expect(eq(i64, capacity, 1001));
    free(numbers);
}

Test(array, reserve_gives_just_what_is_wanted_and_never_shrinks)
{
    struct mzg_error err = {0};
    int16_t *numbers = NULL;
    int64_t capacity = 0;
    cr_assert(
        eq(int, (int)mzg_array_reserve(&numbers, sizeof *numbers, 10, &capacity, "numbers", &err), MZG_OK));
    cr_expect(eq(i64, capacity, 10));
    int16_t *before = numbers;
    cr_assert(
        eq(int, (int)mzg_array_reserve(&numbers, sizeof *numbers, 3, &capacity, "numbers", &err), MZG_OK));
    cr_expect(numbers == before && capacity == 10);
    cr_assert(
        eq(int, (int)mzg_array_reserve(&numbers, sizeof *numbers, 11, &capacity, "numbers", &err), MZG_OK));
    cr_expect(eq(i64, capacity, 11));
    free(numbers);
}

Test(array, arrays_share_a_capacity)
{
    struct mzg_error err = {0};
    int32_t *bins = NULL;
    double *values = NULL;
    int64_t capacity = 0;
    const struct mzg_array arrays[] = {{&bins, sizeof *bins}, {&values, sizeof *values}};
    for (int64_t n = 1; n <= 1000; n++) {
        cr_assert(eq(int, (int)mzg_arrays_grow(arrays, 2, n, &capacity, "values", &err), MZG_OK));
        bins[n - 1] = (int32_t)n;
        values[n - 1] = 0.5 * (double)n;
    }
    for (int64_t n = 1; n <= 1000; n++)
        cr_assert(bins[n - 1] == n && values[n - 1] == 0.5 * (double)n);
    cr_assert(eq(int, (int)mzg_arrays_reserve(arrays, 2, 5000, &capacity, "values", &err), MZG_OK));
    bins[4999] = 1;
    values[4999] = 1;
    cr_expect(eq(i64, capacity, 5000));
    free(bins);
    free(values);
}

Test(array, nothing_wanted_is_no_null)
{
    struct mzg_error err = {0};
    char *grown = NULL, *reserved = NULL;
    int64_t capacities[2] = {0, 0};
    cr_expect(eq(int, (int)mzg_array_grow(&grown, 1, 0, &capacities[0], "bytes", &err), MZG_OK));
    cr_expect(eq(int, (int)mzg_array_reserve(&reserved, 1, 0, &capacities[1], "bytes", &err), MZG_OK));
    cr_expect(grown != NULL && reserved != NULL);
    free(grown);
    free(reserved);
}

Test(array, sizes_that_overflow_are_refused)
{
    const int64_t wanted[] = {INT64_MAX / 2, INT64_MAX, -1};
    const char *const texts[] = {"no memory for 4611686018427387903 numbers",
                                 "no memory for 9223372036854775807 numbers",
                                 "no memory for more numbers than can be counted"};
    for (int i = 0; i < 3; i++) {
        struct mzg_error err = {0};
        int32_t *kept = NULL, *lost = NULL;
        int64_t capacity = 0, capacity_lost = 0;
        cr_assert(eq(int, (int)mzg_array_grow(&kept, sizeof *kept, 4, &capacity, "numbers", &err), MZG_OK));
        cr_assert(
            eq(int, (int)mzg_array_reserve(&lost, sizeof *lost, 4, &capacity_lost, "numbers", &err), MZG_OK));
        int64_t before = capacity;
        kept[3] = 7;
        cr_expect(eq(int, (int)mzg_array_grow(&kept, sizeof *kept, wanted[i], &capacity, "numbers", &err),
                     MZG_ENOMEM));
        cr_expect(eq(str, err.text, (char *)texts[i]));
        cr_expect(kept[3] == 7 && capacity == before);
        err = (struct mzg_error){0};
        cr_expect(eq(int,
                     (int)mzg_array_reserve(&lost, sizeof *lost, wanted[i], &capacity_lost, "numbers", &err),
                     MZG_ENOMEM));
        cr_expect(lost == NULL && capacity_lost == 0);
        free(kept);
    }
}
