/*
 * Kinds of spectra, that is ms level and polarity: how many there are of each, and which of them are read.
 * Those of different kinds are never added, and share no table. Pure.
 */
#ifndef MZG_INPUT_KINDS_H
#define MZG_INPUT_KINDS_H

#include <input/reader.h>
#include <mzgrid/error.h>

struct mzg_log;
struct json_t;

/* What the spectra of one kind say together. */
struct mzg_kind_totals {
    int64_t n;
    int64_t n_type[3];       /* spectra by enum mzg_spectrum_type */
    int64_t n_without_range; /* spectra that have points and do not tell their lowest and highest m/z */
    int64_t n_with_range;    /* spectra that have points, or are faulty, and tell; where there are any: */
    double min_mz, max_mz;   /*   the extremes, as struct mzg_dataset, */
    double stated_mz[2];     /*   and so the widest */
};

/* By ms level and polarity as the spectra state them; 0: it does not say. */
struct mzg_kinds_table {
    struct mzg_kind_totals of[MZG_MS_LEVELS][MZG_POLARITIES];
};

/* Adds `more` to `totals`. */
void mzg_kind_totals_add(struct mzg_kind_totals *totals, const struct mzg_kind_totals *more);

/* What is wanted. */
struct mzg_kinds_wish {
    bool all;                      /* every kind, side by side, to look at; else: */
    int ms_level;                  /* 0: the first, or the only one that there is */
    enum mzg_polarity polarity;    /* unknown: the only one that there is */
    enum mzg_polarity of_the_file; /* of spectra that state none; unknown: they have none */
};

/* Counts the kinds of the table, and chooses. A spectrum without an ms level is of level 1; one without a
 * polarity has that of the file, else that of all others of its level if these have but one. MZG_EFORMAT,
 * with the counts, where nothing is of the kind that is wanted, or both polarities are there and none is
 * wanted. */
enum mzg_status mzg_kinds_choose(const struct mzg_kinds_table *table, const struct mzg_kinds_wish *wish,
                                 struct mzg_kinds *kinds, struct mzg_error *err);

/* Whether spectra that state this are read. */
bool mzg_kinds_include(const struct mzg_kinds *kinds, int ms_level, enum mzg_polarity polarity);

/* The counts, such as "12 of ms level 1, positive; 12 of ms level 2". Returns `text`. */
char *mzg_kinds_text(const struct mzg_kinds *kinds, char *text, size_t size);

/* Warns of what is left out, and of a level that was taken because there is no other. Local. */
void mzg_kinds_log(const struct mzg_kinds *kinds, const struct mzg_kinds_wish *wish, const char *path,
                   struct mzg_log *log);

/* The counts as an array of objects {ms_level, polarity, spectra}; NULL if there is no memory. */
struct json_t *mzg_kinds_json(const struct mzg_kinds *kinds);

/* The counts as an array of strings, such as "12 of ms level 1, positive"; NULL if there is no memory. */
struct json_t *mzg_kinds_lines(const struct mzg_kinds *kinds);

/* "positive", "negative" or "unknown"; "centroid", "profile" or "unknown". Local. */
const char *mzg_polarity_name(enum mzg_polarity polarity);
const char *mzg_spectrum_type_name(enum mzg_spectrum_type type);

#endif
