/* What every fuzz target is: a function that takes any bytes, and ends the program where a promise is broken.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(), which release builds leave out. */
static inline void must(int holds)
{
    if (!holds)
        abort();
}

#endif
