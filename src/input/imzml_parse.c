#include <core/memory.h>
#include <input/ibd.h>
#include <input/imzml_parse.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libxml/encoding.h>

enum {
    PIECE = 1 << 20,
    MAX_HEADER_TEXT = 1 << 20,
    MAX_HEADER = 64 << 20 /* bytes before the first spectrum; real headers have some kilobytes */
};

/* Where the bytes come from: a file, or memory where fd < 0. */
struct source {
    const char *path;
    int fd;
    const char *bytes;
    int64_t size;
    int64_t piece;
};

/* One attempt to parse; the encoding may turn out to be wrong, and call for another. */
struct attempt {
    struct mzg_xml *xml;
    struct mzg_imzml_document *document;
    const struct mzg_imzml_parse_options *options;
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
    if (document->index.in_spectrum)
        mzg_imzml_index_end(&document->index, mzg_element_parse(mzg_text_of(name)), &attempt->err);
    else
        mzg_imzml_header_end(&document->header);
    stop_on_failure(attempt);
}

/* The next bytes at `offset`: in `buffer`, or where they lie. */
static enum mzg_status next_piece(const struct source *source, int64_t offset, char *buffer,
                                  const char **bytes, int64_t *n, struct mzg_error *err)
{
    int64_t left = source->size - offset;
    *n = left < source->piece ? left : source->piece;
    if (source->fd < 0) {
        *bytes = source->bytes + offset;
        return MZG_OK;
    }
    int error = mzg_read_at(source->fd, buffer, *n, offset);
    if (error)
        return mzg_fail(err, MZG_EIO, "%s: cannot read bytes %" PRId64 " to %" PRId64 ": %s", source->path,
                        offset, offset + *n - 1,
                        error == ENODATA ? "the file became shorter" : strerror(error));
    *bytes = buffer;
    return MZG_OK;
}

/* Feeds the parser until it has enough; `state` is how it ended. */
static enum mzg_status feed(const struct source *source, struct attempt *attempt, enum mzg_xml_state *state,
                            struct mzg_error *err)
{
    char *buffer = source->fd < 0 ? NULL : malloc((size_t)source->piece);
    if (source->fd >= 0 && !buffer)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to read it", source->path);
    enum mzg_status status = MZG_OK;
    *state = MZG_XML_MORE;
    for (int64_t offset = 0; *state == MZG_XML_MORE;) {
        const char *bytes = "";
        int64_t n = 0;
        status = next_piece(source, offset, buffer, &bytes, &n, err);
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

static enum mzg_status on_truncated(const struct source *source, struct attempt *attempt,
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
static enum mzg_status conclude(const struct source *source, struct attempt *attempt,
                                enum mzg_xml_state state, struct mzg_error *err)
{
    const char *path = source->path;
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
        return mzg_fail(err, MZG_EFORMAT, "%s: not an imzML file: it does not begin as XML (%s)", path,
                        mzg_xml_message(attempt->xml));
    case MZG_XML_TRUNCATED:
        return on_truncated(source, attempt, err);
    case MZG_XML_MALFORMED:
        return mzg_fail(err, MZG_EFORMAT, "%s: line %d: not well-formed XML: %s", path,
                        mzg_xml_line(attempt->xml), mzg_xml_message(attempt->xml));
    case MZG_XML_ENCODING:
        return mzg_fail(err, MZG_EFORMAT, "%s: line %d: bytes that are no text in the declared encoding: %s",
                        path, mzg_xml_line(attempt->xml), mzg_xml_message(attempt->xml));
    case MZG_XML_DOCTYPE:
        return mzg_fail(
            err, MZG_EFORMAT,
            "%s: line %d: a document type declaration, which imzML does not need and mzgrid refuses", path,
            mzg_xml_line(attempt->xml));
    case MZG_XML_DEPTH:
        return mzg_fail(err, MZG_EFORMAT, "%s: line %d: elements nested more than %d deep: not an imzML file",
                        path, mzg_xml_line(attempt->xml), MZG_XML_MAX_DEPTH);
    }
    if (!attempt->in_spectra)
        return mzg_fail(err, MZG_EFORMAT, "%s: no <spectrumList>: not an imzML file", path);
    return MZG_OK;
}

/* Parses from the beginning, the text taken as `encoding` where that is not NULL. */
static enum mzg_status try_encoding(const struct source *source, const char *encoding,
                                    const struct mzg_imzml_parse_options *options,
                                    struct mzg_imzml_document *document, bool *wrong_encoding,
                                    struct mzg_error *err)
{
    *document = (struct mzg_imzml_document){.size = source->size};
    mzg_imzml_header_init(&document->header);
    mzg_imzml_index_init(&document->index, &document->header, options->ibd_size, &document->findings);

    struct attempt attempt = {.document = document, .options = options};
    struct mzg_xml_handler handler = {&attempt, on_start, on_end};
    if (mzg_xml_new(&handler, encoding, &attempt.xml, err) != MZG_OK)
        return err->status;
    enum mzg_xml_state state = MZG_XML_STOPPED;
    enum mzg_status status = feed(source, &attempt, &state, err);
    *wrong_encoding = status == MZG_OK && state == MZG_XML_ENCODING;
    if (status == MZG_OK)
        status = conclude(source, &attempt, state, err);
    mzg_xml_free(attempt.xml);
    return status;
}

/* Parses with the declared encoding and, where the bytes contradict it, with those that writers mean in its
 * place. */
static enum mzg_status parse(const struct source *source, const struct mzg_imzml_parse_options *options,
                             struct mzg_imzml_document *document, struct mzg_error *err)
{
    static const char *const encodings[] = {NULL, "windows-1252", "ISO-8859-1"};
    enum { N = sizeof encodings / sizeof *encodings };
    enum mzg_status status = MZG_OK;
    bool wrong_encoding = true;
    for (int i = 0; i < N && wrong_encoding; i++) {
        wrong_encoding = false;
        status = try_encoding(source, encodings[i], options, document, &wrong_encoding, err);
        if (status == MZG_OK && encodings[i])
            mzg_find(&document->findings, MZG_FOUND_ENCODING,
                     "the XML is not in the encoding that it declares; read as %s", encodings[i]);
        if (status != MZG_OK)
            mzg_imzml_document_destroy(document);
    }
    if (status == MZG_OK)
        *err = (struct mzg_error){0};
    return status;
}

/* The bytes before the first spectrum as UTF-8: as they are where they are that, else read as ISO-8859-1,
 * which every byte is valid in and most such files declare. */
static char *text_of_header(const char *bytes, int64_t n)
{
    static const char list[] = "<spectrumList";
    const char *end = memmem(bytes, (size_t)n, list, sizeof list - 1);
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

static enum mzg_status parse_source(const struct source *source,
                                    const struct mzg_imzml_parse_options *options,
                                    struct mzg_imzml_document *document, struct mzg_error *err)
{
    int64_t n = source->size < MAX_HEADER_TEXT ? source->size : MAX_HEADER_TEXT;
    struct source head = *source;
    head.piece = n;
    char *buffer = malloc((size_t)n + 1);
    const char *bytes = NULL;
    char *text = NULL;
    if (!buffer) {
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to read it", source->path);
    } else if (next_piece(&head, 0, buffer, &bytes, &n, err) == MZG_OK &&
               refuse_pointer(source->path, bytes, n, err) == MZG_OK && !(text = text_of_header(bytes, n))) {
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for its header", source->path);
    }
    free(buffer);
    enum mzg_status status = err->status;
    if (status == MZG_OK)
        status = parse(source, options, document, err);
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
    struct source source = {.path = path, .fd = -1, .bytes = bytes, .size = n, .piece = piece};
    return parse_source(&source, options, document, err);
}

enum mzg_status mzg_imzml_parse(const char *path, const struct mzg_imzml_parse_options *options,
                                struct mzg_imzml_document *document, struct mzg_error *err)
{
    struct source source = {.path = path, .fd = -1, .piece = PIECE};
    if (mzg_open_regular(path, &source.fd, &source.size, err) != MZG_OK)
        return err->status;
    enum mzg_status status = parse_source(&source, options, document, err);
    close(source.fd);
    return status;
}

void mzg_imzml_document_destroy(struct mzg_imzml_document *document)
{
    mzg_imzml_header_destroy(&document->header);
    mzg_imzml_index_destroy(&document->index);
    free(document->header_xml);
    *document = (struct mzg_imzml_document){0};
}
