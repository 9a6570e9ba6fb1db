/* Descriptions of synthetic tissue: what they mean, and that anything else is refused with what was expected.
 */
#include <input/synthetic_kind.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

Test(synthetic_description, fields_are_read_and_what_is_left_out_is_as_generate_has_it)
{
    static const struct {
        const char *text;
        struct mzg_synthetic_options options;
    } good[] = {
        {"synthetic:3x4:5", {3, 4, MZG_SYNTHETIC_CENTROID, 5, 1, false, false}},
        {"synthetic:1x1000000:10000000:centroid",
         {1, 1000000, MZG_SYNTHETIC_CENTROID, 10000000, 1, false, false}},
        {"synthetic:3x4:5:profile", {3, 4, MZG_SYNTHETIC_PROFILE, 5, 1, false, false}},
        {"synthetic:3x4:5:continuous:0", {3, 4, MZG_SYNTHETIC_CONTINUOUS, 5, 0, false, false}},
        {"synthetic:3x4:5:continuous:9223372036854775807",
         {3, 4, MZG_SYNTHETIC_CONTINUOUS, 5, INT64_MAX, false, false}},
        {"synthetic:03x4:5:profile:12:full", {3, 4, MZG_SYNTHETIC_PROFILE, 5, 12, true, false}},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct mzg_synthetic_options found = {0};
        struct mzg_error err = {0};
        const struct mzg_synthetic_options *wanted = &good[i].options;
        cr_expect(mzg_synthetic_claims(good[i].text));
        cr_assert(eq(int, (int)mzg_synthetic_parse(good[i].text, &found, &err), MZG_OK), "%s", err.text);
        cr_expect(eq(i64, found.width, wanted->width));
        cr_expect(eq(i64, found.height, wanted->height));
        cr_expect(eq(int, (int)found.kind, (int)wanted->kind));
        cr_expect(eq(i64, found.points, wanted->points));
        cr_expect(eq(u64, found.seed, wanted->seed));
        cr_expect(eq(int, found.full, wanted->full));
    }
}

Test(synthetic_description, anything_else_is_refused)
{
    static const struct {
        const char *text;
        const char *words;
    } bad[] = {
        {"synthetic:", "'' is not a width and a height; expected synthetic:WxH:POINTS"},
        {"synthetic:7", "'7' is not a width and a height"},
        {"synthetic:7x:5", "'7x' is not a width and a height"},
        {"synthetic:x7:5", "'x7' is not a width and a height"},
        {"synthetic:7X7:5", "'7X7' is not a width and a height"},
        {"synthetic:7x7x7:5", "'7x7x7' is not a width and a height"},
        {"synthetic: 7x7:5", "' 7x7' is not a width and a height"},
        {"synthetic:-7x7:5", "'-7x7' is not a width and a height"},
        {"synthetic:7x7", "'' is not the number of points"},
        {"synthetic:7x7:", "'' is not a number of points"},
        {"synthetic:7x7:1e3", "'1e3' is not a number of points"},
        {"synthetic:7x7:5 ", "'5 ' is not a number of points"},
        {"synthetic:7x7:9223372036854775808", "'9223372036854775808' is not a number of points"},
        {"synthetic:7x7:5:", "'' is not a kind: centroid, profile or continuous"},
        {"synthetic:7x7:5:profiles", "'profiles' is not a kind"},
        {"synthetic:7x7:5:prof:1", "'prof' is not a kind"},
        {"synthetic:7x7:5:profile:", "'' is not a seed"},
        {"synthetic:7x7:5:profile:-1", "'-1' is not a seed"},
        {"synthetic:7x7:5:profile:1:", "'' is not 'full' at the end"},
        {"synthetic:7x7:5:profile:1:full:", "'full' is not 'full' at the end"},
        {"synthetic:0x7:5", "each side must be 1 to 1000000"},
        {"synthetic:7x1000001:5", "each side must be 1 to 1000000"},
        {"synthetic:7x7:0", "must be 1 to 10000000"},
        {"synthetic:7x7:10000001", "must be 1 to 10000000"},
        {"synthetic:100000x100000:5", "10000000000 positions are more than a table can have"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mzg_synthetic_options found = {.points = -1};
        struct mzg_error err = {0};
        cr_expect(eq(int, (int)mzg_synthetic_parse(bad[i].text, &found, &err), MZG_EUSAGE), "%s",
                  bad[i].text);
        cr_expect(strstr(err.text, bad[i].words) != NULL, "%s: %s", bad[i].text, err.text);
        cr_expect(strncmp(err.text, bad[i].text, strlen(bad[i].text)) == 0, "%s", err.text);
        cr_expect(eq(i64, found.points, -1));
    }
}

Test(synthetic_description, paths_are_no_descriptions)
{
    static const char *const paths[] = {"", "synthetic", "Synthetic:1x1:1", "./synthetic:1x1:1", "a.imzML"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        cr_expect(not(mzg_synthetic_claims(paths[i])), "%s", paths[i]);
}
