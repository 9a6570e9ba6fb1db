/* What file systems tell, read from bytes as Lustre has them. */
#include <core/file_system.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

/* Magic, pattern, object, size of stripes, number of stripes, generation. */
static const unsigned char plain_1[32] = {0xD0, 0x0B, 0xD1, 0x0B, 1, 0, 0, 0, [26] = 0x40, [28] = 8};
static const unsigned char plain_3[48] = {0xD0, 0x0B, 0xD3, 0x0B, 1, 0, 0, 0, [26] = 0x10, [28] = 0xFF, 0xFF};

static struct mzg_file_system lustre(void)
{
    return (struct mzg_file_system){.name = "Lustre", .is_parallel = true};
}

Test(file_system, stripes_of_lustre)
{
    struct mzg_file_system fs = lustre();
    cr_expect(mzg_file_system_read_lustre(plain_1, sizeof plain_1, &fs));
    cr_expect(eq(i64, fs.unit, 4 << 20));
    cr_expect(eq(int, fs.stripes, 8));
    cr_expect(mzg_file_system_read_lustre(plain_3, sizeof plain_3, &fs));
    cr_expect(eq(i64, fs.unit, 1 << 20));
    cr_expect(eq(int, fs.stripes, -1));
}

/* A progressive layout: one stripe for the first 256 MiB, eight of 4 MiB behind. */
Test(file_system, of_several_layouts_the_last_holds)
{
    unsigned char bytes[32 + 2 * 48 + 2 * 48] = {0xD0, 0x0B, 0xD6, 0x0B, [4] = 224, [14] = 2};
    bytes[32 + 24] = 128;
    bytes[32 + 48 + 24] = 176;
    memcpy(bytes + 128, plain_3, sizeof plain_3);
    memcpy(bytes + 176, plain_1, sizeof plain_1);
    struct mzg_file_system fs = lustre();
    cr_expect(mzg_file_system_read_lustre(bytes, sizeof bytes, &fs));
    cr_expect(eq(i64, fs.unit, 4 << 20));
    cr_expect(eq(int, fs.stripes, 8));

    char text[200]; /* a file of a store is in the first part, on one server */
    cr_expect(not(mzg_file_system_advise(&fs, MZG_USE_MANY_FILES, "/scratch", text, sizeof text)));

    struct mzg_file_system before = fs;
    bytes[32 + 48 + 24] = 193; /* beyond the end */
    cr_expect(not(mzg_file_system_read_lustre(bytes, sizeof bytes, &fs)));
    bytes[32 + 48 + 24] = 100; /* within the entries */
    cr_expect(not(mzg_file_system_read_lustre(bytes, sizeof bytes, &fs)));
    bytes[14] = 0xFF;
    cr_expect(not(mzg_file_system_read_lustre(bytes, sizeof bytes, &fs)));
    bytes[14] = 0;
    cr_expect(not(mzg_file_system_read_lustre(bytes, sizeof bytes, &fs)));
    cr_expect(not(mzg_file_system_read_lustre(plain_1, 31, &fs)));
    cr_expect(not(mzg_file_system_read_lustre((const unsigned char[40]){1, 2, 3, 4}, 40, &fs)));
    cr_expect(eq(i64, fs.unit, before.unit));
    cr_expect(eq(int, fs.stripes, before.stripes));
}

Test(file_system, chunks_begin_where_servers_change)
{
    const int64_t kib = 1024, mib = 1 << 20;
    const struct {
        const char *name;
        int64_t unit, chunk, alignment;
    } cases[] = {{"Lustre", mib, 4 * mib, mib},        {"Lustre", 4 * mib, 4 * mib, 4 * mib},
                 {"GPFS", 16 * mib, 4 * mib, 4 * mib}, {"GPFS", 256 * kib, 4 * mib, 256 * kib},
                 {"Lustre", 3 * mib, 4 * mib, 0},      {"Lustre", 0, 4 * mib, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mzg_file_system fs = {.name = cases[i].name, .is_parallel = true, .unit = cases[i].unit};
        cr_expect(eq(i64, mzg_file_system_alignment(&fs, cases[i].chunk), cases[i].alignment), "case %zu", i);
    }
    struct mzg_file_system nfs = {.name = "NFS", .unit = mib};
    cr_expect(eq(i64, mzg_file_system_alignment(&nfs, 4 * mib), 0));
}

Test(file_system, in_words)
{
    char text[200];
    struct mzg_file_system fs = lustre();
    cr_expect(eq(str, mzg_file_system_describe(&fs, text, sizeof text), "Lustre"));
    fs.unit = 4 << 20;
    fs.stripes = 1;
    cr_expect(
        eq(str, mzg_file_system_describe(&fs, text, sizeof text), "Lustre, stripes of 4 MiB on 1 server"));
    cr_expect(mzg_file_system_advise(&fs, MZG_USE_ONE_FILE, "/scratch", text, sizeof text));
    cr_expect(strstr(text, "/scratch: Lustre") == text);
    cr_expect(not(mzg_file_system_advise(&fs, MZG_USE_MANY_FILES, "/scratch", text, sizeof text)));
    fs.stripes = -1;
    cr_expect(
        eq(str, mzg_file_system_describe(&fs, text, sizeof text), "Lustre, stripes of 4 MiB on all servers"));
    cr_expect(not(mzg_file_system_advise(&fs, MZG_USE_ONE_FILE, "/scratch", text, sizeof text)));
    cr_expect(mzg_file_system_advise(&fs, MZG_USE_MANY_FILES, "/scratch", text, sizeof text));
    struct mzg_file_system gpfs = {.name = "GPFS", .is_parallel = true, .unit = 256 << 10};
    cr_expect(eq(str, mzg_file_system_describe(&gpfs, text, sizeof text), "GPFS, blocks of 256 KiB"));
    cr_expect(not(mzg_file_system_advise(&gpfs, MZG_USE_ONE_FILE, "/scratch", text, sizeof text)));
    struct mzg_file_system none = {0};
    cr_expect(eq(str, mzg_file_system_describe(&none, text, sizeof text), ""));
    cr_expect(not(mzg_file_system_advise(&none, MZG_USE_ONE_FILE, "/scratch", text, sizeof text)));
}

Test(file_system, of_paths_that_are_not_there_yet)
{
    struct mzg_file_system fs;
    mzg_file_system_look("/proc/self/not/there", &fs);
    cr_expect(eq(ptr, (void *)fs.name, NULL));
    mzg_file_system_look("not/there", &fs);
    mzg_file_system_look("", &fs);
}
