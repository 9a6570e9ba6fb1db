/* A file that must not change while it is used, and a second one made of it. */
#include <core/clone_file.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>
#include <temp_files.h>

static char directory[256], path[512];
static struct mzg_file_state state;
static struct mzg_error err;

static void setup(void)
{
    make_temp_directory(directory);
    write_whole_file(directory, "chunk", "12345");
    snprintf(path, sizeof path, "%s/chunk", directory);
    cr_assert(eq(int, mzg_file_state(path, &state, &err), MZG_OK), "%s", err.text);
}

/* Right behind a look that found it, so that what that look left in memory cannot be taken for the file. */
Test(file_state, file_that_is_gone_has_changed, .init = setup)
{
    enum mzg_status there = mzg_file_check_state(path, &state, &err);
    int removed = unlink(path);
    enum mzg_status gone = mzg_file_check_state(path, &state, &err);
    cr_assert(eq(int, removed, 0));
    cr_expect(eq(int, there, MZG_OK));
    cr_expect(eq(int, gone, MZG_EIO));
    cr_expect_not_null(strstr(err.text, "it changed while mzgrid used it"), "%s", err.text);
}

Test(file_state, file_with_other_bytes_has_changed, .init = setup)
{
    write_whole_file(directory, "chunk", "123456");
    cr_expect(eq(int, mzg_file_check_state(path, &state, &err), MZG_EIO));
    cr_expect_not_null(strstr(err.text, "it changed while mzgrid used it"), "%s", err.text);
}

Test(file_state, directory_and_link_have_none, .init = setup)
{
    char link[512];
    snprintf(link, sizeof link, "%s/link", directory);
    cr_assert(eq(int, symlink("chunk", link), 0));
    cr_expect(eq(int, mzg_file_state(directory, &state, &err), MZG_EFORMAT));
    cr_expect(eq(int, mzg_file_state(link, &state, &err), MZG_EFORMAT));
    cr_expect_not_null(strstr(err.text, "a symbolic link"), "%s", err.text);
}

Test(clone_file, has_the_same_bytes_and_leaves_the_first, .init = setup)
{
    char to[512];
    struct mzg_clone_limits limits = {.no_links = true}; /* shares its blocks, or is a copy */
    enum mzg_clone_way way = MZG_CLONE_WAYS;
    size_t size;
    snprintf(to, sizeof to, "%s/clone", directory);
    cr_expect(eq(int, mzg_clone_file(path, &state, to, &limits, NULL, &way, &err), MZG_OK), "%s", err.text);
    cr_expect(way == MZG_CLONE_SHARED || way == MZG_CLONE_COPIED);
    char *bytes = (char *)read_whole_file(directory, "clone", &size);
    cr_expect(eq(str, bytes, (char *)"12345"));
    free(bytes);
    cr_expect(eq(int, mzg_file_check_state(path, &state, &err), MZG_OK));
    cr_expect(eq(int, mzg_clone_file(path, &state, to, &limits, NULL, &way, &err), MZG_EIO), "it is there");
}

Test(clone_file, is_not_made_of_a_file_that_changed, .init = setup)
{
    char to[512];
    struct mzg_clone_limits limits = {0};
    enum mzg_clone_way way = MZG_CLONE_WAYS;
    snprintf(to, sizeof to, "%s/clone", directory);
    write_whole_file(directory, "chunk", "123456");
    cr_expect(eq(int, mzg_clone_file(path, &state, to, &limits, NULL, &way, &err), MZG_EIO));
    cr_expect(eq(int, way, MZG_CLONE_WAYS));
    cr_expect_not(path_exists(directory, "clone"));
}
