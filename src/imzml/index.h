/*
 * The spectra of an imzML file as compact entries, from the events of its XML. What a spectrum element says
 * itself wins over what it has from a parameter group.
 */
#ifndef MZG_IMZML_INDEX_H
#define MZG_IMZML_INDEX_H

#include <imzml/entry_list.h>
#include <imzml/header.h>
#include <input/findings.h>
#include <input/kinds.h>

/* Where a value comes from: the higher one wins. */
enum mzg_value_source {
    MZG_FROM_NOWHERE,
    MZG_FROM_USER_GROUP, /* a user parameter of a group */
    MZG_FROM_USER,
    MZG_FROM_GROUP,
    MZG_FROM_ELEMENT
};

struct mzg_index_number {
    enum mzg_value_source source;
    bool valid; /* it is a whole number: `value` */
    int64_t value;
};

/* The array being read. */
struct mzg_index_array {
    enum mzg_value_source kind_source, type_source, compression_source;
    int kind; /* MZG_MZ or MZG_INTENSITY; -1 for any other */
    enum mzg_array_type type;
    enum mzg_array_type type_too; /* a second, different type from the same source */
    bool zlib;
    int other;               /* the term of another kind; MZG_TERM_UNKNOWN: none that is known */
    const char *unsupported; /* an encoding that cannot be read */
    struct mzg_index_number offset, n, encoded;
};

/* The spectrum being read. */
struct mzg_index_spectrum {
    struct mzg_imzml_entry entry;
    struct mzg_index_number position[3];
    enum mzg_value_source type_source;
    enum mzg_spectrum_type type;
    enum mzg_value_source level_source, polarity_source;
    int ms_level; /* 0: none that can be read */
    bool is_ms1, is_msn;
    enum mzg_polarity polarity;
    enum mzg_value_source low_source, high_source;
    double low, high;                       /* as they are stated, */
    double low_half_digit, high_half_digit; /*   and half a unit of their last digits */
    int n_other_arrays;
    const char *other_array; /* what the first of them is */
    const char *mobility;    /* the name of its array of ion mobilities; NULL without one */
    bool in_array;
    struct mzg_index_array array;
};

/* What the spectra say together. */
struct mzg_index_totals {
    struct mzg_kinds_table kinds;
    int64_t n_without_position;
};

void mzg_index_totals_add(struct mzg_index_totals *totals, const struct mzg_index_totals *more);

struct mzg_imzml_index {
    struct mzg_entry_list entries; /* of complete spectra */
    struct mzg_index_totals totals;

    int64_t first_spectrum;                /* ordinal of the first one in the file, for findings and errors */
    const struct mzg_imzml_header *header; /* resolved */
    int64_t ibd_size;
    struct mzg_findings *findings;
    bool in_spectrum;
    struct mzg_index_spectrum spectrum;
    struct { /* the last coordinates x, y and z that are no whole number: their text, and the spectrum */
        int64_t spectrum;
        char text[24];
    } unusable[3];
};

/* All is borrowed and outlives the index. */
void mzg_imzml_index_init(struct mzg_imzml_index *index, const struct mzg_imzml_header *header,
                          int64_t ibd_size, struct mzg_findings *findings);
void mzg_imzml_index_destroy(struct mzg_imzml_index *index);

/* A start tag, as far as the index reads it. Texts that it does not have are none. */
struct mzg_imzml_tag {
    enum mzg_imzml_element element;
    int term;              /* of a parameter: its accession */
    struct mzg_text name;  /* of a parameter */
    struct mzg_text value; /* of a parameter */
    struct mzg_text ref;   /* of a reference to a group: its id */
};

/* The events from <spectrum> to </spectrum>, both included. Fail with MZG_ENOMEM, and with MZG_EFORMAT if
 * an array is encoded in a way that cannot be read or told. Local. */
enum mzg_status mzg_imzml_index_start(struct mzg_imzml_index *index, const struct mzg_imzml_tag *tag,
                                      struct mzg_error *err);
enum mzg_status mzg_imzml_index_end(struct mzg_imzml_index *index, enum mzg_imzml_element element,
                                    struct mzg_error *err);

/* The same from what an XML parser hands over. */
enum mzg_status mzg_imzml_index_start_element(struct mzg_imzml_index *index, enum mzg_imzml_element element,
                                              const struct mzg_xml_attributes *attributes,
                                              struct mzg_error *err);

#endif
