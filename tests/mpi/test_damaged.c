/* The damaged files of shared/data-malformed: each opens or is refused as its README says, on all ranks
 * alike. */
#include <input/reader.h>
#include <mpi_test.h>
#include <shared_data.h>

#include <core/context.h>
#include <jansson.h>

struct damaged {
    const char *name;
    bool strict;
    bool allow_truncated;
    const char *refusal; /* words of the sentence; NULL: it opens */
    enum mzg_status status;
    int64_t pixels;
    int64_t unreadable;
    enum mzg_fault_reason reason; /* of every unreadable spectrum */
    const char *fault;            /* words of the first fault */
    const char *finding;          /* words of a warning; NULL: none at all */
};

static const struct damaged cases[] = {
    {.name = "mut-wrong-uuid", .pixels = 9, .finding = "its UUID is"},
    {.name = "mut-wrong-uuid", .strict = true, .refusal = "its UUID is", .status = MZG_EFORMAT},
    {.name = "mut-flipped-byte", .pixels = 9},
    {.name = "mut-truncated-ibd",
     .pixels = 9,
     .unreadable = 5,
     .reason = MZG_FAULT_OUTSIDE_FILE,
     .fault = "end beyond the ibd (302372 bytes)",
     .finding = "5 of 9 spectra have arrays outside the ibd"},
    {.name = "mut-truncated-ibd", .strict = true, .refusal = "5 of 9 spectra", .status = MZG_EFORMAT},
    {.name = "mut-empty-ibd", .refusal = "the ibd is empty", .status = MZG_EFORMAT},
    {.name = "mut-missing-ibd", .refusal = "mut-missing-ibd.ibd: no such file", .status = MZG_EIO},
    {.name = "mut-offset-past-eof",
     .pixels = 9,
     .unreadable = 1,
     .reason = MZG_FAULT_OUTSIDE_FILE,
     .fault = "m/z array at byte 99999999999",
     .finding = "1 of 9 spectra"},
    {.name = "mut-negative-offset",
     .pixels = 9,
     .unreadable = 1,
     .reason = MZG_FAULT_OUTSIDE_FILE,
     .fault = "m/z array at byte -16: begins before the ibd",
     .finding = "1 of 9 spectra"},
    {.name = "mut-huge-length",
     .pixels = 9,
     .unreadable = 1,
     .reason = MZG_FAULT_OUTSIDE_FILE,
     .fault = "its 9223372036854775807 values of 4 bytes end beyond",
     .finding = "1 of 9 spectra"},
    {.name = "mut-missing-intensity",
     .pixels = 9,
     .unreadable = 1,
     .reason = MZG_FAULT_NO_ARRAY,
     .fault = "no intensity array"},
    {.name = "mut-dup-coords",
     .pixels = 6,
     .finding = "3 pixels have more than one spectrum; first: (1,1), spectra 1 and 2"},
    {.name = "mut-coord-zero", .pixels = 9},
    {.name = "mut-count-mismatch", .pixels = 9, .finding = "announces 12 spectra, but has 9"},
    {.name = "mut-truncated-xml",
     .refusal = "the XML ends early at byte 15952, 4 complete spectra",
     .status = MZG_EFORMAT},
    {.name = "mut-truncated-xml",
     .allow_truncated = true,
     .pixels = 4,
     .finding = "the XML ends early at byte 15952; its 4 complete spectra are used"},
    {.name = "mut-entity-bomb", .refusal = "document type declaration", .status = MZG_EFORMAT},
    {.name = "mut-zlib-pixel",
     .pixels = 400,
     .unreadable = 1,
     .reason = MZG_FAULT_COMPRESSION,
     .fault = "intensity array at bytes"},
    {.name = "i2nca-cc-length-mismatch",
     .pixels = 4,
     .unreadable = 3,
     .reason = MZG_FAULT_LENGTHS_DIFFER,
     .fault = "has 1999 values, intensity array at byte"},
    {.name = "galaxy-text-ibd", .refusal = "looks like text, not like data", .status = MZG_EFORMAT},
    {.name = "spectralanalysis-lfs-pointer", .refusal = "git lfs pull", .status = MZG_EFORMAT},
    {.name = "thyra-two-precision-terms",
     .pixels = 4,
     .finding = "declares 32-bit float and 64-bit float; 40 bytes for 5 values prove 64-bit float"},
    {.name = "thyra-two-precision-terms",
     .strict = true,
     .refusal = "32-bit float and 64-bit float",
     .status = MZG_EFORMAT},
};

/* Decodes every spectrum; counts those that cannot be, and checks what is said of them. */
static int64_t count_unreadable(const struct mzg_reader *reader, const struct damaged *wanted)
{
    struct mzg_error err = {0};
    struct mzg_decoder *decoder = NULL;
    struct mzg_batch batch;
    mzg_batch_init(&batch);
    cr_expect(eq(int, (int)mzg_decoder_new(&decoder, &err), MZG_OK));
    cr_expect(eq(int, (int)mzg_reader_fetch(reader, 0, reader->dataset.n_pixels, &batch, &err), MZG_OK));
    int64_t unreadable = 0;
    for (int64_t i = 0; i < batch.n_spectra; i++) {
        struct mzg_spectrum spectrum;
        struct mzg_fault fault;
        if (mzg_reader_decode(reader, &batch, i, decoder, &spectrum, &fault))
            continue;
        cr_expect(eq(int, (int)fault.reason, (int)wanted->reason), "%s: %s", wanted->name, fault.text);
        cr_expect(unreadable > 0 || (wanted->fault && strstr(fault.text, wanted->fault)), "%s: %s",
                  wanted->name, fault.text);
        unreadable++;
    }
    mzg_batch_destroy(&batch);
    mzg_decoder_free(decoder);
    return unreadable;
}

static void check_findings(const json_t *findings, const struct damaged *wanted)
{
    bool found = wanted->finding == NULL;
    size_t i;
    json_t *line;
    json_array_foreach(findings, i, line) found = found || strstr(json_string_value(line), wanted->finding);
    cr_expect(found, "%s: no finding \"%s\"", wanted->name, wanted->finding);
    cr_expect(wanted->finding || json_array_size(findings) == 0, "%s: %s", wanted->name,
              json_string_value(json_array_get(findings, 0)));
}

static void check(const struct damaged *wanted)
{
    char name[256], path[2048];
    snprintf(name, sizeof name, "data-malformed/%s/%s.imzML", wanted->name, wanted->name);
    if (!shared_path(__FILE__, name, path, sizeof path))
        return;
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    struct mzg_reader_options options = {.strict = wanted->strict,
                                         .allow_truncated = wanted->allow_truncated};
    struct mzg_reader *reader = NULL;
    struct mzg_error err = {0};
    enum mzg_status status = mzg_reader_open(&context, path, &options, &reader, &err);
    if (wanted->refusal) {
        cr_expect(eq(int, (int)status, (int)wanted->status), "%s", wanted->name);
        cr_expect(strstr(err.text, wanted->refusal) != NULL, "%s: %s", wanted->name, err.text);
        cr_expect(reader == NULL);
        return;
    }
    cr_expect(eq(int, (int)status, MZG_OK), "%s: %s", wanted->name, err.text);
    if (status != MZG_OK)
        return;
    cr_expect(eq(i64, reader->dataset.n_pixels, wanted->pixels), "%s", wanted->name);
    cr_expect(eq(i64, count_unreadable(reader, wanted), wanted->unreadable), "%s", wanted->name);
    if (wanted->reason != MZG_FAULT_COMPRESSION)
        cr_expect(eq(i64, mzg_reader_count_faulty(reader), wanted->unreadable), "%s", wanted->name);
    if (mpi_rank == 0)
        check_findings(json_object_get(reader->dataset.metadata, "findings"), wanted);
    mzg_reader_close(reader);
}

MPI_TEST(damaged, each_opens_or_is_refused_as_described)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(&cases[i]);
}

MPI_TEST(damaged, broken_shared_mz_fails_with_a_sentence)
{
    char path[2048];
    if (!shared_path(__FILE__, "data-malformed/mut-zlib-corrupt/mut-zlib-corrupt.imzML", path, sizeof path))
        return;
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    struct mzg_reader_options options = {0};
    struct mzg_reader *reader = NULL;
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)mzg_reader_open(&context, path, &options, &reader, &err), MZG_OK));
    cr_expect(reader->dataset.shared_mz);
    const double *mz;
    int64_t n;
    cr_expect(eq(int, (int)mzg_reader_shared_mz(reader, &mz, &n, &err), MZG_EFORMAT));
    cr_expect(strstr(err.text, "the m/z array that all spectra share cannot be decoded") != NULL, "%s",
              err.text);
    mzg_reader_close(reader);
}

MPI_TEST(damaged, duplicate_positions_are_one_pixel_each)
{
    char path[2048];
    if (!shared_path(__FILE__, "data-malformed/mut-dup-coords/mut-dup-coords.imzML", path, sizeof path))
        return;
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    struct mzg_reader_options options = {0};
    struct mzg_reader *reader = NULL;
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)mzg_reader_open(&context, path, &options, &reader, &err), MZG_OK));
    cr_expect(eq(i64, reader->dataset.n_duplicate_pixels, 3));
    /* x = 1, 1, 3 in each of three rows: spectra 0 and 1, 2, 3 and 4, ... */
    static const int64_t first_of[] = {0, 2, 3, 5, 6, 8};
    for (int64_t p = 0; p < 6; p++) {
        int32_t position[3];
        int64_t first, n;
        mzg_reader_pixel(reader, p, position, &first, &n);
        cr_expect(eq(i32, position[0], p % 2 ? 3 : 1));
        cr_expect(eq(i32, position[1], (int32_t)(p / 2 + 1)));
        cr_expect(eq(i64, first, first_of[p]));
        cr_expect(eq(i64, n, p % 2 ? 1 : 2));
    }
    struct mzg_batch batch;
    mzg_batch_init(&batch);
    cr_assert(eq(int, (int)mzg_reader_fetch(reader, 1, 3, &batch, &err), MZG_OK));
    cr_expect(eq(i64, batch.n_spectra, 4));
    static const int64_t spectra[] = {2, 3, 4, 5};
    for (int64_t i = 0; i < 4; i++)
        cr_expect(eq(i64, batch.spectra[i], spectra[i]));
    cr_expect(eq(i64, batch.pixel_begin[1], 1));
    cr_expect(eq(i64, batch.pixel_begin[2], 3));
    mzg_batch_destroy(&batch);
    mzg_reader_close(reader);
}
