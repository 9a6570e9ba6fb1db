#include <cli/json_print.h>

#include <core/escape.h>
#include <core/format.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { INDENT = 2, WIDTH = 80, MAX_DEPTH = 16, MAX_NAME = 200 };

/* Members whose text is not their name and their value as they are. */
enum style {
    PLAIN,
    COUNT,  /* "1,234,567" */
    DATA,   /* "12.3 MB" */
    BY,     /* a list of sides: "40 x 30" */
    RANGE,  /* a list of two ends: "100 to 1000" */
    SHARE,  /* "25.6 %" */
    HIDDEN, /* of no use to who reads */
};
static const struct words {
    const char *name, *text;
    enum style style;
} all_words[] = {
    {"bin_widths_da", "bin width [Da]", RANGE},
    {"bin_width", "bin width [Da]", PLAIN},
    {"bins", "bins", COUNT},
    {"bytes", "size", DATA},
    {"bytes_estimate", "size, about", DATA},
    {"declared_grid", "declared size", BY},
    {"declared_spectra", "declared spectra", COUNT},
    {"edges_sha256", NULL, HIDDEN},
    {"exponent", NULL, HIDDEN},
    {"grid", "size in pixels", BY},
    {"instrument_accessions", NULL, HIDDEN},
    {"kinds", "spectra by kind", PLAIN},
    {"kinds_counted", "spectra looked at", COUNT},
    {"matrix_bytes", "of it the matrix", DATA},
    {"max_mz", "to m/z", PLAIN},
    {"min_mz", "from m/z", PLAIN},
    {"mz_range", "m/z", RANGE},
    {"mz_range_spectra", "m/z from spectra", COUNT},
    {"n_bins", "bins", COUNT},
    {"peaks", "peaks", COUNT},
    {"percent_of_all", "of all cells", SHARE},
    {"pixel_size_from", "pixel size from", PLAIN},
    {"pixel_size_um", "pixel size [µm]", BY},
    {"pixels", "pixels", COUNT},
    {"points_estimate", "points, about", COUNT},
    {"reference_mz", "at m/z", PLAIN},
    {"resampling", "method", PLAIN},
    {"sampling_exponent", NULL, HIDDEN},
    {"sampling_scale", NULL, HIDDEN},
    {"skipped_pixels", "pixels skipped", COUNT},
    {"spectra", "spectra", COUNT},
    {"step", NULL, HIDDEN},
    {"values_stored", "values", COUNT},
};

static struct words words_of(const char *name)
{
    for (size_t i = 0; i < sizeof all_words / sizeof *all_words; i++)
        if (strcmp(name, all_words[i].name) == 0)
            return all_words[i];
    return (struct words){name, NULL, PLAIN};
}

/* Names are mostly mzgrid's own; some come from the input. */
static void print_name(FILE *file, const char *name)
{
    struct words words = words_of(name);
    if (words.text) {
        fputs(words.text, file);
        return;
    }
    char text[MAX_NAME + 4];
    mzg_escape(name, strlen(name), text, sizeof text);
    for (char *c = text; *c; c++)
        if (*c == '_')
            *c = ' ';
    fputs(text, file);
}

/* How many columns that takes. */
static int width_of_name(const char *name)
{
    char text[MAX_NAME + 4];
    struct words words = words_of(name);
    if (!words.text)
        return (int)mzg_escape(name, strlen(name), text, sizeof text);
    int width = 0;
    for (const char *c = words.text; *c; c++)
        width += ((unsigned char)*c & 0xC0) != 0x80; /* of UTF-8, its first bytes */
    return width;
}

static void print_real(FILE *file, double value)
{
    fprintf(file, "%.10g", value);
}

/* A value in the style of its name; false if it is not of that kind. */
static bool print_styled(FILE *file, enum style style, const json_t *value)
{
    char text[MZG_FORMAT_SIZE];
    if (style == SHARE && json_is_number(value)) {
        fprintf(file, "%.3g %%", json_number_value(value));
    } else if ((style == COUNT || style == DATA) && json_is_integer(value) &&
               json_integer_value(value) >= 0) {
        fputs(style == COUNT ? mzg_format_count(text, sizeof text, json_integer_value(value))
                             : mzg_format_data(text, sizeof text, json_integer_value(value)),
              file);
    } else if ((style == BY || style == RANGE) && json_is_number(json_array_get(value, 0))) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            if (i > 0)
                fputs(style == BY ? " x " : " to ", file);
            if (style == RANGE)
                fprintf(file, "%.6g", json_number_value(json_array_get(value, i)));
            else
                print_real(file, json_number_value(json_array_get(value, i)));
        }
    } else {
        return false;
    }
    return true;
}

/* A value on the present line, whatever it is. */
static void print_inline(FILE *file, const json_t *value, int depth)
{
    size_t i;
    const char *name;
    json_t *item;
    const char *separator = "";
    if (json_is_string(value)) {
        mzg_escape_print(file, json_string_value(value));
    } else if (json_is_integer(value)) {
        fprintf(file, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_real(value)) {
        print_real(file, json_real_value(value));
    } else if (json_is_array(value) && json_array_size(value) > 0 && depth < MAX_DEPTH) {
        json_array_foreach(value, i, item)
        {
            fputs(separator, file);
            print_inline(file, item, depth + 1);
            separator = ", ";
        }
    } else if (json_is_object(value) && depth < MAX_DEPTH) {
        json_object_foreach((json_t *)value, name, item)
        {
            enum style style = words_of(name).style;
            if (style == HIDDEN)
                continue;
            fputs(separator, file);
            print_name(file, name);
            fputc(' ', file);
            if (!print_styled(file, style, item))
                print_inline(file, item, depth + 1);
            separator = ", ";
        }
    } else {
        fputs(json_is_true(value)    ? "yes"
              : json_is_false(value) ? "no"
              : json_is_array(value) ? "none"
                                     : "unknown",
              file);
    }
}

/* How many columns print_inline() takes; -1 without memory. */
static int inline_width(const json_t *value)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (!file)
        return -1;
    print_inline(file, value, 0);
    fclose(file);
    free(text);
    return (int)size;
}

static bool holds_objects(const json_t *list)
{
    return json_is_object(json_array_get(list, 0));
}

/* The value of a name, from column `column` on, where the present line stands. */
static void print_value(FILE *file, const json_t *value, int column)
{
    size_t i;
    const json_t *item;
    if (!json_is_array(value) || json_array_size(value) == 0 ||
        (!holds_objects(value) && column + inline_width(value) <= WIDTH)) {
        print_inline(file, value, 0);
        fputc('\n', file);
        return;
    }
    json_array_foreach(value, i, item)
    {
        if (i > 0)
            fprintf(file, "%*s", column, "");
        print_inline(file, item, 0);
        fputc('\n', file);
    }
}

static int longest_name(const json_t *object)
{
    int longest = 0;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        if (!json_is_object(value) && words_of(name).style != HIDDEN && width_of_name(name) > longest)
            longest = width_of_name(name);
    }
    return longest;
}

static void print_object(FILE *file, const json_t *object, int depth)
{
    int width = longest_name(object);
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        enum style style = words_of(name).style;
        if (style == HIDDEN)
            continue;
        fprintf(file, "%*s", INDENT * depth, "");
        print_name(file, name);
        if (json_is_object(value) && depth < MAX_DEPTH) {
            fputc('\n', file);
            print_object(file, value, depth + 1);
        } else {
            fprintf(file, "%*s", width - width_of_name(name) + 2, "");
            if (print_styled(file, style, value))
                fputc('\n', file);
            else
                print_value(file, value, INDENT * depth + width + 2);
        }
    }
}

enum mzg_status mzg_json_print(FILE *file, const json_t *object, struct mzg_error *err)
{
    char *text = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    if (!text)
        return mzg_fail(err, MZG_ENOMEM, "no memory to print JSON");
    mzg_escape_print_json(file, text);
    fputc('\n', file);
    free(text);
    return MZG_OK;
}

void mzg_json_print_text(FILE *file, const json_t *object)
{
    print_object(file, object, 0);
}
