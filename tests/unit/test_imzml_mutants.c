/*
 * Thousands of damaged documents, each parsed from front to back and in slices of some size by the scanner
 * and by the library: whatever is taken says the same. MZGRID_MUTANTS is their number, MZGRID_SEED begins
 * others.
 */
#include <index_equality.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <imzml_sample.h>
#include <shared_data.h>

enum { MAX_BYTES = 1 << 16, N_USUAL = 2000 };

static uint64_t state;

/* splitmix64 */
static uint64_t next_random(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static int64_t below(int64_t n)
{
    return n > 0 ? (int64_t)(next_random() % (uint64_t)n) : 0;
}

struct document {
    int64_t n;
    char bytes[2 * MAX_BYTES];
};

/* `removed` bytes at `at` give way to n others. */
static void splice(struct document *document, int64_t at, int64_t removed, const char *bytes, int64_t n)
{
    if (removed > document->n - at)
        removed = document->n - at;
    if (document->n - removed + n > (int64_t)sizeof document->bytes)
        return;
    memmove(document->bytes + at + n, document->bytes + at + removed, (size_t)(document->n - at - removed));
    memcpy(document->bytes + at, bytes, (size_t)n);
    document->n += n - removed;
}

static void insert_word(struct document *document, int64_t at)
{
    static const char *const words[] = {"<!--",
                                        "-->",
                                        "<![CDATA[",
                                        "]]>",
                                        "&amp;",
                                        "&#49;",
                                        "&x;",
                                        "<spectrum>",
                                        "</spectrum>",
                                        "<spectrum/>",
                                        "</spectrumList>",
                                        "<spectrumList>",
                                        "<spectrum",
                                        "<?p q?>",
                                        "<!DOCTYPE a>",
                                        "\xc3\xa4",
                                        "\xe4",
                                        "\xef\xbb\xbf",
                                        " xmlns:a='b'",
                                        " xmlns='b'",
                                        "a:",
                                        "/",
                                        ">",
                                        "<",
                                        "\"",
                                        "'",
                                        "=",
                                        "\n",
                                        "\t",
                                        "<a>",
                                        "</a>",
                                        "<a/>",
                                        "<a b='c'/>",
                                        "</slice>",
                                        "</mzML>",
                                        "99999999999999999999",
                                        "-1",
                                        "1e9",
                                        "value=\"\"",
                                        " value='7'"};
    const char *word = words[below(sizeof words / sizeof *words)];
    splice(document, at, next_random() % 2 ? (int64_t)strlen(word) : 0, word, (int64_t)strlen(word));
}

/* The next number behind `at` becomes an extreme one. */
static void replace_number(struct document *document, int64_t at)
{
    static const char *const numbers[] = {
        "9223372036854775807", "9223372036854775808", "-1",          "0",   "1e300", "nan",
        "2147483648",          "4294967296",          "-2147483648", "1.5", ""};
    const char *number = numbers[below(sizeof numbers / sizeof *numbers)];
    int64_t digits = 0;
    while (at < document->n && (document->bytes[at] < '0' || document->bytes[at] > '9'))
        at++;
    while (at + digits < document->n && document->bytes[at + digits] >= '0' &&
           document->bytes[at + digits] <= '9')
        digits++;
    splice(document, at, digits, number, (int64_t)strlen(number));
}

/* One damage at `at`. */
static void damage(struct document *document, int64_t at)
{
    char piece[4096];
    int64_t left = document->n - at, n;
    switch (below(7)) {
    case 0:
        document->bytes[at] = (char)(document->bytes[at] ^ (1 << below(8)));
        break;
    case 1:
        document->bytes[at] = "<>&\"'/= \n\t\x80!?-[]0x"[below(19)];
        break;
    case 2:
    case 3:
        insert_word(document, at);
        break;
    case 4: /* left out */
        splice(document, at, 1 + below(next_random() % 2 ? 8 : 2000), "", 0);
        break;
    case 5: /* repeated */
        n = 1 + below(left < (int64_t)sizeof piece ? left : (int64_t)sizeof piece);
        memcpy(piece, document->bytes + at, (size_t)(n < left ? n : left));
        splice(document, at, 0, piece, n < left ? n : left);
        break;
    default:
        if (below(20) == 0)
            document->n = at;
        else
            replace_number(document, at);
    }
}

static void mutate(struct document *document)
{
    int64_t n = 1 + below(3);
    for (int64_t i = 0; i < n && document->n > 0; i++)
        damage(document, below(document->n));
}

static int64_t count_of_mutants(void)
{
    const char *count = getenv("MZGRID_MUTANTS"), *seed = getenv("MZGRID_SEED");
    state = seed ? strtoull(seed, NULL, 10) : 1;
    return count ? strtoll(count, NULL, 10) : N_USUAL;
}

/* The mutants of one original; how many of them were cut. */
static int64_t compare_mutants(const char *about, const char *bytes, int64_t n, int64_t n_mutants)
{
    static struct document document;
    int64_t n_cut = 0;
    for (int64_t i = 0; i < n_mutants; i++) {
        struct whole whole;
        bool was_cut[2];
        int64_t slice_size = 1 + below(next_random() % 2 ? 500 : 20000);
        uint64_t begun = state;
        memcpy(document.bytes, bytes, (size_t)n);
        document.n = n;
        mutate(&document);
        whole_parse(&whole, document.bytes, document.n, 600000);
        for (int by_library = 0; by_library < 2; by_library++) {
            const char *difference = sliced_difference(&whole, slice_size, by_library, &was_cut[by_library]);
            cr_expect(difference == NULL, "%s, state %llu, slices of %lld, by %s: %s differs", about,
                      (unsigned long long)begun, (long long)slice_size, by_library ? "library" : "scanner",
                      difference ? difference : "");
        }
        n_cut += was_cut[0];
        whole_free(&whole);
    }
    return n_cut;
}

static void make_sample(struct sample *sample)
{
    sample_head(sample, SAMPLE_CONTENT, "", "", 20);
    for (int i = 0; i < 20; i++)
        sample_spectrum(sample, i % 5 + 1, i / 5 + 1, 16 + 24 * i, 32 + 24 * i, 2 + i % 3);
    sample_tail(sample);
}

Test(mutants, of_a_plain_document, .timeout = 3600)
{
    static struct sample sample;
    int64_t n = count_of_mutants();
    make_sample(&sample);
    int64_t n_cut = compare_mutants("sample", sample.text, (int64_t)sample.n, n);
    cr_expect(gt(i64, n_cut, n / 20), "of %lld", (long long)n);
}

/* Of exporters as different as there are. */
Test(mutants, of_real_documents, .timeout = 3600)
{
    static const char *const sets[] = {"example-processed",   "cardinal-9peaks", "maldiquant-2peaks",
                                       "thyra-iontof-sparse", "imzy-simple",     "i2nca-pp"};
    enum { N_SETS = sizeof sets / sizeof *sets };
    static char bytes[MAX_BYTES];
    int64_t n_mutants = count_of_mutants() / N_SETS;
    for (int i = 0; i < N_SETS; i++) {
        char name[200], path[1300];
        snprintf(name, sizeof name, "data/%s/%s.imzML", sets[i], sets[i]);
        if (!shared_path(__FILE__, name, path, sizeof path))
            return;
        FILE *file = fopen(path, "rb");
        cr_assert_not_null(file);
        int64_t n = (int64_t)fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        cr_assert(lt(i64, n, MAX_BYTES), "%s has grown", sets[i]);
        compare_mutants(sets[i], bytes, n, n_mutants);
    }
}
