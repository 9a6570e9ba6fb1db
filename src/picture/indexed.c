/* Small pictures of one byte a dot, in memory: for pages that put their own letters beside them. */
#include <picture/picture.h>

#include <core/array.h>
#include <math.h>
#include <picture/colours.h>
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

enum { LEVEL = 6, SHADES = 255 };

struct target {
    unsigned char *bytes;
    int64_t n, capacity;
    struct mzg_error *err;
};

static void take_bytes(png_structp png, png_bytep bytes, size_t n)
{
    struct target *target = png_get_io_ptr(png);
    if (mzg_array_grow(&target->bytes, 1, target->n + (int64_t)n, &target->capacity, "bytes of a picture",
                       target->err) != MZG_OK)
        png_longjmp(png, 1);
    memcpy(target->bytes + target->n, bytes, n);
    target->n += (int64_t)n;
}

static void flush_bytes(png_structp png)
{
    (void)png;
}

__attribute__((noreturn)) static void take_error(png_structp png, png_const_charp text)
{
    struct target *target = png_get_error_ptr(png);
    if (target->err->status == MZG_OK)
        mzg_fail(target->err, MZG_ENOMEM, "a picture cannot be made: %s", text);
    png_longjmp(png, 1);
}

static void take_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void write_header(png_structp png, png_infop info, const struct mzg_indexed *indexed)
{
    png_color palette[256];
    png_byte clear = 0;
    for (int i = 0; i < indexed->n_colours; i++)
        palette[i] = (png_color){.red = (png_byte)(indexed->colours[i] >> 16 & 255),
                                 .green = (png_byte)(indexed->colours[i] >> 8 & 255),
                                 .blue = (png_byte)(indexed->colours[i] & 255)};
    png_set_IHDR(png, info, (png_uint_32)indexed->width, (png_uint_32)indexed->height, 8,
                 PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_set_PLTE(png, info, palette, indexed->n_colours);
    if (indexed->first_is_clear)
        png_set_tRNS(png, info, &clear, 1, NULL);
    png_set_compression_level(png, LEVEL);
    png_set_filter(png, 0, PNG_FILTER_NONE);
    png_write_info(png, info);
}

/* Jumps here where libpng gives up; nothing of this frame is changed behind setjmp(). */
static void write_dots(png_structp png, png_infop info, const struct mzg_indexed *indexed)
{
    if (setjmp(png_jmpbuf(png)))
        return;
    write_header(png, info, indexed);
    for (int y = 0; y < indexed->height; y++)
        png_write_row(png, indexed->dots + (ptrdiff_t)y * indexed->width);
    png_write_end(png, info);
}

enum mzg_status mzg_indexed_png(const struct mzg_indexed *indexed, unsigned char **png, int64_t *n,
                                struct mzg_error *err)
{
    struct target target = {.err = err};
    png_structp writer = png_create_write_struct(PNG_LIBPNG_VER_STRING, &target, take_error, take_warning);
    png_infop info = writer ? png_create_info_struct(writer) : NULL;
    if (!info) {
        mzg_fail(err, MZG_ENOMEM, "no memory to write a PNG");
    } else {
        png_set_write_fn(writer, &target, take_bytes, flush_bytes);
        write_dots(writer, info, indexed);
    }
    png_destroy_write_struct(&writer, &info);
    if (err->status != MZG_OK) {
        free(target.bytes);
        return err->status;
    }
    *png = target.bytes;
    *n = target.n;
    return MZG_OK;
}

enum mzg_status mzg_indexed_new(const struct mzg_raster *raster, const struct mzg_limits *limits, int colours,
                                int side, struct mzg_indexed *indexed, struct mzg_error *err)
{
    int64_t longest = raster->width > raster->height ? raster->width : raster->height;
    int64_t block = (longest + side - 1) / side;
    int width = (int)((raster->width + block - 1) / block);
    int height = (int)((raster->height + block - 1) / block);
    uint8_t *dots = malloc((size_t)width * (size_t)height);
    if (!dots)
        return mzg_fail(err, MZG_ENOMEM, "no memory for a picture of %d x %d dots", width, height);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            int64_t x0 = x * block, x1 = x0 + block < raster->width ? x0 + block : raster->width;
            int64_t y0 = y * block, y1 = y0 + block < raster->height ? y0 + block : raster->height;
            double value = mzg_raster_mean(raster, x0, x1, y0, y1);
            double share = (value - limits->low) / (limits->high - limits->low);
            double shade = floor(fmin(1, fmax(0, share)) * SHADES);
            dots[(ptrdiff_t)y * width + x] =
                isnan(value) ? 0 : (uint8_t)(1 + (shade < SHADES - 1 ? (int)shade : SHADES - 1));
        }
    *indexed = (struct mzg_indexed){
        .dots = dots, .width = width, .height = height, .n_colours = 1 + SHADES, .first_is_clear = true};
    for (int i = 0; i < SHADES; i++)
        indexed->colours[1 + i] = mzg_colour(colours, (i + 0.5) / SHADES);
    return MZG_OK;
}
