/*
 * JSON put together so that a lack of memory is not lost: each function takes what is being built, and gives
 * it back with more in it, or frees it and gives NULL. NULL given is NULL returned, so only the end of a
 * chain needs to be looked at; json_pack() does the same with members given as "o".
 */
#ifndef MZG_CORE_JSON_H
#define MZG_CORE_JSON_H

#include <jansson.h>

/* `object` with the member `key`. Takes the references to both, also on failure. NULL if one of them is
 * NULL, there is no memory, or `key` is not UTF-8. Local. */
json_t *mzg_json_with(json_t *object, const char *key, json_t *value);

/* `list` with `value` behind the others; likewise. Local. */
json_t *mzg_json_append(json_t *list, json_t *value);

/* `object` with all members of `more`; likewise. Local. */
json_t *mzg_json_merge(json_t *object, json_t *more);

#endif
