/* The spectra of a pixel. */
#include <imzml/imzml.h>

int64_t mzg_imzml_spectrum_at(const struct mzg_imzml_reader *reader, int64_t pixel, int64_t k)
{
    return mzg_pixel_table_spectrum(&reader->pixels, pixel, k);
}

int64_t mzg_imzml_spectrum_count(const struct mzg_imzml_reader *reader, int64_t pixel)
{
    return mzg_pixel_table_count(&reader->pixels, pixel);
}
