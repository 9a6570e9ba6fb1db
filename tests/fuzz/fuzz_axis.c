/* Fuzzes the reader of axis files: an axis that it accepts is one. */
#include "fuzz.h"

#include <jansson.h>
#include <math.h>
#include <mzgrid/axis.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* An axis may be as large as memory; one that takes long says nothing new. */
static int is_large(const uint8_t *data, size_t size)
{
    enum { MAX_BINS = 1 << 20 };
    json_t *root = json_loadb((const char *)data, size, 0, NULL);
    json_int_t bins = json_integer_value(json_object_get(root, "n_bins"));
    json_decref(root);
    return bins > MAX_BINS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    char path[64];
    if (fd < 0)
        fd = memfd_create("axis", 0);
    if (is_large(data, size) || ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);

    struct mzg_axis axis = {0};
    struct mzg_error err = {0};
    if (mzg_axis_read(path, &axis, &err) != MZG_OK) {
        must(err.text[0] != '\0');
        return 0;
    }
    must(axis.n_bins > 0);
    for (int64_t k = 0; k < axis.n_bins; k++)
        must(axis.edges[k] < axis.edges[k + 1] && isfinite(axis.edges[k + 1]));
    mzg_axis_destroy(&axis);
    return 0;
}
