/* Arrays in each other's bytes are found, whatever the order of the file; offsets that the size of the ibd
 * contradicts are repaired where it proves the right ones, and only there. */
#include <imzml/array_overlap.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

enum { N = 6, POINTS = 10, MZ_BYTES = 80, INTENSITY_BYTES = 40 };
static struct mzg_imzml_entry entries[N];
static struct mzg_imzml_overlaps overlaps;
static struct mzg_findings findings;
static int64_t end;

static void put(int i, int which, int64_t offset)
{
    bool is_mz = which == MZG_MZ;
    entries[i].format[which] = is_mz ? MZG_ARRAY_FLOAT64 : MZG_ARRAY_FLOAT32;
    entries[i].array[which] = (struct mzg_imzml_array){offset, POINTS, is_mz ? MZ_BYTES : INTENSITY_BYTES};
}

static void check(void)
{
    for (int i = 0; i < N; i++) {
        entries[i].fault = MZG_ENTRY_OK;
        mzg_entry_check(&entries[i], end);
    }
}

/* Array behind array, as processed files are. */
static void processed(void)
{
    memset(entries, 0, sizeof entries);
    findings = (struct mzg_findings){0};
    end = 16;
    for (int i = 0; i < N; i++) {
        put(i, MZG_MZ, end);
        put(i, MZG_INTENSITY, end + MZ_BYTES);
        end += MZ_BYTES + INTENSITY_BYTES;
    }
    check();
}

TestSuite(overlap, .init = processed);

static void find(void)
{
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)mzg_imzml_find_overlaps(entries, N, end, &overlaps, &err), MZG_OK));
}

static void expect(int64_t n_spectra, int64_t n_crossing)
{
    find();
    cr_expect(eq(i64, overlaps.n_spectra, n_spectra));
    cr_expect(eq(i64, overlaps.n_crossing, n_crossing));
}

Test(overlap, arrays_that_touch_do_not_overlap)
{
    expect(0, 0);
    cr_expect(eq(i64, overlaps.n_usable, N));
    for (int i = 0; i < N; i++) /* all m/z first, and the spectra backwards */
        for (int which = 0; which < 2; which++)
            put(i, which,
                16 + (which ? N * MZ_BYTES + (N - 1 - i) * INTENSITY_BYTES : (N - 1 - i) * MZ_BYTES));
    expect(0, 0);
}

Test(overlap, the_same_bytes_as_the_same_kind_are_shared)
{
    for (int i = 1; i < N; i++)
        put(i, MZG_MZ, 16);
    put(4, MZG_INTENSITY, entries[2].array[MZG_INTENSITY].offset);
    expect(0, 0);
}

Test(overlap, an_intensity_array_inside_its_own_mz)
{
    put(3, MZG_INTENSITY, entries[3].array[MZG_MZ].offset + 8);
    expect(1, 1);
    cr_expect(
        eq(str, overlaps.first,
           "m/z array of spectrum 4, bytes 376 to 455, and intensity array of spectrum 4, from byte 384 on"));
    put(3, MZG_INTENSITY, entries[3].array[MZG_MZ].offset);
    expect(1, 1);
    put(3, MZG_INTENSITY, entries[3].array[MZG_MZ].offset + MZ_BYTES - 1);
    expect(1, 1);
}

Test(overlap, an_intensity_array_inside_the_mz_of_another)
{
    put(5, MZG_INTENSITY, entries[1].array[MZG_MZ].offset + 8);
    expect(2, 2);
    entries[5].fault = MZG_ENTRY_OUTSIDE; /* what is not used overlaps nothing */
    expect(0, 0);
}

Test(overlap, of_one_kind_by_a_part)
{
    put(2, MZG_MZ, entries[0].array[MZG_MZ].offset + 8);
    expect(2, 2); /* it reaches into the intensities of the first, too */
    put(2, MZG_MZ, entries[2].array[MZG_INTENSITY].offset - MZ_BYTES);
    put(2, MZG_INTENSITY, entries[1].array[MZG_INTENSITY].offset + 4);
    entries[2].array[MZG_INTENSITY].n = 5;
    expect(2, 0);
}

Test(overlap, empty_arrays_are_nowhere)
{
    put(2, MZG_INTENSITY, 20);
    entries[2].array[MZG_INTENSITY].n = 0;
    expect(0, 0);
}

/* Offsets as if each spectrum had its own m/z array, in an ibd with one: MALDIquantForeign#21. */
static void continuous(int64_t more)
{
    processed();
    end = 16 + MZ_BYTES + N * INTENSITY_BYTES + more;
    check();
}

Test(overlap, one_mz_array_is_proven_by_the_size)
{
    continuous(0);
    cr_assert(mzg_imzml_lay_out(entries, N, end, true, &findings));
    for (int i = 0; i < N; i++) {
        cr_expect(eq(int, entries[i].fault, MZG_ENTRY_OK));
        cr_expect(eq(i64, entries[i].array[MZG_MZ].offset, 16));
        cr_expect(eq(i64, entries[i].array[MZG_INTENSITY].offset, 96 + 40 * i));
    }
    cr_expect(eq(i64, findings.count[MZG_FOUND_MISPLACED], 2 * (N - 1)));
    cr_expect(eq(str, findings.first[MZG_FOUND_MISPLACED], "m/z array of spectrum 2, 136 for 16"));
    expect(0, 0);
}

static void expect_untouched(bool is_shared)
{
    static struct mzg_imzml_entry before[N];
    memcpy(before, entries, sizeof before);
    cr_expect(not(mzg_imzml_lay_out(entries, N, end, is_shared, &findings)));
    cr_expect(memcmp(before, entries, sizeof before) == 0);
    cr_expect(eq(i64, findings.count[MZG_FOUND_MISPLACED], 0));
}

Test(overlap, nothing_is_repaired_without_proof)
{
    continuous(1);
    expect_untouched(true);
    continuous(-1);
    expect_untouched(true);
    continuous(0);
    expect_untouched(false);
    entries[3].array[MZG_MZ].n--;
    expect_untouched(true);
    continuous(0);
    entries[0].array[MZG_MZ].offset = 24;
    expect_untouched(true);
    continuous(0);
    entries[4].array[MZG_INTENSITY].offset = 17; /* not the order of the file */
    expect_untouched(true);
    continuous(0);
    entries[2].fault = MZG_ENTRY_BAD_LENGTH;
    expect_untouched(true);
}

/* A writer that took 4 bytes for each m/z of 8: every intensity array begins inside its m/z. */
Test(overlap, offsets_counted_with_another_size_are_repaired)
{
    static struct mzg_imzml_entry sound[N];
    memcpy(sound, entries, sizeof sound);
    for (int i = 0; i < N; i++) {
        put(i, MZG_MZ, 16 + 80 * i);
        put(i, MZG_INTENSITY, 16 + 80 * i + 40);
    }
    check();
    expect(N, N);
    cr_assert(mzg_imzml_lay_out(entries, N, end, false, &findings));
    cr_expect(memcmp(sound, entries, sizeof sound) == 0);
}
