/* Offsets counted in 32 bits are repaired where the layout of the ibd proves them, and only there. */
#include <imzml/wrap.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

enum { N = 12 };
static const int64_t turn = INT64_C(1) << 32;
static struct mzg_imzml_entry entries[N];
static struct mzg_findings findings;
static int64_t end;

static void init(void)
{
    memset(entries, 0, sizeof entries);
    findings = (struct mzg_findings){0};
    end = 16;
}

TestSuite(wrap, .init = init);

static void put(struct mzg_imzml_entry *entry, int which, int64_t n)
{
    entry->format[which] = MZG_ARRAY_FLOAT64;
    entry->array[which] = (struct mzg_imzml_array){end, n, 8 * n};
    end += 8 * n;
}

/* Spectra of 2^26 m/z and intensities, 1 GiB each, so that offsets pass 2^31 in the second and 2^32 in the
 * fourth. */
static void lay_out(int first)
{
    for (int i = 0; i < N; i++) {
        put(&entries[i], first, INT64_C(1) << 26);
        put(&entries[i], 1 - first, INT64_C(1) << 26);
    }
}

static int64_t as_int32(int64_t offset)
{
    return (int64_t)(int32_t)(uint32_t)offset;
}

static int64_t as_uint32(int64_t offset)
{
    return (int64_t)(uint32_t)offset;
}

static int64_t wrap_all(int64_t wrap(int64_t))
{
    int64_t n = 0;
    for (int i = 0; i < N; i++) {
        for (int which = 0; which < 2; which++) {
            int64_t wrapped = wrap(entries[i].array[which].offset);
            n += wrapped != entries[i].array[which].offset;
            entries[i].array[which].offset = wrapped;
        }
        mzg_entry_check(&entries[i], end);
    }
    return n;
}

static void expect_repaired(int first, int64_t wrap(int64_t))
{
    static struct mzg_imzml_entry sound[N];
    init();
    lay_out(first);
    memcpy(sound, entries, sizeof sound);
    for (int i = 0; i < N; i++)
        mzg_entry_check(&sound[i], end);
    int64_t n = wrap_all(wrap);
    mzg_imzml_unwrap(entries, N, end, &findings);
    cr_expect(eq(i64, findings.count[MZG_FOUND_WRAPPED], n));
    cr_expect(memcmp(entries, sound, sizeof sound) == 0);
}

Test(wrap, signed_and_unsigned_counters_in_either_order_of_arrays)
{
    expect_repaired(MZG_MZ, as_int32);
    cr_expect(
        eq(str, findings.first[MZG_FOUND_WRAPPED], "m/z array of spectrum 3, -2147483632 for 2147483664"));
    expect_repaired(MZG_MZ, as_uint32);
    expect_repaired(MZG_INTENSITY, as_int32);
    expect_repaired(MZG_INTENSITY, as_uint32);
}

Test(wrap, a_shared_mz_array_stays_where_it_is)
{
    put(&entries[0], MZG_MZ, INT64_C(1) << 26);
    for (int i = 0; i < N; i++) {
        entries[i].array[MZG_MZ] = entries[0].array[MZG_MZ];
        entries[i].format[MZG_MZ] = entries[0].format[MZG_MZ];
        put(&entries[i], MZG_INTENSITY, INT64_C(1) << 26);
    }
    wrap_all(as_int32);
    mzg_imzml_unwrap(entries, N, end, &findings);
    for (int i = 0; i < N; i++) {
        cr_expect(eq(i64, entries[i].array[MZG_MZ].offset, 16));
        cr_expect(eq(i64, entries[i].array[MZG_INTENSITY].offset, 16 + (i + 1) * (INT64_C(1) << 29)));
        cr_expect(eq(int, entries[i].fault, MZG_ENTRY_OK));
    }
}

/* Whatever breaks the proof leaves all offsets as they were. */
static void expect_untouched(int64_t ibd_size)
{
    static struct mzg_imzml_entry before[N];
    for (int i = 0; i < N; i++) {
        entries[i].fault = MZG_ENTRY_OK;
        mzg_entry_check(&entries[i], ibd_size);
    }
    memcpy(before, entries, sizeof before);
    mzg_imzml_unwrap(entries, N, ibd_size, &findings);
    for (int i = 0; i < N; i++)
        cr_expect(memcmp(entries[i].array, before[i].array, sizeof before[i].array) == 0);
    cr_expect(eq(i64, findings.count[MZG_FOUND_WRAPPED], 0));
}

Test(wrap, nothing_is_repaired_without_proof)
{
    lay_out(MZG_MZ);
    expect_untouched(end); /* nothing wrapped */
    wrap_all(as_int32);
    expect_untouched(end + 8);
    expect_untouched(end - 8);
    entries[1].array[MZG_INTENSITY].offset += 8; /* a gap */
    expect_untouched(end);
    entries[1].array[MZG_INTENSITY].offset -= 8;
    entries[2].format[MZG_MZ] = 0; /* an array is missing */
    expect_untouched(end);
    entries[2].format[MZG_MZ] = MZG_ARRAY_FLOAT64;
    entries[2].array[MZG_MZ].offset -= turn / 2; /* no multiple of 2^32 */
    expect_untouched(end);
}

/* Beyond 4 GiB an unsigned counter gives offsets that lie inside the ibd, and data of other spectra. */
Test(wrap, what_may_have_wrapped_is_not_used_without_proof)
{
    lay_out(MZG_MZ);
    wrap_all(as_uint32);
    mzg_imzml_unwrap(entries, N, end + 8, &findings);
    cr_expect(eq(i64, findings.count[MZG_FOUND_WRAPPED], 0));
    for (int i = 0; i < N; i++) {
        /* Two arrays of 512 MiB each: the fourth spectrum ends, and the eighth begins, behind a multiple of 4
         * GiB. */
        cr_expect(eq(int, entries[i].fault, i < 4 ? MZG_ENTRY_OK : MZG_ENTRY_WRAPPED), "%d", i);
    }
    struct mzg_fault fault;
    mzg_entry_explain(&entries[4], 4, end, &fault);
    cr_expect(eq(int, (int)fault.reason, (int)MZG_FAULT_BAD_NUMBER));
    cr_expect(strstr(fault.text, "m/z array at byte 16: ") && strstr(fault.text, "wrapped around"), "%s",
              fault.text);
}

Test(wrap, a_small_ibd_cannot_have_wrapped_offsets)
{
    put(&entries[0], MZG_MZ, 2);
    put(&entries[0], MZG_INTENSITY, 2);
    entries[0].array[MZG_INTENSITY].offset -= turn;
    mzg_entry_check(&entries[0], end);
    mzg_imzml_unwrap(entries, 1, end, &findings);
    cr_expect(eq(int, entries[0].fault, MZG_ENTRY_OUTSIDE));
}
