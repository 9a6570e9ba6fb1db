/*
 * What the data themselves tell about a mass axis: how densely profiles were sampled, and from that, or from
 * what is known of the instrument, which law suits. Usable without MPI.
 */
#ifndef MZGRID_SAMPLING_H
#define MZGRID_SAMPLING_H

#include <mzgrid/axis.h>
#include <mzgrid/error.h>
#include <mzgrid/export.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Centroid spectra are lists of peaks, profile spectra sample a curve. */
enum mzg_spectrum_type { MZG_SPECTRUM_UNKNOWN, MZG_SPECTRUM_CENTROID, MZG_SPECTRUM_PROFILE };

/* The points of one spectrum, in the order of the file: m/z and intensity, `n` of each, not yet cleaned. */
struct mzg_spectrum {
    const double *mz;
    const double *intensity;
    int64_t n;
};

/* How densely a profile was sampled: neighbouring points are scale * m^exponent apart. */
struct mzg_sampling {
    double scale;
    double exponent;
};

struct mzg_sampling_fit {
    struct mzg_sampling sampling;
    int64_t n_intervals; /* differences of neighbouring m/z that were looked at */
    double
        agreement; /* the share of them within a quarter of the fitted step, in [0, 1]; low for centroids */
};

MZG_BEGIN_API

/* Fits the sampling step to the differences of neighbouring m/z in some spectra of a run; only `mz` and `n`
 * are read. Intervals over trimmed zeros, and points that are missing or out of order, do not disturb it as
 * long as they are less than about half. MZG_ERANGE if there are too few differences (16), or all at one
 * m/z. Local. */
enum mzg_status mzg_sampling_fit(const struct mzg_spectrum *spectra, int64_t n_spectra,
                                 struct mzg_sampling_fit *fit, struct mzg_error *err);

/* The power law of bin widths whose exponent is next to that of the fit. False if the fit does not
 * describe its data (centroids), or no law is near. Local. */
bool mzg_sampling_law(const struct mzg_sampling_fit *fit, enum mzg_axis_type *type);

/* What spectra are whose input does not say it, by a sample of them. */
struct mzg_type_evidence {
    const struct mzg_sampling_fit *fit; /* NULL: the sampling step could not be found */
    double points_per_spectrum;
    double zeros;  /* share of the intensities that are exactly 0 */
    double curved; /* share of the intensities that are not 0 whose neighbours are not 0 either */
};

/* Profiles have many points at regular steps, or somewhat regular ones and zeros between the peaks; all
 * others are lists of peaks. Never unknown unless there is no point. `reason` gets one sentence of at most
 * `size` bytes, 200 suffice. Local. */
enum mzg_spectrum_type mzg_sampling_type(const struct mzg_type_evidence *evidence, char *reason, size_t size);

/* Whether spectra that are declared centroid are plainly profiles: many points at regular steps, which are no
 * single points among zeros. `reason` as above. Local. */
bool mzg_sampling_is_plainly_profile(const struct mzg_type_evidence *evidence, char *reason, size_t size);

/* What is known of an input, to choose the law of its mass axis by. */
struct mzg_axis_evidence {
    const char *const *terms; /* accessions of the instrument and its components, such as "MS:1000484" */
    int64_t n_terms;
    const char *const *names; /* texts that may name the instrument's model, such as "solariX 7T" */
    int64_t n_names;
    const struct mzg_sampling_fit *fit; /* of a profile; NULL: none */
    const double *close_exponent; /* of centroids: how the least distance of their points grows; NULL: unknown
                                   */
    bool is_centroid;
};

/* The law for `--mass-axis-type auto`, by the first of these that tells: the fit of profiles, the close
 * spacing of centroids, analyser terms, the instrument model, by its accession or its name, the kind of
 * spectra. `reason` gets one sentence of at most `size` bytes, 200 suffice. Local. */
enum mzg_axis_type mzg_axis_choose(const struct mzg_axis_evidence *evidence, char *reason, size_t size);

MZG_END_API

#endif
