#include <core/memory.h>
#include <imzml/entry.h>
#include <string.h>

#include <inttypes.h>
#include <stdio.h>

enum mzg_array_type mzg_entry_type(const struct mzg_imzml_entry *entry, int which)
{
    return (enum mzg_array_type)(entry->format[which] & ~MZG_ENTRY_ZLIB);
}

bool mzg_entry_is_zlib(const struct mzg_imzml_entry *entry, int which)
{
    return (entry->format[which] & MZG_ENTRY_ZLIB) != 0;
}

bool mzg_entry_same_mz(const struct mzg_imzml_entry *a, const struct mzg_imzml_entry *b)
{
    return memcmp(&a->array[MZG_MZ], &b->array[MZG_MZ], sizeof a->array[MZG_MZ]) == 0 &&
           a->format[MZG_MZ] == b->format[MZG_MZ];
}

int mzg_entry_level(const struct mzg_imzml_entry *entry)
{
    return entry->kind & MZG_KIND_LEVEL;
}

enum mzg_polarity mzg_entry_polarity(const struct mzg_imzml_entry *entry)
{
    return (enum mzg_polarity)((entry->kind & MZG_KIND_POLARITY) >> MZG_KIND_POLARITY_BIT);
}

void mzg_entry_set_kind(struct mzg_imzml_entry *entry, int ms_level, enum mzg_polarity polarity)
{
    int level = ms_level < MZG_MS_LEVELS ? ms_level : MZG_MS_LEVELS - 1;
    entry->kind =
        (uint8_t)((entry->kind & MZG_KIND_FAULT_ARRAY) | level | (int)polarity << MZG_KIND_POLARITY_BIT);
}

int mzg_entry_fault_array(const struct mzg_imzml_entry *entry)
{
    return entry->kind & MZG_KIND_FAULT_ARRAY ? MZG_INTENSITY : MZG_MZ;
}

void mzg_entry_set_fault(struct mzg_imzml_entry *entry, enum mzg_entry_fault fault, int which)
{
    int others = entry->kind & ~MZG_KIND_FAULT_ARRAY;
    entry->fault = (uint8_t)fault;
    entry->kind = (uint8_t)(others | (which == MZG_INTENSITY ? MZG_KIND_FAULT_ARRAY : 0));
}

const char *mzg_entry_array_name(int which)
{
    return which == MZG_MZ ? "m/z array" : "intensity array";
}

static bool ends_outside(int64_t offset, int64_t length, int64_t ibd_size)
{
    return offset > ibd_size || length > ibd_size - offset;
}

static enum mzg_entry_fault check_zlib(const struct mzg_imzml_array *array, int64_t raw, int64_t ibd_size)
{
    if (ends_outside(array->offset, array->encoded, ibd_size))
        return MZG_ENTRY_OUTSIDE;
    int64_t stored = array->encoded > 0 ? array->encoded : ibd_size - array->offset;
    if (raw < 0 || raw / MZG_DEFLATE_MAX_RATIO > stored)
        return MZG_ENTRY_ENCODED;
    return MZG_ENTRY_OK;
}

static enum mzg_entry_fault check_array(const struct mzg_imzml_entry *entry, int which, int64_t ibd_size)
{
    const struct mzg_imzml_array *array = &entry->array[which];
    if (array->n < 0)
        return MZG_ENTRY_BAD_LENGTH;
    if (array->n == 0)
        return MZG_ENTRY_OK; /* no bytes: wherever they are */
    if (array->encoded < 0)
        return MZG_ENTRY_BAD_ENCODED;
    if (array->offset < 0)
        return MZG_ENTRY_OUTSIDE;

    int64_t raw = mzg_size_product(array->n, mzg_array_item_size(mzg_entry_type(entry, which)));
    if (mzg_entry_is_zlib(entry, which))
        return check_zlib(array, raw, ibd_size);
    if (raw < 0 || ends_outside(array->offset, raw, ibd_size))
        return MZG_ENTRY_OUTSIDE;
    return array->encoded > 0 && array->encoded != raw ? MZG_ENTRY_ENCODED : MZG_ENTRY_OK;
}

void mzg_entry_check(struct mzg_imzml_entry *entry, int64_t ibd_size)
{
    for (int which = 0; which < 2 && entry->fault == MZG_ENTRY_OK; which++) {
        enum mzg_entry_fault fault;
        if (entry->format[which] == 0)
            fault = MZG_ENTRY_NO_ARRAY;
        else if (mzg_entry_type(entry, which) == MZG_ARRAY_UNTYPED)
            fault = MZG_ENTRY_NO_TYPE;
        else
            fault = check_array(entry, which, ibd_size);
        mzg_entry_set_fault(entry, fault, which);
    }
    if (entry->fault == MZG_ENTRY_OK && entry->array[MZG_MZ].n != entry->array[MZG_INTENSITY].n)
        entry->fault = MZG_ENTRY_LENGTHS_DIFFER;
}

int64_t mzg_entry_stored(const struct mzg_imzml_entry *entry, int which, int64_t ibd_size)
{
    const struct mzg_imzml_array *array = &entry->array[which];
    if (array->n == 0)
        return 0;
    int64_t raw = array->n * mzg_array_item_size(mzg_entry_type(entry, which));
    if (!mzg_entry_is_zlib(entry, which))
        return raw;
    if (array->encoded > 0)
        return array->encoded;
    /* Data that deflate cannot shrink grow by 5 bytes for each 65535 and the zlib frame: allow for small
     * blocks. */
    int64_t most = raw + raw / 64 + 64;
    int64_t left = ibd_size - array->offset;
    return most < left ? most : left;
}

static void explain_outside(const struct mzg_imzml_entry *entry, int64_t ibd_size, char *text, size_t size)
{
    int which = mzg_entry_fault_array(entry);
    const struct mzg_imzml_array *array = &entry->array[which];
    if (array->offset < 0)
        snprintf(text, size, "%s at byte %" PRId64 ": begins before the ibd", mzg_entry_array_name(which),
                 array->offset);
    else if (mzg_entry_is_zlib(entry, which))
        snprintf(text, size,
                 "%s at byte %" PRId64 ": its %" PRId64 " bytes end beyond the ibd (%" PRId64 " bytes)",
                 mzg_entry_array_name(which), array->offset, array->encoded, ibd_size);
    else
        snprintf(text, size,
                 "%s at byte %" PRId64 ": its %" PRId64 " values of %d bytes end beyond the ibd (%" PRId64
                 " bytes)",
                 mzg_entry_array_name(which), array->offset, array->n,
                 mzg_array_item_size(mzg_entry_type(entry, which)), ibd_size);
}

static void explain(const struct mzg_imzml_entry *entry, int64_t ibd_size, char *text, size_t size)
{
    int which = mzg_entry_fault_array(entry);
    const struct mzg_imzml_array *array = &entry->array[which];
    const char *name = mzg_entry_array_name(which);

    switch ((enum mzg_entry_fault)entry->fault) {
    case MZG_ENTRY_OK:
        text[0] = '\0';
        break;
    case MZG_ENTRY_NO_ARRAY:
        snprintf(text, size, "no %s", name);
        break;
    case MZG_ENTRY_NO_TYPE:
        snprintf(text, size, "%s at byte %" PRId64 ": no data type that mzgrid knows", name, array->offset);
        break;
    case MZG_ENTRY_BAD_OFFSET:
        snprintf(text, size, "%s: its offset (IMS:1000102) is missing or not a whole number", name);
        break;
    case MZG_ENTRY_BAD_LENGTH:
        snprintf(text, size, "%s: its length (IMS:1000103) is missing, negative or not a whole number", name);
        break;
    case MZG_ENTRY_BAD_ENCODED:
        snprintf(text, size,
                 "%s at byte %" PRId64 ": its encoded length (IMS:1000104) is negative or not a whole number",
                 name, array->offset);
        break;
    case MZG_ENTRY_OUTSIDE:
        explain_outside(entry, ibd_size, text, size);
        break;
    case MZG_ENTRY_ENCODED:
        snprintf(text, size,
                 "%s at byte %" PRId64 ": %" PRId64 " encoded bytes cannot hold %" PRId64 " values of %s%s",
                 name, array->offset, array->encoded, array->n,
                 mzg_array_type_name(mzg_entry_type(entry, which)),
                 mzg_entry_is_zlib(entry, which) ? ", compressed" : "");
        break;
    case MZG_ENTRY_LENGTHS_DIFFER:
        snprintf(text, size,
                 "m/z array at byte %" PRId64 " has %" PRId64 " values, intensity array at byte %" PRId64
                 " has %" PRId64,
                 entry->array[MZG_MZ].offset, entry->array[MZG_MZ].n, entry->array[MZG_INTENSITY].offset,
                 entry->array[MZG_INTENSITY].n);
        break;
    case MZG_ENTRY_WRAPPED:
        snprintf(text, size,
                 "%s at byte %" PRId64
                 ": the array before it ends a multiple of 2^32 bytes further on, so that "
                 "its offset may have wrapped around at 32 bits; nothing proves which is right",
                 name, array->offset);
        break;
    case MZG_ENTRY_NO_POSITION:
        snprintf(text, size,
                 "its position (IMS:1000050, IMS:1000051) is missing, beyond 32 bits or not a whole number");
        break;
    }
}

void mzg_entry_explain(const struct mzg_imzml_entry *entry, int64_t spectrum, int64_t ibd_size,
                       struct mzg_fault *fault)
{
    static const enum mzg_fault_reason reasons[] = {
        [MZG_ENTRY_OK] = MZG_FAULT_NONE,
        [MZG_ENTRY_NO_ARRAY] = MZG_FAULT_NO_ARRAY,
        [MZG_ENTRY_NO_TYPE] = MZG_FAULT_NO_ARRAY,
        [MZG_ENTRY_BAD_OFFSET] = MZG_FAULT_BAD_NUMBER,
        [MZG_ENTRY_BAD_LENGTH] = MZG_FAULT_BAD_NUMBER,
        [MZG_ENTRY_BAD_ENCODED] = MZG_FAULT_BAD_NUMBER,
        [MZG_ENTRY_OUTSIDE] = MZG_FAULT_OUTSIDE_FILE,
        [MZG_ENTRY_ENCODED] = MZG_FAULT_ENCODED_LENGTH,
        [MZG_ENTRY_LENGTHS_DIFFER] = MZG_FAULT_LENGTHS_DIFFER,
        [MZG_ENTRY_WRAPPED] = MZG_FAULT_BAD_NUMBER,
        [MZG_ENTRY_NO_POSITION] = MZG_FAULT_BAD_NUMBER,
    };
    fault->spectrum = spectrum;
    fault->reason = reasons[entry->fault];
    explain(entry, ibd_size, fault->text, sizeof fault->text);
}
