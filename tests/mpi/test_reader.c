/* The reader on pairs of files written here: every rank sees the same pixels and the same facts. */
#include <mpi_test.h>
#include <reader_on_pair.h>

#include <math.h>

MPI_TEST(reader, processed_spectra_empty_ones_and_duplicates)
{
    begin(SAMPLE_CONTENT, 4);
    add_processed(3, 4, mz3, intensity3, 3);
    add_processed(5, 4, NULL, NULL, 0);
    add_processed(3, 4, mz3 + 1, intensity3, 2);
    add_processed(4, 9, mz3, intensity3, 1);
    write_pair();
    struct mzg_reader *reader = open_pair();
    const struct mzg_dataset *dataset = &reader->dataset;
    cr_expect(eq(i64, dataset->n_spectra, 4));
    cr_expect(eq(i64, dataset->n_pixels, 3));
    cr_expect(eq(i64, dataset->n_duplicate_pixels, 1));
    cr_expect(eq(i64, dataset->n_points, 6));
    cr_expect(eq(i64, dataset->n_bytes, (int64_t)(sample.n + ibd_size)));
    static const int32_t min[3] = {3, 4, 1}, max[3] = {5, 9, 1};
    for (int d = 0; d < 3; d++) {
        cr_expect(eq(i32, dataset->min[d], min[d]));
        cr_expect(eq(i32, dataset->max[d], max[d]));
    }
    cr_expect(not(dataset->shared_mz));
    cr_expect(not(dataset->has_mz_range));
    cr_expect(eq(int, dataset->metadata != NULL, mpi_rank == 0));

    struct all all;
    fetch_all(reader, &all);
    cr_assert(eq(i64, all.batch.n_spectra, 4));
    static const int64_t order[] = {0, 2, 1, 3}, lengths[] = {3, 2, 0, 1};
    for (int64_t i = 0; i < 4; i++) {
        cr_expect(eq(i64, all.batch.spectra[i], order[i]));
        cr_expect(decode(reader, &all, i));
        cr_expect(eq(i64, all.spectrum.n, lengths[i]));
    }
    cr_expect(decode(reader, &all, 1));
    cr_expect(eq(dbl, all.spectrum.mz[0], 200.25));
    cr_expect(eq(dbl, all.spectrum.mz[1], 300.125));
    cr_expect(eq(dbl, all.spectrum.intensity[0], 1.5));
    cr_expect(eq(dbl, all.spectrum.intensity[1], -2));
    forget(&all);

    int64_t bytes, points;
    mzg_reader_measure(reader, 0, 1, &bytes, &points);
    cr_expect(eq(i64, points, 5));
    cr_expect(ge(i64, bytes, 5 * 12));
    cr_expect(eq(i64, mzg_reader_count_faulty(reader), 0));
    mzg_reader_close(reader);
}

MPI_TEST(reader, a_batch_is_reused_for_any_range)
{
    begin(SAMPLE_CONTENT, 50);
    double mz[50];
    for (int i = 0; i < 50; i++) {
        mz[i] = 100 + i;
        add_processed(i, 0, mz, intensity3, (size_t)(i % 4));
    }
    write_pair();
    struct mzg_reader *reader = open_pair();
    struct all all;
    fetch_all(reader, &all);
    struct mzg_error err = {0};
    static const int64_t firsts[] = {49, 0, 10, 13, 0}, counts[] = {1, 3, 0, 20, 50};
    for (int r = 0; r < 5; r++) {
        cr_assert(eq(int, (int)mzg_reader_fetch(reader, firsts[r], counts[r], &all.batch, &err), MZG_OK));
        cr_expect(eq(i64, all.batch.n_pixels, counts[r]));
        cr_expect(eq(i64, all.batch.pixel_begin[counts[r]], counts[r]));
        for (int64_t i = 0; i < counts[r]; i++) {
            cr_expect(decode(reader, &all, i));
            cr_expect(eq(i64, all.spectrum.n, (firsts[r] + i) % 4));
        }
    }
    forget(&all);
    mzg_reader_close(reader);
}

MPI_TEST(reader, shared_mz_is_one_array_for_all)
{
    begin(SAMPLE_CV("IMS:1000080", "", SAMPLE_UUID) SAMPLE_CV("IMS:1000030", "continuous", ""), 3);
    int64_t at = append(mz3, sizeof mz3);
    for (int i = 0; i < 3; i++)
        sample_spectrum(&sample, i + 1, 1, at, append(intensity3, sizeof intensity3), 3);
    sample_spectrum(&sample, 9, 1, 1 << 20, at, 3); /* broken: does not end the sharing of the others */
    write_pair();
    struct mzg_reader *reader = open_pair();
    cr_assert(reader->dataset.shared_mz);
    const double *mz = NULL;
    int64_t n = 0;
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)mzg_reader_shared_mz(reader, &mz, &n, &err), MZG_OK));
    cr_expect(eq(i64, n, 3));
    cr_expect(eq(dbl, mz[2], 300.125));

    struct all all;
    fetch_all(reader, &all);
    cr_expect(eq(i64, all.batch.bytes_read, 3 * (int64_t)sizeof intensity3), "only intensities are read");
    for (int64_t i = 0; i < 3; i++) {
        cr_expect(decode(reader, &all, i));
        cr_expect(all.spectrum.mz == mz, "the very pointer");
        cr_expect(eq(dbl, all.spectrum.intensity[0], 1.5));
    }
    cr_expect(not(decode(reader, &all, 3)));
    cr_expect(eq(int, (int)all.fault.reason, (int)MZG_FAULT_OUTSIDE_FILE));
    cr_expect(eq(i64, all.fault.spectrum, 3));
    cr_expect(eq(i64, mzg_reader_count_faulty(reader), 1));

    struct mzg_mz_scan scan = MZG_MZ_SCAN_NOTHING;
    cr_expect(eq(int, (int)mzg_reader_scan_mz(reader, 0, 4, false, all.decoder, &scan, &err), MZG_OK));
    cr_expect(eq(dbl, scan.min_mz, 100.5));
    cr_expect(eq(dbl, scan.max_mz, 300.125));
    forget(&all);
    mzg_reader_close(reader);
}

MPI_TEST(reader, the_offsets_decide_whether_mz_are_shared)
{
    begin(SAMPLE_CV("IMS:1000080", "", SAMPLE_UUID) SAMPLE_CV("IMS:1000030", "continuous", ""), 2);
    add_processed(1, 1, mz3, intensity3, 3);
    add_processed(2, 1, mz3, intensity3, 2);
    write_pair();
    struct mzg_reader *reader = open_pair();
    cr_expect(not(reader->dataset.shared_mz));
    cr_expect(mpi_rank != 0 || has_finding(reader, "declared continuous, but its spectra do not all share"));
    const double *mz;
    int64_t n;
    struct mzg_error err = {0};
    cr_expect(eq(int, (int)mzg_reader_shared_mz(reader, &mz, &n, &err), MZG_EUSAGE));
    mzg_reader_close(reader);

    begin(SAMPLE_CONTENT, 2);
    int64_t at = append(mz3, sizeof mz3);
    sample_spectrum(&sample, 1, 1, at, append(intensity3, sizeof intensity3), 3);
    sample_spectrum(&sample, 2, 1, at, append(intensity3, sizeof intensity3), 3);
    write_pair();
    reader = open_pair();
    cr_expect(reader->dataset.shared_mz);
    cr_expect(mpi_rank != 0 || has_finding(reader, "declared processed, but its spectra all share"));
    mzg_reader_close(reader);
}

MPI_TEST(reader, a_spectrum_without_position_is_a_faulty_pixel_outside_the_box)
{
    begin(SAMPLE_CONTENT, 3);
    add_processed(4, 5, mz3, intensity3, 3);
    sample_add(&sample, "<spectrum/><spectrum/>");
    write_pair();
    struct mzg_reader *reader = open_pair();
    cr_expect(eq(i64, reader->dataset.n_pixels, 3));
    cr_expect(eq(i32, reader->dataset.min[0], 4));
    cr_expect(eq(i32, reader->dataset.max[1], 5));
    cr_expect(eq(i64, mzg_reader_count_faulty(reader), 2));
    struct all all;
    fetch_all(reader, &all);
    for (int64_t p = 1; p < 3; p++) {
        int32_t position[3];
        int64_t first, n;
        mzg_reader_pixel(reader, p, position, &first, &n);
        cr_expect(eq(i32, position[0], INT32_MIN));
        cr_expect(eq(i64, first, p));
        cr_expect(not(decode(reader, &all, p)));
        cr_expect(eq(int, (int)all.fault.reason, (int)MZG_FAULT_BAD_NUMBER));
    }
    forget(&all);
    mzg_reader_close(reader);
}

MPI_TEST(reader, strict_refuses_a_wrong_uuid_on_all_ranks)
{
    begin(SAMPLE_CV("IMS:1000080", "", "ff112233445566778899aabbccddeeff") SAMPLE_CV("IMS:1000031", "", ""),
          1);
    add_processed(1, 1, mz3, intensity3, 3);
    write_pair();
    struct mzg_reader_options strict = {.strict = true};
    struct mzg_reader *reader = NULL;
    struct mzg_error err = {0};
    cr_expect(eq(int, (int)open_with(&strict, &reader, &err), MZG_EFORMAT));
    cr_expect(strstr(err.text, "its UUID is ff11") != NULL, "%s", err.text);
    cr_expect(reader == NULL);
    mzg_reader_close(open_pair());
}

MPI_TEST(reader, files_without_use)
{
    begin(SAMPLE_CONTENT, 0);
    write_pair();
    expect_refused("no spectra", MZG_EFORMAT);

    begin(SAMPLE_CONTENT, 1);
    sample_add(&sample, "<spectrum/>");
    write_pair();
    expect_refused("no spectrum has a usable position", MZG_EFORMAT);

    snprintf(imzml, sizeof imzml, "%s/b.imzML", directory);
    expect_refused("b.imzML: cannot open: No such file", MZG_EIO);
    snprintf(imzml, sizeof imzml, "%s/a.ibd", directory);
    expect_refused("a.ibd: it is the binary half of a pair; give the .imzML", MZG_EFORMAT);
    snprintf(imzml, sizeof imzml, "%s/nothing", directory);
    expect_refused("nothing: cannot open", MZG_EIO);
    snprintf(imzml, sizeof imzml, "%s/d.imzML", directory);
    if (mpi_rank == 0)
        mkdir(imzml, 0700);
    MPI_Barrier(MPI_COMM_WORLD);
    expect_refused("d.imzML: is a directory, expected a file", MZG_EIO);
}

/* Only the last rank is told another path: it must not wait for the others, nor they for it. */
MPI_TEST(reader, failure_of_the_last_rank_reaches_all)
{
    begin(SAMPLE_CONTENT, 1);
    add_processed(1, 1, mz3, intensity3, 3);
    write_pair();
    if (mpi_rank == mpi_size - 1)
        snprintf(imzml, sizeof imzml, "%s/unknown.format", directory);
    expect_refused("unknown.format: cannot open", MZG_EIO);
}

MPI_TEST(reader, names_of_faults_are_distinct)
{
    for (int a = MZG_FAULT_NONE; a <= MZG_FAULT_READ; a++)
        for (int b = MZG_FAULT_NONE; b < a; b++)
            cr_expect(strcmp(mzg_fault_name((enum mzg_fault_reason)a),
                             mzg_fault_name((enum mzg_fault_reason)b)) != 0);
    cr_expect(eq(str, (char *)mzg_fault_name(MZG_FAULT_OUTSIDE_FILE), "array outside the file"));
}

MPI_TEST(reader, describes_a_file_from_its_header)
{
    begin(SAMPLE_CONTENT SAMPLE_CV("MS:1000127", "", ""), 77);
    add_processed(1, 1, mz3, intensity3, 3);
    write_pair();
    MPI_Barrier(MPI_COMM_WORLD);
    json_t *about = NULL;
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)mzg_reader_describe(imzml, &about, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(i64, json_integer_value(json_object_get(about, "declared_spectra")), 77));
    cr_expect(eq(str, (char *)json_string_value(json_object_get(about, "mode")), "processed"));
    cr_expect(eq(str, (char *)json_string_value(json_object_get(about, "spectrum_type")), "centroid"));
    cr_expect(eq(i64, json_integer_value(json_object_get(about, "points_estimate")), 3));
    cr_expect(eq(int, json_is_null(json_object_get(about, "pixel_size_um")), 1));
    cr_expect(eq(sz, json_array_size(json_object_get(about, "arrays")), 2));
    json_decref(about);
    snprintf(imzml, sizeof imzml, "%s/b.imzML", directory);
    cr_expect(eq(int, (int)mzg_reader_describe(imzml, &about, &err), MZG_EIO));
}

/* Pixels (1,1) (2,1) (3,1), of which the second has two spectra; the last two are asked for. */
MPI_TEST(reader, a_part_of_the_pixels_keeps_their_ordinals)
{
    begin(SAMPLE_CONTENT, 4);
    static const int x[] = {1, 2, 2, 3};
    for (int i = 0; i < 4; i++)
        add_processed(x[i], 1, mz3, intensity3, 3);
    write_pair();
    struct mzg_reader_options options = {.region = {true, {2, 1, 1}, {9, 1, 1}}};
    struct mzg_reader *reader = NULL;
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)open_with(&options, &reader, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(i64, reader->dataset.n_pixels, 2));
    cr_expect(eq(i64, reader->dataset.n_all_pixels, 3));
    cr_expect(eq(i64, reader->dataset.n_spectra, 3));
    cr_expect(eq(i64, reader->dataset.n_points, 9));
    cr_expect(eq(i32, reader->dataset.min[0], 2));
    cr_expect(eq(i32, reader->dataset.origin[0], 1));
    for (int64_t p = 0; p < 2; p++) {
        int32_t position[3];
        int64_t first, n;
        mzg_reader_pixel(reader, p, position, &first, &n);
        cr_expect(eq(i64, mzg_reader_ordinal(reader, p), p + 1));
        cr_expect(eq(i32, position[0], (int32_t)p + 2));
        cr_expect(eq(i64, first, p == 0 ? 1 : 3));
        cr_expect(eq(i64, n, p == 0 ? 2 : 1));
    }
    mzg_reader_close(reader);

    options.region.min[0] = 7;
    cr_expect(eq(int, (int)open_with(&options, &reader, &err), MZG_ERANGE));
    cr_expect(strstr(err.text, "its 3 pixels lie at x 1 to 3") != NULL, "%s", err.text);
}

/* The checksum beside the other work; the stop of a wait that has nothing to wait for is no failure. */
MPI_TEST(reader, checksums_are_verified_on_request)
{
    static const char *const wrong = "0123456789abcdef0123456789abcdef";
    char content[1024];
    struct mzg_reader_options options = {.verify = true};
    struct mzg_reader *reader = NULL;
    struct mzg_error err = {0};
    snprintf(content, sizeof content, "%s<cvParam accession=\"IMS:1000090\" value=\"%s\"/>", SAMPLE_CONTENT,
             wrong);
    begin(content, 1);
    add_processed(1, 1, mz3, intensity3, 3);
    write_pair();
    cr_assert(eq(int, (int)open_with(&options, &reader, &err), MZG_OK), "%s", err.text);
    cr_expect(mpi_rank > 0 || !has_finding(reader, "MD5"));
    atomic_int stop = 0;
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size, .stop = &stop};
    cr_expect(eq(int, (int)mzg_reader_verify(&context, reader, &err), MZG_OK));
    cr_expect(mpi_rank > 0 || has_finding(reader, "the MD5 of its ibd is "));
    stop = 1;
    cr_expect(eq(int, (int)mzg_reader_verify(&context, reader, &err), MZG_OK));
    mzg_reader_close(reader);

    /* Closed while the checksum is under way. */
    cr_assert(eq(int, (int)open_with(&options, &reader, &err), MZG_OK), "%s", err.text);
    mzg_reader_close(reader);
}
