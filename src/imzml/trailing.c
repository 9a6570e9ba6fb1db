#include <core/escape.h>
#include <imzml/trailing.h>

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

enum {
    BEFORE = 64,    /* bytes in which the end tag stands */
    LOOK = 1 << 16, /* bytes behind it that are looked at; comments may take them all */
    SHOWN = 30
};

/* Over a comment or an instruction that begins at `at`; NULL if it does not end within the text. */
static const char *skip_markup(const char *at, const char *end)
{
    bool is_comment = end - at >= 4 && memcmp(at, "<!--", 4) == 0;
    bool is_instruction = end - at >= 2 && memcmp(at, "<?", 2) == 0;
    const char *closing = is_comment ? "-->" : "?>";
    if (!is_comment && !is_instruction)
        return at;
    const char *found = memmem(at, (size_t)(end - at), closing, strlen(closing));
    return found ? found + strlen(closing) : NULL;
}

/* The first byte that may not be there; NULL without one. */
static const char *find_garbage(const char *at, const char *end)
{
    while (at && at < end) {
        const char *next = isspace((unsigned char)*at) ? at + 1 : skip_markup(at, end);
        if (next == at)
            return at;
        at = next;
    }
    return NULL;
}

enum mzg_status mzg_imzml_find_trailing(const struct mzg_imzml_source *source, int64_t end,
                                        struct mzg_findings *findings, struct mzg_error *err)
{
    char buffer[BEFORE + LOOK], shown[MZG_ESCAPE_SIZE(SHOWN)];
    int64_t first = end > BEFORE ? end - BEFORE : 0;
    int64_t n = source->size - first < (int64_t)sizeof buffer ? source->size - first : (int64_t)sizeof buffer;
    const char *bytes = buffer;
    if (end <= 0 || end >= source->size)
        return MZG_OK;
    if (source->fd < 0)
        bytes = source->bytes + first;
    else if (mzg_imzml_source_read(source, first, n, buffer, err) != MZG_OK)
        return err->status;
    const char *behind = bytes + (end - first), *past = bytes + n;
    if (behind[-1] != '>') /* libxml2 miscounted, as it may where it converts the encoding */
        return MZG_OK;
    const char *garbage = find_garbage(behind, past);
    if (!garbage)
        return MZG_OK;
    size_t left = (size_t)(past - garbage);
    mzg_escape(garbage, left < SHOWN ? left : SHOWN, shown, sizeof shown);
    mzg_find(findings, MZG_FOUND_TRAILING,
             "%" PRId64 " bytes stand behind the end of its XML and are ignored, which begin with \"%s\"",
             source->size - (first + (garbage - bytes)), shown);
    return MZG_OK;
}
