/* Rasters as OME-TIFF, by libtiff: https://docs.openmicroscopy.org/ome-model/latest/ome-tiff/ */
#include <picture/picture.h>

#include <core/file.h>
#include <core/memory.h>

#include <errno.h>
#include <libxml/xmlwriter.h>
#include <math.h>
#include <mzgrid/version.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>
#include <unistd.h>

enum { STRIP_BYTES = 1 << 18, LEVEL = 2 };

/* What libtiff said last. It has one place for all files, so this is of the main thread. */
static char complaint[300];

__attribute__((format(printf, 2, 0))) static void take_error(const char *module, const char *format,
                                                             va_list args)
{
    (void)module;
    vsnprintf(complaint, sizeof complaint, format, args);
}

static void write_number(xmlTextWriterPtr writer, const char *name, double value)
{
    xmlTextWriterWriteFormatAttribute(writer, BAD_CAST name, "%.10g", value);
}

static void write_attribute(xmlTextWriterPtr writer, const char *name, const char *value)
{
    xmlTextWriterWriteAttribute(writer, BAD_CAST name, BAD_CAST value);
}

static void write_channels(xmlTextWriterPtr writer, const char *const *names, int n)
{
    for (int i = 0; i < n; i++) {
        xmlTextWriterStartElement(writer, BAD_CAST "Channel");
        xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "ID", "Channel:0:%d", i);
        write_attribute(writer, "Name", names[i]);
        write_attribute(writer, "SamplesPerPixel", "1");
        xmlTextWriterEndElement(writer);
    }
    for (int i = 0; i < n; i++) {
        xmlTextWriterStartElement(writer, BAD_CAST "TiffData");
        write_number(writer, "IFD", i);
        write_number(writer, "FirstC", i);
        write_attribute(writer, "PlaneCount", "1");
        xmlTextWriterEndElement(writer);
    }
}

static void write_pixels(xmlTextWriterPtr writer, const struct mzg_raster *raster, const char *const *names,
                         int n)
{
    static const char *const units[] = {"PhysicalSizeXUnit", "PhysicalSizeYUnit"};
    xmlTextWriterStartElement(writer, BAD_CAST "Pixels");
    write_attribute(writer, "ID", "Pixels:0");
    write_attribute(writer, "DimensionOrder", "XYCZT");
    write_attribute(writer, "Type", "float");
    write_number(writer, "SizeX", (double)raster->width);
    write_number(writer, "SizeY", (double)raster->height);
    write_number(writer, "SizeC", n);
    write_attribute(writer, "SizeZ", "1");
    write_attribute(writer, "SizeT", "1");
    if (raster->in_micrometres) {
        write_number(writer, "PhysicalSizeX", raster->size_x);
        write_number(writer, "PhysicalSizeY", raster->size_y);
        for (int i = 0; i < 2; i++)
            write_attribute(writer, units[i], "µm");
    }
    write_channels(writer, names, n);
    xmlTextWriterEndElement(writer);
}

/* The description of the first plane; to be freed by xmlBufferFree(). NULL: no memory. It is in UTF-8, as OME
 * asks, because Bio-Formats does not read character references such as that of the micro sign in ASCII. */
static xmlBufferPtr describe(const struct mzg_raster *raster, const char *const *names, int n,
                             const char *name)
{
    xmlBufferPtr text = xmlBufferCreate();
    xmlTextWriterPtr writer = text ? xmlNewTextWriterMemory(text, 0) : NULL;
    if (!writer) {
        xmlBufferFree(text);
        return NULL;
    }
    xmlTextWriterStartDocument(writer, NULL, "UTF-8", NULL);
    xmlTextWriterStartElement(writer, BAD_CAST "OME");
    write_attribute(writer, "xmlns", "http://www.openmicroscopy.org/Schemas/OME/2016-06");
    write_attribute(writer, "xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance");
    write_attribute(writer, "xsi:schemaLocation",
                    "http://www.openmicroscopy.org/Schemas/OME/2016-06 "
                    "http://www.openmicroscopy.org/Schemas/OME/2016-06/ome.xsd");
    xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "Creator", "mzgrid %s", mzg_version());
    xmlTextWriterStartElement(writer, BAD_CAST "Image");
    write_attribute(writer, "ID", "Image:0");
    write_attribute(writer, "Name", name);
    write_pixels(writer, raster, names, n);
    bool complete = xmlTextWriterEndDocument(writer) >= 0;
    xmlFreeTextWriter(writer);
    if (!complete) {
        xmlBufferFree(text);
        return NULL;
    }
    return text;
}

static void declare_plane(TIFF *tiff, const struct mzg_raster *raster, uint32_t strip)
{
    char software[64];
    snprintf(software, sizeof software, "mzgrid %s", mzg_version());
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, (uint32_t)raster->width);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, (uint32_t)raster->height);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 32);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_IEEEFP);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_ADOBE_DEFLATE);
    TIFFSetField(tiff, TIFFTAG_ZIPQUALITY, LEVEL);
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, strip);
    TIFFSetField(tiff, TIFFTAG_SOFTWARE, software);
    if (raster->in_micrometres) {
        TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, RESUNIT_CENTIMETER);
        TIFFSetField(tiff, TIFFTAG_XRESOLUTION, 1e4 / raster->size_x);
        TIFFSetField(tiff, TIFFTAG_YRESOLUTION, 1e4 / raster->size_y);
    }
}

static bool write_plane(TIFF *tiff, const struct mzg_raster *raster, float *strip, uint32_t strip_rows)
{
    uint32_t number = 0;
    for (int64_t row = 0; row < raster->height; row += strip_rows, number++) {
        int64_t rows = raster->height - row < strip_rows ? raster->height - row : strip_rows;
        int64_t n = rows * raster->width;
        for (int64_t i = 0; i < n; i++) {
            float value = raster->values[row * raster->width + i];
            strip[i] = isnan(value) ? 0 : value;
        }
        if (TIFFWriteEncodedStrip(tiff, number, strip, (tmsize_t)(n * (int64_t)sizeof *strip)) < 0)
            return false;
    }
    return TIFFWriteDirectory(tiff) == 1;
}

static bool write_all(TIFF *tiff, const struct mzg_raster *rasters, int n, const char *description,
                      float *strip, uint32_t strip_rows)
{
    for (int i = 0; i < n; i++) {
        declare_plane(tiff, &rasters[i], strip_rows);
        if (i == 0 && TIFFSetField(tiff, TIFFTAG_IMAGEDESCRIPTION, description) != 1)
            return false;
        if (!write_plane(tiff, &rasters[i], strip, strip_rows))
            return false;
    }
    return true;
}

enum mzg_status mzg_tiff_write(const struct mzg_raster *rasters, const char *const *names, int n,
                               const char *name, int fd, const char *path, struct mzg_error *err)
{
    int64_t row_bytes = rasters->width * (int64_t)sizeof(float);
    uint32_t strip_rows = (uint32_t)(row_bytes < STRIP_BYTES ? STRIP_BYTES / row_bytes : 1);
    int64_t bytes = mzg_size_product3(row_bytes, rasters->height, n);
    float *strip = malloc((size_t)strip_rows * (size_t)row_bytes);
    xmlBufferPtr text = describe(rasters, names, n, name);
    TIFF *tiff = NULL;
    int own = -1; /* libtiff closes what it writes */
    bool is_written = false;
    TIFFErrorHandler old_errors = TIFFSetErrorHandler(take_error);
    TIFFErrorHandler old_warnings = TIFFSetWarningHandler(NULL);
    *complaint = '\0';
    if (!strip || !text) {
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to write a TIFF", path);
        goto cleanup;
    }
    own = dup(fd);
    errno = 0;
    tiff = own < 0 ? NULL : TIFFFdOpen(own, path, bytes < 0 || bytes > 2000000000 ? "w8" : "w");
    if (tiff) {
        own = -1;
        is_written = write_all(tiff, rasters, n, (const char *)xmlBufferContent(text), strip, strip_rows);
        TIFFClose(tiff);
    }
    if (!is_written || *complaint) {
        if (errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EFBIG)
            mzg_file_write_failed(err, path, "the image", errno);
        else
            mzg_fail(err, MZG_EIO, "%s: the image cannot be written: %s", path,
                     *complaint ? complaint : strerror(errno));
    }

cleanup:
    if (own >= 0)
        close(own);
    TIFFSetErrorHandler(old_errors);
    TIFFSetWarningHandler(old_warnings);
    xmlBufferFree(text);
    free(strip);
    return err->status;
}
