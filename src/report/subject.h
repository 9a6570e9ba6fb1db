/* What a report is about, read from the store once, and what the sections of the page share. */
#ifndef MZG_REPORT_SUBJECT_H
#define MZG_REPORT_SUBJECT_H

#include <peaks/pick.h>
#include <report/html.h>
#include <report/report.h>
#include <view/skipped.h>
#include <view/view.h>

enum { MZG_REPORT_PEAKS = 12, MZG_REPORT_DETAILS = 100000 };

struct mzg_report_subject {
    const struct mzg_report_facts *facts;
    const json_t *record;  /* that of the facts if it is about this very store, else NULL */
    const char *no_record; /* why not */
    struct mzg_view *view;
    char *name;    /* of the store, without its directory */
    json_t *made;  /* uns/mzgrid */
    json_t *input; /* uns/imzml, uns/synthetic, or null */
    bool is_synthetic;
    json_t *description;               /* as `mzgrid info` has it */
    double *mean, *maximum, *n_pixels; /* of each bin */
    double *tic;                       /* of each pixel */
    struct mzg_view_raster place;      /* with cells if no_images is "" */
    char no_images[200];               /* why there are none */
    struct mzg_view_skipped skipped;
    struct mzg_peak peaks[MZG_REPORT_PEAKS]; /* the strongest, by height */
    int n_peaks;
    int64_t n_found; /* of them all */
};

enum mzg_status mzg_report_subject_read(const char *store, const struct mzg_report_facts *facts,
                                        struct mzg_report_subject *subject, struct mzg_error *err);
void mzg_report_subject_destroy(struct mzg_report_subject *subject);

/* Whether the values of bins are those of single m/z, with nothing between them. */
bool mzg_report_is_sticks(const struct mzg_report_subject *subject);

/* The sections, in the order of the page. */
void mzg_report_input(const struct mzg_report_subject *subject, struct mzg_html *html);
void mzg_report_decisions(const struct mzg_report_subject *subject, struct mzg_html *html);
void mzg_report_tic(const struct mzg_report_subject *subject, struct mzg_html *html);
void mzg_report_spectra(const struct mzg_report_subject *subject, struct mzg_html *html);
void mzg_report_peaks(const struct mzg_report_subject *subject, struct mzg_html *html);
void mzg_report_skipped(const struct mzg_report_subject *subject, struct mzg_html *html);
void mzg_report_warnings(const struct mzg_report_subject *subject, struct mzg_html *html);
void mzg_report_time(const struct mzg_report_subject *subject, struct mzg_html *html);
void mzg_report_provenance(const struct mzg_report_subject *subject, struct mzg_html *html);

/* The numbers of the charts, members of a JSON object. */
void mzg_report_spectra_numbers(const struct mzg_report_subject *subject, struct mzg_html *html);
void mzg_report_time_numbers(const struct mzg_report_subject *subject, struct mzg_html *html);

/* A row of a table of two columns; nothing if `text` is NULL or "". */
void mzg_report_row(struct mzg_html *html, const char *name, const char *text);

/* A figure: the raster as a picture of at most `side` dots, `shown` CSS pixels wide or high, with scale bar
 * and colours. `class` and `caption` are markup of the caller, `alt` is text. */
struct mzg_raster;
enum { MZG_REPORT_TEXT = 400 };
void mzg_report_scale(struct mzg_html *html, const struct mzg_raster *raster);
void mzg_report_picture(struct mzg_html *html, const void *png, int64_t n, const struct mzg_raster *raster,
                        double shown, const char *alt);

#endif
