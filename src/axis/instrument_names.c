/*
 * Models named in a text, as exporters do that have no accession for them. Letters and digits alone are
 * compared, so that "Q-Exactive", "QExactive" and "Q Exactive" are one; a name begins where a word of the
 * text does.
 */
#include <axis/instruments.h>

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum {
    LONGEST = 200,
    LEAST = 3,      /* letters and digits of a name that is looked for */
    DISTINCTIVE = 6 /* of one that need not end with a word: "solarix7t" */
};

/* The letters and digits of a text in lower case, and whether a word begins at each; words[n] is true. */
struct squeezed {
    char text[LONGEST + 1];
    bool begins[LONGEST + 1];
    size_t n;
};

static void squeeze(const char *text, struct squeezed *squeezed)
{
    bool begins = true;
    squeezed->n = 0;
    for (; *text && squeezed->n < LONGEST; text++) {
        if (!isalnum((unsigned char)*text)) {
            begins = true;
            continue;
        }
        squeezed->text[squeezed->n] = (char)tolower((unsigned char)*text);
        squeezed->begins[squeezed->n++] = begins;
        begins = false;
    }
    squeezed->text[squeezed->n] = '\0';
    squeezed->begins[squeezed->n] = true;
}

/* Numbers alone, as "3100", may be anything. */
static bool can_be_told(const struct squeezed *name)
{
    return name->n >= LEAST && strspn(name->text, "0123456789") < name->n;
}

static bool stands_in(const struct squeezed *name, const struct squeezed *text)
{
    for (size_t at = 0; at + name->n <= text->n; at++)
        if (text->begins[at] && (text->begins[at + name->n] || name->n >= DISTINCTIVE) &&
            memcmp(text->text + at, name->text, name->n) == 0)
            return true;
    return false;
}

const struct mzg_instrument *mzg_instrument_named(const char *text)
{
    const struct mzg_instrument *instrument, *found = NULL;
    struct squeezed in, name;
    size_t longest = 0;
    squeeze(text, &in);
    for (int i = 0; (instrument = mzg_instrument_at(i)); i++) {
        squeeze(instrument->model, &name);
        if (name.n > longest && can_be_told(&name) && stands_in(&name, &in)) {
            longest = name.n;
            found = instrument;
        }
    }
    return found;
}
