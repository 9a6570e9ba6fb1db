/*
 * Fuzzes the decoder of arrays. The first bytes choose what the index promises, the others are the ibd:
 *
 *     type, zlib (0 or 1), n (2 bytes), encoded length (2 bytes), offset (1 byte) | ibd
 */
#include "fuzz.h"

#include <imzml/imzml.h>
#include <input/decoder.h>
#include <string.h>

enum { PROMISE = 7 };

static int64_t two_bytes(const uint8_t *data)
{
    return data[0] + 256 * data[1];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < PROMISE)
        return 0;
    int64_t ibd_size = (int64_t)size - PROMISE;
    enum mzg_array_type type = (enum mzg_array_type)(data[0] % (MZG_ARRAY_INT64 + 1));
    struct mzg_imzml_array array = {
        .offset = data[6], .n = two_bytes(data + 2), .encoded = two_bytes(data + 4)};
    uint8_t format = (uint8_t)(type | (data[1] % 2 ? MZG_ENTRY_ZLIB : 0));
    struct mzg_imzml_entry entry = {
        .array = {array, array}, .position = {1, 1, 1}, .format = {format, format}};
    mzg_entry_check(&entry, ibd_size);
    struct mzg_fault fault = {0};
    if (entry.fault != MZG_ENTRY_OK) {
        mzg_entry_explain(&entry, 0, ibd_size, &fault);
        must(fault.reason != MZG_FAULT_NONE && fault.text[0] != '\0');
        return 0;
    }

    /* Bytes of their own, so that a read beyond them is seen. */
    int64_t stored = mzg_entry_stored(&entry, MZG_MZ, ibd_size);
    must(stored >= 0 && (array.n == 0 || stored <= ibd_size - array.offset));
    char *bytes = malloc((size_t)stored + 1);
    if (stored > 0)
        memcpy(bytes, data + PROMISE + array.offset, (size_t)stored);
    bytes = realloc(bytes, (size_t)stored > 0 ? (size_t)stored : 1);

    struct mzg_decoder *decoder = NULL;
    struct mzg_error err = {0};
    must(mzg_decoder_new(&decoder, &err) == MZG_OK);
    const double *values = mzg_imzml_decode_array(&entry, MZG_MZ, bytes, stored, decoder, &fault);
    if (values) {
        volatile double sum = 0;
        for (int64_t i = 0; i < array.n; i++)
            sum = sum + values[i];
    } else {
        must(fault.reason != MZG_FAULT_NONE && fault.text[0] != '\0');
    }
    mzg_decoder_free(decoder);
    free(bytes);
    return 0;
}
