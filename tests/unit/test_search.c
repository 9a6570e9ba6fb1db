/* Places in ascending numbers: before, at, between and behind them, with equal ones, and in none. */
#include <core/frame.h>
#include <core/search.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <spatialdata/names.h>
#include <string.h>

Test(search, counts_what_is_below_and_what_is_at_most)
{
    const double numbers[] = {1, 2, 2, 2, 5};
    const struct {
        double value;
        int64_t below, up_to;
    } cases[] = {{0.5, 0, 0}, {1, 0, 1}, {1.5, 1, 1}, {2, 1, 4}, {3, 4, 4}, {5, 4, 5}, {6, 5, 5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect(eq(i64, mzg_count_below(numbers, 5, cases[i].value), cases[i].below));
        cr_expect(eq(i64, mzg_count_up_to(numbers, 5, cases[i].value), cases[i].up_to));
    }
    cr_expect(eq(i64, mzg_count_below(numbers, 0, 1), 0));
    cr_expect(eq(i64, mzg_count_up_to(NULL, 0, 1), 0));
}

Test(types, have_names_and_sizes)
{
    static const struct {
        const char *name;
        int size;
    } types[] = {{"bool", 1},    {"int8", 1},    {"int32", 4}, {"int64", 8},
                 {"float32", 4}, {"float64", 8}, {"string", 0}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        enum mzg_type type;
        cr_assert(mzg_type_of(types[i].name, &type));
        cr_expect(eq(str, (char *)mzg_type_name(type), (char *)types[i].name));
        cr_expect(eq(int, mzg_type_size(type), types[i].size));
    }
    enum mzg_type none = MZG_INT8;
    cr_expect(eq(int, mzg_type_of("int16", &none), 0));
    cr_expect(eq(int, (int)none, (int)MZG_INT8));
}

/* Of columns of which some hold nothing: 0, 3, 3, 3, 5. */
Test(search, finds_the_column_of_a_value)
{
    static const int64_t begins[] = {0, 3, 3, 3, 5};
    static const int64_t columns[] = {0, 0, 0, 3, 3, 4};
    for (int64_t value = 0; value < 6; value++)
        cr_expect(eq(i64, mzg_place_of(begins, 4, value), columns[value]));
    cr_expect(eq(i64, mzg_place_of(begins, 0, 0), 0));
    cr_expect(eq(i64, mzg_place_of(begins + 1, 3, 3), 2), "the columns before hold nothing");
}

Test(names, of_data_sets_leave_room_for_what_follows)
{
    char longest[130];
    memset(longest, 'a', sizeof longest);
    longest[128] = '\0';
    struct mzg_error err = {0};
    cr_expect(eq(int, (int)mzg_check_dataset_id(longest, &err), MZG_OK));
    longest[128] = 'a';
    longest[129] = '\0';
    cr_expect(eq(int, (int)mzg_check_dataset_id(longest, &err), MZG_EUSAGE));
    cr_expect(ne(ptr, strstr(err.text, "129 characters"), NULL));
    static const char *const bad[] = {"", "__a", "a/b", "ä", NULL};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        err = (struct mzg_error){0};
        cr_expect(eq(int, (int)mzg_check_dataset_id(bad[i], &err), MZG_EUSAGE));
        cr_expect(ne(ptr, strstr(err.text, "only letters, digits"), NULL));
    }
}
