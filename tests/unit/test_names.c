/* Names of samples and elements where several stores become one. */
#include <spatialdata/names.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static struct mzg_error err;

static void expect_renamed(const char *rule, const char *name, const char *expected)
{
    struct mzg_rename rename;
    char *renamed = NULL;
    err = (struct mzg_error){0};
    cr_assert(eq(int, mzg_rename_parse(rule, &rename, &err), MZG_OK), "%s", err.text);
    cr_assert(eq(int, mzg_rename_apply(&rename, 1, "liver", 3, name, &renamed, &err), MZG_OK), "%s",
              err.text);
    cr_expect(eq(str, renamed, (char *)expected));
    free(renamed);
}

Test(names, a_rule_renames_its_name_and_what_follows_it)
{
    expect_renamed("msi={sample}", "msi_z0_pixels", "liver_z0_pixels");
    expect_renamed("msi={sample}", "msi", "liver");
    expect_renamed("msi=a{number}", "msi-b", "a3-b");
    expect_renamed("msi={sample}", "msix_z0", "msix_z0");
    expect_renamed("msi={sample}", "a_msi", "a_msi");
    expect_renamed("*={sample}.{name}", "msi_z0", "liver.msi_z0");
}

Test(names, the_first_rule_that_fits_holds)
{
    struct mzg_rename rules[2];
    char *renamed;
    mzg_rename_parse("msi=a", &rules[0], &err);
    mzg_rename_parse("*=b", &rules[1], &err);
    cr_assert(eq(int, mzg_rename_apply(rules, 2, "s", 1, "msi_z0", &renamed, &err), MZG_OK));
    cr_expect(eq(str, renamed, "a_z0"));
    free(renamed);
    cr_assert(eq(int, mzg_rename_apply(rules, 2, "s", 1, "photo", &renamed, &err), MZG_OK));
    cr_expect(eq(str, renamed, "b"));
    free(renamed);
}

Test(names, rules_that_are_none)
{
    const char *texts[] = {"msi", "=a", "msi=", "a b=c", "msi=a/b", "msi={store}", "m*=a"};
    struct mzg_rename rule;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        err = (struct mzg_error){0};
        cr_expect(eq(int, mzg_rename_parse(texts[i], &rule, &err), MZG_EUSAGE), "%s", texts[i]);
        cr_expect_not_null(strchr(err.text, '\''), "%s", err.text);
    }
}

Test(names, names_that_no_element_has)
{
    struct mzg_rename rule;
    char *renamed;
    char longest[221], longer[222];
    mzg_rename_parse("msi=__{sample}", &rule, &err);
    cr_expect(eq(int, mzg_rename_apply(&rule, 1, "a", 1, "msi_z0", &renamed, &err), MZG_EUSAGE));
    cr_expect_not_null(strstr(err.text, "'__a_z0'"), "%s", err.text);
    memset(longest, 'a', sizeof longest - 1);
    memset(longer, 'a', sizeof longer - 1);
    longest[220] = longer[221] = '\0';
    cr_expect(mzg_is_element_name(longest));
    cr_expect(not(mzg_is_element_name(longer)));
    cr_expect(not(mzg_is_element_name("..")));
    cr_expect(not(mzg_is_element_name("")));
    cr_expect(not(mzg_is_element_name("a b")));
}

Test(names, a_sample_is_called_as_its_store)
{
    const struct {
        const char *path, *name;
    } cases[] = {{"/data/liver.zarr", "liver"}, {"liver.zarr///", "liver"}, {"a b.zarr", "a_b"}, {"x", "x"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *name = NULL;
        cr_assert(eq(int, mzg_sample_name(cases[i].path, &name, &err), MZG_OK), "%s", err.text);
        cr_expect(eq(str, name, (char *)cases[i].name));
        free(name);
    }
}

Test(names, a_path_that_leads_nowhere_is_said_to_be_one)
{
    char *name = NULL;
    err = (struct mzg_error){0};
    cr_expect(eq(int, mzg_sample_name("/nowhere/..", &name, &err), MZG_EIO));
    cr_expect(eq(str, err.text, "/nowhere/..: it cannot be read: No such file or directory"));
}
