/* A parameter is called as its option, with underscores, unless the table says otherwise. */
#include <core/parameters.h>

#include <core/escape.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <version.h>

/* What follows an option may belong to it; the longer texts come first. */
static const char *const names[][2] = {
    {"--bins", "axis.bins"},
    {"--bin-width 1step", "bin_steps 1"},
    {"--bin-width", "axis.bin_width"},
    {"--interpolation-method", "method"},
    {"--log-file", "log"},
    {"--mass-axis-file", "axis_file"},
    {"--mass-axis-type", "axis.type"},
    {"--max-mz", "axis.max_mz"},
    {"--min-mz", "axis.min_mz"},
    {"--mobility sum", "mobility_sum"},
    {"--on-error skip", "fail_on_error = false"},
    {"--peak-list", "peaks.list"},
    {"--pixels", "pixels_file"},
    {"--reference-mz", "axis.reference_mz"},
    {"--resolution", "axis.reference_mz"}, /* which together with a width makes one */
    {"--snr", "peaks.snr"},
    {"--tolerance", "peaks.tolerance"},
};
enum { N_NAMES = sizeof names / sizeof *names };

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Whether an option begins at `text`, of which `before` is the character before. */
static bool begins(const char *text, char before)
{
    return strncmp(text, "--", 2) == 0 && text[2] >= 'a' && text[2] <= 'z' && strchr(" ('\"", before);
}

/* The length of the option's name at `text`. */
static size_t length_of(const char *text)
{
    size_t n = 2;
    while (is_letter(text[n]) || (text[n] == '-' && is_letter(text[n + 1])))
        n++;
    return n;
}

/* The row for what stands at `text`, whose option has `length` bytes; -1: none. */
static int find(const char *text, size_t length)
{
    for (int i = 0; i < N_NAMES; i++) {
        size_t n = strlen(names[i][0]);
        bool is_whole = n == length || (n > length && names[i][0][length] == ' ');
        if (is_whole && strncmp(text, names[i][0], n) == 0)
            return i;
    }
    return -1;
}

void mzg_parameters_text(const char *text, char *named, size_t size)
{
    size_t n = 0;
    char before = ' ';
    while (*text && n + 1 < size) {
        if (!begins(text, before)) {
            before = named[n++] = *text++;
            continue;
        }
        size_t length = length_of(text);
        int row = find(text, length);
        if (row >= 0) {
            int written = snprintf(named + n, size - n, "%s", names[row][1]);
            n = (size_t)written < size - n ? n + (size_t)written : size - 1;
            text += strlen(names[row][0]);
        } else {
            for (size_t i = 2; i < length && n + 1 < size; i++)
                named[n++] = text[i] == '-' ? '_' : text[i];
            text += length;
        }
        before = 'x';
    }
    named[n] = '\0';
    if (*text)
        mzg_escape_trim(named);
}

enum mzg_status mzg_name_parameters(struct mzg_error *err)
{
    struct mzg_error named = {.status = err->status};
    if (err->status == MZG_OK)
        return MZG_OK;
    mzg_parameters_text(err->text, named.text, sizeof named.text);
    *err = named;
    return err->status;
}

enum mzg_status mzg_size_check(const char *name, size_t size, size_t smallest, size_t largest,
                               struct mzg_error *err)
{
    /* A struct that begins with a size_t has its alignment, so that a size between is none, but a mistake. */
    if (size >= smallest && size <= largest && size % sizeof(size_t) == 0)
        return MZG_OK;
    return mzg_fail(err, MZG_EUSAGE,
                    "struct %s has size %zu, but mzgrid %s knows sizes from %zu to %zu: set `size` to "
                    "sizeof(struct %s); newer headers need a newer library",
                    name, size, MZG_VERSION, smallest, largest, name);
}
