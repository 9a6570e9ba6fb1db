/* The title of an image says where its window lies, and no other range. */
#include <cli/draw.h>

#include <criterion/criterion.h>

static void expect(struct mzg_view_window window, const char *divided_by, const char *title,
                   const char *subtitle)
{
    char texts[2][MZG_PICTURE_TITLE];
    mzg_name_window(&window, divided_by, texts[0], texts[1]);
    cr_expect_str_eq(texts[0], title);
    cr_expect_str_eq(texts[1], subtitle);
}

Test(cli_draw, a_window_round_its_mz)
{
    expect((struct mzg_view_window){500.0, 499.0, 501.0, 10, 14}, NULL, "m/z 500.0000 ± 1.0000",
           "499.0000 to 501.0000, 4 bins");
    /* An m/z as a list of peaks shows it, in a bin with more digits. */
    expect((struct mzg_view_window){885.5461, 885.543762, 885.548401, 3, 4}, "TIC", "m/z 885.5461 ± 0.0023",
           "885.5438 to 885.5484, 1 bin, divided by TIC");
}

Test(cli_draw, a_bin_that_lies_otherwise)
{
    /* Of a native axis with uneven steps, and of any m/z that is not the centre of its bin. */
    expect((struct mzg_view_window){1105.6152, 1101.592590, 1106.103577, 7, 8}, NULL, "m/z 1105.6152",
           "1101.5926 to 1106.1036, 1 bin");
    expect((struct mzg_view_window){500.002, 500.0, 500.005, 7, 8}, NULL, "m/z 500.0020",
           "500.0000 to 500.0050, 1 bin");
}
