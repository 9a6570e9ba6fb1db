#include <core/array.h>
#include <core/file.h>
#include <input/selection.h>
#include <input/text.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_LINE = 256, MAX_FILE = 1 << 30 };

/* By x, y, z; what any z stands for comes before all others. */
static int compare(const void *a, const void *b)
{
    const int32_t *p = ((const struct mzg_position *)a)->at, *q = ((const struct mzg_position *)b)->at;
    for (int d = 0; d < 3; d++)
        if (p[d] != q[d])
            return p[d] < q[d] ? -1 : 1;
    return 0;
}

static enum mzg_status append(struct mzg_selection *selection, int64_t *capacity,
                              const struct mzg_position *position, struct mzg_error *err)
{
    if (mzg_array_grow(&selection->positions, sizeof *selection->positions, selection->n + 1, capacity,
                       "positions", err) != MZG_OK)
        return err->status;
    selection->positions[selection->n++] = *position;
    return MZG_OK;
}

/* Reads up to three numbers; returns how many there are, 0 on an empty line, -1 if it is no list of them.
 */
static int read_numbers(struct mzg_text line, int32_t numbers[3])
{
    static const char separators[] = " \t\r,;";
    int n = 0;
    const char *end = line.p + line.n;
    const char *comment = memchr(line.p, '#', line.n);
    if (comment)
        end = comment;
    for (const char *p = line.p; p < end;) {
        const char *word = p;
        while (p < end && !memchr(separators, *p, sizeof separators - 1))
            p++;
        int64_t value;
        if (p > word) {
            if (n == 3 || !mzg_text_to_int64((struct mzg_text){word, (size_t)(p - word)}, &value) ||
                value <= INT32_MIN || value > INT32_MAX)
                return -1;
            numbers[n++] = (int32_t)value;
        } else {
            p++;
        }
    }
    return n;
}

enum mzg_status mzg_selection_parse(const char *bytes, int64_t n, const char *path,
                                    struct mzg_selection *selection, struct mzg_error *err)
{
    int64_t number = 1, capacity = selection->n;
    const char *end = bytes + n;
    selection->listed = true;
    for (const char *line = bytes; line < end; number++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        struct mzg_text text = {line, (size_t)((stop ? stop : end) - line)};
        struct mzg_position position = {.at = {0, 0, INT32_MIN}};
        int found = text.n <= MAX_LINE || line[0] == '#' ? read_numbers(text, position.at) : -1;
        if (found < 0 || found == 1)
            return mzg_fail(err, MZG_EFORMAT,
                            "%s: line %" PRId64 ": expected a position \"x y\" or \"x y z\" in whole numbers",
                            path, number);
        if (found > 0 && append(selection, &capacity, &position, err) != MZG_OK)
            return err->status;
        line = stop ? stop + 1 : end;
    }
    if (selection->n == 0)
        return mzg_fail(err, MZG_EFORMAT, "%s: lists no position, expected \"x y\" or \"x y z\" on each line",
                        path);
    qsort(selection->positions, (size_t)selection->n, sizeof *selection->positions, compare);
    int64_t kept = 1;
    for (int64_t i = 1; i < selection->n; i++)
        if (compare(&selection->positions[kept - 1], &selection->positions[i]) != 0)
            selection->positions[kept++] = selection->positions[i];
    selection->n = kept;
    return MZG_OK;
}

static enum mzg_status read_file(const char *path, struct mzg_selection *selection, struct mzg_error *err)
{
    int fd;
    int64_t size;
    if (mzg_open_regular(path, &fd, &size, err) != MZG_OK)
        return err->status;
    char *bytes = size <= MAX_FILE ? malloc((size_t)size + 1) : NULL;
    int error = bytes ? mzg_read_at(fd, bytes, size, 0) : 0;
    close(fd);
    if (!bytes)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for its %" PRId64 " bytes; expected a list of positions",
                 path, size);
    else if (error)
        mzg_fail(err, MZG_EIO, "%s: cannot read: %s", path, strerror(error));
    else
        mzg_selection_parse(bytes, size, path, selection, err);
    free(bytes);
    return err->status;
}

enum mzg_status mzg_selection_make(const struct mzg_reader_options *options, struct mzg_selection *selection,
                                   struct mzg_error *err)
{
    *selection = (struct mzg_selection){
        .region = options->region,
        .kinds = {.all = options->all_kinds, .ms_level = options->ms_level, .polarity = options->polarity}};
    return options->pixels_file ? read_file(options->pixels_file, selection, err) : MZG_OK;
}

void mzg_selection_destroy(struct mzg_selection *selection)
{
    free(selection->positions);
    *selection = (struct mzg_selection){0};
}

bool mzg_selection_is_part(const struct mzg_selection *selection)
{
    return selection->region.given || selection->listed;
}

static bool is_listed(struct mzg_selection *selection, const int32_t *xyz)
{
    struct mzg_position key = {.at = {xyz[0], xyz[1], xyz[2]}};
    bool found = false;
    for (int any = 0; any < 2; any++, key.at[2] = INT32_MIN) {
        struct mzg_position *position =
            bsearch(&key, selection->positions, (size_t)selection->n, sizeof key, compare);
        if (position)
            found = position->met = true;
    }
    return found;
}

/* A spectrum without a position is nowhere, and so in no part. */
static bool selects(struct mzg_selection *selection, const int32_t *xyz)
{
    const struct mzg_box *region = &selection->region;
    if (!mzg_selection_is_part(selection))
        return true;
    if (xyz[0] == INT32_MIN || (selection->listed && !is_listed(selection, xyz)))
        return false;
    for (int d = 0; d < 3 && region->given; d++)
        if (xyz[d] < region->min[d] || xyz[d] > region->max[d])
            return false;
    return true;
}

static void find_not_there(const struct mzg_selection *selection, struct mzg_findings *findings)
{
    for (int64_t i = 0; i < selection->n; i++) {
        const struct mzg_position *position = &selection->positions[i];
        if (position->met)
            continue;
        if (position->at[2] == INT32_MIN)
            mzg_find(findings, MZG_FOUND_NOT_THERE, "(%d,%d)", position->at[0], position->at[1]);
        else
            mzg_find(findings, MZG_FOUND_NOT_THERE, "(%d,%d,%d)", position->at[0], position->at[1],
                     position->at[2]);
    }
}

static enum mzg_status refuse_empty(const int32_t *positions, size_t stride, int64_t n_spectra,
                                    int64_t n_pixels, bool has_marks, struct mzg_error *err)
{
    int32_t min[3] = {INT32_MAX, INT32_MAX, INT32_MAX}, max[3] = {INT32_MIN, INT32_MIN, INT32_MIN};
    mzg_pixels_box(positions, stride, n_spectra, min, max);
    return mzg_fail(err, MZG_ERANGE,
                    "no pixel%s lies in --region or --pixels; its %" PRId64
                    " pixels lie at x %d to %d, y %d to %d, z %d to %d",
                    has_marks ? " with a spectrum of the ms level and polarity that are read" : "", n_pixels,
                    min[0], max[0], min[1], max[1], min[2], max[2]);
}

/* Moves the selected pixels of `all` into `part`, whose arrays are large enough. */
static void keep(struct mzg_selection *selection, const int32_t *positions, size_t stride,
                 const unsigned char *marks, const struct mzg_pixels *all, struct mzg_pixels *part)
{
    int64_t n_spectra = 0;
    for (int64_t p = 0; p < all->n; p++) {
        int64_t count = mzg_pixels_count(all, p);
        int64_t first = mzg_pixels_spectrum(all, p, 0);
        if (!selects(selection, (const int32_t *)((const char *)positions + (size_t)first * stride)))
            continue;
        int64_t before = n_spectra;
        for (int64_t k = 0; k < count; k++) {
            int64_t i = mzg_pixels_spectrum(all, p, k);
            if (!marks || marks[i])
                part->spectra[n_spectra++] = i;
        }
        if (n_spectra == before)
            continue;
        part->ordinals[part->n] = p;
        part->begin[part->n++] = before;
        part->n_duplicate += n_spectra - before > 1;
    }
    part->begin[part->n] = n_spectra;
}

enum mzg_status mzg_selection_apply(struct mzg_selection *selection, const int32_t *positions, size_t stride,
                                    const unsigned char *marks, struct mzg_pixels *pixels,
                                    struct mzg_findings *findings, struct mzg_error *err)
{
    int64_t n_spectra = pixels->begin ? pixels->begin[pixels->n] : pixels->n;
    size_t size = ((size_t)n_spectra + 1) * sizeof(int64_t);
    struct mzg_pixels part = {.begin = malloc(size), .spectra = malloc(size), .ordinals = malloc(size)};
    if (!part.begin || !part.spectra || !part.ordinals) {
        mzg_pixels_destroy(&part);
        return mzg_fail(err, MZG_ENOMEM, "no memory to select from %" PRId64 " pixels", pixels->n);
    }
    keep(selection, positions, stride, marks, pixels, &part);
    find_not_there(selection, findings);
    if (part.n == 0) {
        mzg_pixels_destroy(&part);
        return refuse_empty(positions, stride, n_spectra, pixels->n, marks != NULL, err);
    }
    mzg_pixels_destroy(pixels);
    *pixels = part;
    return MZG_OK;
}
