/* Text of unknown origin as a JSON string. */
#ifndef MZG_INPUT_JSON_TEXT_H
#define MZG_INPUT_JSON_TEXT_H

struct json_t;

/* A new JSON string; of text that is not UTF-8, as paths may be and cut texts are, with "?" for every byte
 * beyond ASCII. NULL where there is no memory. */
struct json_t *mzg_json_text(const char *text);

#endif
