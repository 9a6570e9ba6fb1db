/* Ranges of a file read together: every range gets its own bytes, whatever their order, gaps and overlaps. */
#include <imzml/ibd.h>
#include <input/ranges.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <temp_files.h>

enum { SIZE = 1 << 20 };

static unsigned char byte_at(int64_t offset)
{
    return (unsigned char)((uint64_t)offset * 2654435761u >> 13);
}

/* A file whose bytes tell where they stand. */
static int open_file(FILE **file)
{
    FILE *temporary = tmpfile();
    cr_assert_not_null(temporary);
    *file = temporary;
    for (int64_t i = 0; i < SIZE; i++)
        fputc(byte_at(i), *file);
    fflush(*file);
    return fileno(*file);
}

static void expect_bytes(const struct mzg_range *range, const struct mzg_range_storage *storage)
{
    cr_expect(eq(int, range->error, 0));
    bool same = true;
    for (int64_t i = 0; i < range->length && same; i++)
        same = (unsigned char)storage->bytes[range->at + i] == byte_at(range->offset + i);
    cr_expect(same, "range at %lld", (long long)range->offset);
}

Test(ranges, neighbours_overlaps_gaps_and_disorder)
{
    struct mzg_range ranges[] = {{.offset = 1000, .length = 10},  {.offset = 1010, .length = 5},
                                 {.offset = 1005, .length = 20},  {.offset = 900, .length = 50},
                                 {.offset = 900, .length = 50},   {.offset = 0, .length = 0},
                                 {.offset = 500000, .length = 7}, {.offset = SIZE - 1, .length = 1}};
    enum { N = sizeof ranges / sizeof *ranges };
    FILE *file;
    int fd = open_file(&file);
    struct mzg_range_storage storage = {0};
    struct mzg_error err = {0};
    int64_t bytes_read;
    cr_assert(eq(int, (int)mzg_ranges_read(fd, ranges, N, &storage, &bytes_read, &err), MZG_OK));
    for (int i = 0; i < N; i++)
        expect_bytes(&ranges[i], &storage);
    cr_expect(le(i64, storage.capacity, (25 + 50 + 7 + 1) * 9 / 8),
              "what overlaps is stored once, gaps are not; an eighth more for the next batch");
    cr_expect(eq(i64, bytes_read, 125 + 7 + 1), "the gap of 50 bytes is read over, the large ones are not");
    mzg_range_storage_destroy(&storage);
    fclose(file);
}

Test(ranges, storage_is_reused_and_grows)
{
    FILE *file;
    int fd = open_file(&file);
    struct mzg_range_storage storage = {0};
    struct mzg_error err = {0};
    int64_t bytes_read;
    srand(3);
    for (int round = 0; round < 100; round++) {
        struct mzg_range ranges[700];
        int n = rand() % 700;
        for (int i = 0; i < n; i++) {
            int64_t length = rand() % 3000;
            ranges[i] = (struct mzg_range){.offset = rand() % (SIZE - length), .length = length};
        }
        cr_assert(eq(int, (int)mzg_ranges_read(fd, ranges, n, &storage, &bytes_read, &err), MZG_OK));
        for (int i = 0; i < n; i++)
            expect_bytes(&ranges[i], &storage);
    }
    mzg_range_storage_destroy(&storage);
    fclose(file);
}

/* More pieces than one call takes: tiny ranges with gaps between them. */
Test(ranges, thousands_of_pieces)
{
    enum { N = 5000 };
    static struct mzg_range ranges[N];
    for (int i = 0; i < N; i++)
        ranges[i] = (struct mzg_range){.offset = 200 * i, .length = 8};
    FILE *file;
    int fd = open_file(&file);
    struct mzg_range_storage storage = {0};
    struct mzg_error err = {0};
    int64_t bytes_read;
    cr_assert(eq(int, (int)mzg_ranges_read(fd, ranges, N, &storage, &bytes_read, &err), MZG_OK));
    for (int i = 0; i < N; i++)
        expect_bytes(&ranges[i], &storage);
    cr_expect(eq(i64, storage.capacity, 8 * N + N));
    mzg_range_storage_destroy(&storage);
    fclose(file);
}

Test(ranges, what_cannot_be_read_harms_no_other)
{
    struct mzg_range ranges[] = {{.offset = SIZE - 100, .length = 50},
                                 {.offset = SIZE - 50, .length = 100}, /* ends beyond */
                                 {.offset = SIZE - 40, .length = 40},
                                 {.offset = SIZE + 10, .length = 5}}; /* begins beyond */
    FILE *file;
    int fd = open_file(&file);
    struct mzg_range_storage storage = {0};
    struct mzg_error err = {0};
    int64_t bytes_read;
    cr_assert(eq(int, (int)mzg_ranges_read(fd, ranges, 4, &storage, &bytes_read, &err), MZG_OK));
    expect_bytes(&ranges[0], &storage);
    cr_expect(eq(int, ranges[1].error, ENODATA));
    expect_bytes(&ranges[2], &storage);
    cr_expect(eq(int, ranges[3].error, ENODATA));
    mzg_range_storage_destroy(&storage);
    fclose(file);
}

Test(ranges, a_file_that_cannot_be_read_is_an_error_of_each_range)
{
    struct mzg_range ranges[] = {{.offset = 0, .length = 8}, {.offset = 8, .length = 8}};
    struct mzg_range_storage storage = {0};
    struct mzg_error err = {0};
    int64_t bytes_read;
    cr_expect(eq(int, (int)mzg_ranges_read(-1, ranges, 2, &storage, &bytes_read, &err), MZG_OK));
    cr_expect(eq(int, ranges[0].error, EBADF));
    cr_expect(eq(int, ranges[1].error, EBADF));
    mzg_range_storage_destroy(&storage);
}

static void expect_found(const char *directory, const char *imzml, const char *wanted)
{
    char path[512], *found = NULL;
    struct mzg_error err = {0};
    snprintf(path, sizeof path, "%s/%s", directory, imzml);
    enum mzg_status status = mzg_ibd_find(path, &found, &err);
    if (!wanted) {
        cr_expect(eq(int, (int)status, MZG_EIO));
        return;
    }
    cr_assert(eq(int, (int)status, MZG_OK), "%s", err.text);
    snprintf(path, sizeof path, "%s/%s", directory, wanted);
    cr_expect(eq(str, found, path));
    free(found);
}

Test(ibd, is_found_with_any_letter_case_of_its_extension)
{
    char directory[256];
    make_temp_directory(directory);
    write_whole_file(directory, "a.IBD", "x");
    write_whole_file(directory, "b.Ibd", "x");
    write_whole_file(directory, "b.ibd", "x");
    write_whole_file(directory, "two.dots.iBd", "x");
    write_whole_file(directory, "C.ibd", "x");
    expect_found(directory, "a.imzML", "a.IBD");
    expect_found(directory, "b.imzml", "b.ibd");
    expect_found(directory, "two.dots.IMZML", "two.dots.iBd");
    expect_found(directory, "c.imzML", NULL);
    expect_found(directory, "nothing.imzML", NULL);
}

Test(ibd, message_names_what_was_looked_for)
{
    char *found;
    struct mzg_error err = {0};
    cr_expect(eq(int, (int)mzg_ibd_find("/no/such/place/x.imzML", &found, &err), MZG_EIO));
    cr_expect(strncmp(err.text, "/no/such/place/x.ibd: no such file", 34) == 0, "%s", err.text);
}

Test(ibd, only_regular_files_are_opened)
{
    struct mzg_ibd ibd = {.fd = -1};
    struct mzg_error err = {0};
    cr_expect(eq(int, (int)mzg_ibd_open("/tmp", &ibd, &err), MZG_EIO));
    cr_expect(eq(str, err.text, "/tmp: is a directory, expected a file"));
    cr_expect(eq(int, (int)mzg_ibd_open("/dev/zero", &ibd, &err), MZG_EIO));
    cr_expect(eq(str, err.text, "/dev/zero: is not a regular file, expected a file"));
    cr_expect(eq(int, (int)mzg_ibd_open("/no/such", &ibd, &err), MZG_EIO));
    cr_expect(eq(str, err.text, "/no/such: cannot open: No such file or directory"));
    cr_expect(eq(int, ibd.fd, -1));
    mzg_ibd_close(&ibd);
}

Test(ibd, text_and_pointers_are_recognised)
{
    static const char pointer[] = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n";
    cr_expect(mzg_is_lfs_pointer(pointer, sizeof pointer - 1));
    cr_expect(not(mzg_is_lfs_pointer(pointer, 10)));
    cr_expect(mzg_is_text(pointer, sizeof pointer - 1));
    cr_expect(not(mzg_is_text("abc\0def", 7)));
    cr_expect(not(mzg_is_text("", 0)));
}
