#include <input/decoder.h>

#include <libdeflate.h>
#include <stdlib.h>

enum { ALIGNMENT = 64 };

enum mzg_status mzg_decoder_new(struct mzg_decoder **decoder, struct mzg_error *err)
{
    struct mzg_decoder *new_decoder = calloc(1, sizeof *new_decoder);
    if (new_decoder)
        new_decoder->inflater = libdeflate_alloc_decompressor();
    if (!new_decoder || !new_decoder->inflater) {
        mzg_decoder_free(new_decoder);
        return mzg_fail(err, MZG_ENOMEM, "no memory for a decoder");
    }
    *decoder = new_decoder;
    return MZG_OK;
}

void mzg_decoder_free(struct mzg_decoder *decoder)
{
    if (!decoder)
        return;
    for (int i = 0; i < MZG_DECODER_BUFFERS; i++)
        free(decoder->buffers[i]);
    if (decoder->inflater)
        libdeflate_free_decompressor(decoder->inflater);
    free(decoder);
}

void *mzg_decoder_buffer(struct mzg_decoder *decoder, int which, size_t size)
{
    if (decoder->buffers[which] && size <= decoder->capacity[which])
        return decoder->buffers[which];

    /* A half more than asked for, so that spectra of slowly growing size do not each allocate anew. */
    size_t capacity = size + size / 2;
    capacity = (capacity / ALIGNMENT + 1) * ALIGNMENT;
    void *buffer = aligned_alloc(ALIGNMENT, capacity);
    if (!buffer)
        return NULL;
    free(decoder->buffers[which]);
    decoder->buffers[which] = buffer;
    decoder->capacity[which] = capacity;
    return buffer;
}
