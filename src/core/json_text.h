/* Text of unknown origin as a JSON string. */
#ifndef MZG_CORE_JSON_TEXT_H
#define MZG_CORE_JSON_TEXT_H

struct json_t;

/* A new JSON string; text that is not UTF-8, as paths may be, is escaped as when it is printed
 * (core/escape.h). NULL if there is no memory. */
struct json_t *mzg_json_text(const char *text);

#endif
