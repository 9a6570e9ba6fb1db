/* The spectra of a pixel. */
#include <imzml/imzml.h>

int64_t mzg_imzml_spectrum_at(const struct mzg_imzml_reader *reader, int64_t pixel, int64_t k)
{
    return reader->pixel_begin ? reader->pixel_spectra[reader->pixel_begin[pixel] + k] : pixel;
}

int64_t mzg_imzml_spectrum_count(const struct mzg_imzml_reader *reader, int64_t pixel)
{
    return reader->pixel_begin ? reader->pixel_begin[pixel + 1] - reader->pixel_begin[pixel] : 1;
}
