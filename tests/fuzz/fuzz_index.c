/* Fuzzes the index of spectra: parsed at once and in slices, the same bytes say the same or are not cut. */
#include "fuzz.h"

#include <index_equality.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { IBD_SIZE = 10000, MAX_SLICE = 3000 };
    struct whole whole;
    bool was_cut;
    int64_t slice_size = 60 + (int64_t)(size * 2654435761u % MAX_SLICE);
    whole_parse(&whole, (const char *)data, (int64_t)size, IBD_SIZE);
    for (int by_library = 0; by_library < 2; by_library++)
        must(sliced_difference(&whole, slice_size, by_library, &was_cut) == NULL);
    whole_free(&whole);
    return 0;
}
