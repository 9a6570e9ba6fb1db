#include <core/json_text.h>

#include <core/escape.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct json_t *mzg_json_text(const char *text)
{
    json_t *string = json_string(text);
    if (string)
        return string;
    size_t n = strlen(text), size = MZG_ESCAPE_SIZE(n);
    char *escaped = malloc(size);
    if (!escaped)
        return NULL;
    mzg_escape(text, n, escaped, size);
    string = json_string(escaped);
    free(escaped);
    return string;
}
