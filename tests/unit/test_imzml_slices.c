/* The XML of an imzML in slices, by the scanner and by the library → the same index as from front to back, or
 * none. */
#include <index_equality.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <imzml_sample.h>
#include <shared_data.h>
#include <sys/stat.h>

enum { IBD_SIZE = 100000 };

/* Compares at many sizes of slices, and by both ways: whether all of these took the document. */
static void compare(const char *about, const char *bytes, int64_t n, int64_t ibd_size, bool cut[2])
{
    static const int64_t sizes[] = {1, 40, 100, 333, 1000, 4096, 50000, 1 << 20};
    enum { N_SIZES = sizeof sizes / sizeof *sizes, MAX_SLICES = 5000 };
    struct whole whole;
    cut[0] = cut[1] = true;
    whole_parse(&whole, bytes, n, ibd_size);
    for (int i = 0; i < N_SIZES; i++) {
        if (n / sizes[i] > MAX_SLICES)
            continue;
        for (int by_library = 0; by_library < 2; by_library++) {
            bool was_cut;
            const char *difference = sliced_difference(&whole, sizes[i], by_library, &was_cut);
            cr_expect(difference == NULL, "%s, slices of %lld bytes, by %s: %s differs", about,
                      (long long)sizes[i], by_library ? "library" : "scanner", difference ? difference : "");
            cut[by_library] = cut[by_library] && was_cut;
        }
    }
    whole_free(&whole);
}

static char *read_file(const char *path, int64_t *n)
{
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    struct stat facts;
    fstat(fileno(file), &facts);
    char *bytes = malloc((size_t)facts.st_size + 1);
    *n = (int64_t)fread(bytes, 1, (size_t)facts.st_size, file);
    fclose(file);
    return bytes;
}

/* Compares each imzML of a folder of sets; how many were cut. */
static int compare_sets(const char *folder)
{
    char root[1100], path[2200];
    int n_cut = 0;
    if (!shared_path(__FILE__, folder, root, sizeof root))
        return -1;
    DIR *dir = opendir(root);
    const struct dirent *entry;
    while ((entry = readdir(dir))) {
        snprintf(path, sizeof path, "%s/%s/%s.imzML", root, entry->d_name, entry->d_name);
        if (access(path, R_OK) != 0)
            continue;
        int64_t n;
        bool cut[2];
        char *bytes = read_file(path, &n);
        compare(entry->d_name, bytes, n, 600000, cut);
        cr_expect(eq(int, cut[0], cut[1]), "%s: scanner and library differ in what they take", entry->d_name);
        n_cut += cut[0];
        free(bytes);
    }
    closedir(dir);
    return n_cut;
}

Test(slices, real_sets, .timeout = 100)
{
    int n_cut = compare_sets("data");
    cr_expect(n_cut < 0 || n_cut >= 35, "only %d real sets are cut", n_cut);
}

Test(slices, malformed_sets, .timeout = 100)
{
    compare_sets("data-malformed");
}

/* Documents that a cut at every "<spectrum" would misread, put together from a sample of spectra, each with a
 * piece of text before, within and behind. */
struct awkward {
    const char *about;
    const char *before;    /* the first spectrum */
    const char *between;   /* the spectra */
    const char *within;    /* each spectrum, in front of its first tag */
    const char *behind;    /* the last spectrum */
    const char *from, *to; /* replaced in all of it; NULL: nothing */
    bool cut[2];           /* whether the scanner, and the library alone, take it */
};

enum { N_SPECTRA = 30 };

static void write_awkward(struct sample *sample, const struct awkward *awkward)
{
    sample->n = 0;
    sample_head(sample, SAMPLE_CONTENT, "", "", N_SPECTRA);
    sample_add(sample, "%s", awkward->before);
    for (int i = 0; i < N_SPECTRA; i++) {
        sample_add(sample, "%s<spectrum id=\"s%d\" index='%d'>%s", i > 0 ? awkward->between : "", i, i,
                   awkward->within);
        sample_add(sample,
                   "<scanList><scan><cvParam accession=\"IMS:1000050\" value=\"%d\"/>"
                   "<cvParam accession=\"IMS:1000051\" value=\"%d\"/></scan></scanList>",
                   i % 6 + 1, i / 6 + 1);
        sample_array(sample, i % 7 == 6 ? "none" : "mz", "");
        sample_array(sample, "intensity", "<cvParam accession=\"IMS:1000103\" value=\"3\"/>");
        sample_add(sample, "</spectrum>");
    }
    sample_add(sample, "%s", awkward->behind);
    sample_tail(sample);
}

static size_t replace_all(const char *text, const char *from, const char *to, char *out, size_t size)
{
    size_t n = 0;
    for (const char *found; from && (found = strstr(text, from)); text = found + strlen(from)) {
        int length = snprintf(out + n, size - n, "%.*s%s", (int)(found - text), text, to);
        cr_assert(lt(sz, (size_t)length, size - n));
        n += (size_t)length;
    }
    cr_assert(lt(sz, strlen(text), size - n));
    memcpy(out + n, text, strlen(text) + 1);
    return n + strlen(text);
}

/* clang-format off */
static const struct awkward documents[] = {
    {"plain", "", "\n", "", "", NULL, NULL, {true, true}},
    {"nothing between tags", "", "", "", "", "\n", "", {true, true}},
    {"CRLF", "", "\n", "", "", "\n", "\r\n", {true, true}},
    {"a comment before the spectra", "<!-- <x> -->", "\n", "", "", NULL, NULL, {true, true}},
    {"a spectrum in a comment before the others", "<!-- <spectrum/> -->", "\n", "", "", NULL, NULL, {false, false}},
    {"comments between spectra", "", "<!-- c -->", "", "", NULL, NULL, {true, true}},
    {"spectra in comments", "", "<!-- <spectrum id='no'></spectrum> -->", "", "", NULL, NULL, {false, false}},
    {"a comment with many spectra", "", "<!-- <spectrum> <spectrum> <spectrum> <spectrum> -->", "", "", NULL, NULL, {false, false}},
    {"a spectrum in CDATA", "", "", "<x><![CDATA[ <spectrum> ]]></x>", "", NULL, NULL, {false, false}},
    {"a spectrum in an instruction", "", "<?p <spectrum ?>", "", "", NULL, NULL, {false, false}},
    {"the end of the list in a comment", "", "\n", "", "<!-- </spectrumList> -->", NULL, NULL, {true, true}},
    {"the end of the list in a comment behind the list", "", "\n", "", "", "</mzML>", "<!-- </spectrumList> --></mzML>", {false, false}},
    {"the end of the list behind the root", "", "\n", "", "", "</mzML>", "</mzML><!-- </spectrumList></mzML> -->", {false, false}},
    {"the list closed and opened again", "", "</spectrumList><spectrumList count='1'>", "", "", NULL, NULL, {false, false}},
    {"another list behind", "", "\n", "", "", "</run>", "<chromatogramList count='0'><x/></chromatogramList></run>", {true, true}},
    {"a spectrum behind the list", "", "\n", "", "", "</run>", "<spectrum/></run>", {false, false}},
    {"spectra in elements of their own", "", "\n", "", "", "<spectrum ", "<x/><spectrum ", {false, false}},
    {"a parameter of the list", "<cvParam accession='MS:1000127'/>", "\n", "", "", NULL, NULL, {true, true}},
    {"parameters between spectra", "", "<cvParam accession='MS:1000127'/>", "", "", NULL, NULL, {false, false}},
    {"text between spectra", "", " text ", "", "", NULL, NULL, {true, true}},
    {"text in a spectrum", "", "\n", "text", "", NULL, NULL, {true, true}},
    {"white space about names", "", "\n", "<x a = 'b' >\n</x >", "", NULL, NULL, {true, true}},
    {"entities in values", "", "\n", "<userParam name='a &amp; b &#x3c;' value='&quot;&#10;'/>", "", NULL, NULL, {true, true}},
    {"an entity in a number", "", "\n", "", "", "\"IMS:1000050\" value=\"1", "\"IMS:1000050\" value=\"&#49;", {true, true}},
    {"line ends in values", "", "\n", "<userParam name='3DPositionX' value='1\n'/>", "", NULL, NULL, {true, true}},
    {"> in values", "", "\n", "<userParam name='> 1'/>", "", NULL, NULL, {true, true}},
    {"an entity nobody knows", "", "\n", "<x a='&nobody;'/>", "", NULL, NULL, {false, false}},
    {"bare ampersand", "", "\n", "<x a='a & b'/>", "", NULL, NULL, {false, false}},
    {"< in a value", "", "\n", "<x a='<'/>", "", NULL, NULL, {false, false}},
    {"a spectrum in a value", "", "\n", "<x a='<spectrum >'/>", "", NULL, NULL, {false, false}},
    {"an attribute twice", "", "\n", "<x a='1' a='1'/>", "", NULL, NULL, {false, false}},
    {"no blank between attributes", "", "\n", "<x a='1'b='1'/>", "", NULL, NULL, {false, false}},
    {"no quotes", "", "\n", "<x a=1/>", "", NULL, NULL, {false, false}},
    {"crossed elements", "", "\n", "<x><y></x></y>", "", NULL, NULL, {false, false}},
    {"an end without a start", "", "</x>", "", "", NULL, NULL, {false, false}},
    {"an end of the wrapping", "", "</slice>", "", "", NULL, NULL, {false, false}},
    {"an element that is not closed", "", "\n", "<x>", "", NULL, NULL, {false, false}},
    {"a spectrum that is not closed", "", "\n", "", "<spectrum>", NULL, NULL, {false, false}},
    {"spectra in spectra", "", "\n", "<spectrum/>", "", NULL, NULL, {false, false}},
    {"empty spectra", "", "<spectrum/>", "", "", NULL, NULL, {true, true}},
    {"names that begin like a spectrum", "", "\n", "<spectrumX/><spectrum-y/><spectrumList/>", "", NULL, NULL, {true, true}},
    {"UTF-8", "", "\n", "<userParam name='\xc2\xb5m'/>", "", NULL, NULL, {true, true}},
    {"a group in UTF-8", "", "\n", "", "", "none", "\xc2\xb5", {true, true}},
    {"what is no UTF-8", "", "\n", "<userParam name='\xb5m'/>", "", NULL, NULL, {false, false}},
    {"ISO-8859-1, ASCII only", "", "\n", "", "", "UTF-8", "ISO-8859-1", {true, true}},
    {"ISO-8859-1, a group of that", "<!-- -->", "\n", "", "", "none", "\xb5", {false, false}},
    {"UTF-7", "", "\n", "<x a='+AGI-'/>", "", "UTF-8", "UTF-7", {false, false}},
    {"an unknown encoding", "", "\n", "", "", "UTF-8", "klingon", {false, false}},
    {"no declaration", "", "\n", "", "", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", "", {true, true}},
    {"byte order mark", "", "\n", "", "", "<?xml", "\xef\xbb\xbf<?xml", {true, true}},
    {"another version of XML", "", "\n", "", "", "1.0\" enc", "1.1\" enc", {true, true}},
    {"a character that XML has not", "", "\n", "<x a='\x01'/>", "", NULL, NULL, {false, false}},
    {"document type", "", "\n", "", "", "<mzML", "<!DOCTYPE mzML [<!ATTLIST cvParam value CDATA '7'>]><mzML", {false, false}},
    {"prefixes declared above", "", "\n", "<x xsi:type='t'/>", "", "<mzML", "<mzML xmlns:xsi='urn:x'", {true, true}},
    {"prefixes never declared", "", "\n", "<x:y x:accession='IMS:1000050'/>", "", NULL, NULL, {true, true}},
    {"attributes of several prefixes", "", "\n", "<cvParam a:accession='IMS:1000050' accession='IMS:1000051' value='9'/>", "", NULL, NULL, {true, true}},
    {"elements of a prefix", "", "\n", "", "", "<cvParam", "<m:cvParam", {true, true}},
    {"namespaces in spectra", "", "\n", "<x xmlns='urn:y'/>", "", NULL, NULL, {true, true}},
    {"spectra of a prefix", "", "\n", "", "", "spectrum ", "m:spectrum ", {false, false}},
    {"a list of a prefix", "", "\n", "", "", "spectrumList", "m:spectrumList", {false, false}},
    {"numbers of all kinds", "", "\n", "<userParam name='3DPositionX' value='1.0e0'/>", "", "value=\"3\"", "value=\" +3.00 \"", {true, true}},
    {"terms given twice", "", "\n", "<cvParam accession='IMS:1000050' value='-7'/>", "", NULL, NULL, {true, true}},
    {"an array that cannot be read", "", "\n", "", "", "\"IMS:1000103\" value=\"3\"/>", "\"MS:1002312\"/>", {false, false}},
    {"truncated in a spectrum", "", "\n", "", "<spectrum><cvParam", "</spectrumList></run></mzML>", "", {false, false}},
    {"truncated behind the list", "", "\n", "", "", "</run></mzML>", "", {false, false}},
    {"no spectra", "", "\n", "", "", "spectrum ", "x ", {false, false}},
    {"nested 13 deep", "", "\n", "<a><a><a><a><a><a><a><a><a><a></a></a></a></a></a></a></a></a></a></a>", "", NULL, NULL, {true, true}},
};
/* clang-format on */

Test(slices, awkward_documents, .timeout = 60)
{
    static struct sample sample;
    static char text[1 << 18];
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        const struct awkward *awkward = &documents[i];
        bool cut[2];
        write_awkward(&sample, awkward);
        size_t n = replace_all(sample.text, awkward->from, awkward->to, text, sizeof text);
        bool is_awkward = !awkward->from || strcmp(text, sample.text) != 0;
        cr_expect(is_awkward, "%s: nothing replaced", awkward->about);
        if (strcmp(awkward->about, "ISO-8859-1, a group of that") == 0)
            n = replace_all(strcpy(sample.text, text), "UTF-8", "ISO-8859-1", text, sizeof text);
        compare(awkward->about, text, (int64_t)n, IBD_SIZE, cut);
        for (int way = 0; way < 2; way++)
            cr_expect(eq(int, cut[way], awkward->cut[way]), "%s, by %s", awkward->about,
                      way ? "library" : "scanner");
    }
}

/* The limit of the document holds in a slice: with three elements around a spectrum, and four in the head. */
Test(slices, depth_counts_from_the_root)
{
    static struct sample sample;
    static char deep[2][600];
    bool cut[2];
    for (int levels = 55; levels < 66; levels++) {
        deep[0][0] = deep[1][0] = '\0';
        for (int i = 0; i < levels; i++) {
            strcat(deep[0], "<a>");
            strcat(deep[1], "</a>");
        }
        char within[1200];
        snprintf(within, sizeof within, "%s%s", deep[0], deep[1]);
        write_awkward(&sample, &(struct awkward){"", "", "\n", within, "", NULL, NULL, {false, false}});
        compare("deep", sample.text, (int64_t)sample.n, IBD_SIZE, cut);
        cr_expect(eq(int, cut[1], levels <= 59), "%d levels", levels);
    }
}
