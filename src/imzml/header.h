/*
 * Everything of an imzML file outside its spectra, kept as a flat list of parameters in file order: each with
 * its section (such as scan settings), the path of the element it stands in, and its texts. What the
 * parameters mean is read from the list afterwards, when the parameter groups that they refer to are known.
 */
#ifndef MZG_IMZML_HEADER_H
#define MZG_IMZML_HEADER_H

#include <imzml/terms.h>
#include <imzml/xml.h>
#include <input/findings.h>

enum mzg_imzml_section {
    MZG_SECTION_NONE,
    MZG_SECTION_FILE_CONTENT,
    MZG_SECTION_SOURCE_FILES,
    MZG_SECTION_CONTACT,
    MZG_SECTION_GROUPS,
    MZG_SECTION_SAMPLES,
    MZG_SECTION_SOFTWARE,
    MZG_SECTION_SCAN_SETTINGS,
    MZG_SECTION_INSTRUMENTS,
    MZG_SECTION_DATA_PROCESSING,
    MZG_SECTION_RUN,
    MZG_SECTIONS
};

enum mzg_imzml_param_kind {
    MZG_PARAM_TERM,      /* cvParam: accession, name, value, unit */
    MZG_PARAM_USER,      /* userParam: name, value, unit */
    MZG_PARAM_ATTRIBUTE, /* of the element itself: name, value */
    MZG_PARAM_GROUP      /* referenceableParamGroupRef: the group's id in `value` */
};

/* Texts that the file does not give are "". */
struct mzg_imzml_param {
    enum mzg_imzml_param_kind kind;
    enum mzg_imzml_section section;
    int term;   /* of the accession; MZG_TERM_UNKNOWN for other kinds */
    int unit;   /* of the unit's accession; MZG_TERM_UNKNOWN without one */
    char *path; /* of the element within its section: ids joined by "/", such as "IC1/analyzer 2" */
    char *accession;
    char *name;
    char *value;
    char *unit_name;
};

/* A parameter group with the groups it refers to resolved. */
struct mzg_imzml_group {
    struct mzg_text id; /* terminated */
    int64_t first;      /* its first parameter in the header */
    const struct mzg_imzml_param **params;
    int64_t n;
    const struct mzg_imzml_param *
        *of_spectrum;      /* of these, what can say something of a spectrum or an array; */
    int64_t n_of_spectrum; /*   few, for spectra may refer to it from everywhere */
};

struct mzg_imzml_header {
    struct mzg_imzml_param *params;
    int64_t n;
    int64_t capacity;
    struct mzg_imzml_group *groups; /* sorted, for mzg_imzml_header_group() */
    int64_t n_groups;
    bool is_mzml;
    char version[32];         /* of the mzML schema */
    int64_t declared_spectra; /* count of the spectrumList; -1 without one */

    /* While reading. */
    enum mzg_imzml_section section;
    int depth; /* of elements inside the section */
    char path[256];
    int path_length[MZG_XML_MAX_DEPTH + 1]; /* of `path` at each depth */
};

void mzg_imzml_header_init(struct mzg_imzml_header *header);
void mzg_imzml_header_destroy(struct mzg_imzml_header *header);

/* The events of an element outside of spectra. Once the groups are resolved nothing is added: what stands
 * between or behind spectra is no part of the header. Fail with MZG_ENOMEM, or MZG_EFORMAT if the root is
 * none of mzML. Local. */
enum mzg_status mzg_imzml_header_start(struct mzg_imzml_header *header, enum mzg_imzml_element element,
                                       const char *name, const struct mzg_xml_attributes *attributes,
                                       struct mzg_error *err);
void mzg_imzml_header_end(struct mzg_imzml_header *header);

/* To be called once, where the spectra begin: resolves the parameter groups, each into all parameters that it
 * holds itself or through other groups. Unknown groups are findings. The work is bounded by the size of the
 * header: MZG_EFORMAT if groups refer to groups absurdly deep or often, or one has more terms of a
 * spectrum than there are. Local. */
enum mzg_status mzg_imzml_header_resolve(struct mzg_imzml_header *header, struct mzg_findings *findings,
                                         struct mzg_error *err);

/* The group of that id, or NULL. Local. */
const struct mzg_imzml_group *mzg_imzml_header_group(const struct mzg_imzml_header *header,
                                                     struct mzg_text id);

/* Walks over a section, groups replaced by what they hold. Begin with a zeroed cursor but for `section`;
 * `owner` is the parameter itself or the reference that led to it, and has the path. */
struct mzg_imzml_cursor {
    enum mzg_imzml_section section;
    int64_t next;
    int64_t next_in_group;
    const struct mzg_imzml_param *owner;
};
const struct mzg_imzml_param *mzg_imzml_header_next(const struct mzg_imzml_header *header,
                                                    struct mzg_imzml_cursor *cursor);

/* The parameter of `term` in a section, below the element `path` (NULL: anywhere): the element's own, else
 * one that it has from a group. NULL if there is none. */
const struct mzg_imzml_param *mzg_imzml_header_find(const struct mzg_imzml_header *header,
                                                    enum mzg_imzml_section section, const char *path,
                                                    int term);

/* The value of an attribute of the element `path`, or NULL. */
const char *mzg_imzml_header_attribute(const struct mzg_imzml_header *header, enum mzg_imzml_section section,
                                       const char *path, const char *name);

#endif
