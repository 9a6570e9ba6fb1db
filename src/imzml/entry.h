/*
 * What the index keeps of one spectrum: 64 bytes. The numbers are those that the file gives, also where they
 * make no sense, so that the sentence about a fault can be made from the entry whenever it is asked for.
 */
#ifndef MZG_IMZML_ENTRY_H
#define MZG_IMZML_ENTRY_H

#include <input/reader.h>
#include <input/stored_array.h>

enum { MZG_MZ, MZG_INTENSITY }; /* the arrays of a spectrum */

/* Why the index alone shows that a spectrum cannot be used. */
enum mzg_entry_fault {
    MZG_ENTRY_OK,
    MZG_ENTRY_NO_ARRAY,
    MZG_ENTRY_NO_TYPE,
    MZG_ENTRY_BAD_OFFSET, /* missing, or not a whole number; so the next two */
    MZG_ENTRY_BAD_LENGTH,
    MZG_ENTRY_BAD_ENCODED,
    MZG_ENTRY_OUTSIDE,
    MZG_ENTRY_ENCODED,
    MZG_ENTRY_LENGTHS_DIFFER,
    MZG_ENTRY_WRAPPED, /* the offset may be another one, see imzml/wrap.h */
    MZG_ENTRY_NO_POSITION
};

struct mzg_imzml_array {
    int64_t offset;  /* byte in the ibd */
    int64_t n;       /* values */
    int64_t encoded; /* bytes stored; 0 if the file does not tell */
};

struct mzg_imzml_entry {
    struct mzg_imzml_array array[2];
    int32_t position[3];
    uint8_t format[2]; /* enum mzg_array_type, and MZG_ENTRY_ZLIB; 0: no such array */
    uint8_t fault;     /* enum mzg_entry_fault */
    uint8_t kind;      /* see below */
};
_Static_assert(sizeof(struct mzg_imzml_entry) == 64, "an entry of the index is one cache line");

enum { MZG_ENTRY_ZLIB = 0x80 };

/* The ms level and the polarity that the spectrum states, 0: none; and the array that is at fault, if one is.
 */
enum {
    MZG_KIND_LEVEL = 0x0f,
    MZG_KIND_POLARITY = 0x30,
    MZG_KIND_POLARITY_BIT = 4,
    MZG_KIND_FAULT_ARRAY = 0x80
};

/* Whether two spectra have one m/z array: the same place, length and form. */
bool mzg_entry_same_mz(const struct mzg_imzml_entry *a, const struct mzg_imzml_entry *b);

int mzg_entry_level(const struct mzg_imzml_entry *entry);
enum mzg_polarity mzg_entry_polarity(const struct mzg_imzml_entry *entry);
void mzg_entry_set_kind(struct mzg_imzml_entry *entry, int ms_level, enum mzg_polarity polarity);
int mzg_entry_fault_array(const struct mzg_imzml_entry *entry);
void mzg_entry_set_fault(struct mzg_imzml_entry *entry, enum mzg_entry_fault fault, int which);

enum mzg_array_type mzg_entry_type(const struct mzg_imzml_entry *entry, int which);
bool mzg_entry_is_zlib(const struct mzg_imzml_entry *entry, int which);

/* Checks an entry against an ibd of `ibd_size` bytes and fills its fault. A fault that is there already
 * stays. An array whose `format` is 0 is missing. */
void mzg_entry_check(struct mzg_imzml_entry *entry, int64_t ibd_size);

/* The bytes that an array of a sound entry takes in the ibd, at most: where the encoded length of a
 * compressed array is not told, its end is not known. */
int64_t mzg_entry_stored(const struct mzg_imzml_entry *entry, int which, int64_t ibd_size);

/* The reason and the sentence for the fault of the entry; `spectrum` is its ordinal. */
void mzg_entry_explain(const struct mzg_imzml_entry *entry, int64_t spectrum, int64_t ibd_size,
                       struct mzg_fault *fault);

/* "m/z array" or "intensity array". */
const char *mzg_entry_array_name(int which);

#endif
