/* A JSON object as members of a group of AnnData's type "dict". */
#include <anndata/elements.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAME = 200 }; /* bytes of a name; file systems take 255 */

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

static bool is_reserved(const char *name)
{
    return strncmp(name, "__", 2) == 0 || strspn(name, ".") == strlen(name) ||
           strcasecmp(name, "zarr.json") == 0;
}

/* Makes a name of `key`: each run of forbidden bytes becomes one '_'. `name` holds MAX_NAME + 1 bytes. */
static void set_name(const char *key, char *name)
{
    size_t length = 0;
    for (bool replaced = false; *key && length < MAX_NAME; key++) {
        bool is_allowed = is_name_byte(*key);
        if (is_allowed || !replaced)
            name[length++] = is_allowed ? *key : '_';
        replaced = !is_allowed;
    }
    name[length] = '\0';
    if (is_reserved(name)) {
        char plain[MAX_NAME + 1];
        snprintf(plain, sizeof plain, "x%s", name);
        memcpy(name, plain, sizeof plain);
    }
}

static void lower_case(const char *name, char *lower)
{
    do
        *lower++ = (char)tolower((unsigned char)*name);
    while (*name++);
}

/* Makes `name` differ from all names in `used`, whatever their case, by a number at its end, and adds it
 * there. False: no memory. */
static bool make_unique(json_t *used, char *name)
{
    char lower[MAX_NAME + 16], candidate[MAX_NAME + 16];
    snprintf(candidate, sizeof candidate, "%s", name);
    lower_case(candidate, lower);
    for (int i = 2; json_object_get(used, lower); i++) {
        snprintf(candidate, sizeof candidate, "%.*s_%d", MAX_NAME - 12, name, i);
        lower_case(candidate, lower);
    }
    memcpy(name, candidate, MAX_NAME);
    name[MAX_NAME] = '\0';
    return json_object_set_new(used, lower, json_true()) == 0;
}

static bool all_are(const json_t *list, bool (*is_kind)(const json_t *item))
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!is_kind(json_array_get(list, i)))
            return false;
    }
    return true;
}

static bool is_string(const json_t *item)
{
    return json_is_string(item);
}

static bool is_boolean(const json_t *item)
{
    return json_is_boolean(item);
}

static bool is_integer(const json_t *item)
{
    return json_is_integer(item);
}

static bool is_number(const json_t *item)
{
    return json_is_number(item);
}

static int64_t list_text(const void *source, int64_t i, char *text, int64_t size)
{
    const json_t *item = json_array_get(source, (size_t)i);
    int64_t length = (int64_t)json_string_length(item);
    if (text)
        memcpy(text, json_string_value(item), (size_t)(length < size ? length : size));
    return length;
}

/* The type in which a list of one kind is stored; MZG_STRING for any list that is not of numbers or booleans,
 * and for an empty one: lists in metadata are lists of terms. */
static enum mzg_type list_type(const json_t *list)
{
    if (json_array_size(list) == 0)
        return MZG_STRING;
    if (all_are(list, is_boolean))
        return MZG_BOOL;
    if (all_are(list, is_integer))
        return MZG_INT64;
    return all_are(list, is_number) ? MZG_FLOAT64 : MZG_STRING;
}

static enum mzg_status write_list(struct mzg_backend *backend, const char *path, const json_t *list,
                                  enum mzg_type type, struct mzg_error *err)
{
    size_t n = json_array_size(list);
    size_t item_size = (size_t)mzg_type_size(type);
    unsigned char *values = malloc(n * item_size + 1);
    if (!values)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for %zu values", path, n);
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(list, i);
        if (type == MZG_BOOL)
            values[i] = json_is_true(item);
        else if (type == MZG_INT64)
            memcpy(values + i * item_size, &(int64_t){json_integer_value(item)}, item_size);
        else
            memcpy(values + i * item_size, &(double){json_number_value(item)}, item_size);
    }
    struct mzg_numbers numbers = {.type = type, .n = (int64_t)n, .values = values};
    backend->kind->numbers(backend, path, &numbers, err);
    free(values);
    return err->status;
}

static enum mzg_status write_members(struct mzg_backend *backend, const char *path, const json_t *parent,
                                     struct mzg_error *err);

static int64_t whole_text(const void *source, int64_t i, char *text, int64_t size)
{
    (void)i;
    int64_t length = (int64_t)strlen(source);
    if (text)
        memcpy(text, source, (size_t)(length < size ? length : size));
    return length;
}

static enum mzg_status write_strings(struct mzg_backend *backend, const char *path, int64_t n,
                                     int64_t (*item)(const void *, int64_t, char *, int64_t),
                                     const void *source, struct mzg_error *err)
{
    return backend->kind->strings(backend, path,
                                  &(struct mzg_strings){.n = n, .item = item, .source = source}, err);
}

static enum mzg_status write_number(struct mzg_backend *backend, const char *path, enum mzg_type type,
                                    const void *value, struct mzg_error *err)
{
    return backend->kind->numbers(backend, path,
                                  &(struct mzg_numbers){.type = type, .n = -1, .values = value}, err);
}

static enum mzg_status write_value(struct mzg_backend *backend, const char *path, const json_t *value,
                                   struct mzg_error *err)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return write_strings(backend, path, -1, whole_text, json_string_value(value), err);
    case JSON_INTEGER:
        return write_number(backend, path, MZG_INT64, &(int64_t){json_integer_value(value)}, err);
    case JSON_REAL:
        return write_number(backend, path, MZG_FLOAT64, &(double){json_real_value(value)}, err);
    case JSON_TRUE:
    case JSON_FALSE:
        return write_number(backend, path, MZG_BOOL, &(unsigned char){json_is_true(value)}, err);
    case JSON_NULL:
        return MZG_OK;
    case JSON_ARRAY:
        if (list_type(value) != MZG_STRING)
            return write_list(backend, path, value, list_type(value), err);
        if (all_are(value, is_string))
            return write_strings(backend, path, (int64_t)json_array_size(value), list_text, value, err);
        break;
    case JSON_OBJECT:
        break;
    }
    if (mzg_write_dict(backend, path, err) != MZG_OK)
        return err->status;
    return write_members(backend, path, value, err);
}

static enum mzg_status write_member(struct mzg_backend *backend, const char *parent, const char *key,
                                    json_t *used, const json_t *value, struct mzg_error *err)
{
    char name[MAX_NAME + 1];
    char *path;
    set_name(key, name);
    if (!make_unique(used, name) || asprintf(&path, "%s/%s", parent, name) < 0)
        return mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for its path", parent, name);
    write_value(backend, path, value, err);
    free(path);
    return err->status;
}

static enum mzg_status write_members(struct mzg_backend *backend, const char *path, const json_t *parent,
                                     struct mzg_error *err)
{
    json_t *used = json_object();
    if (!used)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its members", path);
    if (json_is_array(parent)) {
        for (size_t i = 0; i < json_array_size(parent) && err->status == MZG_OK; i++) {
            char key[32];
            snprintf(key, sizeof key, "%zu", i);
            write_member(backend, path, key, used, json_array_get(parent, i), err);
        }
    } else {
        const char *key;
        json_t *value;
        json_object_foreach((json_t *)parent, key, value)
        {
            if (write_member(backend, path, key, used, value, err) != MZG_OK)
                break;
        }
    }
    json_decref(used);
    return err->status;
}

enum mzg_status mzg_write_tree(struct mzg_backend *backend, const char *path, const json_t *tree,
                               struct mzg_error *err)
{
    return write_members(backend, path, tree, err);
}

enum mzg_status mzg_write_dict(struct mzg_backend *backend, const char *path, struct mzg_error *err)
{
    return backend->kind->group(backend, path, mzg_encoding("dict", "0.1.0"), err);
}
