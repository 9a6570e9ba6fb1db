/* Scratch space of one thread that decodes: buffers that grow with the largest spectrum met, and an inflater.
 */
#ifndef MZG_INPUT_DECODER_H
#define MZG_INPUT_DECODER_H

#include <input/reader.h>
#include <stddef.h>

struct libdeflate_decompressor;

enum { MZG_DECODER_BUFFERS = 3 };

struct mzg_decoder {
    void *buffers[MZG_DECODER_BUFFERS];
    size_t capacity[MZG_DECODER_BUFFERS];
    struct libdeflate_decompressor *inflater;
};

/* Buffer `which`, of at least `size` bytes and aligned to a cache line; its contents are lost when it grows.
 * NULL if there is no memory. Local. */
void *mzg_decoder_buffer(struct mzg_decoder *decoder, int which, size_t size);

#endif
