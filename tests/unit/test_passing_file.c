/* Files that pass through the page cache: what stays of them in memory, and that their bytes do not change.
 */
#include <core/passing_file.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <page_cache.h>
#include <string.h>
#include <temp_files.h>

static const int64_t MB = 1 << 20;
enum { STEP = 8 << 20, ROUND = 32 << 20, SIZE = 3 * ROUND };

/* The byte that fills step number `step`. */
static int byte_of(int64_t step)
{
    return 1 + (int)(step % 251);
}

static int create_file(char path[300])
{
    char directory[256];
    make_temp_directory(directory);
    snprintf(path, 300, "%s/passing", directory);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    cr_assert(fd >= 0);
    return fd;
}

/* Writes begin .. end step by step and syncs it, so that the disk has all. */
static void write_steps(int fd, int64_t begin, int64_t end)
{
    char *bytes = malloc(STEP);
    cr_assert_not_null(bytes);
    for (int64_t at = begin; at < end; at += STEP) {
        memset(bytes, byte_of(at / STEP), STEP);
        cr_assert(eq(i64, pwrite(fd, bytes, STEP, at), STEP));
    }
    free(bytes);
    cr_assert(eq(int, fsync(fd), 0));
}

static void expect_same_bytes(int fd, int64_t end)
{
    char *bytes = malloc(STEP), *expected = malloc(STEP);
    cr_assert(bytes && expected);
    for (int64_t at = 0; at < end; at += STEP) {
        memset(expected, byte_of(at / STEP), STEP);
        cr_assert(eq(i64, pread(fd, bytes, STEP, at), STEP));
        cr_assert(eq(int, memcmp(bytes, expected, STEP), 0));
    }
    free(bytes);
    free(expected);
}

/* Whether begin .. begin + size - 1 has `expected` bytes in memory, or a few less: the system takes pages
 * that the disk has whenever it likes (seen under load: 4.1 of 384 MiB that had just been read). A mistake in
 * what is given back would be 21 MiB or more. Those at a border may lie in one folio with others. */
static bool resident_about(int fd, int64_t begin, int64_t size, int64_t expected)
{
    const int64_t taken = 8 * MB, border = 4 * MB;
    int64_t resident = resident_bytes(fd, begin, size);
    bool is_about = resident >= expected - taken && resident <= expected + border;
    if (!is_about)
        cr_log_error("%.2f of %ld MiB are in memory, expected %ld", (double)resident / (double)MB, size / MB,
                     expected / MB);
    return is_about;
}

static bool can_be_seen(const char *path)
{
    if (!lies_on_disk(path))
        cr_log_warn("%s lies in memory: what is given back of files on a disk was not tested", path);
    return lies_on_disk(path);
}

Test(passing_file, within_the_window_stays)
{
    char path[300];
    int fd = create_file(path);
    struct mzg_passing_file file = {.fd = fd, .parts = 1, .window = ROUND};
    write_steps(fd, 0, ROUND);
    mzg_passing_written(&file, ROUND);
    cr_expect(eq(int, mzg_passing_read(&file, 0, ROUND), 0));
    cr_expect(resident_about(fd, 0, ROUND, ROUND));
    cr_expect(eq(i64, file.started, 0));
    close(fd);
}

Test(passing_file, what_the_disk_has_is_given_back)
{
    char path[300];
    int fd = create_file(path);
    struct mzg_passing_file file = {.fd = fd, .parts = 1, .window = ROUND};
    for (int64_t end = ROUND; end <= SIZE; end += ROUND) {
        write_steps(fd, end - ROUND, end);
        mzg_passing_written(&file, end);
    }
    if (can_be_seen(path)) {
        int64_t passed = SIZE - ROUND;
        cr_expect(eq(i64, resident_bytes(fd, 0, passed), 0));
        cr_expect(resident_about(fd, passed, ROUND, ROUND));
    }
    expect_same_bytes(fd, SIZE);
    if (can_be_seen(path)) {
        cr_expect(resident_about(fd, 0, SIZE, SIZE));
        cr_expect(eq(int, mzg_passing_read(&file, 0, SIZE), 0));
        cr_expect(eq(i64, resident_bytes(fd, 0, SIZE), 0));
    }
    expect_same_bytes(fd, SIZE);
    close(fd);
}

Test(passing_file, each_part_sees_to_its_own)
{
    char path[300];
    int fd = create_file(path);
    struct mzg_passing_file files[3];
    write_steps(fd, 0, SIZE);
    int64_t passed = SIZE - ROUND;
    for (int part = 2; part >= 0; part--) {
        files[part] = (struct mzg_passing_file){.fd = fd, .part = part, .parts = 3, .window = ROUND};
        mzg_passing_written(&files[part], SIZE);
        if (can_be_seen(path))
            cr_expect(resident_about(fd, 0, passed, passed / 3 * part), "part %d", part);
    }
    expect_same_bytes(fd, SIZE);
    close(fd);
}

/* What a run has: as large a file as the others would not leave the window. */
Test(passing_file, a_window_is_128_mebibytes_unless_told)
{
    int ends[2];
    cr_assert(eq(int, pipe(ends), 0));
    struct mzg_passing_file file = {.fd = ends[0], .parts = 1};
    mzg_passing_written(&file, 128 * MB);
    cr_expect(eq(i64, file.started, 0));
    mzg_passing_written(&file, 256 * MB);
    cr_expect(eq(i64, file.started, 256 * MB));
    cr_expect(eq(i64, file.dropped, 128 * MB));
    close(ends[0]);
    close(ends[1]);
}

Test(passing_file, nothing_is_done_without_a_file)
{
    struct mzg_passing_file file = {.fd = -1, .parts = 1, .window = ROUND};
    mzg_passing_written(&file, SIZE);
    cr_expect(eq(i64, file.started, 0));
    cr_expect(eq(int, mzg_passing_read(&file, 0, SIZE), 0));
}

/* A pipe cannot be synced by ranges, like some file systems; that is no failure of the disk. */
Test(passing_file, a_file_that_takes_no_advice_is_no_failure)
{
    int ends[2];
    cr_assert(eq(int, pipe(ends), 0));
    struct mzg_passing_file file = {.fd = ends[0], .parts = 1, .window = ROUND};
    mzg_passing_written(&file, SIZE);
    cr_expect(eq(i64, file.started, SIZE));
    cr_expect(eq(int, mzg_passing_read(&file, 0, SIZE), 0));
    close(ends[0]);
    close(ends[1]);
}
