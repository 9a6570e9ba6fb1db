/* Real files, read through the reader on any number of ranks: the SHA-256 of their decoded arrays is that of
 * shared/data/DIGESTS.tsv, which two other programs agree on. */
#include <input/reader.h>
#include <mpi_test.h>
#include <shared_data.h>

#include <core/context.h>
#include <math.h>
#include <openssl/evp.h>

struct totals {
    char sha256[65];
    int64_t points;
    double intensity;
};

static void add_batch(const struct mzg_reader *reader, const struct mzg_batch *batch,
                      struct mzg_decoder *decoder, EVP_MD_CTX *digest, struct totals *totals)
{
    for (int64_t p = 0; p < batch->n_pixels; p++) {
        int32_t position[3];
        int64_t first, n;
        mzg_reader_pixel(reader, batch->first_pixel + p, position, &first, &n);
        for (int64_t i = batch->pixel_begin[p]; i < batch->pixel_begin[p + 1]; i++) {
            struct mzg_spectrum spectrum;
            struct mzg_fault fault;
            if (!mzg_reader_decode(reader, batch, i, decoder, &spectrum, &fault)) {
                cr_expect(false, "spectrum %lld: %s", (long long)batch->spectra[i], fault.text);
                continue;
            }
            int64_t head[3] = {position[0], position[1], spectrum.n};
            EVP_DigestUpdate(digest, head, sizeof head);
            EVP_DigestUpdate(digest, spectrum.mz, (size_t)spectrum.n * sizeof(double));
            EVP_DigestUpdate(digest, spectrum.intensity, (size_t)spectrum.n * sizeof(double));
            totals->points += spectrum.n;
            for (int64_t k = 0; k < spectrum.n; k++)
                totals->intensity += spectrum.intensity[k];
        }
    }
}

/* Everything in the file, in batches of `chunk` pixels. */
static void digest(struct mzg_reader *reader, int64_t chunk, struct totals *totals)
{
    struct mzg_error err = {0};
    struct mzg_decoder *decoder = NULL;
    struct mzg_batch batch;
    mzg_batch_init(&batch);
    cr_assert(eq(int, (int)mzg_decoder_new(&decoder, &err), MZG_OK));

    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    int64_t n_pixels = reader->dataset.n_pixels;
    for (int64_t first = 0; first < n_pixels; first += chunk) {
        int64_t n = n_pixels - first < chunk ? n_pixels - first : chunk;
        cr_assert(eq(int, (int)mzg_reader_fetch(reader, first, n, &batch, &err), MZG_OK), "%s", err.text);
        add_batch(reader, &batch, decoder, context, totals);
    }
    unsigned char bytes[32];
    EVP_DigestFinal_ex(context, bytes, NULL);
    for (int i = 0; i < 32; i++)
        snprintf(totals->sha256 + 2 * i, 3, "%02x", bytes[i]);
    EVP_MD_CTX_free(context);
    mzg_batch_destroy(&batch);
    mzg_decoder_free(decoder);
}

static void check_set(const char *set, const char *sha256, int64_t points, double intensity)
{
    char name[300], path[2048];
    snprintf(name, sizeof name, "data/%s/%s.imzML", set, set);
    cr_assert(shared_path(__FILE__, name, path, sizeof path));

    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    struct mzg_reader_options options = {0};
    struct mzg_reader *reader = NULL;
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)mzg_reader_open(&context, path, &options, &reader, &err), MZG_OK), "%s", err.text);
    struct totals totals = {0};
    digest(reader, 3 + 7 * mpi_rank, &totals);
    cr_expect(eq(str, totals.sha256, (char *)sha256), "%s", set);
    cr_expect(eq(i64, totals.points, points), "%s", set);
    cr_expect(eq(i64, reader->dataset.n_points, points), "%s", set);
    cr_expect(fabs(totals.intensity - intensity) <= 5e-9 * fabs(intensity), "%s: sum %.17g", set,
              totals.intensity);
    mzg_reader_close(reader);
}

MPI_TEST(digests, decoded_arrays_are_those_of_the_list)
{
    char path[2048];
    if (!shared_path(__FILE__, "data/DIGESTS.tsv", path, sizeof path))
        return;
    FILE *list = fopen(path, "r");
    cr_assert(list != NULL);
    char line[1024], set[128], sha256[65];
    long long points;
    double intensity;
    int sets = 0;
    while (fgets(line, sizeof line, list)) {
        if (sscanf(line, "%127s %*64s %*64s %64s %lld %lf", set, sha256, &points, &intensity) != 4)
            continue;
        check_set(set, sha256, points, intensity);
        sets++;
    }
    fclose(list);
    cr_expect(ge(int, sets, 35), "only %d sets in the list", sets);
}
