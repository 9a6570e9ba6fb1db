#include <imzml/xml.h>

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 16 << 10 };

struct mzg_xml {
    struct mzg_xml_handler handler;
    xmlParserCtxtPtr parser;
    enum mzg_xml_state state;
    int depth;
    int64_t consumed; /* bytes, at the end of the root element */
    bool rooted;      /* the root element has begun */
    int equals;       /* of the last bytes, in blocks in which nothing begins */
    char message[160];
};

struct mzg_xml_attributes {
    const xmlChar **five; /* name, prefix, URI, begin and end of the value, for each */
    int n;
};

static struct mzg_text value_of(const xmlChar *const *five)
{
    return (struct mzg_text){(const char *)five[3], (size_t)(five[4] - five[3])};
}

struct mzg_text mzg_xml_attribute(const struct mzg_xml_attributes *attributes, const char *name)
{
    for (int i = 0; i < attributes->n; i++) {
        const xmlChar *const *five = attributes->five + (ptrdiff_t)5 * i;
        if (five[0][0] == (xmlChar)name[0] && strcmp((const char *)five[0], name) == 0)
            return value_of(five);
    }
    return (struct mzg_text){NULL, 0};
}

bool mzg_xml_attribute_at(const struct mzg_xml_attributes *attributes, int i, const char **name,
                          struct mzg_text *value)
{
    if (i >= attributes->n)
        return false;
    const xmlChar *const *five = attributes->five + (ptrdiff_t)5 * i;
    *name = (const char *)five[0];
    *value = value_of(five);
    return true;
}

static void halt(struct mzg_xml *xml, enum mzg_xml_state state)
{
    if (xml->state == MZG_XML_MORE)
        xml->state = state;
    xmlStopParser(xml->parser);
}

void mzg_xml_stop(struct mzg_xml *xml)
{
    halt(xml, MZG_XML_STOPPED);
}

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                     int n_namespaces, const xmlChar **namespaces, int n_attributes, int n_defaulted,
                     const xmlChar **attributes)
{
    (void)prefix, (void)uri, (void)n_namespaces, (void)namespaces, (void)n_defaulted;
    struct mzg_xml *xml = context;
    if (xml->state != MZG_XML_MORE)
        return;
    xml->rooted = true;
    if (++xml->depth > MZG_XML_MAX_DEPTH) {
        halt(xml, MZG_XML_DEPTH);
        return;
    }
    struct mzg_xml_attributes list = {attributes, n_attributes};
    xml->handler.start(xml->handler.context, (const char *)name, &list);
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    (void)prefix, (void)uri;
    struct mzg_xml *xml = context;
    if (xml->state != MZG_XML_MORE)
        return;
    xml->handler.end(xml->handler.context, (const char *)name);
    if (--xml->depth == 0) {
        xml->consumed = xmlByteConsumed(xml->parser); /* before the parser forgets */
        halt(xml, MZG_XML_DONE);
    }
}

static void on_doctype(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    (void)name, (void)external, (void)system;
    halt(context, MZG_XML_DOCTYPE);
}

/* Faults are looked up after each push; without a handler libxml2 would print them. */
static void on_fault(void *context, xmlErrorPtr fault)
{
    (void)context, (void)fault;
}

enum mzg_status mzg_xml_new(const struct mzg_xml_handler *handler, const char *encoding, struct mzg_xml **xml,
                            struct mzg_error *err)
{
    xmlInitParser();
    xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC,
                         .startElementNs = on_start,
                         .endElementNs = on_end,
                         .internalSubset = on_doctype,
                         .serror = on_fault};
    struct mzg_xml *new_xml = calloc(1, sizeof *new_xml);
    if (!new_xml)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the XML parser");
    new_xml->handler = *handler;
    new_xml->parser = xmlCreatePushParserCtxt(&sax, new_xml, NULL, 0, NULL);
    if (!new_xml->parser) {
        mzg_xml_free(new_xml);
        return mzg_fail(err, MZG_ENOMEM, "no memory for the XML parser");
    }
    /* No XML_PARSE_HUGE, which would lift libxml2's limits. With NOENT "&amp;" arrives as "&"; other entities
     * cannot be declared without a document type. */
    int options = XML_PARSE_NONET | XML_PARSE_NOENT;
    if (encoding) {
        options |= XML_PARSE_IGNORE_ENC;
        if (xmlCtxtResetPush(new_xml->parser, NULL, 0, NULL, encoding) != 0) {
            mzg_xml_free(new_xml);
            return mzg_fail(err, MZG_EFORMAT, "this libxml2 does not know the encoding %s", encoding);
        }
    }
    xmlCtxtUseOptions(new_xml->parser, options);
    *xml = new_xml;
    return MZG_OK;
}

void mzg_xml_free(struct mzg_xml *xml)
{
    if (!xml)
        return;
    if (xml->parser)
        xmlFreeParserCtxt(xml->parser);
    free(xml);
}

static void keep_message(struct mzg_xml *xml)
{
    const xmlError *fault = xmlCtxtGetLastError(xml->parser);
    snprintf(xml->message, sizeof xml->message, "%s",
             fault && fault->message ? fault->message : "unknown fault");
    xml->message[strcspn(xml->message, "\n")] = '\0';
}

/* The state after libxml2 met a fault while `at_end` or before. */
static enum mzg_xml_state classify(const struct mzg_xml *xml, bool at_end)
{
    const xmlError *fault = xmlCtxtGetLastError(xml->parser);
    if (!fault && xml->parser->disableSAX)
        return MZG_XML_ENCODING; /* the fault was below the parser */
    int code = fault ? fault->code : XML_ERR_OK;
    /* Of invalid characters only this one is about the encoding; it has no code of its own. */
    bool not_utf8 = code == XML_ERR_INVALID_CHAR && strstr(xml->message, "not proper UTF-8");
    if (not_utf8 || code == XML_ERR_INVALID_ENCODING || code == XML_ERR_UNSUPPORTED_ENCODING ||
        code == XML_ERR_UNKNOWN_ENCODING || code == XML_I18N_CONV_FAILED || code == XML_IO_ENCODER)
        return MZG_XML_ENCODING;
    if (!xml->rooted)
        return MZG_XML_NOT_XML;
    return at_end ? MZG_XML_TRUNCATED : MZG_XML_MALFORMED;
}

/* Takes the words that libxml2 would print. */
__attribute__((format(printf, 2, 3))) static void on_words(void *context, const char *format, ...)
{
    (void)context, (void)format;
}

/* libxml2 reports what goes wrong below the parser, in the conversion of encodings, to two handlers of the
 * thread, which print unless they are replaced. */
static void parse_quietly(xmlParserCtxtPtr parser, const char *bytes, int n, bool at_end)
{
    xmlStructuredErrorFunc structured = xmlStructuredError;
    void *structured_context = xmlStructuredErrorContext;
    xmlGenericErrorFunc generic = xmlGenericError;
    void *generic_context = xmlGenericErrorContext;
    xmlSetStructuredErrorFunc(NULL, on_fault);
    xmlSetGenericErrorFunc(NULL, on_words);
    xmlParseChunk(parser, bytes, n, at_end);
    xmlSetStructuredErrorFunc(structured_context, structured);
    xmlSetGenericErrorFunc(generic_context, generic);
}

static int count_equals(const char *bytes, size_t n)
{
    int count = 0;
    for (size_t i = 0; i < n; i++)
        count += bytes[i] == '=';
    return count;
}

/* libxml2 2.9 compares the attributes of an element each with each, and an element may have 10 MB. Long
 * elements are found by blocks in which no other begins; all others have few attributes. False if there
 * are too many. */
static bool bound_attributes(struct mzg_xml *xml, const char *bytes, size_t n)
{
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t length = n - at < BLOCK ? n - at : BLOCK;
        if (memchr(bytes + at, '<', length))
            xml->equals = 0;
        else
            xml->equals += count_equals(bytes + at, length);
        if (xml->equals > MZG_XML_MAX_ATTRIBUTES)
            return false;
    }
    return true;
}

enum mzg_xml_state mzg_xml_push(struct mzg_xml *xml, const char *bytes, size_t n)
{
    if (xml->state != MZG_XML_MORE)
        return xml->state;
    bool at_end = n == 0;
    if (!bound_attributes(xml, bytes, n)) {
        halt(xml, MZG_XML_ATTRIBUTES);
        return xml->state;
    }
    parse_quietly(xml->parser, at_end ? "" : bytes, (int)n, at_end);
    if (xml->state != MZG_XML_MORE)
        return xml->state;

    /* A fault of namespaces leaves wellFormed set, and nothing of imzML depends on it. */
    if (!xml->parser->wellFormed || xml->parser->disableSAX || at_end) {
        keep_message(xml);
        xml->state = classify(xml, at_end);
    }
    return xml->state;
}

int64_t mzg_xml_consumed(const struct mzg_xml *xml)
{
    return xml->state == MZG_XML_DONE ? xml->consumed : -1;
}

int mzg_xml_line(const struct mzg_xml *xml)
{
    return xml->parser->input ? xml->parser->input->line : 0;
}

const char *mzg_xml_message(const struct mzg_xml *xml)
{
    return xml->message;
}
