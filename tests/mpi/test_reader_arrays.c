/* Arrays of any form as the reader decodes and scans them, and damage to them. */
#include <mpi_test.h>
#include <reader_on_pair.h>

#include <libdeflate.h>
#include <math.h>

/* One spectrum with these arrays, in these groups, after `begin`. */
static void add_arrays(const char *mz_group, const char *mz, const char *intensity_group,
                       const char *intensity)
{
    sample_add(&sample,
               "<spectrum><cvParam accession=\"IMS:1000050\" value=\"1\"/><cvParam accession=\"IMS:1000051\" "
               "value=\"1\"/><binaryDataArrayList>");
    sample_array(&sample, mz_group, mz);
    sample_array(&sample, intensity_group, intensity);
    sample_add(&sample, "</binaryDataArrayList></spectrum>");
}

static int64_t append_zlib(const void *bytes, size_t n, size_t *stored)
{
    unsigned char packed[4096];
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(6);
    *stored = libdeflate_zlib_compress(compressor, bytes, n, packed, sizeof packed);
    libdeflate_free_compressor(compressor);
    return append(packed, *stored);
}

#define ZLIB "<cvParam accession=\"MS:1000574\"/>"

MPI_TEST(reader_arrays, compressed_arrays_with_and_without_their_length)
{
    double mz[200];
    float intensity[200];
    for (int i = 0; i < 200; i++) {
        mz[i] = 100 + i * 0.25;
        intensity[i] = (float)((i * 7919) % 1000);
    }
    begin(SAMPLE_CONTENT, 4);
    for (int tells = 0; tells < 2; tells++) {
        char place[2][600], numbers[2][32];
        size_t stored;
        for (int which = 0; which < 2; which++) {
            int64_t at = which ? append_zlib(intensity, sizeof intensity, &stored)
                               : append_zlib(mz, sizeof mz, &stored);
            snprintf(numbers[0], sizeof numbers[0], "%lld", (long long)at);
            snprintf(numbers[1], sizeof numbers[1], "%zu", tells ? stored : 0);
            sample_place(place[which], sizeof place[which] - sizeof ZLIB, numbers[0], "200", numbers[1]);
            strcat(place[which], ZLIB);
        }
        add_arrays("mz", place[0], "intensity", place[1]);
    }
    write_pair();
    struct mzg_reader *reader = open_pair();
    struct all all;
    fetch_all(reader, &all);
    for (int64_t i = 0; i < 2; i++) {
        cr_assert(decode(reader, &all, i), "%s", all.fault.text);
        cr_expect(eq(i64, all.spectrum.n, 200));
        for (int k = 0; k < 200; k++)
            cr_expect(all.spectrum.mz[k] == mz[k] && all.spectrum.intensity[k] == (double)intensity[k]);
    }
    struct mzg_mz_scan scan = MZG_MZ_SCAN_NOTHING;
    struct mzg_error err = {0};
    cr_expect(eq(int, (int)mzg_reader_scan_mz(reader, 0, 1, false, all.decoder, &scan, &err), MZG_OK));
    cr_expect(eq(dbl, scan.min_mz, 100));
    cr_expect(eq(dbl, scan.max_mz, mz[199]));
    cr_expect(eq(i64, scan.n_by_ends, 0), "compressed arrays are inflated");
    cr_expect(eq(i64, scan.unsorted, INT64_MAX));
    forget(&all);
    mzg_reader_close(reader);
}

MPI_TEST(reader_arrays, broken_streams_are_faults_of_their_spectrum)
{
    begin(SAMPLE_CONTENT, 4);
    float intensity[50] = {1, 2, 3, 4};
    double mz[50] = {0};
    size_t stored;
    /* Too short, too long, broken in the middle, checksum of the end wrong. */
    static const char *const words[] = {"holds fewer than its 51 values", "holds more than its 49 values",
                                        "is broken", "is broken"};
    for (int i = 0; i < 4; i++) {
        char place[2][600], numbers[3][32];
        int n = i == 0 ? 51 : i == 1 ? 49 : 50;
        int64_t at = append_zlib(intensity, sizeof intensity, &stored);
        if (i == 2)
            memset(ibd + at + 4, 0xff, 6);
        if (i == 3)
            ibd[at + (int64_t)stored - 1] ^= 1;
        snprintf(numbers[0], sizeof numbers[0], "%lld", (long long)at);
        snprintf(numbers[1], sizeof numbers[1], "%d", n);
        snprintf(numbers[2], sizeof numbers[2], "%zu", stored);
        sample_place(place[1], sizeof place[1] - sizeof ZLIB, numbers[0], numbers[1], numbers[2]);
        strcat(place[1], ZLIB);
        snprintf(numbers[0], sizeof numbers[0], "%lld", (long long)append(mz, sizeof mz));
        append(mz, 8);
        sample_place(place[0], sizeof place[0], numbers[0], numbers[1], "0");
        add_arrays("mz", place[0], "intensity", place[1]);
    }
    write_pair();
    struct mzg_reader *reader = open_pair();
    struct all all;
    fetch_all(reader, &all);
    for (int64_t i = 0; i < 4; i++) {
        cr_expect(not(decode(reader, &all, i)));
        cr_expect(eq(int, (int)all.fault.reason, (int)MZG_FAULT_COMPRESSION));
        cr_expect(eq(i64, all.fault.spectrum, i));
        cr_expect(strstr(all.fault.text, words[i]) != NULL, "%s", all.fault.text);
    }
    forget(&all);
    mzg_reader_close(reader);
}

MPI_TEST(reader_arrays, bytes_that_vanish_are_faults_of_their_spectra)
{
    begin(SAMPLE_CONTENT, 3);
    for (int i = 0; i < 3; i++)
        add_processed(i, 0, mz3, intensity3, 3);
    write_pair();
    struct mzg_reader *reader = open_pair();
    MPI_Barrier(MPI_COMM_WORLD);
    char path[600];
    snprintf(path, sizeof path, "%s/a.ibd", directory);
    if (mpi_rank == 0)
        cr_expect(eq(int, truncate(path, 16 + 36 + 30), 0));
    MPI_Barrier(MPI_COMM_WORLD);
    struct all all;
    fetch_all(reader, &all);
    cr_expect(decode(reader, &all, 0));
    cr_expect(eq(dbl, all.spectrum.mz[1], 200.25));
    for (int64_t i = 1; i < 3; i++) {
        cr_expect(not(decode(reader, &all, i)));
        cr_expect(eq(int, (int)all.fault.reason, (int)MZG_FAULT_READ));
        cr_expect(strstr(all.fault.text, "the ibd became shorter") != NULL, "%s", all.fault.text);
    }
    forget(&all);
    mzg_reader_close(reader);
}

MPI_TEST(reader_arrays, scans_pass_over_what_is_no_mz)
{
    static const double zero_first[] = {0, 250, 260}, unsorted[] = {150, 900, 120},
                        wild[] = {NAN, 170, INFINITY};
    begin(SAMPLE_CONTENT, 4);
    add_processed(1, 1, zero_first, intensity3, 3);
    add_processed(2, 1, unsorted, intensity3, 3);
    add_processed(3, 1, wild, intensity3, 3);
    add_processed(4, 1, NULL, NULL, 0);
    sample_spectrum(&sample, 5, 1, 1 << 20, 16, 3);
    write_pair();
    struct mzg_reader *reader = open_pair();
    struct mzg_decoder *decoder = NULL;
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)mzg_decoder_new(&decoder, &err), MZG_OK));
    static const double lows[] = {250, 120, 170, INFINITY, INFINITY},
                        highs[] = {260, 900, 170, -INFINITY, -INFINITY};
    for (int full = 0; full < 2; full++) {
        for (int64_t p = 0; p < 5; p++) {
            struct mzg_mz_scan scan = MZG_MZ_SCAN_NOTHING;
            cr_expect(eq(int, (int)mzg_reader_scan_mz(reader, p, 1, full, decoder, &scan, &err), MZG_OK));
            cr_expect(scan.min_mz == lows[p] && scan.max_mz == highs[p], "pixel %d: %g %g", (int)p,
                      scan.min_mz, scan.max_mz);
            cr_expect(eq(i64, scan.unsorted, p == 1 ? 1 : INT64_MAX), "its ends contradict each other");
        }
        struct mzg_mz_scan scan = {.min_mz = 130, .max_mz = 140, .unsorted = INT64_MAX};
        cr_expect(eq(int, (int)mzg_reader_scan_mz(reader, 0, 5, full, decoder, &scan, &err), MZG_OK));
        cr_expect(scan.min_mz == 120 && scan.max_mz == 900, "all: %g %g", scan.min_mz, scan.max_mz);
        cr_expect(eq(i64, scan.unsorted, 1));
    }
    mzg_decoder_free(decoder);
    mzg_reader_close(reader);
}

static enum mzg_status count_taken(void *taker, const double *values, int64_t n, struct mzg_error *err)
{
    (void)values;
    cr_expect(eq(i64, n, 3));
    ++*(int *)taker;
    return err->status;
}

/* Four spectra of processed mode, of which three have the array at one place. */
MPI_TEST(reader_arrays, scans_take_an_array_at_one_place_once)
{
    static const double one[] = {150, 250, 260}, other[] = {120, 130, 140};
    begin(SAMPLE_CONTENT, 4);
    int64_t mz = append(one, sizeof one), intensity = append(intensity3, 3 * sizeof *intensity3);
    sample_spectrum(&sample, 1, 1, mz, intensity, 3);
    sample_spectrum(&sample, 2, 1, mz, intensity, 3);
    add_processed(3, 1, other, intensity3, 3);
    sample_spectrum(&sample, 4, 1, mz, intensity, 3);
    write_pair();
    struct mzg_reader *reader = open_pair();
    struct mzg_decoder *decoder = NULL;
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)mzg_decoder_new(&decoder, &err), MZG_OK));
    int n_taken = 0;
    struct mzg_mz_scan scan = MZG_MZ_SCAN_NOTHING;
    scan.take = count_taken;
    scan.taker = &n_taken;
    cr_expect(eq(int, (int)mzg_reader_scan_mz(reader, 0, 4, true, decoder, &scan, &err), MZG_OK));
    cr_expect(eq(int, n_taken, 2));
    cr_expect(scan.min_mz == 120 && scan.max_mz == 260, "%g %g", scan.min_mz, scan.max_mz);
    free(scan.first);
    mzg_decoder_free(decoder);
    mzg_reader_close(reader);
}

/* Arrays so long that only their ends are read, unless these cannot stand for the rest. */
MPI_TEST(reader_arrays, scans_of_long_arrays)
{
    enum { N = 40000 };
    static double mz[N];
    static float intensity[N];
    begin(SAMPLE_CONTENT, 2);
    for (int i = 0; i < N; i++)
        mz[i] = 200 + i * 0.001;
    mz[N / 2] = 999; /* in the middle: seen by a full scan only */
    add_processed(1, 1, mz, intensity, N);
    mz[0] = 900; /* the ends in the wrong order: all is read */
    add_processed(2, 1, mz, intensity, N);
    write_pair();
    struct mzg_reader *reader = open_pair();
    struct mzg_decoder *decoder = NULL;
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)mzg_decoder_new(&decoder, &err), MZG_OK));
    const double last = 200 + (N - 1) * 0.001;
    const double lows[2][2] = {{200, 200.001}, {200, 200.001}}, highs[2][2] = {{last, 999}, {999, 999}};
    for (int full = 0; full < 2; full++) {
        for (int64_t p = 0; p < 2; p++) {
            struct mzg_mz_scan scan = MZG_MZ_SCAN_NOTHING;
            cr_expect(eq(int, (int)mzg_reader_scan_mz(reader, p, 1, full, decoder, &scan, &err), MZG_OK));
            cr_expect(scan.min_mz == lows[full][p] && scan.max_mz == highs[full][p], "%d, pixel %d: %g %g",
                      full, (int)p, scan.min_mz, scan.max_mz);
            bool by_ends = !full && p == 0;
            cr_expect(eq(i64, scan.n_by_ends, by_ends));
            cr_expect(eq(i64, scan.unsorted, by_ends ? INT64_MAX : p), "all but the ends alone shows it");
        }
    }
    mzg_decoder_free(decoder);
    mzg_reader_close(reader);
}
