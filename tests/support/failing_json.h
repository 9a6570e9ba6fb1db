/* Jansson's memory, of which one request fails: for tests that want an error or the whole result. */
#ifndef FAILING_JSON_H
#define FAILING_JSON_H

#include <jansson.h>
#include <stdlib.h>

static long json_requests, json_fail_at; /* counted from 1; 0: none fails */

static inline void *failing_malloc(size_t size)
{
    return ++json_requests == json_fail_at ? NULL : malloc(size);
}

/* From now on request number `n` fails; 0: none, which are counted all the same. */
static inline void fail_json_request(long n)
{
    json_set_alloc_funcs(failing_malloc, free);
    json_requests = 0;
    json_fail_at = n;
}

/* How many requests there were; from now on none fails. */
static inline long end_of_json_failure(void)
{
    json_fail_at = 0;
    return json_requests;
}

#endif
