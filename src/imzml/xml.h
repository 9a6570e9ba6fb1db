/*
 * XML as a stream of events, from bytes that arrive in pieces: libxml2's push parser, bounded against hostile
 * files. There is no DOM; a document type declaration is refused where it begins, so that there are no
 * entities but the predefined ones; nesting is limited, and libxml2's own limits on the size of a name or a
 * value hold.
 */
#ifndef MZG_IMZML_XML_H
#define MZG_IMZML_XML_H

#include <input/text.h>
#include <mzgrid/error.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    MZG_XML_MAX_DEPTH = 64,       /* of elements; mzML nests 10 deep */
    MZG_XML_MAX_ATTRIBUTES = 4096 /* of a long element, at least; mzML has 10 */
};

struct mzg_xml;
struct mzg_xml_attributes;

/* Names are local: without namespace prefix. `attributes` is valid during the call. */
struct mzg_xml_handler {
    void *context;
    void (*start)(void *context, const char *name, const struct mzg_xml_attributes *attributes);
    void (*end)(void *context, const char *name);
};

/* The value of an attribute, of no text (p == NULL) where there is none; valid during the call of the
 * handler. */
struct mzg_text mzg_xml_attribute(const struct mzg_xml_attributes *attributes, const char *name);

/* The i-th attribute, i from 0; false if there are no more. */
bool mzg_xml_attribute_at(const struct mzg_xml_attributes *attributes, int i, const char **name,
                          struct mzg_text *value);

enum mzg_xml_state {
    MZG_XML_MORE,      /* go on with the next piece */
    MZG_XML_DONE,      /* the root element is closed; what follows does not matter */
    MZG_XML_STOPPED,   /* the handler called mzg_xml_stop() */
    MZG_XML_NOT_XML,   /* it does not even begin as XML */
    MZG_XML_TRUNCATED, /* it ends inside the root element */
    MZG_XML_MALFORMED, /* not well-formed */
    MZG_XML_ENCODING,  /* bytes that are not valid in the encoding, or an encoding that is not known */
    MZG_XML_DOCTYPE,   /* a document type declaration */
    MZG_XML_DEPTH,     /* elements nested absurdly deep */
    MZG_XML_ATTRIBUTES /* an element with absurdly many attributes */
};

/* `encoding` overrides what the document declares; NULL: it does not. The handler is copied. Local. */
enum mzg_status mzg_xml_new(const struct mzg_xml_handler *handler, const char *encoding, struct mzg_xml **xml,
                            struct mzg_error *err);
void mzg_xml_free(struct mzg_xml *xml);

/* Parses the next n bytes, at most 8 MiB; n == 0 tells that there are no more, and never returns
 * MZG_XML_MORE. Nothing is parsed once the state is another than MZG_XML_MORE. Local. */
enum mzg_xml_state mzg_xml_push(struct mzg_xml *xml, const char *bytes, size_t n);

/* From within a handler: no further events. */
void mzg_xml_stop(struct mzg_xml *xml);

/* The bytes up to the end of the root element, once the state is MZG_XML_DONE; -1 if libxml2 cannot tell.
 */
int64_t mzg_xml_consumed(const struct mzg_xml *xml);

/* Where the parser is, or met a fault: the line, from 1, and libxml2's words for the fault, without newline.
 */
int mzg_xml_line(const struct mzg_xml *xml);
const char *mzg_xml_message(const struct mzg_xml *xml);

#endif
