#include <input/imzml_index.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A parameter of a spectrum, of its own or from a group. */
struct parameter {
    int term;
    struct mzg_text name, value;          /* its own; */
    const struct mzg_imzml_param *shared; /* else those of a group, whose length is seldom asked for */
    enum mzg_value_source source;
};

static struct mzg_text name_of(const struct parameter *parameter)
{
    return parameter->shared ? mzg_text_of(parameter->shared->name) : parameter->name;
}

static struct mzg_text value_of(const struct parameter *parameter)
{
    return parameter->shared ? mzg_text_of(parameter->shared->value) : parameter->value;
}

struct mzg_index_totals mzg_index_totals_none(void)
{
    return (struct mzg_index_totals){.min_mz = INFINITY, .max_mz = -INFINITY};
}

void mzg_index_totals_add(struct mzg_index_totals *totals, const struct mzg_index_totals *more)
{
    for (int type = 0; type < 3; type++)
        totals->n_type[type] += more->n_type[type];
    totals->n_with_range += more->n_with_range;
    totals->min_mz = fmin(totals->min_mz, more->min_mz);
    totals->max_mz = fmax(totals->max_mz, more->max_mz);
    totals->n_without_position += more->n_without_position;
}

void mzg_imzml_index_init(struct mzg_imzml_index *index, const struct mzg_imzml_header *header,
                          int64_t ibd_size, struct mzg_findings *findings)
{
    *index = (struct mzg_imzml_index){
        .header = header, .ibd_size = ibd_size, .findings = findings, .totals = mzg_index_totals_none()};
}

void mzg_imzml_index_destroy(struct mzg_imzml_index *index)
{
    mzg_entry_list_destroy(&index->entries);
}

static int64_t ordinal(const struct mzg_imzml_index *index)
{
    return index->first_spectrum + index->entries.n;
}

static void note_repeated(struct mzg_imzml_index *index, const char *what)
{
    mzg_find(index->findings, MZG_FOUND_REPEATED_TERM, "%s of spectrum %" PRId64, what, ordinal(index) + 1);
}

/* Takes a whole number unless a better source, or the same one before, gave it. */
static void set_number(struct mzg_imzml_index *index, struct mzg_index_number *number,
                       const struct parameter *parameter, const char *what)
{
    int64_t value = 0;
    bool valid = mzg_text_to_int64(value_of(parameter), &value);
    if (parameter->source > number->source)
        *number = (struct mzg_index_number){parameter->source, valid, value};
    else if (parameter->source == number->source && (valid != number->valid || value != number->value))
        note_repeated(index, what);
}

static void set_kind(struct mzg_imzml_index *index, struct mzg_index_array *array,
                     const struct parameter *parameter, int kind)
{
    if (parameter->source > array->kind_source) {
        array->kind_source = parameter->source;
        array->kind = kind;
    } else if (parameter->source == array->kind_source && array->kind != kind) {
        note_repeated(index, "the kind of an array");
    }
}

static void set_type(struct mzg_index_array *array, const struct parameter *parameter,
                     enum mzg_array_type type)
{
    if (parameter->source > array->type_source) {
        array->type_source = parameter->source;
        array->type = type;
        array->type_too = MZG_ARRAY_UNTYPED;
    } else if (parameter->source == array->type_source && array->type != type) {
        array->type_too = type;
    }
}

static void set_compression(struct mzg_imzml_index *index, struct mzg_index_array *array,
                            const struct parameter *parameter, bool zlib)
{
    if (parameter->source > array->compression_source) {
        array->compression_source = parameter->source;
        array->zlib = zlib;
    } else if (parameter->source == array->compression_source && array->zlib != zlib) {
        note_repeated(index, "the compression of an array");
    }
}

static void apply_to_array(struct mzg_imzml_index *index, const struct parameter *parameter)
{
    struct mzg_index_array *array = &index->spectrum.array;
    switch (parameter->term) {
    case MZG_TERM_EXTERNAL_OFFSET:
        set_number(index, &array->offset, parameter, "the offset of an array");
        return;
    case MZG_TERM_EXTERNAL_LENGTH:
        set_number(index, &array->n, parameter, "the length of an array");
        return;
    case MZG_TERM_EXTERNAL_ENCODED:
        set_number(index, &array->encoded, parameter, "the encoded length of an array");
        return;
    case MZG_TERM_MZ_ARRAY:
        set_kind(index, array, parameter, MZG_MZ);
        return;
    case MZG_TERM_INTENSITY_ARRAY:
        set_kind(index, array, parameter, MZG_INTENSITY);
        return;
    case MZG_TERM_NO_COMPRESSION:
        set_compression(index, array, parameter, false);
        return;
    case MZG_TERM_ZLIB:
        set_compression(index, array, parameter, true);
        return;
    default:
        break;
    }
    enum mzg_array_type type = mzg_array_type_of(parameter->term);
    if (type != MZG_ARRAY_UNTYPED)
        set_type(array, parameter, type);
    else if (mzg_term_other_array(parameter->term))
        array->other = parameter->term;
    else if (!array->unsupported)
        array->unsupported = mzg_term_unsupported(parameter->term);
}

static void set_spectrum_type(struct mzg_index_spectrum *spectrum, const struct parameter *parameter,
                              enum mzg_spectrum_type type)
{
    if (parameter->source > spectrum->type_source) {
        spectrum->type_source = parameter->source;
        spectrum->type = type;
    } else if (parameter->source == spectrum->type_source && spectrum->type != type) {
        spectrum->type = MZG_SPECTRUM_UNKNOWN; /* it says both */
    }
}

/* An m/z that can be believed, moved outwards by half a unit of its last digit. */
static void set_extreme(const struct parameter *parameter, int direction, enum mzg_value_source *source,
                        double *extreme)
{
    double mz;
    if (parameter->source <= *source || !mzg_text_to_double(value_of(parameter), &mz) || mz <= 0 || mz > 1e6)
        return;
    *source = parameter->source;
    *extreme = mz + direction * mzg_text_half_digit(value_of(parameter));
}

/* Cardinal and M2aia repeat positions as user parameters, with decimals; they count where there are no
 * others. */
static void apply_user_position(struct mzg_imzml_index *index, const struct parameter *parameter)
{
    struct mzg_index_spectrum *spectrum = &index->spectrum;
    struct parameter weaker = *parameter;
    weaker.source = MZG_FROM_USER;
    if (mzg_text_equals(name_of(parameter), "3DPositionX"))
        set_number(index, &spectrum->position[0], &weaker, "3DPositionX");
    else if (mzg_text_equals(name_of(parameter), "3DPositionY"))
        set_number(index, &spectrum->position[1], &weaker, "3DPositionY");
    else if (mzg_text_equals(parameter->name, "3DPositionZ"))
        set_number(index, &spectrum->position[2], &weaker, "3DPositionZ");
}

static void apply_to_spectrum(struct mzg_imzml_index *index, const struct parameter *parameter)
{
    struct mzg_index_spectrum *spectrum = &index->spectrum;
    switch (parameter->term) {
    case MZG_TERM_UNKNOWN:
        apply_user_position(index, parameter);
        break;
    case MZG_TERM_POSITION_X:
        set_number(index, &spectrum->position[0], parameter, "position x");
        break;
    case MZG_TERM_POSITION_Y:
        set_number(index, &spectrum->position[1], parameter, "position y");
        break;
    case MZG_TERM_POSITION_Z:
        set_number(index, &spectrum->position[2], parameter, "position z");
        break;
    case MZG_TERM_CENTROID:
        set_spectrum_type(spectrum, parameter, MZG_SPECTRUM_CENTROID);
        break;
    case MZG_TERM_PROFILE:
        set_spectrum_type(spectrum, parameter, MZG_SPECTRUM_PROFILE);
        break;
    case MZG_TERM_LOWEST_MZ:
        set_extreme(parameter, -1, &spectrum->low_source, &spectrum->low);
        break;
    case MZG_TERM_HIGHEST_MZ:
        set_extreme(parameter, +1, &spectrum->high_source, &spectrum->high);
        break;
    default:
        break;
    }
}

static void apply(struct mzg_imzml_index *index, const struct parameter *parameter)
{
    if (index->spectrum.in_array)
        apply_to_array(index, parameter);
    else
        apply_to_spectrum(index, parameter);
}

static void apply_group(struct mzg_imzml_index *index, struct mzg_text id)
{
    const struct mzg_imzml_group *group = mzg_imzml_header_group(index->header, id);
    if (!group) {
        mzg_find(index->findings, MZG_FOUND_GROUP_MISSING, "\"%.*s\" in spectrum %" PRId64,
                 id.n < 60 ? (int)id.n : 60, id.p ? id.p : "", ordinal(index) + 1);
        return;
    }
    for (int64_t i = 0; i < group->n; i++) {
        const struct mzg_imzml_param *param = group->params[i];
        struct parameter parameter = {.term = param->term, .shared = param, .source = MZG_FROM_GROUP};
        apply(index, &parameter);
    }
}

enum mzg_status mzg_imzml_index_start(struct mzg_imzml_index *index, const struct mzg_imzml_tag *tag,
                                      struct mzg_error *err)
{
    struct mzg_index_spectrum *spectrum = &index->spectrum;
    switch (tag->element) {
    case MZG_ELEMENT_SPECTRUM:
        if (index->in_spectrum)
            return mzg_fail(err, MZG_EFORMAT, "spectrum %" PRId64 " holds another spectrum",
                            ordinal(index) + 1);
        index->in_spectrum = true;
        *spectrum = (struct mzg_index_spectrum){0};
        break;
    case MZG_ELEMENT_BINARY_DATA_ARRAY:
        spectrum->in_array = true;
        spectrum->array = (struct mzg_index_array){.kind = -1};
        break;
    case MZG_ELEMENT_CV_PARAM:
    case MZG_ELEMENT_USER_PARAM: {
        struct parameter parameter = {
            .term = tag->term, .name = tag->name, .value = tag->value, .source = MZG_FROM_ELEMENT};
        apply(index, &parameter);
        break;
    }
    case MZG_ELEMENT_GROUP_REF:
        apply_group(index, tag->ref);
        break;
    default:
        break;
    }
    return MZG_OK;
}

enum mzg_status mzg_imzml_index_start_element(struct mzg_imzml_index *index, enum mzg_imzml_element element,
                                              const struct mzg_xml_attributes *attributes,
                                              struct mzg_error *err)
{
    struct mzg_imzml_tag tag = {.element = element};
    if (element == MZG_ELEMENT_CV_PARAM || element == MZG_ELEMENT_USER_PARAM) {
        tag.term = mzg_term_parse(mzg_xml_attribute(attributes, "accession"));
        tag.name = mzg_xml_attribute(attributes, "name");
        tag.value = mzg_xml_attribute(attributes, "value");
    } else if (element == MZG_ELEMENT_GROUP_REF) {
        tag.ref = mzg_xml_attribute(attributes, "ref");
    }
    return mzg_imzml_index_start(index, &tag, err);
}

/* Two data types on one array: the encoded length of an uncompressed array proves which is meant, or nothing
 * does. */
static enum mzg_status choose_type(struct mzg_imzml_index *index, struct mzg_index_array *array,
                                   struct mzg_error *err)
{
    const char *array_name = mzg_entry_array_name(array->kind);
    int64_t n = array->n.value;
    if (array->n.valid && n == 0)
        return MZG_OK;
    bool has_lengths = array->n.valid && array->encoded.valid && n > 0 && array->encoded.value > 0;
    if (array->zlib || !has_lengths ||
        mzg_array_item_size(array->type) == mzg_array_item_size(array->type_too))
        return mzg_fail(err, MZG_EFORMAT,
                        "spectrum %" PRId64
                        ": the %s declares both %s and %s, and nothing proves which is right; "
                        "correct the file",
                        ordinal(index) + 1, array_name, mzg_array_type_name(array->type),
                        mzg_array_type_name(array->type_too));

    enum mzg_array_type declared[2] = {array->type, array->type_too};
    for (int i = 0; i < 2; i++) {
        int size = mzg_array_item_size(declared[i]);
        if (array->encoded.value % size != 0 || array->encoded.value / size != n)
            continue;
        array->type = declared[i];
        mzg_find(index->findings, MZG_FOUND_TWO_TYPES,
                 "the %s of spectrum %" PRId64 " declares %s and %s; %" PRId64 " bytes for %" PRId64
                 " values prove %s",
                 array_name, ordinal(index) + 1, mzg_array_type_name(declared[0]),
                 mzg_array_type_name(declared[1]), array->encoded.value, n, mzg_array_type_name(array->type));
        return MZG_OK;
    }
    return MZG_OK; /* fits neither: a fault of this spectrum, found by the check of its entry */
}

static void set_fault(struct mzg_imzml_entry *entry, enum mzg_entry_fault fault, int which)
{
    if (entry->fault != MZG_ENTRY_OK)
        return;
    entry->fault = (uint8_t)fault;
    entry->fault_array = (uint8_t)which;
}

/* An array that is not used: of another kind, of none, or the second of its kind. */
static void leave_out(struct mzg_index_spectrum *spectrum)
{
    const struct mzg_index_array *array = &spectrum->array;
    if (array->kind < 0 && mzg_term_is_mobility(array->other)) {
        spectrum->mobility = mzg_term_other_array(array->other);
        return;
    }
    if (spectrum->n_other_arrays++ > 0)
        return;
    if (array->kind >= 0)
        spectrum->other_array = array->kind == MZG_MZ ? "a second m/z array" : "a second intensity array";
    else
        spectrum->other_array =
            array->other ? mzg_term_other_array(array->other) : "an array of no known kind";
}

static enum mzg_status end_array(struct mzg_imzml_index *index, struct mzg_error *err)
{
    struct mzg_index_spectrum *spectrum = &index->spectrum;
    struct mzg_index_array *array = &spectrum->array;
    spectrum->in_array = false;
    if (array->kind < 0 || spectrum->entry.format[array->kind] != 0) {
        leave_out(spectrum);
        return MZG_OK;
    }
    if (array->unsupported)
        return mzg_fail(err, MZG_EFORMAT,
                        "spectrum %" PRId64 ": the %s is stored with %s, which mzgrid cannot read; "
                        "export it %s",
                        ordinal(index) + 1, mzg_entry_array_name(array->kind), array->unsupported,
                        array->unsupported == mzg_term_unsupported(MZG_TERM_TEXT)
                            ? "as 32-bit or 64-bit floats"
                            : "uncompressed or with zlib");
    if (array->type_too != MZG_ARRAY_UNTYPED && choose_type(index, array, err) != MZG_OK)
        return err->status;

    struct mzg_imzml_entry *entry = &spectrum->entry;
    entry->array[array->kind] =
        (struct mzg_imzml_array){array->offset.value, array->n.value, array->encoded.value};
    /* An array without type is there all the same: zero would say that it is not. */
    entry->format[array->kind] =
        (uint8_t)(array->zlib || array->type == MZG_ARRAY_UNTYPED ? array->type | MZG_ENTRY_ZLIB
                                                                  : array->type);
    if (!array->n.valid)
        set_fault(entry, MZG_ENTRY_BAD_LENGTH, array->kind);
    else if (!array->offset.valid && array->n.value != 0)
        set_fault(entry, MZG_ENTRY_BAD_OFFSET, array->kind);
    else if (!array->encoded.valid && array->encoded.source != MZG_FROM_NOWHERE && array->n.value != 0)
        set_fault(entry, MZG_ENTRY_BAD_ENCODED, array->kind);
    return MZG_OK;
}

static void end_position(struct mzg_imzml_index *index)
{
    struct mzg_index_spectrum *spectrum = &index->spectrum;
    struct mzg_imzml_entry *entry = &spectrum->entry;
    /* A plane that user parameters tell counts beside an x and y that they tell, not beside real ones. */
    bool by_user =
        spectrum->position[0].source == MZG_FROM_USER && spectrum->position[1].source == MZG_FROM_USER;
    if (spectrum->position[2].source == MZG_FROM_NOWHERE ||
        (spectrum->position[2].source == MZG_FROM_USER && !by_user))
        spectrum->position[2] = (struct mzg_index_number){MZG_FROM_USER, true, 1};
    bool usable = true;
    for (int d = 0; d < 3; d++) {
        const struct mzg_index_number *number = &spectrum->position[d];
        usable = usable && number->valid && number->value > INT32_MIN && number->value <= INT32_MAX;
        entry->position[d] = usable ? (int32_t)number->value : MZG_NO_COORDINATE;
    }
    if (usable) {
        if (spectrum->position[0].source == MZG_FROM_USER || spectrum->position[1].source == MZG_FROM_USER)
            mzg_find(index->findings, MZG_FOUND_USER_POSITION, "spectrum %" PRId64, ordinal(index) + 1);
        return;
    }
    for (int d = 0; d < 3; d++)
        entry->position[d] = MZG_NO_COORDINATE;
    entry->fault = MZG_ENTRY_OK;
    set_fault(entry, MZG_ENTRY_NO_POSITION, MZG_MZ);
    index->totals.n_without_position++;
    mzg_find(index->findings, MZG_FOUND_NO_POSITION, "spectrum %" PRId64, ordinal(index) + 1);
}

static enum mzg_status end_spectrum(struct mzg_imzml_index *index, struct mzg_error *err)
{
    struct mzg_index_spectrum *spectrum = &index->spectrum;
    struct mzg_imzml_entry *entry = &spectrum->entry;
    index->in_spectrum = false;
    end_position(index);
    mzg_entry_check(entry, index->ibd_size);
    bool has_both = entry->format[MZG_MZ] != 0 && entry->format[MZG_INTENSITY] != 0;
    if (spectrum->n_other_arrays > 0 && has_both)
        mzg_find_many(index->findings, MZG_FOUND_EXTRA_ARRAY, spectrum->n_other_arrays,
                      "%s in spectrum %" PRId64, spectrum->other_array, ordinal(index) + 1);
    if (spectrum->mobility)
        mzg_find(index->findings, MZG_FOUND_MOBILITY, "%s in spectrum %" PRId64, spectrum->mobility,
                 ordinal(index) + 1);

    struct mzg_index_totals *totals = &index->totals;
    totals->n_type[spectrum->type]++;
    if (spectrum->low_source && spectrum->high_source && spectrum->low <= spectrum->high) {
        totals->n_with_range++;
        totals->min_mz = fmin(totals->min_mz, spectrum->low);
        totals->max_mz = fmax(totals->max_mz, spectrum->high);
    }
    return mzg_entry_list_append(&index->entries, entry, err);
}

enum mzg_status mzg_imzml_index_end(struct mzg_imzml_index *index, enum mzg_imzml_element element,
                                    struct mzg_error *err)
{
    switch (element) {
    case MZG_ELEMENT_BINARY_DATA_ARRAY:
        return index->spectrum.in_array ? end_array(index, err) : MZG_OK;
    case MZG_ELEMENT_SPECTRUM:
        return end_spectrum(index, err);
    default:
        return MZG_OK;
    }
}
