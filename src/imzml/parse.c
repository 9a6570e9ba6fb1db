#include <core/stop.h>
#include <imzml/ibd.h>
#include <imzml/parse.h>
#include <imzml/trailing.h>
#include <input/not_input.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/encoding.h>

enum {
    PIECE = 1 << 20,
    MAX_HEADER_TEXT = 1 << 20,
    MAX_HEADER = 64 << 20 /* bytes before the first spectrum; real headers have some kilobytes */
};

static const char spectrum_list[] = "<spectrumList";

/* One attempt to parse; the encoding may turn out to be wrong, and call for another. */
struct attempt {
    struct mzg_xml *xml;
    struct mzg_imzml_document *document;
    const struct mzg_imzml_parse_options *options;
    int64_t piece;   /* bytes that are fed at once */
    int depth;       /* of elements */
    bool in_spectra; /* the spectrumList has begun */
    struct mzg_error err;
};

static void stop_on_failure(struct attempt *attempt)
{
    if (attempt->err.status != MZG_OK)
        mzg_xml_stop(attempt->xml);
}

static void on_spectrum_list(struct attempt *attempt)
{
    struct mzg_imzml_document *document = attempt->document;
    attempt->in_spectra = true;
    if (mzg_imzml_header_resolve(&document->header, &document->findings, &attempt->err) == MZG_OK &&
        attempt->options->header_only)
        mzg_xml_stop(attempt->xml);
}

static void on_start(void *context, const char *name, const struct mzg_xml_attributes *attributes)
{
    struct attempt *attempt = context;
    struct mzg_imzml_document *document = attempt->document;
    enum mzg_imzml_element element = mzg_element_parse(mzg_text_of(name));
    if (++attempt->depth > document->max_depth)
        document->max_depth = attempt->depth;
    if (attempt->in_spectra && (document->index.in_spectrum || element == MZG_ELEMENT_SPECTRUM)) {
        mzg_imzml_index_start_element(&document->index, element, attributes, &attempt->err);
    } else {
        mzg_imzml_header_start(&document->header, element, name, attributes, &attempt->err);
        if (element == MZG_ELEMENT_SPECTRUM_LIST && !attempt->in_spectra && attempt->err.status == MZG_OK)
            on_spectrum_list(attempt);
    }
    stop_on_failure(attempt);
}

static void on_end(void *context, const char *name)
{
    struct attempt *attempt = context;
    struct mzg_imzml_document *document = attempt->document;
    attempt->depth--;
    if (document->index.in_spectrum)
        mzg_imzml_index_end(&document->index, mzg_element_parse(mzg_text_of(name)), &attempt->err);
    else
        mzg_imzml_header_end(&document->header);
    stop_on_failure(attempt);
}

/* n bytes at `offset`: in `buffer`, or where they lie. */
static enum mzg_status next_piece(const struct mzg_imzml_source *source, int64_t offset, int64_t n,
                                  char *buffer, const char **bytes, struct mzg_error *err)
{
    *bytes = source->fd < 0 ? source->bytes + offset : buffer;
    return source->fd < 0 ? MZG_OK : mzg_imzml_source_read(source, offset, n, buffer, err);
}

/* Feeds the parser until it has enough; `state` is how it ended. */
static enum mzg_status feed(const struct mzg_imzml_source *source, struct attempt *attempt,
                            enum mzg_xml_state *state, struct mzg_error *err)
{
    char *buffer = source->fd < 0 ? NULL : malloc((size_t)attempt->piece);
    if (source->fd >= 0 && !buffer)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to read it", source->path);
    enum mzg_status status = MZG_OK;
    *state = MZG_XML_MORE;
    for (int64_t offset = 0; *state == MZG_XML_MORE;) {
        const char *bytes = "";
        int64_t left = source->size - offset;
        int64_t n = left < attempt->piece ? left : attempt->piece;
        status = mzg_check_stop(attempt->options->stop, err);
        if (status == MZG_OK)
            status = next_piece(source, offset, n, buffer, &bytes, err);
        if (status == MZG_OK && !attempt->in_spectra && offset > MAX_HEADER)
            status =
                mzg_fail(err, MZG_EFORMAT, "%s: no <spectrumList> within the first %d MiB: not an imzML file",
                         source->path, MAX_HEADER >> 20);
        if (status != MZG_OK)
            break;
        *state = mzg_xml_push(attempt->xml, bytes, (size_t)n);
        offset += n;
    }
    free(buffer);
    return status;
}

static enum mzg_status on_truncated(const struct mzg_imzml_source *source, struct attempt *attempt,
                                    struct mzg_error *err)
{
    struct mzg_imzml_document *document = attempt->document;
    int64_t complete = document->index.entries.n;
    if (attempt->in_spectra && attempt->options->allow_truncated && complete > 0) {
        mzg_find(&document->findings, MZG_FOUND_TRUNCATED_XML,
                 "the XML ends early at byte %" PRId64 "; its %" PRId64 " complete spectra are used",
                 source->size, complete);
        return MZG_OK;
    }
    return mzg_fail(err, MZG_EFORMAT,
                    "%s: the XML ends early at byte %" PRId64 ", %" PRId64
                    " complete spectra; get the whole file%s",
                    source->path, source->size, complete,
                    complete > 0 ? ", or use these spectra with --allow-truncated" : "");
}

/* Turns the way the parser ended into a status. */
static enum mzg_status conclude(const struct mzg_imzml_source *source, struct attempt *attempt,
                                enum mzg_xml_state state, struct mzg_error *err)
{
    const char *path = source->path, *words;
    switch (state) {
    case MZG_XML_MORE:
    case MZG_XML_DONE:
        break;
    case MZG_XML_STOPPED:
        if (attempt->err.status != MZG_OK)
            return mzg_fail(err, attempt->err.status, "%s: line %d: %.900s", path, mzg_xml_line(attempt->xml),
                            attempt->err.text);
        return MZG_OK;
    case MZG_XML_NOT_XML:
        words = mzg_not_input_words(path);
        if (words)
            return mzg_fail(err, MZG_EFORMAT, "%s: not an imzML file: it is %s", path, words);
        return mzg_fail(err, MZG_EFORMAT, "%s: not an imzML file: it does not begin as XML (%s)", path,
                        mzg_xml_message(attempt->xml));
    case MZG_XML_TRUNCATED:
        return on_truncated(source, attempt, err);
    case MZG_XML_MALFORMED:
        return mzg_fail(err, MZG_EFORMAT, "%s: line %d: not well-formed XML: %s", path,
                        mzg_xml_line(attempt->xml), mzg_xml_message(attempt->xml));
    case MZG_XML_ENCODING:
        return mzg_fail(err, MZG_EFORMAT, "%s: line %d: bytes that are not text in the declared encoding: %s",
                        path, mzg_xml_line(attempt->xml), mzg_xml_message(attempt->xml));
    case MZG_XML_DOCTYPE:
        return mzg_fail(
            err, MZG_EFORMAT,
            "%s: line %d: a document type declaration, which imzML does not need and mzgrid refuses", path,
            mzg_xml_line(attempt->xml));
    case MZG_XML_ATTRIBUTES:
        return mzg_fail(err, MZG_EFORMAT,
                        "%s: line %d: an element with more than %d attributes: not an imzML file", path,
                        mzg_xml_line(attempt->xml), MZG_XML_MAX_ATTRIBUTES);
    case MZG_XML_DEPTH:
        return mzg_fail(err, MZG_EFORMAT, "%s: line %d: elements nested more than %d deep: not an imzML file",
                        path, mzg_xml_line(attempt->xml), MZG_XML_MAX_DEPTH);
    }
    if (!attempt->in_spectra)
        return mzg_fail(err, MZG_EFORMAT, "%s: no <spectrumList>: not an imzML file", path);
    return MZG_OK;
}

/* Parses from the beginning, the text taken as `encoding` where that is not NULL. */
static enum mzg_status try_encoding(const struct mzg_imzml_source *source, int64_t piece,
                                    const char *encoding, const struct mzg_imzml_parse_options *options,
                                    struct mzg_imzml_document *document, bool *wrong_encoding,
                                    struct mzg_error *err)
{
    *document = (struct mzg_imzml_document){.size = source->size};
    mzg_imzml_header_init(&document->header);
    mzg_imzml_index_init(&document->index, &document->header, options->ibd_size, &document->findings);

    struct attempt attempt = {.document = document, .options = options, .piece = piece};
    struct mzg_xml_handler handler = {&attempt, on_start, on_end};
    if (mzg_xml_new(&handler, encoding, &attempt.xml, err) != MZG_OK)
        return err->status;
    enum mzg_xml_state state = MZG_XML_STOPPED;
    enum mzg_status status = feed(source, &attempt, &state, err);
    if (status == MZG_OK && state == MZG_XML_DONE)
        status = mzg_imzml_find_trailing(source, mzg_xml_consumed(attempt.xml), &document->findings, err);
    *wrong_encoding = status == MZG_OK && state == MZG_XML_ENCODING;
    if (status == MZG_OK)
        status = conclude(source, &attempt, state, err);
    mzg_xml_free(attempt.xml);
    return status;
}

/* Parses with the declared encoding and, where the bytes contradict it, with those that writers mean in its
 * place. */
static enum mzg_status parse(const struct mzg_imzml_source *source, int64_t piece,
                             const struct mzg_imzml_parse_options *options,
                             struct mzg_imzml_document *document, struct mzg_error *err)
{
    static const char *const encodings[] = {NULL, "windows-1252", "ISO-8859-1"};
    enum { N = sizeof encodings / sizeof *encodings };
    enum mzg_status status = MZG_OK;
    bool wrong_encoding = true;
    for (int i = 0; i < N && wrong_encoding; i++) {
        wrong_encoding = false;
        *err = (struct mzg_error){0};
        status = try_encoding(source, piece, encodings[i], options, document, &wrong_encoding, err);
        if (status == MZG_OK && encodings[i])
            mzg_find(&document->findings, MZG_FOUND_ENCODING,
                     "the XML is not in the encoding that it declares; read as %s", encodings[i]);
        if (status != MZG_OK)
            mzg_imzml_document_destroy(document);
    }
    return status;
}

/* The bytes before the first spectrum as UTF-8: as they are where they are that, else read as ISO-8859-1,
 * which every byte is valid in and most such files declare. */
static char *text_of_header(const char *bytes, int64_t n)
{
    const char *end = memmem(bytes, (size_t)n, spectrum_list, sizeof spectrum_list - 1);
    int length = end ? (int)(end - bytes) : (int)n;
    while (!end && length > 0 && (bytes[length - 1] & 0x80))
        length--; /* not half a character where the text is cut */
    char *text = malloc(2 * (size_t)length + 1);
    if (!text)
        return NULL;
    memcpy(text, bytes, (size_t)length);
    text[length] = '\0';
    if (strlen(text) == (size_t)length && xmlCheckUTF8((const unsigned char *)text))
        return text;
    int to = 2 * length, from = length;
    isolat1ToUTF8((unsigned char *)text, &to, (const unsigned char *)bytes, &from);
    text[to > 0 ? to : 0] = '\0';
    return text;
}

static enum mzg_status refuse_pointer(const char *path, const char *bytes, int64_t n, struct mzg_error *err)
{
    if (n == 0)
        return mzg_fail(err, MZG_EFORMAT, "%s: the file is empty, expected imzML", path);
    if (mzg_is_lfs_pointer(bytes, (size_t)n))
        return mzg_fail(err, MZG_EFORMAT,
                        "%s: a Git LFS pointer, not the file itself; fetch it with `git lfs pull`", path);
    return MZG_OK;
}

static enum mzg_status parse_source(const struct mzg_imzml_source *source, int64_t piece,
                                    const struct mzg_imzml_parse_options *options,
                                    struct mzg_imzml_document *document, struct mzg_error *err)
{
    int64_t n = source->size < MAX_HEADER_TEXT ? source->size : MAX_HEADER_TEXT;
    char *buffer = malloc((size_t)n + 1);
    const char *bytes = NULL;
    char *text = NULL;
    if (!buffer) {
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to read it", source->path);
    } else if (next_piece(source, 0, n, buffer, &bytes, err) == MZG_OK &&
               refuse_pointer(source->path, bytes, n, err) == MZG_OK && !(text = text_of_header(bytes, n))) {
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for its header", source->path);
    }
    free(buffer);
    enum mzg_status status = err->status;
    if (status == MZG_OK)
        status = parse(source, piece, options, document, err);
    if (status == MZG_OK)
        document->header_xml = text;
    else
        free(text);
    return status;
}

enum mzg_status mzg_imzml_parse_bytes(const char *bytes, int64_t n, int64_t piece, const char *path,
                                      const struct mzg_imzml_parse_options *options,
                                      struct mzg_imzml_document *document, struct mzg_error *err)
{
    struct mzg_imzml_source source = {.path = path, .fd = -1, .bytes = bytes, .size = n};
    return parse_source(&source, piece, options, document, err);
}

enum mzg_status mzg_imzml_parse(const char *path, const struct mzg_imzml_parse_options *options,
                                struct mzg_imzml_document *document, struct mzg_error *err)
{
    struct mzg_imzml_source source;
    if (mzg_imzml_source_open(path, &source, err) != MZG_OK)
        return err->status;
    enum mzg_status status = parse_source(&source, PIECE, options, document, err);
    mzg_imzml_source_close(&source);
    return status;
}

/* The bytes before and behind the body, one after the other; NULL if they cannot be had. */
static char *read_around(const struct mzg_imzml_source *source, const struct mzg_imzml_body *body, int64_t *n)
{
    struct mzg_error err = {0};
    int64_t tail = source->size - body->end;
    char *bytes = malloc((size_t)(body->begin + tail));
    *n = body->begin + tail;
    if (bytes && mzg_imzml_source_read(source, 0, body->begin, bytes, &err) == MZG_OK &&
        mzg_imzml_source_read(source, body->end, tail, bytes + body->begin, &err) == MZG_OK)
        return bytes;
    free(bytes);
    return NULL;
}

bool mzg_imzml_parse_around(const struct mzg_imzml_source *source, struct mzg_imzml_document *document,
                            struct mzg_imzml_body *body)
{
    enum { MAX_DEPTH = 32 }; /* leaves room for that of a spectrum */
    static const struct mzg_imzml_parse_options options = {0};
    struct mzg_imzml_body found;
    struct mzg_error err = {0};
    int64_t n;
    if (!mzg_imzml_body_find(source, &found))
        return false;
    char *bytes = read_around(source, &found, &n);
    bool parsed = bytes && mzg_imzml_body_is_ascii(bytes, found.begin, &found) &&
                  memmem(bytes, (size_t)found.begin, spectrum_list, sizeof spectrum_list - 1) &&
                  mzg_imzml_parse_bytes(bytes, n, PIECE, source->path, &options, document, &err) == MZG_OK;
    free(bytes);
    if (!parsed)
        return false;
    if (document->index.entries.n > 0 || document->max_depth > MAX_DEPTH) {
        mzg_imzml_document_destroy(document);
        return false;
    }
    document->size = source->size;
    found.depth = document->max_depth;
    found.is_utf8 = found.is_utf8 && document->findings.count[MZG_FOUND_ENCODING] == 0;
    *body = found;
    return true;
}

void mzg_imzml_document_destroy(struct mzg_imzml_document *document)
{
    mzg_imzml_header_destroy(&document->header);
    mzg_imzml_index_destroy(&document->index);
    free(document->header_xml);
    *document = (struct mzg_imzml_document){0};
}
