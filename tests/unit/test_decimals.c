/* Numbers as the texts of an index. */
#include <anndata/backend.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static const int64_t numbers[] = {0, 7, 10, 99999999, 100000000, -1, -120, INT64_MAX, INT64_MIN};
static const char *const texts[] = {
    "0", "7", "10", "99999999", "100000000", "-1", "-120", "9223372036854775807", "-9223372036854775808"};
enum { N = sizeof numbers / sizeof *numbers };

Test(decimals, are_those_of_the_numbers)
{
    const struct mzg_decimals decimals = {numbers, 40};
    for (int i = 0; i < N; i++) {
        char text[32] = "";
        cr_expect(eq(i64, mzg_decimal_text(&decimals, 40 + i, NULL, 0), (int64_t)strlen(texts[i])));
        cr_expect(eq(i64, mzg_decimal_text(&decimals, 40 + i, text, sizeof text), (int64_t)strlen(texts[i])));
        cr_expect(eq(str, text, (char *)texts[i]));
    }
}

Test(decimals, do_not_go_beyond_their_room)
{
    const struct mzg_decimals decimals = {numbers, 0};
    char text[] = "........";
    cr_expect(eq(i64, mzg_decimal_text(&decimals, 3, text, 4), (int64_t)8));
    cr_expect(eq(str, text, (char *)"9999...."));
}
