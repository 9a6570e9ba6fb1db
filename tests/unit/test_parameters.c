/* Messages at the doors of the library: names of parameters in place of options of the command line. */
#include <core/parameters.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static void expect_text(const char *text, const char *expected)
{
    char named[200];
    mzg_parameters_text(text, named, sizeof named);
    cr_expect(eq(str, named, (char *)expected), "%s", text);
}

Test(parameters, options_become_parameters)
{
    expect_text("a.zarr exists; use --overwrite to replace it", "a.zarr exists; use overwrite to replace it");
    expect_text("raise --memory-limit, or try a smaller --chunk-size",
                "raise memory_limit, or try a smaller chunk_size");
    expect_text("--bin-width must be above 0", "axis.bin_width must be above 0");
    expect_text("(--min-mz and --max-mz)", "(axis.min_mz and axis.max_mz)");
    expect_text("--mass-axis-type native, '--layout csr'", "axis.type native, 'layout csr'");
    expect_text("--on-error skip would go on", "fail_on_error = false would go on");
    expect_text("--bin-width 1step makes one bin a step", "bin_steps 1 makes one bin a step");
}

/* Paths and dashes of other kinds stay. */
Test(parameters, what_is_no_option_stays)
{
    expect_text("/data/a--b/c.imzML: no", "/data/a--b/c.imzML: no");
    expect_text("a -- b, --, -x, --X", "a -- b, --, -x, --X");
    expect_text("", "");
}

Test(parameters, what_is_too_long_is_cut)
{
    struct mzg_error err = {.status = MZG_EUSAGE};
    char named[12];
    mzg_parameters_text("use --memory-limit now", named, sizeof named);
    cr_expect(eq(sz, strlen(named), 11));
    cr_expect(eq(int, strncmp(named, "use memory_", 8), 0));
    for (size_t i = 0; i + 13 < sizeof err.text; i += 12)
        memcpy(err.text + i, " --bin-width", 13); /* each name is longer than its option */
    cr_expect(eq(int, (int)mzg_name_parameters(&err), MZG_EUSAGE));
    cr_expect(eq(sz, strlen(err.text) < sizeof err.text, 1));
    cr_expect_not_null(strstr(err.text, "axis.bin_width axis.bin_width"));
}

Test(parameters, sizes_outside_the_known_ones_are_refused)
{
    struct mzg_error err;
    cr_expect(eq(int, (int)mzg_size_check("mzg_x", 8, 8, 16, &err), MZG_OK));
    cr_expect(eq(int, (int)mzg_size_check("mzg_x", 16, 8, 16, &err), MZG_OK));
    cr_expect(eq(int, (int)mzg_size_check("mzg_x", 7, 8, 16, &err), MZG_EUSAGE));
    cr_expect(eq(int, (int)mzg_size_check("mzg_x", 24, 8, 16, &err), MZG_EUSAGE));
    cr_expect_not_null(strstr(err.text, "sizeof(struct mzg_x)"));
}
