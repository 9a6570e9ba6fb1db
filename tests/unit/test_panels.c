/* Column panels: slices come back as they went in, from narrow and wide panels, through one piece or many. */
#include <stage/panels.h>
#include <stage/rows.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <unistd.h>

enum { NARROW, WIDE, PANELS, ROWS = 3000 };

static const struct mzg_column_range columns[PANELS] = {{5, 9}, {1000, 1000000}};

static int32_t bin_of(int panel, int64_t row, int64_t i)
{
    return panel == NARROW ? (int32_t)(5 + i) : (int32_t)(1000 + row * 300 + i * 7);
}

static double value_of(int64_t row, int64_t i)
{
    return (double)row + (double)i / 8;
}

static void add_rows(struct mzg_panels *panels, int flush_every, bool wide, struct mzg_error *err)
{
    for (int64_t row = 0; row < ROWS; row++) {
        for (int panel = 0; panel < PANELS; panel++) {
            int32_t bins[4];
            float narrow[4];
            double doubles[4];
            int64_t n = row % 4; /* slices of none too */
            for (int64_t i = 0; i < n; i++) {
                bins[i] = bin_of(panel, row, i);
                doubles[i] = value_of(row, i);
                narrow[i] = (float)doubles[i];
            }
            const void *values = wide ? (const void *)doubles : narrow;
            cr_assert(eq(int, (int)mzg_panels_add(panels, panel, row * 3, n, bins, values, err), MZG_OK));
        }
        if (flush_every > 0 && row % flush_every == 0)
            cr_assert(eq(int, (int)mzg_panels_flush(panels, 0, err), MZG_OK));
    }
    cr_assert(eq(int, (int)mzg_panels_flush(panels, 0, err), MZG_OK));
}

static void check_panel(struct mzg_panels *panels, int panel, bool wide, struct mzg_error *err)
{
    int64_t row = 0;
    for (int64_t piece = 0; piece < mzg_panels_pieces(panels, panel); piece++) {
        const char *bytes;
        int64_t size;
        cr_assert(eq(int, (int)mzg_panels_read(panels, panel, piece, &bytes, &size, err), MZG_OK));
        struct mzg_panel_cursor cursor = {
            .next = bytes, .end = bytes + size, .columns = columns[panel], .value_size = wide ? 8 : 4};
        for (; mzg_panel_next(&cursor); row++) {
            cr_assert(eq(i64, cursor.row, row * 3));
            cr_assert(eq(i64, cursor.n, row % 4));
            for (int64_t i = 0; i < cursor.n; i++) {
                cr_expect(eq(i64, mzg_panel_bin(&cursor, i), bin_of(panel, row, i)));
                cr_expect(eq(dbl, mzg_value_at(cursor.values, i, wide), value_of(row, i)));
            }
        }
    }
    cr_expect(eq(i64, row, ROWS));
}

static void round_trip(int flush_every, bool wide, int64_t pieces)
{
    char path[64];
    struct mzg_error err = {0};
    struct mzg_panels *panels = NULL;
    snprintf(path, sizeof path, "/tmp/mzgrid-panels-%d", getpid());
    cr_assert(eq(int, (int)mzg_panels_new(path, PANELS, columns, wide ? 8 : 4, &panels, &err), MZG_OK));
    cr_expect(eq(int, access(path, F_OK), -1), "the file must have no name");
    add_rows(panels, flush_every, wide, &err);
    for (int panel = 0; panel < PANELS; panel++) {
        cr_expect(eq(i64, mzg_panels_pieces(panels, panel), pieces));
        check_panel(panels, panel, wide, &err);
    }
    mzg_panels_free(panels);
}

Test(panels, one_piece)
{
    round_trip(0, false, 1);
}

Test(panels, many_pieces)
{
    round_trip(1000, false, 4);
}

Test(panels, of_doubles)
{
    round_trip(1000, true, 4);
}

Test(panels, a_file_that_cannot_be_made)
{
    struct mzg_error err = {0};
    struct mzg_panels *panels = NULL;
    cr_expect(
        eq(int, (int)mzg_panels_new("/nonexistent/panels", PANELS, columns, 4, &panels, &err), MZG_EIO));
    cr_expect(eq(ptr, panels, NULL));
}
