/*
 * The mass axis: N bins between two m/z, their widths following a power law of m/z. Usable without MPI.
 *
 * A law w(m) = w_r (m/m_r)^p has a transform T in which its bins are equidistant:
 *     T(m) = m^(1-p) / (1-p),   T(m) = ln m for p = 1
 * With a bin width (strategy A) the edges are T^-1(j h) for whole j, a window on one endless grid: any two
 * axes of one law and width have the same bins where they overlap, to the last bit. With a number of bins
 * (strategy B) they are T^-1(T(min_mz) + k h). Bin k is [e_k, e_{k+1}), the last one closed, and its value
 * stands for the middle of the bin in T. See docs/mathematics.md.
 */
#ifndef MZGRID_AXIS_H
#define MZGRID_AXIS_H

#include <mzgrid/error.h>
#include <mzgrid/export.h>
#include <stdint.h>

enum mzg_axis_type {
    MZG_AXIS_CONSTANT,               /* p = 0:   quadrupole, ion trap */
    MZG_AXIS_LINEAR_TOF,             /* p = 1/2: linear TOF; digitizer sampling of any TOF */
    MZG_AXIS_REFLECTOR_TOF,          /* p = 1:   reflectron TOF, constant ppm */
    MZG_AXIS_ORBITRAP,               /* p = 3/2 */
    MZG_AXIS_FTICR,                  /* p = 2 */
    MZG_AXIS_TOF,                    /* w ~ sqrt(A m + B m^2): two-term TOF */
    MZG_AXIS_LAWS,                   /* how many laws there are */
    MZG_AXIS_NATIVE = MZG_AXIS_LAWS, /* no law: the bins are the distinct m/z of the input */
    MZG_AXIS_TYPES
};

/* What the user asks for. m/z are in (0, 1e6]. Exactly one of bin_width (strategy A) and bins (strategy B) is
 * above 0. Part of other structs, and therefore never longer. */
struct mzg_axis_spec {
    enum mzg_axis_type type;
    double min_mz;
    double max_mz;
    double bin_width;    /* strategy A: width in Da wanted at reference_mz */
    double reference_mz; /* strategy A */
    int64_t bins;        /* strategy B: their number */
    double tof_a;        /* MZG_AXIS_TOF: A and B, above 0; only their ratio matters */
    double tof_b;
};

/* What follows from it. */
struct mzg_axis {
    struct mzg_axis_spec spec;
    double first_edge; /* the lower edge of bin 0 by the formula; edges[0] is lower if min_mz is */
    double t_min;      /* T(first_edge) */
    double step;       /* h, the width of every bin in T */
    int64_t n_bins;    /* N, in [1, 2^31 - 1] */
    double *edges;     /* N + 1 m/z, strictly increasing; owned */
    double *centers;   /* N m/z, strictly increasing; owned */
};

MZG_BEGIN_API

/* The name as on the command line, such as "linear_tof". Local. */
const char *mzg_axis_type_name(enum mzg_axis_type type);

/* The type of that name; MZG_EUSAGE with a list of the names for any other. Local. */
enum mzg_status mzg_axis_type_parse(const char *name, enum mzg_axis_type *type, struct mzg_error *err);

/* The exponent p of the law; NAN for MZG_AXIS_TOF and MZG_AXIS_NATIVE, which have none. Local. */
double mzg_axis_exponent(enum mzg_axis_type type);

/* T(mz), mz > 0, and its inverse, for the law of `spec`, which is not native (its type, tof_a and tof_b).
 * Local. */
double mzg_axis_transform(const struct mzg_axis_spec *spec, double mz);
double mzg_axis_inverse(const struct mzg_axis_spec *spec, double t);

/* Checks `spec` and computes h and N, without allocating: `axis->edges` and `axis->centers` are NULL.
 * MZG_EUSAGE for contradictions, MZG_ERANGE for an N outside [1, 2^31 - 1]. Local. */
enum mzg_status mzg_axis_measure(const struct mzg_axis_spec *spec, struct mzg_axis *axis,
                                 struct mzg_error *err);

/* mzg_axis_measure(), then edges and centers. MZG_ERANGE if edges would not strictly increase in doubles.
 * Release with mzg_axis_destroy(). Local. */
enum mzg_status mzg_axis_build(const struct mzg_axis_spec *spec, struct mzg_axis *axis,
                               struct mzg_error *err);

/* The axis whose bins are n m/z, copied: they increase and lie in (0, 1e6]. Edges lie halfway between
 * neighbours, those at the ends as far from their m/z as the edge on its other side. t_min and step are 0.
 * MZG_EUSAGE, MZG_ERANGE for an n outside [1, 2^31 - 1]. Release with mzg_axis_destroy(). Local. */
enum mzg_status mzg_axis_build_native(const double *mz, int64_t n, struct mzg_axis *axis,
                                      struct mzg_error *err);

/* Frees the arrays and zeroes `*axis`. Accepts a zeroed axis. Local. */
void mzg_axis_destroy(struct mzg_axis *axis);

/* The SHA-256 of the edges as little-endian doubles, in hexadecimal: what tells whether two stores share an
 * axis. Local. */
enum mzg_status mzg_axis_digest(const struct mzg_axis *axis, char digest[65], struct mzg_error *err);

/* Writes what makes the axis, and its digest, as JSON to a file, so that further runs can share it. MZG_EIO.
 * Local. */
enum mzg_status mzg_axis_write(const struct mzg_axis *axis, const char *path, struct mzg_error *err);

/* Builds the axis that mzg_axis_write() wrote. MZG_EIO if the file cannot be read; MZG_EFORMAT if it is
 * not such a file, or if the axis built from it has another digest. Release with mzg_axis_destroy().
 * Local. */
enum mzg_status mzg_axis_read(const char *path, struct mzg_axis *axis, struct mzg_error *err);

/* The bin that holds `mz`, exactly as the edges say, in O(1) (native: O(log N)); -1 outside [e_0, e_N] and
 * for NaN. Local. */
int64_t mzg_axis_locate(const struct mzg_axis *axis, double mz);

/* The first bin whose centre is `mz` or above, found as fast; n_bins if there is none. `mz` is not NaN.
 * Local. */
int64_t mzg_axis_first_center(const struct mzg_axis *axis, double mz);

MZG_END_API

#endif
