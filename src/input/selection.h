/*
 * Which pixels of an input are wanted: those in a box, those that a file lists, or those that are in both.
 * Pure but for reading that file.
 */
#ifndef MZG_INPUT_SELECTION_H
#define MZG_INPUT_SELECTION_H

#include <input/findings.h>
#include <input/kinds.h>
#include <input/pixels.h>
#include <input/reader.h>

/* Positions that are wanted. A z of INT32_MIN stands for any. */
struct mzg_position {
    int32_t at[3];
    bool met; /* some pixel is there */
};

struct mzg_selection {
    struct mzg_box region;
    bool listed; /* only these positions, sorted: */
    struct mzg_position *positions;
    int64_t n;
    struct mzg_kinds_wish kinds; /* of spectra; `of_the_file` is not known here */
};

/* Reads a list of positions: two or three whole numbers a line, x, y and z, with white space or commas
 * between them; empty lines and what follows a # do not count. A line "x y" stands for all z. `path` is for
 * messages. MZG_EFORMAT with the line where it is none of that. Local. */
enum mzg_status mzg_selection_parse(const char *bytes, int64_t n, const char *path,
                                    struct mzg_selection *selection, struct mzg_error *err);

/* What the options of a reader select; their file is read. Local. */
enum mzg_status mzg_selection_make(const struct mzg_reader_options *options, struct mzg_selection *selection,
                                   struct mzg_error *err);
void mzg_selection_destroy(struct mzg_selection *selection);

/* Whether it leaves anything out. */
bool mzg_selection_is_part(const struct mzg_selection *selection);

/* Leaves the pixels out that are not selected, the spectra out that are not marked (NULL: all are), and the
 * pixels out that have no spectra left; `positions` and `stride` as in mzg_pixels_number(). Listed positions
 * without a pixel are a finding. MZG_ERANGE, with what there is, where none is left. Local. */
enum mzg_status mzg_selection_apply(struct mzg_selection *selection, const int32_t *positions, size_t stride,
                                    const unsigned char *marks, struct mzg_pixels *pixels,
                                    struct mzg_findings *findings, struct mzg_error *err);

#endif
