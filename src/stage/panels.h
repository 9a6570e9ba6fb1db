/*
 * Column panels on disk: row slices sorted into ranges of columns (panels), to be read back panel by panel.
 * The first level of a transposition that does not fit in memory.
 *
 * A panel is a sequence of records, each a slice of one row:
 *
 *     row - row before (varint) | count (varint) | count bins - first bin of the panel | count values
 *
 * the bins in 2 bytes each where the panel has no more than 65536 of them, else in 4, so that a panel never
 * takes more than the staged rows that went into it, but for a few bytes a row.
 */
#ifndef MZG_STAGE_PANELS_H
#define MZG_STAGE_PANELS_H

#include <mzgrid/error.h>
#include <stdint.h>

/* Columns first .. end - 1. */
struct mzg_column_range {
    int64_t first;
    int64_t end;
};

struct mzg_panels;

/* Panels of the given columns, which may overlap, for values of `value_size` bytes (float or double), in a
 * file created at `path`, which disappears with this object, or with the process. Local. */
enum mzg_status mzg_panels_new(const char *path, int64_t n, const struct mzg_column_range *columns,
                               int64_t value_size, struct mzg_panels **panels, struct mzg_error *err);
void mzg_panels_free(struct mzg_panels *panels);

/* A further descriptor of the file, or -1: whoever closes it last waits for its space to be given back.
 * Local. */
int mzg_panels_hold(const struct mzg_panels *panels);

/* Adds a slice of `row`: n values of ascending bins inside the panel's columns. Rows come in ascending order.
 * Local, thread-safe for distinct panels. */
enum mzg_status mzg_panels_add(struct mzg_panels *panels, int64_t panel, int64_t row, int64_t n,
                               const int32_t *bins, const void *values, struct mzg_error *err);

/* Writes to disk the panels of which at least `least` bytes wait in memory; with 0 everything, for reading.
 * Local, not while anyone adds. */
enum mzg_status mzg_panels_flush(struct mzg_panels *panels, int64_t least, struct mzg_error *err);

/* How many pieces a panel was written in, and one of them: `bytes` is the panels' own and valid until the
 * next call. Records do not cross pieces. Local, after flushing all. */
int64_t mzg_panels_pieces(const struct mzg_panels *panels, int64_t panel);
enum mzg_status mzg_panels_read(struct mzg_panels *panels, int64_t panel, int64_t piece, const char **bytes,
                                int64_t *size, struct mzg_error *err);

/* Walks over the records of a piece; begins as {.next = bytes, .end = bytes + size, .columns = those of the
 * panel, .value_size = that of the values}. */
struct mzg_panel_cursor {
    const char *next;
    const char *end;
    struct mzg_column_range columns;
    int64_t value_size;
    int64_t row;
    int64_t n; /* values of the record at hand */
    const char *bins;
    const char *values; /* n, at any address */
};

/* Steps to the next record; 0 at the end. Local. */
int mzg_panel_next(struct mzg_panel_cursor *cursor);

/* Bin i of the record at hand. Local. */
int64_t mzg_panel_bin(const struct mzg_panel_cursor *cursor, int64_t i);

#endif
