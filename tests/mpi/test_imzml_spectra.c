/* The index made by all ranks: for any number of ranks, threads and slices, and whatever single ranks meet,
 * it is that of the whole file parsed at once. */
#include <mpi_test.h>

#include <core/pool.h>
#include <imzml/spectra.h>
#include <imzml_sample.h>
#include <stdlib.h>
#include <temp_files.h>

enum { N_SPECTRA = 50, IBD_SIZE = 100000 };

static char directory[256];
static char path[512];
static struct sample sample;

/* Spectra of which some have oddities: the first of each kind lies far into the file. */
static void write_sample(void)
{
    sample.n = 0;
    sample_head(&sample, SAMPLE_CONTENT, "", "", N_SPECTRA);
    for (int i = 0; i < N_SPECTRA; i++) {
        if (i == 31 || i == 47)
            sample_add(&sample,
                       "<spectrum id=\"odd\"><referenceableParamGroupRef ref=\"no\"/><binaryDataArrayList/>"
                       "</spectrum>\n");
        else
            sample_spectrum(&sample, i % 7 + 1, i / 7 + 1, 16 + i, i == 40 ? IBD_SIZE : 500 + i, i % 5);
    }
    sample_tail(&sample);
    if (mpi_rank == 0) {
        make_temp_directory(directory);
        snprintf(path, sizeof path, "%s/a.imzML", directory);
        FILE *file = fopen(path, "wb");
        cr_assert_not_null(file);
        cr_expect(eq(sz, fwrite(sample.text, 1, sample.n, file), sample.n));
        fclose(file);
    }
    MPI_Bcast(path, sizeof path, MPI_CHAR, 0, MPI_COMM_WORLD);
}

static void remove_sample(void)
{
    MPI_Barrier(MPI_COMM_WORLD);
    if (mpi_rank == 0) {
        unlink(path);
        rmdir(directory);
    }
}

/* Opens what is at `rank_path` of this rank. */
static enum mzg_status parse(const char *rank_path, int threads, int64_t slice_size,
                             struct mzg_imzml_outline *outline, struct mzg_imzml_part *part,
                             struct mzg_error *err)
{
    const struct mzg_imzml_parse_options options = {.ibd_size = IBD_SIZE};
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    *outline = (struct mzg_imzml_outline){0};
    *part = (struct mzg_imzml_part){0};
    if (mpi_rank == 0)
        cr_assert(eq(int, (int)mzg_imzml_outline_read(path, outline, err), MZG_OK), "%s", err->text);
    if (threads > 0)
        cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_WORLD, threads, &context.pool, err), MZG_OK));
    enum mzg_status status =
        mzg_imzml_spectra_parse(&context, rank_path, &options, slice_size, outline, part, err);
    mzg_pool_free(context.pool);
    return status;
}

/* All parts, one after the other, beside the index of the whole file; `by_rank_0`: rank 0 made it alone. */
static void expect_index(const char *about, struct mzg_imzml_outline *outline, struct mzg_imzml_part *part,
                         bool by_rank_0)
{
    struct mzg_imzml_document document;
    const struct mzg_imzml_parse_options options = {.ibd_size = IBD_SIZE};
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)mzg_imzml_parse(path, &options, &document, &err), MZG_OK), "%s", err.text);

    int64_t first = 0, n = part->n, total = 0;
    MPI_Exscan(&n, &first, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(&n, &total, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    cr_assert(eq(i64, total, document.index.entries.n), "%s", about);
    if (by_rank_0)
        cr_expect(eq(i64, n, mpi_rank == 0 ? total : 0), "%s", about);
    struct mzg_imzml_entry entries[N_SPECTRA];
    mzg_imzml_part_move(part, entries);
    int64_t wrong = 0;
    for (int64_t i = 0; i < n; i++)
        wrong +=
            memcmp(&entries[i], mzg_entry_list_at(&document.index.entries, (mpi_rank == 0 ? 0 : first) + i),
                   sizeof *entries) != 0;
    cr_expect(eq(i64, wrong, 0), "%s", about);
    if (mpi_rank == 0) {
        const struct mzg_imzml_document *made = &outline->document;
        cr_expect(memcmp(&made->index.totals, &document.index.totals, sizeof document.index.totals) == 0);
        for (int kind = 0; kind < MZG_FINDINGS; kind++) {
            cr_expect(eq(i64, made->findings.count[kind], document.findings.count[kind]), "%s", about);
            cr_expect(eq(str, (char *)made->findings.first[kind], document.findings.first[kind]), "%s",
                      about);
        }
        cr_expect(eq(str, made->header_xml, document.header_xml), "%s", about);
        cr_expect(eq(i64, made->size, document.size), "%s", about);
    }
    mzg_imzml_document_destroy(&document);
    mzg_imzml_part_destroy(part);
    mzg_imzml_document_destroy(&outline->document);
}

MPI_TEST(spectra, any_slices_and_threads_make_the_same_index)
{
    static const int64_t sizes[] = {1, 300, 2000, 1 << 20};
    write_sample();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int threads = 0; threads < 4; threads++) {
            struct mzg_imzml_outline outline;
            struct mzg_imzml_part part;
            struct mzg_error err = {0};
            cr_assert(eq(int, (int)parse(path, threads, sizes[i], &outline, &part, &err), MZG_OK), "%s",
                      err.text);
            if (mpi_size > 1 && sizes[i] < 2000)
                cr_expect(lt(i64, part.n, N_SPECTRA), "every rank has a part");
            expect_index("slices", &outline, &part, false);
        }
    }
    remove_sample();
}

/* The last rank cannot open the file: rank 0 parses it for all. */
MPI_TEST(spectra, a_rank_that_cannot_read_costs_nothing_but_time)
{
    write_sample();
    bool is_last = mpi_rank == mpi_size - 1;
    if (mpi_size > 1) {
        struct mzg_imzml_outline outline;
        struct mzg_imzml_part part;
        struct mzg_error err = {0};
        enum mzg_status status =
            parse(is_last ? "/nonexistent/a.imzML" : path, 1, 300, &outline, &part, &err);
        cr_assert(eq(int, (int)status, MZG_OK), "%s", err.text);
        expect_index("last rank cannot read", &outline, &part, true);
    }
    remove_sample();
}

/* The last rank has another file, of another size. */
MPI_TEST(spectra, a_rank_that_sees_another_file_has_no_part_in_it)
{
    write_sample();
    char other[600];
    snprintf(other, sizeof other, "%s.%d", path, mpi_rank);
    FILE *file = fopen(other, "wb");
    cr_assert_not_null(file);
    fwrite(sample.text, 1, sample.n - 1, file);
    fclose(file);
    if (mpi_size > 1) {
        struct mzg_imzml_outline outline;
        struct mzg_imzml_part part;
        struct mzg_error err = {0};
        enum mzg_status status =
            parse(mpi_rank == mpi_size - 1 ? other : path, 1, 300, &outline, &part, &err);
        cr_assert(eq(int, (int)status, MZG_OK), "%s", err.text);
        expect_index("another file", &outline, &part, true);
    }
    unlink(other);
    remove_sample();
}

/* Only the slices of the last rank have a fault: the words are those of the whole file, on every rank. */
MPI_TEST(spectra, a_fault_in_the_last_slice_is_told_by_all_ranks)
{
    struct mzg_imzml_outline outline;
    struct mzg_imzml_part part;
    struct mzg_error err = {0};
    write_sample();
    char *last = strstr(sample.text + sample.n - 1500, "<scanList>");
    cr_assert_not_null(last);
    if (mpi_rank == 0) {
        FILE *file = fopen(path, "r+b");
        cr_assert_not_null(file);
        fseek(file, last - sample.text, SEEK_SET);
        fputs("<scanlist>", file);
        fclose(file);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    cr_expect(eq(int, (int)parse(path, 1, 300, &outline, &part, &err), MZG_EFORMAT));
    cr_expect(strstr(err.text, "not well-formed XML") != NULL, "%s", err.text);
    cr_expect(eq(i64, part.n, 0));
    mzg_imzml_document_destroy(&outline.document);
    remove_sample();
}
