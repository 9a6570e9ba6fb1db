#include <imzml/index_array.h>

#include <inttypes.h>

struct mzg_text mzg_index_name(const struct mzg_index_parameter *parameter)
{
    return parameter->shared ? mzg_text_of(parameter->shared->name) : parameter->name;
}

struct mzg_text mzg_index_value(const struct mzg_index_parameter *parameter)
{
    return parameter->shared ? mzg_text_of(parameter->shared->value) : parameter->value;
}

int64_t mzg_index_ordinal(const struct mzg_imzml_index *index)
{
    return index->first_spectrum + index->entries.n;
}

void mzg_index_note_repeated(struct mzg_imzml_index *index, const char *what)
{
    mzg_find(index->findings, MZG_FOUND_REPEATED_TERM, "%s of spectrum %" PRId64, what,
             mzg_index_ordinal(index) + 1);
}

void mzg_index_set_number(struct mzg_imzml_index *index, struct mzg_index_number *number,
                          const struct mzg_index_parameter *parameter, const char *what)
{
    int64_t value = 0;
    bool valid = mzg_text_to_int64(mzg_index_value(parameter), &value);
    if (parameter->source > number->source)
        *number = (struct mzg_index_number){parameter->source, valid, value};
    else if (parameter->source == number->source && (valid != number->valid || value != number->value))
        mzg_index_note_repeated(index, what);
}

static void set_kind(struct mzg_imzml_index *index, struct mzg_index_array *array,
                     const struct mzg_index_parameter *parameter, int kind)
{
    if (parameter->source > array->kind_source) {
        array->kind_source = parameter->source;
        array->kind = kind;
    } else if (parameter->source == array->kind_source && array->kind != kind) {
        mzg_index_note_repeated(index, "the kind of an array");
    }
}

static void set_type(struct mzg_index_array *array, const struct mzg_index_parameter *parameter,
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
                            const struct mzg_index_parameter *parameter, bool zlib)
{
    if (parameter->source > array->compression_source) {
        array->compression_source = parameter->source;
        array->zlib = zlib;
    } else if (parameter->source == array->compression_source && array->zlib != zlib) {
        mzg_index_note_repeated(index, "the compression of an array");
    }
}

void mzg_index_apply_to_array(struct mzg_imzml_index *index, const struct mzg_index_parameter *parameter)
{
    struct mzg_index_array *array = &index->spectrum.array;
    switch (parameter->term) {
    case MZG_TERM_EXTERNAL_OFFSET:
        mzg_index_set_number(index, &array->offset, parameter, "the offset of an array");
        return;
    case MZG_TERM_EXTERNAL_LENGTH:
        mzg_index_set_number(index, &array->n, parameter, "the length of an array");
        return;
    case MZG_TERM_EXTERNAL_ENCODED:
        mzg_index_set_number(index, &array->encoded, parameter, "the encoded length of an array");
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
                        mzg_index_ordinal(index) + 1, array_name, mzg_array_type_name(array->type),
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
                 array_name, mzg_index_ordinal(index) + 1, mzg_array_type_name(declared[0]),
                 mzg_array_type_name(declared[1]), array->encoded.value, n, mzg_array_type_name(array->type));
        return MZG_OK;
    }
    return MZG_OK; /* fits neither: a fault of this spectrum, found by the check of its entry */
}

void mzg_index_set_fault(struct mzg_imzml_entry *entry, enum mzg_entry_fault fault, int which)
{
    if (entry->fault != MZG_ENTRY_OK)
        return;
    mzg_entry_set_fault(entry, fault, which);
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

enum mzg_status mzg_index_end_array(struct mzg_imzml_index *index, struct mzg_error *err)
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
                        mzg_index_ordinal(index) + 1, mzg_entry_array_name(array->kind), array->unsupported,
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
        mzg_index_set_fault(entry, MZG_ENTRY_BAD_LENGTH, array->kind);
    else if (!array->offset.valid && array->n.value != 0)
        mzg_index_set_fault(entry, MZG_ENTRY_BAD_OFFSET, array->kind);
    else if (!array->encoded.valid && array->encoded.source != MZG_FROM_NOWHERE && array->n.value != 0)
        mzg_index_set_fault(entry, MZG_ENTRY_BAD_ENCODED, array->kind);
    return MZG_OK;
}
