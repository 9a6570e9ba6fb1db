/* var and uns of the feature table, on rank 0. */
#ifndef MZG_RUN_PEAKS_TABLE_H
#define MZG_RUN_PEAKS_TABLE_H

#include <anndata/anndata.h>
#include <mzgrid/peaks.h>
#include <peaks/list.h>
#include <run/peaks_source.h>

/* All arrays are owned. */
struct mzg_peaks_table {
    double *mz, *mz_min, *mz_max, *mz_centroid, *height, *area, *prominence, *noise, *snr;
    int64_t *first_bin, *n_bins;
    const char **name, **source, **index;
    char **texts; /* of the index, where it is not that of the bins; NULL: it is */
    json_t *uns;
    struct mzg_frame var;
    struct mzg_anndata anndata; /* without obs and obsm, which are copied */
    unsigned char *is_peak;     /* for var of the table that has bins */
};

/* What the table is made of; all borrowed. */
struct mzg_peaks_facts {
    const struct mzg_peaks_source *source;
    const struct mzg_peaks_options *options;
    const struct mzg_peaks *peaks;
    const struct mzg_peak_list *list; /* NULL: peaks were picked */
    const int64_t *n_pixels;
};

/* MZG_ENOMEM. Release with mzg_peaks_table_destroy(), also after a failure. Local. */
enum mzg_status mzg_peaks_table_build(const struct mzg_peaks_facts *facts, struct mzg_peaks_table *table,
                                      struct mzg_error *err);
void mzg_peaks_table_destroy(struct mzg_peaks_table *table);

#endif
