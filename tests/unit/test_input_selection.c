/* Which pixels a box and a list of positions leave. */
#include <input/selection.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static struct mzg_selection selection;
static struct mzg_pixels pixels;
static struct mzg_findings findings;

static void end_test(void)
{
    mzg_selection_destroy(&selection);
    mzg_pixels_destroy(&pixels);
    findings = (struct mzg_findings){0};
}

TestSuite(selection, .fini = end_test);

static enum mzg_status parse(const char *text, struct mzg_error *err)
{
    mzg_selection_destroy(&selection);
    return mzg_selection_parse(text, (int64_t)strlen(text), "list", &selection, err);
}

Test(selection, lists_are_read_in_the_forms_that_people_write)
{
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)parse("# x y\n3 4\r\n\n 1,2 # here\n\t3;4;5\n1 2\n-7 1e1", &err), MZG_OK), "%s",
              err.text);
    static const int32_t wanted[][3] = {{-7, 10, INT32_MIN}, {1, 2, INT32_MIN}, {3, 4, INT32_MIN}, {3, 4, 5}};
    cr_assert(eq(i64, selection.n, 4), "sorted, each once");
    for (int i = 0; i < 4; i++)
        cr_expect(memcmp(selection.positions[i].at, wanted[i], sizeof wanted[i]) == 0, "%d", i);
}

Test(selection, what_is_no_list_is_refused_with_its_line)
{
    static const struct {
        const char *text, *says;
    } cases[] = {{"1 2\n3\n", "list: line 2: expected a position"},
                 {"1 2 3 4", "line 1"},
                 {"1 2\n\n1.5 2", "line 3"},
                 {"x y\n1 2", "line 1"},
                 {"1 -2147483648", "line 1"},
                 {"1 2147483648", "line 1"},
                 {"", "lists no position"},
                 {"# 1 2\n", "lists no position"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mzg_error err = {0};
        cr_expect(eq(int, (int)parse(cases[i].text, &err), MZG_EFORMAT), "%s", cases[i].text);
        cr_expect(strstr(err.text, cases[i].says) != NULL, "%s", err.text);
    }
}

/* x, y, z of six spectra; the second and the fifth are at one position, the fourth has none. */
static const int32_t places[6][3] = {{1, 1, 1}, {2, 1, 1}, {3, 1, 2}, {INT32_MIN, INT32_MIN, INT32_MIN},
                                     {2, 1, 1}, {3, 1, 3}};

static enum mzg_status apply(struct mzg_error *err)
{
    cr_assert(eq(int, (int)mzg_pixels_number(places[0], sizeof places[0], 6, &pixels, err), MZG_OK));
    cr_assert(eq(i64, pixels.n, 5));
    return mzg_selection_apply(&selection, places[0], sizeof places[0], NULL, &pixels, &findings, err);
}

static void expect_ordinals(int64_t n, const int64_t *ordinals)
{
    cr_assert(eq(i64, pixels.n, n));
    for (int64_t i = 0; i < n; i++)
        cr_expect(eq(i64, pixels.ordinals[i], ordinals[i]));
}

Test(selection, a_region_includes_both_ends)
{
    struct mzg_error err = {0};
    selection.region = (struct mzg_box){true, {2, 1, 1}, {3, 1, 2}};
    cr_assert(eq(int, (int)apply(&err), MZG_OK), "%s", err.text);
    expect_ordinals(2, (int64_t[]){1, 2});
    cr_expect(eq(i64, pixels.n_duplicate, 1));
    cr_expect(eq(i64, mzg_pixels_count(&pixels, 0), 2));
    cr_expect(eq(i64, mzg_pixels_spectrum(&pixels, 0, 1), 4));
    cr_expect(eq(i64, mzg_pixels_spectrum(&pixels, 1, 0), 2));
}

Test(selection, listed_positions_and_those_that_are_not_there)
{
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)parse("3 1\n1 1 1\n2 1 9\n7 7", &err), MZG_OK));
    cr_assert(eq(int, (int)apply(&err), MZG_OK), "%s", err.text);
    expect_ordinals(3, (int64_t[]){0, 2, 4});
    cr_expect(eq(i64, findings.count[MZG_FOUND_NOT_THERE], 2));
    cr_expect(eq(str, findings.first[MZG_FOUND_NOT_THERE], "(2,1,9)"));
}

Test(selection, with_both_what_is_in_both)
{
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)parse("3 1\n1 1", &err), MZG_OK));
    selection.region = (struct mzg_box){true, {2, 1, INT32_MIN}, {3, 1, INT32_MAX}};
    cr_assert(eq(int, (int)apply(&err), MZG_OK), "%s", err.text);
    expect_ordinals(2, (int64_t[]){2, 4});
    cr_expect(eq(i64, findings.count[MZG_FOUND_NOT_THERE], 0), "(1,1) is there, outside the region");
}

Test(selection, nothing_left_is_refused_with_what_there_is)
{
    struct mzg_error err = {0};
    selection.region = (struct mzg_box){true, {20, 1, 1}, {30, 1, 1}};
    cr_expect(eq(int, (int)apply(&err), MZG_ERANGE));
    cr_expect(strstr(err.text, "its 5 pixels lie at") && strstr(err.text, "x 1 to 3, y 1 to 1, z 1 to 3"),
              "%s", err.text);
}
