/* Files that the user names for a log or metrics: what they may be, and what they must not. */
#include <core/file.h>
#include <core/named_file.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <temp_files.h>

static char directory[256], path[512];
static struct mzg_error err;

static void setup(void)
{
    make_temp_directory(directory);
}

static const char *in_directory(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

Test(named_file, pipe_that_nobody_reads_does_not_hang, .init = setup, .timeout = 10)
{
    int fd;
    cr_assert(eq(int, mkfifo(in_directory("log"), 0600), 0));
    cr_expect(eq(int, mzg_named_open("--log-file", path, &fd, &err), MZG_EIO));
    cr_expect_not_null(strstr(err.text, "a pipe that nobody reads"), "%s", err.text);

    err.status = MZG_OK;
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    cr_assert(eq(int, mzg_named_open("--log-file", path, &fd, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(int, fcntl(fd, F_GETFL) & O_NONBLOCK, 0));
    close(fd);
    close(reader);
}

Test(named_file, devices_and_new_files_are_taken_and_directories_are_not, .init = setup)
{
    int fd;
    cr_expect(eq(int, mzg_named_open("--log-file", "/dev/null", &fd, &err), MZG_OK), "%s", err.text);
    close(fd);
    cr_expect(eq(int, mzg_named_open("--log-file", in_directory("new"), &fd, &err), MZG_OK));
    close(fd);
    cr_expect(eq(int, mzg_named_open("--log-file", directory, &fd, &err), MZG_EIO));
}

Test(named_file, input_and_output_are_refused_by_any_name, .init = setup)
{
    char input[512], output[512], link[512];
    snprintf(input, sizeof input, "%s/in.imzML", directory);
    snprintf(output, sizeof output, "%s/out.zarr", directory);
    snprintf(link, sizeof link, "%s/link", directory);
    write_whole_file(directory, "in.imzML", "<mzML/>");
    cr_assert(eq(int, symlink("in.imzML", link), 0));
    const struct {
        const char *path, *used;
        bool refused;
    } cases[] = {{input, input, true},   {link, input, true},  {in_directory("other"), input, false},
                 {output, output, true}, {NULL, output, true}, /* below */
                 {NULL, output, false},  {input, NULL, false}};
    for (int i = 0; i < 7; i++) {
        const char *named = cases[i].path ? cases[i].path
                            : i == 4      ? in_directory("out.zarr/log")
                                          : in_directory("out.zarr.log");
        if (i == 4)
            mkdir(output, 0777);
        err.status = MZG_OK;
        cr_expect(eq(int, mzg_named_check("--metrics", named, "the input", cases[i].used, &err) != MZG_OK,
                     cases[i].refused),
                  "case %d: %s", i, err.text);
    }
}

Test(named_file, only_files_of_ours_are_emptied, .init = setup)
{
    int fd;
    struct stat info;
    write_whole_file(directory, "metrics", "precious");
    cr_assert(eq(int, mzg_named_open("--metrics", in_directory("metrics"), &fd, &err), MZG_OK));
    cr_expect(eq(int, mzg_named_empty("--metrics", path, fd, "{\"event\"", false, &err), MZG_EIO));
    cr_expect(eq(int, stat(path, &info), 0));
    cr_expect(eq(int, (int)info.st_size, 8));
    err.status = MZG_OK;
    cr_expect(eq(int, mzg_named_empty("--metrics", path, fd, "pre", false, &err), MZG_OK));
    cr_expect(eq(int, stat(path, &info), 0));
    cr_expect(eq(int, (int)info.st_size, 0));
    close(fd);
}

Test(write_failed, reason_is_told_by_its_name, .init = setup)
{
    static const struct {
        int code;
        const char *says, *never;
    } cases[] = {{EDQUOT, "your quota there is used up", "no space left"},
                 {ENOSPC, "a quota, or another limit",
                  "no space left ("}, /* on the disk of the test, which has space */
                 {EFBIG, "ulimit -f", "no space left"},
                 {EIO, "Input/output error", "no space left"}};
    for (int i = 0; i < 4; i++) {
        err.status = MZG_OK;
        if (mzg_file_free_space(directory) < (INT64_C(1) << 30))
            cr_skip_test("less than 1 GiB is free here");
        cr_expect(eq(int, mzg_file_write_failed(&err, directory, "rows", cases[i].code), MZG_EIO));
        cr_expect_not_null(strstr(err.text, cases[i].says), "%s", err.text);
        cr_expect_null(strstr(err.text, cases[i].never), "%s", err.text);
    }
}

Test(write_failed, only_files_that_wait_are_moved_by_temp_dir, .init = setup)
{
    mzg_file_write_failed(&err, directory, "rows", EDQUOT);
    cr_expect_not_null(strstr(err.text, "or choose another place for the output"), "%s", err.text);
    cr_expect_null(strstr(err.text, "--temp-dir"), "%s", err.text);
    mzg_file_write_failed(&err, "/no-such-directory/x.zarr.1-2.h5ad.part", "rows", EDQUOT);
    cr_expect_not_null(strstr(err.text, "or choose another place for it (--temp-dir)"), "%s", err.text);
    mzg_file_write_failed(&err, "/no-such-directory/x.zarr.1-2.columns-13", "rows", EDQUOT);
    cr_expect_not_null(strstr(err.text, "or choose another place for it (--temp-dir)"), "%s", err.text);
    mzg_file_write_failed(&err, "/no-such-directory/x.zarr.1-2.owner", "who owns temporary files", EDQUOT);
    cr_expect_not_null(strstr(err.text, "another place for the output or --temp-dir"), "%s", err.text);
    mzg_file_write_failed(&err, "/no-such-directory/a.columns-b/x", "rows", EDQUOT);
    cr_expect_null(strstr(err.text, "--temp-dir"), "%s", err.text);
}

Test(syncfs, tells_of_failed_writes_since_5_8)
{
    static const struct {
        const char *release;
        bool tells;
    } cases[] = {{"4.18.0-553.el8_10.x86_64", false},
                 {"5.7.19", false},
                 {"5.8.0", true},
                 {"5.14.0-427.el9", true},
                 {"6.1.0-18-amd64", true},
                 {"strange", false}};
    for (int i = 0; i < 6; i++)
        cr_expect(eq(int, mzg_file_syncfs_tells(cases[i].release), cases[i].tells), "%s", cases[i].release);
}
