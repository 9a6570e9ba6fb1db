/*
 * Lists of peaks that people and programs write, as text:
 *
 *     m/z on each line, behind it a name             798.541 PC(34:1)
 *     METASPACE, annotations as CSV                  ..., "ion", "mz", ... commas, quoted fields
 *     SCiLS Lab, feature list as CSV                 m/z;Interval Width (+/- Da);Color;Name
 *
 * Lines that begin with '#' are comments. A first line whose first field is no number names the columns.
 */
#ifndef MZG_PEAKS_LIST_H
#define MZG_PEAKS_LIST_H

#include <peaks/pick.h>
#include <stddef.h>

/* A distance from an m/z. */
struct mzg_tolerance {
    double value; /* above 0 */
    bool is_ppm;  /* else in Da */
};

struct mzg_listed_peak {
    double mz;
    struct mzg_tolerance tolerance; /* value 0: the list tells none */
    char *name;                     /* owned, never NULL */
    int64_t line;                   /* from 1 */
};

/* In ascending order of m/z, no two of which are equal. */
struct mzg_peak_list {
    int64_t n;
    struct mzg_listed_peak *items;
    int64_t n_repeated; /* lines whose m/z was there before: their names were added to that of the first */
};

/* The bytes that reading a text of `size` bytes on so many lines takes at the most, the text among them.
 * Local. */
int64_t mzg_peak_list_memory(int64_t size, int64_t n_lines);

/* Reads `size` bytes of text; `path` is for messages. MZG_EFORMAT with the line for what is no m/z above 0 or
 * no tolerance, and for a list of nothing. Release with mzg_peak_list_destroy(). Local. */
enum mzg_status mzg_peak_list_parse(const char *path, const char *text, size_t size,
                                    struct mzg_peak_list *list, struct mzg_error *err);
void mzg_peak_list_destroy(struct mzg_peak_list *list);

/* Makes a peak of each: of the bins whose centres lie within the tolerance (that of the list, else
 * `standard`); if none does, of the bin that holds its m/z; outside of the axis of none. `edges` are the
 * n_bins + 1 edges of the bins. Release with mzg_peaks_destroy(). Local. */
enum mzg_status mzg_peak_list_place(const struct mzg_peak_list *list, struct mzg_tolerance standard,
                                    const struct mzg_spectra *spectra, const double *edges,
                                    struct mzg_peaks *peaks, struct mzg_error *err);

#endif
