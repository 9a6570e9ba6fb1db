/* What the files of the index share: parameters of a spectrum, and the array that is being read. */
#ifndef MZG_IMZML_INDEX_ARRAY_H
#define MZG_IMZML_INDEX_ARRAY_H

#include <imzml/index.h>

/* A parameter of a spectrum, of its own or from a group. */
struct mzg_index_parameter {
    int term;
    struct mzg_text name, value;          /* its own; */
    const struct mzg_imzml_param *shared; /* else those of a group, whose length is seldom asked for */
    enum mzg_value_source source;
};

struct mzg_text mzg_index_name(const struct mzg_index_parameter *parameter);
struct mzg_text mzg_index_value(const struct mzg_index_parameter *parameter);

/* Of the spectrum being read, in the file. */
int64_t mzg_index_ordinal(const struct mzg_imzml_index *index);

/* Notes that a term came twice, with different values. */
void mzg_index_note_repeated(struct mzg_imzml_index *index, const char *what);

/* Takes a whole number unless a better source, or the same one before, gave it. */
void mzg_index_set_number(struct mzg_imzml_index *index, struct mzg_index_number *number,
                          const struct mzg_index_parameter *parameter, const char *what);

/* Sets the fault of the spectrum being read unless it has one. */
void mzg_index_set_fault(struct mzg_imzml_entry *entry, enum mzg_entry_fault fault, int which);

/* A parameter inside, and the end, of <binaryDataArray>. MZG_EFORMAT if it cannot be read or told how it
 * is encoded. */
void mzg_index_apply_to_array(struct mzg_imzml_index *index, const struct mzg_index_parameter *parameter);
enum mzg_status mzg_index_end_array(struct mzg_imzml_index *index, struct mzg_error *err);

#endif
