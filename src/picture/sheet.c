/* Panes on one sheet. */
#include <picture/drawing.h>

#include <math.h>
#include <stdlib.h>

enum { SPECTRUM_WIDTH = 1600, SPECTRUM_HEIGHT = 900, LARGEST = 30000 };

static const double small = 0.7; /* the letters of the note, beside the others */

/* Where panes stand. */
struct plan {
    struct mzg_image_layout *images;
    int columns;
    double *widths, *heights; /* of columns and rows */
    double width, height;     /* of the sheet */
    double spectrum_y, spectrum_height;
    double size, margin;
};

static int rows_of(const struct plan *plan, int n)
{
    return n > 0 ? (n + plan->columns - 1) / plan->columns : 0;
}

static enum mzg_status make_plan(cairo_t *cairo, const struct mzg_sheet *sheet, struct plan *plan,
                                 struct mzg_error *err)
{
    int n = sheet->n_images;
    plan->columns = n <= 1 ? 1 : (int)ceil(sqrt((double)n));
    plan->images = calloc((size_t)n + 1, sizeof *plan->images);
    plan->widths = calloc((size_t)n + 1, sizeof *plan->widths);
    plan->heights = calloc((size_t)n + 1, sizeof *plan->heights);
    if (!plan->images || !plan->widths || !plan->heights)
        return mzg_fail(err, MZG_ENOMEM, "no memory to lay out %d images", n);
    plan->size = 30;
    for (int i = 0; i < n; i++) {
        struct mzg_image_layout *layout = &plan->images[i];
        mzg_image_measure(cairo, &sheet->images[i], n == 1 ? 1000 : n <= 4 ? 700 : 500, layout);
        plan->widths[i % plan->columns] = fmax(plan->widths[i % plan->columns], layout->width);
        plan->heights[i / plan->columns] = fmax(plan->heights[i / plan->columns], layout->height);
        plan->size = layout->size;
    }
    plan->margin = plan->size;
    plan->width = plan->height = 2 * plan->margin;
    for (int i = 0; i < plan->columns; i++)
        plan->width += plan->widths[i];
    for (int i = 0; i < rows_of(plan, n); i++)
        plan->height += plan->heights[i];
    plan->spectrum_y = plan->height - plan->margin;
    if (sheet->spectrum) {
        plan->width = fmax(plan->width, SPECTRUM_WIDTH);
        plan->spectrum_height = n > 0 ? fmax(650, 22 * plan->size) : SPECTRUM_HEIGHT;
        plan->height += plan->spectrum_height;
    }
    if (sheet->note) {
        plan->height += plan->size;
        plan->width =
            fmax(plan->width, mzg_text_width(cairo, small * plan->size, sheet->note) + 2 * plan->margin);
    }
    if (plan->width > LARGEST || plan->height > LARGEST)
        return mzg_fail(err, MZG_ERANGE, "the picture would have %.0f x %.0f dots, expected at most %d",
                        plan->width, plan->height, LARGEST);
    return MZG_OK;
}

static enum mzg_status draw(cairo_t *cairo, const struct mzg_sheet *sheet, const struct plan *plan,
                            struct mzg_error *err)
{
    double y = plan->margin;
    mzg_set_colour(cairo, 0xffffff);
    cairo_paint(cairo);
    for (int row = 0; row < rows_of(plan, sheet->n_images); row++) {
        double x = plan->margin, used = 0;
        for (int k = 0; k < plan->columns; k++)
            used += plan->widths[k];
        x += (plan->width - 2 * plan->margin - used) / 2;
        for (int k = 0; k < plan->columns && row * plan->columns + k < sheet->n_images; k++) {
            int i = row * plan->columns + k;
            if (mzg_image_draw(cairo, &sheet->images[i], x, y, &plan->images[i], err) != MZG_OK)
                return err->status;
            x += plan->widths[k];
        }
        y += plan->heights[row];
    }
    if (sheet->spectrum &&
        mzg_spectrum_draw(cairo, sheet->spectrum, plan->margin, plan->spectrum_y,
                          plan->width - 2 * plan->margin, plan->spectrum_height, plan->size, err) != MZG_OK)
        return err->status;
    if (sheet->note) {
        mzg_set_colour(cairo, 0x666666);
        mzg_draw_text(cairo, plan->width - plan->margin, plan->height - plan->margin, small * plan->size,
                      MZG_RIGHT, sheet->note);
    }
    return MZG_OK;
}

enum mzg_status mzg_sheet_write_png(const struct mzg_sheet *sheet, int fd, const char *path,
                                    struct mzg_error *err)
{
    struct plan plan = {0};
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1, 1);
    cairo_t *cairo = mzg_cairo_new(surface);
    if (make_plan(cairo, sheet, &plan, err) != MZG_OK)
        goto cleanup;
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)ceil(plan.width), (int)ceil(plan.height));
    cairo = mzg_cairo_new(surface);
    if (cairo_status(cairo) == CAIRO_STATUS_SUCCESS && draw(cairo, sheet, &plan, err) != MZG_OK)
        goto cleanup;
    if (cairo_status(cairo) != CAIRO_STATUS_SUCCESS)
        mzg_fail(err, MZG_EIO, "%s: the picture cannot be drawn: %s", path,
                 cairo_status_to_string(cairo_status(cairo)));
    else
        mzg_png_write(surface, fd, path, err);

cleanup:
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    free(plan.images);
    free(plan.widths);
    free(plan.heights);
    return err->status;
}
