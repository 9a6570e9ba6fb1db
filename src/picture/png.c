/* A drawn picture as a PNG file, by libpng: cairo's own writer takes several times as long. */
#include <picture/drawing.h>

#include <core/file.h>

#include <errno.h>
#include <mzgrid/version.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DOTS_PER_METRE = 5906, LEVEL = 2 }; /* 150 dpi */

struct target {
    int fd;
    int code; /* of the write that failed */
    char why[200];
};

static void write_bytes(png_structp png, png_bytep bytes, size_t n)
{
    struct target *target = png_get_io_ptr(png);
    while (n > 0) {
        ssize_t written = write(target->fd, bytes, n);
        if (written > 0) {
            bytes += written;
            n -= (size_t)written;
        } else if (written == 0 || errno != EINTR) {
            target->code = written < 0 ? errno : ENOSPC;
            png_error(png, "write");
        }
    }
}

static void flush_bytes(png_structp png)
{
    (void)png;
}

__attribute__((noreturn)) static void take_error(png_structp png, png_const_charp text)
{
    struct target *target = png_get_error_ptr(png);
    snprintf(target->why, sizeof target->why, "%s", text);
    png_longjmp(png, 1);
}

static void take_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void write_header(png_structp png, png_infop info, int width, int height)
{
    char software[64];
    snprintf(software, sizeof software, "mzgrid %s", mzg_version());
    png_text text = {.compression = PNG_TEXT_COMPRESSION_NONE, .key = "Software", .text = software};
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, 8, PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_pHYs(png, info, DOTS_PER_METRE, DOTS_PER_METRE, PNG_RESOLUTION_METER);
    png_set_text(png, info, &text, 1);
    png_set_compression_level(png, LEVEL);
    png_set_filter(png, 0, PNG_FILTER_NONE | PNG_FILTER_SUB | PNG_FILTER_UP);
    png_write_info(png, info);
    png_set_filler(png, 0, PNG_FILLER_AFTER);
    png_set_bgr(png); /* cairo has 0x00RRGGBB in words of the machine, and x86 is little-endian */
}

/* Jumps here where libpng gives up; nothing of this frame is changed behind setjmp(). */
static bool write_image(png_structp png, png_infop info, const unsigned char *pixels, int stride, int width,
                        int height)
{
    if (setjmp(png_jmpbuf(png)))
        return false;
    write_header(png, info, width, height);
    for (int y = 0; y < height; y++)
        png_write_row(png, pixels + (size_t)y * (size_t)stride);
    png_write_end(png, info);
    return true;
}

enum mzg_status mzg_png_write(cairo_surface_t *surface, int fd, const char *path, struct mzg_error *err)
{
    struct target target = {.fd = fd};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &target, take_error, take_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to write a PNG", path);
        goto cleanup;
    }
    png_set_write_fn(png, &target, write_bytes, flush_bytes);
    cairo_surface_flush(surface);
    if (!write_image(png, info, cairo_image_surface_get_data(surface),
                     cairo_image_surface_get_stride(surface), cairo_image_surface_get_width(surface),
                     cairo_image_surface_get_height(surface))) {
        if (target.code)
            mzg_file_write_failed(err, path, "the picture", target.code);
        else
            mzg_fail(err, MZG_EIO, "%s: the picture cannot be written: %s", path, target.why);
    }

cleanup:
    png_destroy_write_struct(&png, &info);
    return err->status;
}
