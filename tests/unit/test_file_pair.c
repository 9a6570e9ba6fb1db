/* The two files of an imzML get their names: whatever ends that, an imzML has its own ibd, or there is none.
 */
#include <imzml_out/file_pair.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>
#include <temp_files.h>

static char directory[256], imzml[300], ibd[300];
static struct mzg_error err;

static void setup(void)
{
    make_temp_directory(directory);
    snprintf(imzml, sizeof imzml, "%s/a.imzML", directory);
    snprintf(ibd, sizeof ibd, "%s/a.ibd", directory);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* What is in a file of one line; "" if there is none. */
static char *text_of(const char *path)
{
    static char texts[4][40];
    static int next;
    char *text = texts[next++ % 4];
    FILE *file = fopen(path, "r");
    text[0] = '\0';
    if (file && !fgets(text, sizeof texts[0], file))
        text[0] = '\0';
    if (file)
        fclose(file);
    return text;
}

static void make_pair(struct mzg_file_pair *pair)
{
    cr_assert(eq(int, mzg_file_pair_init(imzml, pair, &err), MZG_OK), "%s", err.text);
    cr_assert(eq(int, mzg_file_pair_check(pair, true, &err), MZG_OK), "%s", err.text);
    cr_assert(eq(int, mzg_file_pair_create(pair, &err), MZG_OK), "%s", err.text);
    for (int f = 0; f < MZG_FILES; f++) {
        cr_assert(eq(int, mzg_file_pair_write(pair, (enum mzg_file)f, "new", 3, 0, &err), MZG_OK));
        cr_assert(eq(int, mzg_file_pair_close(pair, (enum mzg_file)f, &err), MZG_OK));
    }
}

Test(file_pair, an_old_pair_is_replaced, .init = setup)
{
    struct mzg_file_pair pair;
    write_text(imzml, "old");
    write_text(ibd, "old");
    make_pair(&pair);
    cr_expect(eq(int, mzg_file_pair_finish(&pair, &err), MZG_OK), "%s", err.text);
    mzg_file_pair_destroy(&pair);
    cr_expect(eq(str, text_of(imzml), "new"));
    cr_expect(eq(str, text_of(ibd), "new"));
}

Test(file_pair, a_checksum_looks_at_the_wish_to_stop, .init = setup)
{
    struct mzg_file_pair pair;
    uint8_t digest[20];
    static const uint8_t of_new[4] = {0xc2, 0xa6, 0xb0, 0x3f};
    atomic_int stop = 0;
    make_pair(&pair);
    cr_expect(eq(int, mzg_file_pair_sha1(&pair, MZG_FILE_IBD, &stop, digest, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(int, memcmp(digest, of_new, sizeof of_new), 0));
    stop = 15;
    cr_expect(eq(int, mzg_file_pair_sha1(&pair, MZG_FILE_IBD, &stop, digest, &err), MZG_EINTERRUPTED));
    mzg_file_pair_destroy(&pair);
}
