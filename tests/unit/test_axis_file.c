/* Axis files: what is written is read back to the last bit, and nothing else is taken for an axis. */
#include <mzgrid/axis.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct mzg_axis build(struct mzg_axis_spec spec)
{
    struct mzg_axis axis;
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_axis_build(&spec, &axis, &err), MZG_OK), "%s", err.text);
    return axis;
}

/* A file of this process's own, with `text` in it. */
static char *file_with(const char *text)
{
    char *path = strdup("/tmp/mzgrid-axis-XXXXXX");
    int descriptor = mkstemp(path);
    cr_assert(ge(int, descriptor, 0));
    cr_assert(eq(int, (int)write(descriptor, text, strlen(text)), (int)strlen(text)));
    close(descriptor);
    return path;
}

/* Destroys the axis. */
static void expect_read_back(struct mzg_axis written)
{
    char *path = file_with("");
    struct mzg_axis read;
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_axis_write(&written, path, &err), MZG_OK), "%s", err.text);
    cr_assert(eq(int, mzg_axis_read(path, &read, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(i64, read.n_bins, written.n_bins));
    cr_expect(eq(dbl, read.step, written.step));
    cr_expect(memcmp(read.edges, written.edges, (size_t)(read.n_bins + 1) * sizeof *read.edges) == 0);
    cr_expect(memcmp(read.centers, written.centers, (size_t)read.n_bins * sizeof *read.centers) == 0);
    mzg_axis_destroy(&read);
    mzg_axis_destroy(&written);
    unlink(path);
    free(path);
}

Test(axis_file, what_is_written_is_read_back)
{
    const struct mzg_axis_spec specs[] = {
        {.type = MZG_AXIS_CONSTANT, .min_mz = 100.1, .max_mz = 200.3, .bin_width = 0.1, .reference_mz = 1000},
        {.type = MZG_AXIS_REFLECTOR_TOF, .min_mz = 1.0 / 3, .max_mz = 2000.0 / 3, .bins = 777},
        {.type = MZG_AXIS_TOF, .min_mz = 50, .max_mz = 60, .bins = 5, .tof_a = 0.1, .tof_b = 1.0 / 7},
    };
    for (int i = 0; i < 3; i++)
        expect_read_back(build(specs[i]));
}

Test(axis_file, native_axes_are_read_back)
{
    const double mz[] = {100.0 / 3, 500.123456789012345, nextafter(500.123456789012345, 600), 1e6};
    struct mzg_axis axis;
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_axis_build_native(mz, 4, &axis, &err), MZG_OK), "%s", err.text);
    expect_read_back(axis);
}

Test(axis_file, the_digest_is_of_little_endian_doubles)
{
    /* printf of the doubles 1, 2 and 3, piped through sha256sum. */
    struct mzg_axis axis = build((struct mzg_axis_spec){.min_mz = 1, .max_mz = 3, .bins = 2});
    char digest[65];
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_axis_digest(&axis, digest, &err), MZG_OK));
    cr_expect(eq(str, digest, "a68de4b5e96a60c8ceb3c7b7ef93461725bdbbff3516b136585a743b5c0ec664"));
    mzg_axis_destroy(&axis);
}

static void expect_refused(const char *text, const char *reason)
{
    char *path = file_with(text);
    struct mzg_axis axis = {.n_bins = 77};
    struct mzg_error err = {0};
    cr_expect(eq(int, mzg_axis_read(path, &axis, &err), MZG_EFORMAT));
    cr_expect(strstr(err.text, reason) != NULL, "'%s' should tell of '%s'", err.text, reason);
    cr_expect(strncmp(err.text, path, strlen(path)) == 0, "'%s' should name the file", err.text);
    cr_expect(eq(i64, axis.n_bins, 77));
    unlink(path);
    free(path);
}

#define HEAD "{\"format\": \"mzgrid mass axis\", \"version\": 2, "

Test(axis_file, other_files_are_refused_by_name)
{
    expect_refused("", "not JSON");
    expect_refused("{\"format\":\n  oops", "line 2");
    expect_refused("[1, 2]", "not a mass axis");
    expect_refused("{\"format\": \"png\"}", "not a mass axis");
    expect_refused("{\"format\": \"mzgrid mass axis\", \"type\": \"tof\", \"version\": 1}", "version 1");
    expect_refused(HEAD "\"type\": \"quadratic\"}", "quadratic");
    expect_refused(HEAD "\"type\": \"constant\"}", "range");
    expect_refused(HEAD "\"type\": \"constant\", \"min_mz\": \"a\", \"max_mz\": 5, \"bins\": 2}", "range");
    expect_refused(HEAD "\"type\": \"constant\", \"min_mz\": 1, \"max_mz\": 5, \"bins\": -2}", "bins");
    expect_refused(HEAD "\"type\": \"constant\", \"min_mz\": 1, \"max_mz\": 3, \"bins\": 2}",
                   "its file says 0");
    expect_refused(HEAD "\"type\": \"constant\", \"min_mz\": 1, \"max_mz\": 3, \"bins\": 2, \"n_bins\": 2, "
                        "\"sha256\": \"00\"}",
                   "SHA-256");
    /* Refused before gigabytes of edges are made. */
    expect_refused(HEAD "\"type\": \"constant\", \"min_mz\": 1, \"max_mz\": 3, \"bins\": 2147483647, "
                        "\"n_bins\": 2}",
                   "2147483647 bins, but its file says 2");
}

Test(axis_file, the_operating_system_may_refuse)
{
    struct mzg_axis axis = build((struct mzg_axis_spec){.min_mz = 1, .max_mz = 3, .bins = 2});
    struct mzg_axis untouched;
    struct mzg_error err = {0};
    cr_expect(eq(int, mzg_axis_write(&axis, "/nowhere/axis.json", &err), MZG_EIO));
    err = (struct mzg_error){0};
    cr_expect(eq(int, mzg_axis_read("/nowhere/axis.json", &untouched, &err), MZG_EIO));
    err = (struct mzg_error){0};
    cr_expect(eq(int, mzg_axis_write(&axis, "/dev/full", &err), MZG_EIO));
    mzg_axis_destroy(&axis);
}

Test(axis_file, a_directory_is_told_and_a_name_of_two_lines_is_one)
{
    struct mzg_axis axis = {.n_bins = 77};
    struct mzg_error err;
    cr_expect(eq(int, mzg_axis_read("/tmp", &axis, &err), MZG_EIO));
    cr_expect(ne(ptr, strstr(err.text, "/tmp: is a directory"), NULL), "%s", err.text);
    cr_expect(eq(int, mzg_axis_read("/no\nwhere", &axis, &err), MZG_EIO));
    cr_expect(ne(ptr, strstr(err.text, "/no\\nwhere: cannot open"), NULL), "%s", err.text);
    cr_expect(eq(i64, axis.n_bins, 77));
}

Test(axis_file, pipe_that_nobody_writes_does_not_hang, .timeout = 10)
{
    char directory[] = "/tmp/mzgrid-axis-XXXXXX", path[64];
    struct mzg_axis axis;
    struct mzg_error err = {0};
    cr_assert_not_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/pipe", directory);
    cr_assert(eq(int, mkfifo(path, 0600), 0));
    cr_expect(eq(int, mzg_axis_read(path, &axis, &err), MZG_EFORMAT));
    unlink(path);
    rmdir(directory);
}
