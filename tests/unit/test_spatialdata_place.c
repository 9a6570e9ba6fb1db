/* Where a store may be made, what is replaced, what is left behind, and what is never touched. */
#include <core/remove_tree.h>
#include <spatialdata/place.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <temp_files.h>

static char directory[256], output[300];
static struct mzg_place *place;
static struct mzg_error err;

static void setup(void)
{
    make_temp_directory(directory);
    snprintf(output, sizeof output, "%s/out.zarr", directory);
    cr_assert(eq(int, mzg_place_new(output, &place, &err), MZG_OK));
}

static void teardown(void)
{
    mzg_place_free(place);
    err.status = MZG_OK;
    mzg_remove_tree(directory, &err);
}

static void make_directory(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    cr_assert_eq(mkdir(path, 0777), 0);
}

static void expect_refused(bool overwrite, const char *reason)
{
    cr_expect(eq(int, mzg_place_prepare(place, overwrite, &err), MZG_EIO));
    cr_expect_not_null(strstr(err.text, reason), "%s", err.text);
    cr_expect_not_null(strstr(err.text, "out.zarr"), "%s", err.text);
}

Test(place, part_becomes_output, .init = setup, .fini = teardown)
{
    cr_assert(eq(int, mzg_place_prepare(place, false, &err), MZG_OK));
    cr_expect(path_is_like(directory, "out.zarr.*.part"));
    write_whole_file(mzg_place_part(place), "zarr.json", "{}");
    cr_expect_not(path_exists(directory, "out.zarr"));
    cr_assert(eq(int, mzg_place_publish(place, &err), MZG_OK));
    cr_expect(path_exists(directory, "out.zarr/zarr.json"));
    cr_expect_not(path_is_like(directory, "out.zarr.*.part"));
    cr_expect(eq(int, mzg_place_discard(place, &err), MZG_OK));
    cr_expect(path_exists(directory, "out.zarr"), "what is published is not discarded");
}

Test(place, discarded_part_leaves_nothing, .init = setup, .fini = teardown)
{
    cr_assert(eq(int, mzg_place_prepare(place, false, &err), MZG_OK));
    write_whole_file(mzg_place_part(place), "zarr.json", "{}");
    cr_expect(eq(int, mzg_place_discard(place, &err), MZG_OK));
    cr_expect_not(path_is_like(directory, "out.zarr.*.part"));
}

Test(place, existing_output_needs_overwrite, .init = setup, .fini = teardown)
{
    make_directory("out.zarr");
    write_whole_file(directory, "out.zarr/zarr.json", "old");
    expect_refused(false, "exists; use --overwrite to replace it");
    cr_expect_not(path_is_like(directory, "out.zarr.*.part"));
}

Test(place, overwrite_replaces_at_the_end, .init = setup, .fini = teardown)
{
    make_directory("out.zarr");
    write_whole_file(directory, "out.zarr/zarr.json", "old");
    cr_assert(eq(int, mzg_place_prepare(place, true, &err), MZG_OK));
    write_whole_file(mzg_place_part(place), "zarr.json", "new");
    size_t size;
    unsigned char *text = read_whole_file(directory, "out.zarr/zarr.json", &size);
    cr_expect(eq(str, (char *)text, "old"));
    free(text);
    cr_assert(eq(int, mzg_place_publish(place, &err), MZG_OK));
    cr_expect(eq(int, mzg_place_remove_old(place, &err), MZG_OK));
    text = read_whole_file(directory, "out.zarr/zarr.json", &size);
    cr_expect(eq(str, (char *)text, "new"));
    free(text);
    cr_expect_not(path_is_like(directory, "out.zarr.*.old"));
    cr_expect_not(path_is_like(directory, "out.zarr.*.part"));
}

Test(place, directory_that_is_no_store_is_never_replaced, .init = setup, .fini = teardown)
{
    make_directory("out.zarr");
    write_whole_file(directory, "out.zarr/thesis.tex", "text");
    expect_refused(true, "not a Zarr store");
    cr_expect(path_exists(directory, "out.zarr/thesis.tex"));
}

Test(place, file_and_link_are_never_replaced, .init = setup, .fini = teardown)
{
    write_whole_file(directory, "out.zarr", "text");
    expect_refused(true, "not a Zarr store");
    err.status = MZG_OK;
    unlink(output);
    make_directory("target");
    write_whole_file(directory, "target/zarr.json", "{}");
    cr_assert_eq(symlink("target", output), 0);
    expect_refused(true, "not a Zarr store");
    cr_expect(path_exists(directory, "target/zarr.json"));
}

Test(place, empty_directory_is_replaced, .init = setup, .fini = teardown)
{
    make_directory("out.zarr");
    cr_expect(eq(int, mzg_place_prepare(place, true, &err), MZG_OK));
    cr_expect(eq(int, mzg_place_publish(place, &err), MZG_OK));
}

Test(place, output_that_appears_meanwhile_is_kept, .init = setup, .fini = teardown)
{
    cr_assert(eq(int, mzg_place_prepare(place, false, &err), MZG_OK));
    make_directory("out.zarr");
    write_whole_file(directory, "out.zarr/zarr.json", "theirs");
    cr_expect(eq(int, mzg_place_publish(place, &err), MZG_EIO));
    cr_expect(path_exists(directory, "out.zarr/zarr.json"));
    err.status = MZG_OK;
    cr_expect(eq(int, mzg_place_discard(place, &err), MZG_OK));
    cr_expect_not(path_is_like(directory, "out.zarr.*.part"));
}

Test(place, part_of_a_dead_run_is_removed, .init = setup, .fini = teardown)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        mzg_place_prepare(place, false, &err);
        write_whole_file(mzg_place_part(place), "zarr.json", "{}");
        raise(SIGKILL);
    }
    waitpid(child, NULL, 0);
    cr_assert(path_is_like(directory, "out.zarr.*.part/zarr.json"));
    cr_assert(eq(int, mzg_place_prepare(place, false, &err), MZG_OK));
    cr_expect_not(path_is_like(directory, "out.zarr.*.part/zarr.json"));
}

Test(place, what_the_user_calls_alike_is_never_touched, .init = setup, .fini = teardown)
{
    make_directory("out.zarr");
    write_whole_file(directory, "out.zarr/zarr.json", "{}");
    make_directory("out.zarr.old");
    write_whole_file(directory, "out.zarr.old/zarr.json", "{}");
    make_directory("out.zarr.part");
    write_whole_file(directory, "out.zarr.part/zarr.json", "{}");
    cr_assert(eq(int, mzg_place_prepare(place, true, &err), MZG_OK));
    cr_assert(eq(int, mzg_place_publish(place, &err), MZG_OK));
    cr_assert(eq(int, mzg_place_remove_old(place, &err), MZG_OK));
    cr_expect(path_exists(directory, "out.zarr.old/zarr.json"));
    cr_expect(path_exists(directory, "out.zarr.part/zarr.json"));
    cr_expect_not(path_exists(directory, "out.zarr/zarr.json"));
}

/* What a second run of the same output does where locks do not work. */
Test(place, part_that_is_gone_is_not_published, .init = setup, .fini = teardown)
{
    char part[600];
    cr_assert(eq(int, mzg_place_prepare(place, false, &err), MZG_OK));
    snprintf(part, sizeof part, "%s", mzg_place_part(place));
    cr_assert(eq(int, mzg_remove_tree(part, &err), MZG_OK));
    cr_assert(eq(int, mkdir(part, 0777), 0));
    cr_expect(eq(int, mzg_place_publish(place, &err), MZG_EIO));
    cr_expect_not_null(strstr(err.text, "another program removed or moved it"), "%s", err.text);
    cr_expect_not(path_exists(directory, "out.zarr"));
    cr_expect(path_exists(part, "."), "it is not ours");
}

Test(place, part_of_a_living_run_is_kept, .init = setup, .fini = teardown)
{
    struct mzg_place *other;
    cr_assert(eq(int, mzg_place_new(output, &other, &err), MZG_OK));
    cr_assert(eq(int, mzg_place_prepare(other, false, &err), MZG_OK));
    expect_refused(false, "another run is writing it");
    cr_expect(path_is_like(directory, "out.zarr.*.part"));
    err.status = MZG_OK;
    cr_expect(eq(int, mzg_place_discard(place, &err), MZG_OK));
    cr_expect(path_is_like(directory, "out.zarr.*.part"), "only who made it removes it");
    mzg_place_free(other);
}

Test(place, missing_directory_is_named)
{
    struct mzg_place *lost;
    struct mzg_error missing = {0};
    cr_assert(eq(int, mzg_place_new("/nonexistent/dir/out.zarr", &lost, &missing), MZG_OK));
    cr_expect(eq(int, mzg_place_prepare(lost, false, &missing), MZG_EIO));
    cr_expect_not_null(strstr(missing.text, "its directory /nonexistent/dir "));
    cr_expect_not_null(strstr(missing.text, "No such file"));
    mzg_place_free(lost);
}

Test(place, slashes_at_the_end_do_not_count, .init = setup, .fini = teardown)
{
    struct mzg_place *same;
    strcat(output, "//");
    cr_assert(eq(int, mzg_place_new(output, &same, &err), MZG_OK));
    cr_expect(eq(int, mzg_place_prepare(place, false, &err), MZG_OK));
    cr_expect(eq(int, mzg_place_prepare(same, false, &err), MZG_EIO));
    mzg_place_free(same);
}

Test(place, paths_without_a_name_are_refused)
{
    static const char *const paths[] = {"", "/", ".", "..", "a/..", "a/./"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct mzg_place *none = NULL;
        struct mzg_error refused = {0};
        cr_expect(eq(int, mzg_place_new(paths[i], &none, &refused), MZG_EUSAGE), "'%s'", paths[i]);
        cr_expect_null(none);
    }
}

Test(remove_tree, links_are_removed_and_not_followed, .init = setup, .fini = teardown)
{
    char path[512];
    make_directory("kept");
    write_whole_file(directory, "kept/file", "text");
    make_directory("gone");
    make_directory("gone/deep");
    write_whole_file(directory, "gone/deep/file", "text");
    snprintf(path, sizeof path, "%s/gone/deep/link", directory);
    cr_assert_eq(symlink("../../kept", path), 0);
    snprintf(path, sizeof path, "%s/gone", directory);
    cr_expect(eq(int, mzg_remove_tree(path, &err), MZG_OK), "%s", err.text);
    cr_expect_not(path_exists(directory, "gone"));
    cr_expect(path_exists(directory, "kept/file"));
    cr_expect(eq(int, mzg_remove_tree(path, &err), MZG_OK), "what is not there is no error");

    snprintf(path, sizeof path, "%s/link", directory);
    cr_assert_eq(symlink("kept", path), 0);
    cr_expect(eq(int, mzg_remove_tree(path, &err), MZG_EIO));
    cr_expect(path_exists(directory, "kept/file"));
}
