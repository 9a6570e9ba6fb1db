/* The thin layer over the kinds of readers; their table is src/run/readers.c. */
#include <core/agree.h>
#include <core/context.h>
#include <input/reader.h>

#include <inttypes.h>
#include <stdlib.h>

void mzg_reader_close(struct mzg_reader *reader)
{
    if (reader)
        reader->kind->close(reader);
}

void mzg_reader_pixel(const struct mzg_reader *reader, int64_t pixel, int32_t position[3],
                      int64_t *first_spectrum, int64_t *n_spectra)
{
    reader->kind->pixel(reader, pixel, position, first_spectrum, n_spectra);
}

int64_t mzg_reader_ordinal(const struct mzg_reader *reader, int64_t pixel)
{
    return reader->kind->ordinal ? reader->kind->ordinal(reader, pixel) : pixel;
}

enum mzg_status mzg_reader_verify(const struct mzg_context *context, struct mzg_reader *reader,
                                  struct mzg_error *err)
{
    return reader->kind->verify ? reader->kind->verify(context, reader, err) : MZG_OK;
}

void mzg_reader_measure(const struct mzg_reader *reader, int64_t first_pixel, int64_t n_pixels,
                        int64_t *bytes, int64_t *points)
{
    reader->kind->measure(reader, first_pixel, n_pixels, bytes, points);
}

int64_t mzg_reader_count_faulty(const struct mzg_reader *reader)
{
    return reader->kind->count_faulty(reader);
}

enum mzg_status mzg_reader_shared_mz(struct mzg_reader *reader, const double **mz, int64_t *n,
                                     struct mzg_error *err)
{
    return reader->kind->shared_mz(reader, mz, n, err);
}

void mzg_batch_init(struct mzg_batch *batch)
{
    *batch = (struct mzg_batch){0};
}

void mzg_batch_destroy(struct mzg_batch *batch)
{
    free(batch->pixel_begin);
    free(batch->spectra);
    if (batch->storage)
        batch->free_storage(batch->storage);
    mzg_batch_init(batch);
}

enum mzg_status mzg_reader_fetch(const struct mzg_reader *reader, int64_t first_pixel, int64_t n_pixels,
                                 struct mzg_batch *batch, struct mzg_error *err)
{
    return reader->kind->fetch(reader, first_pixel, n_pixels, batch, err);
}

bool mzg_reader_decode(const struct mzg_reader *reader, const struct mzg_batch *batch, int64_t entry,
                       struct mzg_decoder *decoder, struct mzg_spectrum *spectrum, struct mzg_fault *fault)
{
    return reader->kind->decode(reader, batch, entry, decoder, spectrum, fault);
}

enum mzg_status mzg_reader_check_unchanged(const struct mzg_context *context, const struct mzg_reader *reader,
                                           struct mzg_error *err)
{
    if (reader->kind->unchanged)
        reader->kind->unchanged(reader, err);
    return mzg_agree(context->comm, err);
}

enum mzg_status mzg_reader_scan_mz(const struct mzg_reader *reader, int64_t first_pixel, int64_t n_pixels,
                                   bool full, struct mzg_decoder *decoder, struct mzg_mz_scan *scan,
                                   struct mzg_error *err)
{
    return reader->kind->scan_mz(reader, first_pixel, n_pixels, full, decoder, scan, err);
}

void mzg_reader_know_mz(struct mzg_reader *reader, const double *mz)
{
    if (reader->kind->know_mz)
        reader->kind->know_mz(reader, mz);
}

enum mzg_status mzg_fault_check(const struct mzg_fault *fault, struct mzg_error *err)
{
    if (fault->reason == MZG_FAULT_NO_MEMORY)
        return mzg_fail(err, MZG_ENOMEM, "spectrum %" PRId64 ": %s", fault->spectrum + 1, fault->text);
    if (fault->reason == MZG_FAULT_READ)
        return mzg_fail(err, MZG_EIO,
                        "spectrum %" PRId64
                        ": %s; another run may read it, or --pixels and --region leave it out",
                        fault->spectrum + 1, fault->text);
    return MZG_OK;
}

const char *mzg_fault_name(enum mzg_fault_reason reason)
{
    switch (reason) {
    case MZG_FAULT_NONE:
        return "none";
    case MZG_FAULT_NO_ARRAY:
        return "array missing";
    case MZG_FAULT_OUTSIDE_FILE:
        return "array outside the file";
    case MZG_FAULT_BAD_NUMBER:
        return "unreadable number";
    case MZG_FAULT_ENCODED_LENGTH:
        return "encoded length does not fit";
    case MZG_FAULT_LENGTHS_DIFFER:
        return "lengths of m/z and intensity differ";
    case MZG_FAULT_COMPRESSION:
        return "compression broken";
    case MZG_FAULT_TOLD:
        return "unusable, says its reader";
    case MZG_FAULT_READ:
        return "bytes unreadable";
    case MZG_FAULT_NO_MEMORY:
        return "no memory";
    }
    return "unknown";
}
