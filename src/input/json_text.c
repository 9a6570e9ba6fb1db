#include <input/json_text.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct json_t *mzg_json_text(const char *text)
{
    json_t *string = json_string(text);
    if (string)
        return string;
    char *ascii = strdup(text);
    for (char *c = ascii; c && *c; c++)
        if (*c & 0x80)
            *c = '?';
    string = ascii ? json_string(ascii) : NULL;
    free(ascii);
    return string;
}
