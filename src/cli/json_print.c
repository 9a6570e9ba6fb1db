#include <cli/json_print.h>

#include <core/escape.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { INDENT = 2, WIDTH = 80, MAX_DEPTH = 16, MAX_NAME = 200 };

/* Names are mostly mzgrid's own; some come from the input. */
static void print_name(FILE *file, const char *name)
{
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
    return (int)mzg_escape(name, strlen(name), text, sizeof text);
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
        fprintf(file, "%.10g", json_real_value(value));
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
            fputs(separator, file);
            print_name(file, name);
            fputc(' ', file);
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
        if (!json_is_object(value) && width_of_name(name) > longest)
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
        fprintf(file, "%*s", INDENT * depth, "");
        print_name(file, name);
        if (json_is_object(value) && depth < MAX_DEPTH) {
            fputc('\n', file);
            print_object(file, value, depth + 1);
        } else {
            fprintf(file, "%*s", width - width_of_name(name) + 2, "");
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
