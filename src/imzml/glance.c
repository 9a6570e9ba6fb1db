#include <imzml/glance.h>

#include <core/file.h>

#include <math.h>

enum { AT_ONCE = 16 }; /* spectra of a slice */

static bool read_value(int fd, enum mzg_array_type type, int64_t offset, double *value)
{
    char bytes[8];
    if (mzg_read_at(fd, bytes, mzg_array_item_size(type), offset) != 0)
        return false;
    mzg_array_convert(type, bytes, 1, value);
    return isfinite(*value);
}

static void look_at(struct mzg_mz_glance *glance, const struct mzg_imzml_entry *entry, int fd)
{
    const struct mzg_imzml_array *array = &entry->array[MZG_MZ];
    double first, last;
    if (entry->fault != MZG_ENTRY_OK || array->n < 1 || entry->format[MZG_MZ] & MZG_ENTRY_ZLIB)
        return;
    enum mzg_array_type type = (enum mzg_array_type)entry->format[MZG_MZ];
    if (!read_value(fd, type, array->offset, &first) ||
        !read_value(fd, type, array->offset + (array->n - 1) * mzg_array_item_size(type), &last))
        return;
    glance->low = glance->n ? fmin(glance->low, fmin(first, last)) : fmin(first, last);
    glance->high = glance->n ? fmax(glance->high, fmax(first, last)) : fmax(first, last);
    glance->n++;
}

void mzg_mz_glance_add(struct mzg_mz_glance *glance, const struct mzg_imzml_part *part, int fd)
{
    for (int64_t k = 0; k < part->n_lists; k++) {
        int64_t n = part->lists[k].n, step = n > AT_ONCE ? n / AT_ONCE : 1;
        for (int64_t i = 0; i < n; i += step)
            look_at(glance, mzg_entry_list_at(&part->lists[k], i), fd);
    }
}
