#include <spatialdata/names.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";

bool mzg_is_element_name(const char *name)
{
    enum { MAX_LENGTH = 220 }; /* file names have 255 bytes */
    size_t valid = strspn(name, letters);
    return *name && !name[valid] && strncmp(name, "__", 2) != 0 && strlen(name) <= MAX_LENGTH &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

enum mzg_status mzg_check_dataset_id(const char *id, struct mzg_error *err)
{
    enum { MOST = 128 };
    if (id && strlen(id) > MOST)
        return mzg_fail(err, MZG_EUSAGE, "--dataset-id is %zu characters long; at most %d are allowed",
                        strlen(id), MOST);
    if (!id || !mzg_is_element_name(id))
        return mzg_fail(
            err, MZG_EUSAGE,
            "--dataset-id '%s': only letters, digits, '_', '-' and '.' are allowed, not '__' at the start",
            id ? id : "");
    return MZG_OK;
}

/* The length of the word in braces that `text` begins with, and which it is; 0: it begins with none. */
static size_t placeholder(const char *text, const char **word)
{
    static const char *const words[] = {"{sample}", "{number}", "{name}"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strncmp(text, words[i], strlen(words[i])) == 0) {
            *word = words[i];
            return strlen(words[i]);
        }
    }
    return 0;
}

enum mzg_status mzg_rename_parse(const char *text, struct mzg_rename *rule, struct mzg_error *err)
{
    const char *equals = strchr(text, '='), *word;
    if (!equals || equals == text || !equals[1])
        return mzg_fail(err, MZG_EUSAGE, "'%s' is not OLD=NEW, such as 'msi_dataset={sample}'", text);
    *rule = (struct mzg_rename){text, (int)(equals - text), equals + 1};
    bool is_any = rule->old_length == 1 && *text == '*';
    if (!is_any && strspn(text, letters) != (size_t)rule->old_length)
        return mzg_fail(
            err, MZG_EUSAGE,
            "'%.*s' is not a valid name of an element: expected letters, digits, '_', '-', '.', or '*' alone",
            rule->old_length, text);
    for (const char *c = rule->new_name; *c;) {
        size_t length = placeholder(c, &word);
        if (length == 0 && !strchr(letters, *c))
            return mzg_fail(
                err, MZG_EUSAGE,
                "'%s' is not a valid name of elements: expected letters, digits, '_', '-', '.', {sample}, "
                "{number} or {name}",
                rule->new_name);
        c += length > 0 ? length : 1;
    }
    return MZG_OK;
}

static bool fits(const struct mzg_rename *rule, const char *name)
{
    size_t length = (size_t)rule->old_length;
    if (length == 1 && rule->old[0] == '*')
        return true;
    return strncmp(rule->old, name, length) == 0 && strchr("_-.", name[length]); /* or its end */
}

static char *expand(const struct mzg_rename *rule, const char *sample, int number, const char *name)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    const char *word = "";
    for (const char *c = rule->new_name; *c;) {
        size_t length = placeholder(c, &word);
        if (length == 0)
            fputc(*c, out);
        else if (strcmp(word, "{sample}") == 0)
            fputs(sample, out);
        else if (strcmp(word, "{number}") == 0)
            fprintf(out, "%d", number);
        else
            fputs(name, out);
        c += length > 0 ? length : 1;
    }
    if (rule->old[0] != '*')
        fputs(name + rule->old_length, out);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

enum mzg_status mzg_rename_apply(const struct mzg_rename *rules, int n_rules, const char *sample, int number,
                                 const char *name, char **renamed, struct mzg_error *err)
{
    int i = 0;
    while (i < n_rules && !fits(&rules[i], name))
        i++;
    char *text = i < n_rules ? expand(&rules[i], sample, number, name) : strdup(name);
    if (!text)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the name of an element");
    if (i < n_rules && !mzg_is_element_name(text)) {
        mzg_fail(err, MZG_EUSAGE,
                 "--rename makes '%s' of '%s': expected a name of 1 to 220 letters, digits, '_', '-' or '.', "
                 "which does not begin with '__'",
                 text, name);
        free(text);
        return err->status;
    }
    *renamed = text;
    return MZG_OK;
}

enum mzg_status mzg_sample_name(const char *path, char **name, struct mzg_error *err)
{
    char *resolved = NULL;
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    char *given = strndup(path, length);
    const char *last = given ? strrchr(given, '/') : NULL;
    last = last ? last + 1 : given;
    if (last && (strcmp(last, ".") == 0 || strcmp(last, "..") == 0)) {
        resolved = realpath(given, NULL);
        if (!resolved && errno != ENOMEM) {
            mzg_fail(err, MZG_EIO, "%s: it cannot be read: %s", path, strerror(errno));
            free(given);
            return err->status;
        }
        last = resolved ? strrchr(resolved, '/') + 1 : NULL;
    }
    char *sample = last ? strdup(last) : NULL;
    free(resolved);
    free(given);
    if (!sample)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for the name of its sample", path);
    length = strlen(sample);
    if (length > 5 && strcmp(sample + length - 5, ".zarr") == 0)
        sample[length - 5] = '\0';
    for (char *c = sample; *c; c++)
        if (!strchr(letters, *c))
            *c = '_';
    if (!mzg_is_element_name(sample)) {
        mzg_fail(err, MZG_EUSAGE,
                 "%s: its name makes no valid name of a sample ('%s'); give names with --samples", path,
                 sample);
        free(sample);
        return err->status;
    }
    *name = sample;
    return MZG_OK;
}
