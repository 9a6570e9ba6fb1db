#include <core/array.h>
#include <imzml/header.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_GROUP_DEPTH = 8,     /* of groups that refer to groups */
    MAX_GROUP_PARAMS = 4096, /* of one group with all that it refers to */
    MAX_OF_SPECTRUM = 256,   /* of one group that describe a spectrum: each reference to it reads them */
    MAX_EXPANDED = 1 << 16   /* of all groups through others, and of the whole header, with groups in place of
                                the references to them */
};

void mzg_imzml_header_init(struct mzg_imzml_header *header)
{
    *header = (struct mzg_imzml_header){.declared_spectra = -1};
}

static void destroy_param(struct mzg_imzml_param *param)
{
    free(param->path);
    free(param->accession);
    free(param->name);
    free(param->value);
    free(param->unit_name);
}

void mzg_imzml_header_destroy(struct mzg_imzml_header *header)
{
    for (int64_t i = 0; i < header->n; i++)
        destroy_param(&header->params[i]);
    for (int64_t i = 0; i < header->n_groups; i++) {
        free(header->groups[i].params);
        free(header->groups[i].of_spectrum);
    }
    free(header->params);
    free(header->groups);
    *header = (struct mzg_imzml_header){0};
}

static enum mzg_imzml_section section_of(enum mzg_imzml_element element)
{
    switch (element) {
    case MZG_ELEMENT_FILE_CONTENT:
        return MZG_SECTION_FILE_CONTENT;
    case MZG_ELEMENT_SOURCE_FILE_LIST:
        return MZG_SECTION_SOURCE_FILES;
    case MZG_ELEMENT_CONTACT:
        return MZG_SECTION_CONTACT;
    case MZG_ELEMENT_GROUP_LIST:
        return MZG_SECTION_GROUPS;
    case MZG_ELEMENT_SAMPLE_LIST:
        return MZG_SECTION_SAMPLES;
    case MZG_ELEMENT_SOFTWARE_LIST:
        return MZG_SECTION_SOFTWARE;
    case MZG_ELEMENT_SCAN_SETTINGS_LIST:
        return MZG_SECTION_SCAN_SETTINGS;
    case MZG_ELEMENT_INSTRUMENT_LIST:
        return MZG_SECTION_INSTRUMENTS;
    case MZG_ELEMENT_DATA_PROCESSING_LIST:
        return MZG_SECTION_DATA_PROCESSING;
    case MZG_ELEMENT_RUN:
        return MZG_SECTION_RUN;
    default:
        return MZG_SECTION_NONE;
    }
}

/* Adds a parameter, which takes over nothing: the texts are copied. */
static enum mzg_status add_param(struct mzg_imzml_header *header, enum mzg_imzml_param_kind kind,
                                 const struct mzg_text texts[4], struct mzg_error *err)
{
    if (mzg_array_grow(&header->params, sizeof *header->params, header->n + 1, &header->capacity,
                       "parameters of the header", err) != MZG_OK)
        return err->status;
    struct mzg_imzml_param *param = &header->params[header->n];
    *param = (struct mzg_imzml_param){.kind = kind,
                                      .section = header->section,
                                      .path = strdup(header->path),
                                      .accession = mzg_text_copy(texts[0]),
                                      .name = mzg_text_copy(texts[1]),
                                      .value = mzg_text_copy(texts[2]),
                                      .unit_name = mzg_text_copy(texts[3])};
    if (!param->path || !param->accession || !param->name || !param->value || !param->unit_name) {
        destroy_param(param);
        return mzg_fail(err, MZG_ENOMEM, "no memory for the header");
    }
    header->n++;
    return MZG_OK;
}

static enum mzg_status add_term(struct mzg_imzml_header *header, enum mzg_imzml_param_kind kind,
                                const struct mzg_xml_attributes *attributes, struct mzg_error *err)
{
    struct mzg_text accession = mzg_xml_attribute(attributes, "accession");
    const struct mzg_text texts[4] = {accession, mzg_xml_attribute(attributes, "name"),
                                      mzg_xml_attribute(attributes, "value"),
                                      mzg_xml_attribute(attributes, "unitName")};
    if (add_param(header, kind, texts, err) != MZG_OK)
        return err->status;
    struct mzg_imzml_param *param = &header->params[header->n - 1];
    param->term = kind == MZG_PARAM_TERM ? mzg_term_parse(accession) : MZG_TERM_UNKNOWN;
    param->unit = mzg_term_parse(mzg_xml_attribute(attributes, "unitAccession"));
    return MZG_OK;
}

/* Appends the name of an element to the path: its id, else its name with its order. Lists add nothing. */
static void push_path(struct mzg_imzml_header *header, const char *name,
                      const struct mzg_xml_attributes *attributes)
{
    struct mzg_text id = mzg_xml_attribute(attributes, "id");
    struct mzg_text order = mzg_xml_attribute(attributes, "order");
    int length = (int)strlen(header->path);
    header->path_length[header->depth] = length;
    size_t name_length = strlen(name);
    bool is_list = !id.p && name_length > 4 && strcmp(name + name_length - 4, "List") == 0;
    if (is_list || section_of(mzg_element_parse(mzg_text_of(name))) == header->section)
        return;

    const char *separator = length > 0 ? "/" : "";
    char *to = header->path + length;
    size_t left = sizeof header->path - (size_t)length;
    if (id.p)
        snprintf(to, left, "%s%.*s", separator, (int)id.n, id.p);
    else if (order.p)
        snprintf(to, left, "%s%s %.*s", separator, name, (int)order.n, order.p);
    else
        snprintf(to, left, "%s%s", separator, name);
}

static enum mzg_status add_attributes(struct mzg_imzml_header *header,
                                      const struct mzg_xml_attributes *attributes, struct mzg_error *err)
{
    const char *name;
    struct mzg_text value;
    for (int i = 0; mzg_xml_attribute_at(attributes, i, &name, &value); i++) {
        const struct mzg_text texts[4] = {{NULL, 0}, mzg_text_of(name), value, {NULL, 0}};
        if (strcmp(name, "count") == 0 || strcmp(name, "order") == 0)
            continue;
        if (add_param(header, MZG_PARAM_ATTRIBUTE, texts, err) != MZG_OK)
            return err->status;
    }
    return MZG_OK;
}

static enum mzg_status start_outside(struct mzg_imzml_header *header, enum mzg_imzml_element element,
                                     const char *name, const struct mzg_xml_attributes *attributes,
                                     struct mzg_error *err)
{
    if (element == MZG_ELEMENT_MZML) {
        struct mzg_text version = mzg_xml_attribute(attributes, "version");
        snprintf(header->version, sizeof header->version, "%.*s", (int)version.n, version.p ? version.p : "");
        header->is_mzml = true;
    } else if (!header->is_mzml && element != MZG_ELEMENT_INDEXED_MZML) {
        return mzg_fail(err, MZG_EFORMAT, "the root element is <%.40s>, expected <mzML>: not an imzML file",
                        name);
    }
    header->section = section_of(element);
    header->depth = 0;
    header->path[0] = '\0';
    return MZG_OK;
}

enum mzg_status mzg_imzml_header_start(struct mzg_imzml_header *header, enum mzg_imzml_element element,
                                       const char *name, const struct mzg_xml_attributes *attributes,
                                       struct mzg_error *err)
{
    if (element == MZG_ELEMENT_SPECTRUM_LIST)
        mzg_text_to_int64(mzg_xml_attribute(attributes, "count"), &header->declared_spectra);
    if (header->section == MZG_SECTION_NONE) {
        if (start_outside(header, element, name, attributes, err) != MZG_OK)
            return err->status;
        if (header->section == MZG_SECTION_NONE)
            return MZG_OK;
    }
    header->depth++;

    push_path(header, name, attributes);
    if (header->groups) /* resolved: these point to parameters, which may not move any more */
        return MZG_OK;
    if (element == MZG_ELEMENT_CV_PARAM || element == MZG_ELEMENT_USER_PARAM ||
        element == MZG_ELEMENT_GROUP_REF) {
        header->path[header->path_length[header->depth]] = '\0';
        if (element == MZG_ELEMENT_GROUP_REF) {
            const struct mzg_text texts[4] = {
                {NULL, 0}, {NULL, 0}, mzg_xml_attribute(attributes, "ref"), {NULL, 0}};
            return add_param(header, MZG_PARAM_GROUP, texts, err);
        }
        return add_term(header, element == MZG_ELEMENT_CV_PARAM ? MZG_PARAM_TERM : MZG_PARAM_USER, attributes,
                        err);
    }
    return add_attributes(header, attributes, err);
}

void mzg_imzml_header_end(struct mzg_imzml_header *header)
{
    if (header->section == MZG_SECTION_NONE || header->depth == 0)
        return;
    header->path[header->path_length[header->depth]] = '\0';
    if (--header->depth == 0)
        header->section = MZG_SECTION_NONE;
}

/* The order of groups: the length of ids tells most of them apart. */
static int compare_ids(struct mzg_text a, struct mzg_text b)
{
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return a.n > 0 ? memcmp(a.p, b.p, a.n) : 0;
}

static int compare_groups(const void *a, const void *b)
{
    const struct mzg_imzml_group *p = a, *q = b;
    int order = compare_ids(p->id, q->id);
    return order ? order : (p->first > q->first) - (p->first < q->first);
}

const struct mzg_imzml_group *mzg_imzml_header_group(const struct mzg_imzml_header *header,
                                                     struct mzg_text id)
{
    int64_t low = 0, high = header->n_groups;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        int order = compare_ids(header->groups[middle].id, id);
        if (order == 0)
            return &header->groups[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Bounds the steps that hostile references can cause. */
struct budget {
    int params;    /* of one group */
    int64_t inner; /* of all groups together, through others */
};

/* Appends what `source` holds to `group`. */
static enum mzg_status collect(const struct mzg_imzml_header *header, const struct mzg_imzml_group *source,
                               int depth, struct budget *budget, struct mzg_imzml_group *group,
                               struct mzg_findings *findings, struct mzg_error *err)
{
    if (depth > MAX_GROUP_DEPTH)
        return mzg_fail(err, MZG_EFORMAT, "parameter group \"%.60s\" refers to groups more than %d deep",
                        group->id.p, MAX_GROUP_DEPTH);
    for (int64_t i = source->first; i < header->n; i++) {
        const struct mzg_imzml_param *param = &header->params[i];
        if (param->section != MZG_SECTION_GROUPS || strcmp(param->path, source->id.p) != 0)
            break;
        if (budget->params-- == 0)
            return mzg_fail(err, MZG_EFORMAT, "parameter group \"%.60s\" holds more than %d parameters",
                            group->id.p, MAX_GROUP_PARAMS);
        if (depth > 0 && budget->inner-- == 0)
            return mzg_fail(
                err, MZG_EFORMAT,
                "parameter groups that refer to groups, which mzML does not allow, hold more than %d "
                "parameters together",
                MAX_EXPANDED);
        if (param->kind == MZG_PARAM_GROUP) {
            const struct mzg_imzml_group *inner = mzg_imzml_header_group(header, mzg_text_of(param->value));
            if (!inner)
                mzg_find(findings, MZG_FOUND_GROUP_MISSING, "\"%.60s\" in group \"%.60s\"", param->value,
                         source->id.p);
            else if (collect(header, inner, depth + 1, budget, group, findings, err) != MZG_OK)
                return err->status;
        } else if (param->kind != MZG_PARAM_ATTRIBUTE) {
            group->params[group->n++] = param;
        }
    }
    return MZG_OK;
}

/* One group for each distinct id, without parameters yet. Of two with the same id the first counts. */
static enum mzg_status list_groups(struct mzg_imzml_header *header, struct mzg_error *err)
{
    int64_t n = 0;
    for (int64_t i = 0; i < header->n; i++)
        n += header->params[i].section == MZG_SECTION_GROUPS;
    header->groups = calloc((size_t)n + 1, sizeof *header->groups);
    if (!header->groups)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the parameter groups");

    n = 0;
    for (int64_t i = 0; i < header->n; i++) {
        const struct mzg_imzml_param *param = &header->params[i];
        if (param->section == MZG_SECTION_GROUPS && param->kind == MZG_PARAM_ATTRIBUTE &&
            strcmp(param->name, "id") == 0)
            header->groups[n++] = (struct mzg_imzml_group){.id = mzg_text_of(param->path), .first = i};
    }
    qsort(header->groups, (size_t)n, sizeof *header->groups, compare_groups);
    for (int64_t i = 0; i < n; i++)
        if (i == 0 || compare_ids(header->groups[i].id, header->groups[header->n_groups - 1].id) != 0)
            header->groups[header->n_groups++] = header->groups[i];
    return MZG_OK;
}

/* Picks what describes spectra. */
static enum mzg_status pick_of_spectrum(struct mzg_imzml_group *group, struct mzg_error *err)
{
    static const char position[] = "3DPosition";
    for (int pass = 0; pass < 2; pass++) {
        int64_t n = 0;
        for (int64_t i = 0; i < group->n; i++) {
            const struct mzg_imzml_param *param = group->params[i];
            if (!mzg_term_is_of_spectrum(param->term) &&
                strncmp(param->name, position, sizeof position - 1) != 0)
                continue;
            if (pass > 0)
                group->of_spectrum[n] = param;
            n++;
        }
        if (n > MAX_OF_SPECTRUM)
            return mzg_fail(err, MZG_EFORMAT,
                            "parameter group \"%.60s\" holds more than %d terms of a spectrum", group->id.p,
                            MAX_OF_SPECTRUM);
        group->n_of_spectrum = n;
        if (pass == 0 && !(group->of_spectrum = malloc((size_t)n * sizeof(void *) + 1)))
            return mzg_fail(err, MZG_ENOMEM, "no memory for the parameter groups");
    }
    return MZG_OK;
}

/* Fills one group; `params` is scratch for MAX_GROUP_PARAMS. */
static enum mzg_status resolve_group(const struct mzg_imzml_header *header,
                                     const struct mzg_imzml_param **params, struct budget *budget,
                                     struct mzg_imzml_group *group, struct mzg_findings *findings,
                                     struct mzg_error *err)
{
    budget->params = MAX_GROUP_PARAMS;
    struct mzg_imzml_group collected = {.id = group->id, .params = params};
    if (collect(header, group, 0, budget, &collected, findings, err) != MZG_OK)
        return err->status;
    size_t size = (size_t)collected.n * sizeof *params;
    group->params = malloc(size + 1);
    if (!group->params)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the parameter groups");
    memcpy(group->params, params, size);
    group->n = collected.n;
    return pick_of_spectrum(group, err);
}

/* A hostile header could refer to a large group from everywhere. */
static enum mzg_status bound_expansion(const struct mzg_imzml_header *header, struct mzg_error *err)
{
    int64_t expanded = 0;
    for (int64_t i = 0; i < header->n; i++) {
        const struct mzg_imzml_param *param = &header->params[i];
        if (param->kind != MZG_PARAM_GROUP || param->section == MZG_SECTION_GROUPS)
            continue;
        const struct mzg_imzml_group *group = mzg_imzml_header_group(header, mzg_text_of(param->value));
        expanded += group ? group->n : 0;
        if (expanded > MAX_EXPANDED)
            return mzg_fail(
                err, MZG_EFORMAT,
                "the parameter groups that the header refers to hold more than %d parameters together",
                MAX_EXPANDED);
    }
    return MZG_OK;
}

enum mzg_status mzg_imzml_header_resolve(struct mzg_imzml_header *header, struct mzg_findings *findings,
                                         struct mzg_error *err)
{
    const struct mzg_imzml_param **params = malloc(MAX_GROUP_PARAMS * sizeof *params);
    if (!params)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the parameter groups");
    struct budget budget = {.inner = MAX_EXPANDED};
    enum mzg_status status = list_groups(header, err);
    for (int64_t g = 0; g < header->n_groups && status == MZG_OK; g++)
        status = resolve_group(header, params, &budget, &header->groups[g], findings, err);
    free(params);
    return status == MZG_OK ? bound_expansion(header, err) : status;
}

const struct mzg_imzml_param *mzg_imzml_header_next(const struct mzg_imzml_header *header,
                                                    struct mzg_imzml_cursor *cursor)
{
    for (; cursor->next < header->n; cursor->next++, cursor->next_in_group = 0) {
        const struct mzg_imzml_param *param = &header->params[cursor->next];
        cursor->owner = param;
        if (param->section != cursor->section)
            continue;
        if (param->kind != MZG_PARAM_GROUP) {
            cursor->next++;
            return param;
        }
        const struct mzg_imzml_group *group = mzg_imzml_header_group(header, mzg_text_of(param->value));
        if (group && cursor->next_in_group < group->n)
            return group->params[cursor->next_in_group++];
    }
    return NULL;
}

const struct mzg_imzml_param *mzg_imzml_header_find(const struct mzg_imzml_header *header,
                                                    enum mzg_imzml_section section, const char *path,
                                                    int term)
{
    const struct mzg_imzml_param *from_group = NULL, *param;
    struct mzg_imzml_cursor cursor = {.section = section};
    while ((param = mzg_imzml_header_next(header, &cursor))) {
        if (param->term != term || (path && strcmp(cursor.owner->path, path) != 0))
            continue;
        if (param == cursor.owner)
            return param;
        if (!from_group)
            from_group = param;
    }
    return from_group;
}

const char *mzg_imzml_header_attribute(const struct mzg_imzml_header *header, enum mzg_imzml_section section,
                                       const char *path, const char *name)
{
    for (int64_t i = 0; i < header->n; i++) {
        const struct mzg_imzml_param *param = &header->params[i];
        if (param->section == section && param->kind == MZG_PARAM_ATTRIBUTE &&
            strcmp(param->path, path) == 0 && strcmp(param->name, name) == 0)
            return param->value;
    }
    return NULL;
}
