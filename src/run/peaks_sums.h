/*
 * Sums over the bins of peaks, column by column or row by row: always in the order of the bins and in double,
 * then rounded once to the type of X, so that they do not depend on how X lies, nor on who adds them up.
 *
 * A slot is what one task of the pool works with. Slots are used by one worker at a time.
 */
#ifndef MZG_RUN_PEAKS_SUMS_H
#define MZG_RUN_PEAKS_SUMS_H

#include <run/peaks_source.h>

/* Values of consecutive columns (of rows), as they go into a sparse matrix. */
struct mzg_peaks_values {
    int64_t n_majors, n_values;
    int64_t *counts; /* of each column */
    int32_t *minors; /* the rows */
    void *values;    /* of the type of X */
    int64_t major_capacity, value_capacity;
    bool has_bad; /* a sum that is not finite, which fails the run */
};

struct mzg_peaks_slot {
    struct mzg_zarr_cursor value_cursor, minor_cursor, begin_cursor;
    double *sums; /* by columns: n_rows, all 0 between two columns; by rows: unused */
    void *read_values;
    int64_t *read_minors, *read_begins;
    int64_t read_capacity, begin_capacity;
    struct mzg_peaks_values made;
    struct mzg_error err;
};

struct mzg_peaks_sums {
    const struct mzg_context *context;
    const struct mzg_peaks_source *source;
    const struct mzg_peaks *peaks;
    int64_t *column_begins; /* CSC: n_bins + 1 */
    int64_t most_values;    /* that the sums can have which are not 0, as var tells */
    int n_slots;
    struct mzg_peaks_slot *slots;
};

/* Makes `n_slots` slots, and reads where columns begin. MZG_EFORMAT for begins that do not ascend. Release
 * with mzg_peaks_sums_destroy(), also after a failure. Local. */
enum mzg_status mzg_peaks_sums_init(struct mzg_peaks_sums *sums, int n_slots, struct mzg_error *err);
void mzg_peaks_sums_destroy(struct mzg_peaks_sums *sums);

/* Bytes that a slot takes; of an X by columns beside what it makes. Local. */
int64_t mzg_peaks_slot_bytes(const struct mzg_peaks_source *source, int64_t n_peaks);

/* The rows that a task should add up at once, for csr and dense. Local. */
int64_t mzg_peaks_rows_at_once(const struct mzg_peaks_source *source, int64_t n_peaks);

/* The values of X that lie in the bins of a peak. CSC. Local. */
int64_t mzg_peaks_values_of(const struct mzg_peaks_sums *sums, int64_t peak);

/* Adds up the columns of a peak in slot->sums. For csc. Called by workers. */
enum mzg_status mzg_peaks_sum_columns(const struct mzg_peaks_sums *sums, int64_t peak,
                                      struct mzg_peaks_slot *slot, struct mzg_error *err);

/* Moves slot->sums, as one column, behind those in slot->made, and makes them 0. Called by workers. */
enum mzg_status mzg_peaks_take_sums(const struct mzg_peaks_sums *sums, struct mzg_peaks_slot *slot,
                                    struct mzg_error *err);

/* Adds up rows first .. first + n - 1, for csr and dense: slot->made gets them, in place of what it had.
 * Called by workers. */
enum mzg_status mzg_peaks_sum_rows(const struct mzg_peaks_sums *sums, int64_t first, int64_t n,
                                   struct mzg_peaks_slot *slot, struct mzg_error *err);

/* Appends `more`. Local. */
enum mzg_status mzg_peaks_values_append(struct mzg_peaks_values *values, const struct mzg_peaks_values *more,
                                        enum mzg_type type, struct mzg_error *err);
void mzg_peaks_values_destroy(struct mzg_peaks_values *values);

/* A sum as a value of the type, the largest one if it is beyond that. */
static inline float mzg_peaks_narrow(double sum)
{
    const float most = 0x1.fffffep127F;
    return sum > (double)most ? most : sum < -(double)most ? -most : (float)sum;
}

#endif
