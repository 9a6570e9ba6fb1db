#include <core/json.h>

json_t *mzg_json_with(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) == 0)
        return object;
    json_decref(object);
    return NULL;
}

json_t *mzg_json_append(json_t *list, json_t *value)
{
    if (json_array_append_new(list, value) == 0)
        return list;
    json_decref(list);
    return NULL;
}

json_t *mzg_json_merge(json_t *object, json_t *more)
{
    int status = more ? json_object_update(object, more) : -1;
    json_decref(more);
    if (status == 0)
        return object;
    json_decref(object);
    return NULL;
}
