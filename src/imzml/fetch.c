/*
 * From pixels to bytes to arrays. A batch's storage holds, for each of its spectra, two ranges of the ibd:
 * the m/z array and the intensities, of length 0 if nothing is to be read.
 */
#include <core/array.h>
#include <core/file.h>
#include <imzml/imzml.h>
#include <input/decoder.h>
#include <input/ranges.h>

#include <errno.h>
#include <inttypes.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct storage {
    struct mzg_range *ranges; /* 2 for each spectrum */
    int64_t capacity;         /* of spectra */
    int64_t pixel_capacity;
    int64_t spectra_capacity;
    struct mzg_range_storage bytes;
};

static void free_storage(void *pointer)
{
    struct storage *storage = pointer;
    free(storage->ranges);
    mzg_range_storage_destroy(&storage->bytes);
    free(storage);
}

static struct storage *prepare(struct mzg_batch *batch, int64_t n_pixels, int64_t n_spectra,
                               struct mzg_error *err)
{
    static const char spectra[] = "spectra of a batch; use a smaller --chunk-size";
    if (!batch->storage) {
        batch->storage = calloc(1, sizeof(struct storage));
        batch->free_storage = free_storage;
    }
    struct storage *storage = batch->storage;
    if (!storage)
        mzg_fail(err, MZG_ENOMEM, "no memory for a batch of spectra");
    else if (mzg_array_reserve(&batch->pixel_begin, sizeof *batch->pixel_begin, n_pixels + 1,
                               &storage->pixel_capacity, "pixels of a batch; use a smaller --chunk-size",
                               err) == MZG_OK &&
             mzg_array_reserve(&batch->spectra, sizeof *batch->spectra, n_spectra, &storage->spectra_capacity,
                               spectra, err) == MZG_OK)
        mzg_array_reserve(&storage->ranges, 2 * (int64_t)sizeof *storage->ranges, n_spectra,
                          &storage->capacity, spectra, err);
    return storage;
}

static int64_t bytes_of(const struct mzg_imzml_reader *reader, const struct mzg_imzml_entry *entry, int which)
{
    return entry->fault == MZG_ENTRY_OK ? mzg_entry_stored(entry, which, reader->ibd.size) : 0;
}

/* Fills the two ranges of a spectrum; those that are not read stand where the range before stands, so that
 * ascending ranges stay so. */
static void set_ranges(const struct mzg_imzml_reader *reader, const struct mzg_imzml_entry *entry,
                       const bool wanted[2], int64_t *offset, struct mzg_range ranges[2])
{
    for (int which = 0; which < 2; which++) {
        int64_t length = wanted[which] ? bytes_of(reader, entry, which) : 0;
        if (length > 0)
            *offset = entry->array[which].offset;
        ranges[which] = (struct mzg_range){.offset = *offset, .length = length};
    }
}

/* Fetches the arrays that `wanted` names. */
static enum mzg_status fetch(const struct mzg_imzml_reader *reader, int64_t first_pixel, int64_t n_pixels,
                             const bool wanted[2], struct mzg_batch *batch, struct mzg_error *err)
{
    int64_t n_spectra = 0;
    for (int64_t p = 0; p < n_pixels; p++)
        n_spectra += mzg_pixel_table_count(&reader->pixels, first_pixel + p);
    struct storage *storage = prepare(batch, n_pixels, n_spectra, err);
    if (err->status != MZG_OK)
        return err->status;

    batch->first_pixel = first_pixel;
    batch->n_pixels = n_pixels;
    batch->n_spectra = 0;
    int64_t offset = 0;
    for (int64_t p = 0; p < n_pixels; p++) {
        batch->pixel_begin[p] = batch->n_spectra;
        int64_t count = mzg_pixel_table_count(&reader->pixels, first_pixel + p);
        for (int64_t k = 0; k < count; k++) {
            int64_t spectrum = mzg_pixel_table_spectrum(&reader->pixels, first_pixel + p, k);
            set_ranges(reader, &reader->entries[spectrum], wanted, &offset,
                       &storage->ranges[2 * batch->n_spectra]);
            batch->spectra[batch->n_spectra++] = spectrum;
        }
    }
    batch->pixel_begin[n_pixels] = batch->n_spectra;
    return mzg_ranges_read(reader->ibd.fd, storage->ranges, 2 * n_spectra, &storage->bytes,
                           &batch->bytes_read, err);
}

enum mzg_status mzg_imzml_fetch(const struct mzg_reader *base, int64_t first_pixel, int64_t n_pixels,
                                struct mzg_batch *batch, struct mzg_error *err)
{
    const struct mzg_imzml_reader *reader = (const struct mzg_imzml_reader *)base;
    const bool wanted[2] = {!base->dataset.shared_mz && !reader->known_mz, true};
    return fetch(reader, first_pixel, n_pixels, wanted, batch, err);
}

/* Inflates into buffer 2 of the decoder. */
static const char *inflate(const struct mzg_imzml_entry *entry, int which, const char *bytes, int64_t stored,
                           size_t raw, struct mzg_decoder *decoder, struct mzg_fault *fault)
{
    const struct mzg_imzml_array *array = &entry->array[which];
    void *inflated = mzg_decoder_buffer(decoder, 2, raw);
    if (!inflated) {
        fault->reason = MZG_FAULT_NO_MEMORY;
        snprintf(fault->text, sizeof fault->text,
                 "%s at byte %" PRId64 ": no memory for its %" PRId64 " values", mzg_entry_array_name(which),
                 array->offset, array->n);
        return NULL;
    }
    size_t taken, made;
    enum libdeflate_result result =
        libdeflate_zlib_decompress_ex(decoder->inflater, bytes, (size_t)stored, inflated, raw, &taken, &made);
    if (result == LIBDEFLATE_SUCCESS && made == raw)
        return inflated;
    fault->reason = MZG_FAULT_COMPRESSION;
    const char *what = result == LIBDEFLATE_SUCCESS || result == LIBDEFLATE_SHORT_OUTPUT
                           ? "holds fewer than its"
                           : "is broken or holds more than its";
    snprintf(fault->text, sizeof fault->text,
             "%s at bytes %" PRId64 " to %" PRId64 ": its zlib stream %s %" PRId64 " values of %s",
             mzg_entry_array_name(which), array->offset, array->offset + stored - 1, what, array->n,
             mzg_array_type_name(mzg_entry_type(entry, which)));
    return NULL;
}

const double *mzg_imzml_decode_array(const struct mzg_imzml_entry *entry, int which, const char *bytes,
                                     int64_t stored, struct mzg_decoder *decoder, struct mzg_fault *fault)
{
    enum mzg_array_type type = mzg_entry_type(entry, which);
    size_t n = (size_t)entry->array[which].n;
    double *values = mzg_decoder_buffer(decoder, which, n * sizeof *values);
    if (!values) {
        fault->reason = MZG_FAULT_NO_MEMORY;
        snprintf(fault->text, sizeof fault->text, "%s at byte %" PRId64 ": no memory for its %zu values",
                 mzg_entry_array_name(which), entry->array[which].offset, n);
        return NULL;
    }
    if (n > 0 && mzg_entry_is_zlib(entry, which)) {
        bytes = inflate(entry, which, bytes, stored, n * (size_t)mzg_array_item_size(type), decoder, fault);
        if (!bytes)
            return NULL;
    }
    mzg_array_convert(type, bytes, (int64_t)n, values);
    return values;
}

/* An array of a fetched entry. */
static const double *decode_fetched(const struct mzg_imzml_reader *reader, const struct mzg_batch *batch,
                                    int64_t i, int which, struct mzg_decoder *decoder,
                                    struct mzg_fault *fault)
{
    const struct storage *storage = batch->storage;
    const struct mzg_range *range = &storage->ranges[2 * i + which];
    const struct mzg_imzml_entry *entry = &reader->entries[batch->spectra[i]];
    if (range->error) {
        fault->reason = MZG_FAULT_READ;
        snprintf(fault->text, sizeof fault->text, "%s at bytes %" PRId64 " to %" PRId64 ": cannot read: %s",
                 mzg_entry_array_name(which), range->offset, range->offset + range->length - 1,
                 range->error == ENODATA ? "the ibd became shorter" : strerror(range->error));
        return NULL;
    }
    return mzg_imzml_decode_array(entry, which, storage->bytes.bytes + range->at, range->length, decoder,
                                  fault);
}

bool mzg_imzml_decode(const struct mzg_reader *base, const struct mzg_batch *batch, int64_t i,
                      struct mzg_decoder *decoder, struct mzg_spectrum *spectrum, struct mzg_fault *fault)
{
    const struct mzg_imzml_reader *reader = (const struct mzg_imzml_reader *)base;
    int64_t ordinal = batch->spectra[i];
    const struct mzg_imzml_entry *entry = &reader->entries[ordinal];
    *fault = (struct mzg_fault){.spectrum = ordinal};
    if (entry->fault != MZG_ENTRY_OK) {
        mzg_entry_explain(entry, ordinal, reader->ibd.size, fault);
        return false;
    }
    const double *mz = reader->known_mz ? reader->known_mz : reader->shared_mz;
    if (base->dataset.shared_mz && !mz) {
        fault->reason = MZG_FAULT_COMPRESSION;
        snprintf(fault->text, sizeof fault->text, "the shared m/z array cannot be decoded");
        return false;
    }
    if (!mz)
        mz = decode_fetched(reader, batch, i, MZG_MZ, decoder, fault);
    const double *intensity = mz ? decode_fetched(reader, batch, i, MZG_INTENSITY, decoder, fault) : NULL;
    if (!intensity)
        return false;
    *spectrum = (struct mzg_spectrum){mz, intensity, entry->array[MZG_MZ].n};
    return true;
}

static void widen(double value, struct mzg_mz_scan *scan)
{
    if (!(value > 0 && value <= 1e6))
        return;
    if (value < scan->min_mz)
        scan->min_mz = value;
    if (value > scan->max_mz)
        scan->max_mz = value;
}

/* Every value of the m/z array of spectrum `ordinal`. */
static enum mzg_status scan_all(const double *mz, int64_t n, int64_t ordinal, struct mzg_mz_scan *scan,
                                struct mzg_error *err)
{
    int64_t steps_back = 0;
    for (int64_t i = 0; i < n; i++) {
        widen(mz[i], scan);
        steps_back += i > 0 && mz[i] < mz[i - 1];
    }
    if (steps_back > 0 && ordinal < scan->unsorted)
        scan->unsorted = ordinal;
    return scan->take ? scan->take(scan->taker, mz, n, err) : MZG_OK;
}

/* The first and last value of an array; false if they cannot stand for all, being out of order or no m/z.
 */
static bool scan_ends(const double ends[2], struct mzg_mz_scan *scan)
{
    if (!(ends[0] > 0 && ends[0] <= ends[1] && ends[1] <= 1e6))
        return false;
    widen(ends[0], scan);
    widen(ends[1], scan);
    scan->n_by_ends++;
    return true;
}

/* Where a spectrum that was scanned is noted; those of other arrays may have to share the place. */
static int64_t place_of(const struct mzg_imzml_reader *reader, int64_t ordinal)
{
    return (reader->entries[ordinal].array[MZG_MZ].offset >> 3 & INT64_MAX) % MZG_MZ_SCAN_SEEN;
}

/* Whether spectrum `ordinal` has the very array of one that was scanned before. */
static bool is_seen(const struct mzg_imzml_reader *reader, int64_t ordinal, const struct mzg_mz_scan *scan)
{
    int64_t other = scan->seen[place_of(reader, ordinal)] - 1;
    return other >= 0 && mzg_entry_same_mz(&reader->entries[other], &reader->entries[ordinal]);
}

/* Whether spectrum i of the batch has the m/z array of the first that was taken, byte for byte, which is then
 * known; notes that it does not. */
static bool is_first(const struct mzg_imzml_reader *reader, const struct mzg_batch *batch, int64_t i,
                     struct mzg_mz_scan *scan)
{
    const struct storage *storage = batch->storage;
    const struct mzg_range *range = &storage->ranges[2 * i + MZG_MZ];
    const struct mzg_imzml_entry *entry = &reader->entries[batch->spectra[i]];
    if (scan->n_same <= 0)
        return false;
    const struct mzg_imzml_entry *first = &reader->entries[scan->first_spectrum];
    if (!range->error && range->length == scan->first_bytes &&
        entry->format[MZG_MZ] == first->format[MZG_MZ] && entry->array[MZG_MZ].n == first->array[MZG_MZ].n &&
        memcmp(storage->bytes.bytes + range->at, scan->first, (size_t)range->length) == 0)
        return true;
    scan->n_same = -1;
    return false;
}

/* Keeps the array of spectrum i of the batch for the next ones. */
static enum mzg_status keep_first(const struct mzg_imzml_reader *reader, const struct mzg_batch *batch,
                                  int64_t i, struct mzg_mz_scan *scan, struct mzg_error *err)
{
    const struct storage *storage = batch->storage;
    const struct mzg_range *range = &storage->ranges[2 * i + MZG_MZ];
    scan->first = malloc((size_t)range->length + 1);
    if (!scan->first)
        return mzg_fail(err, MZG_ENOMEM, "no memory for an m/z array of %" PRId64 " bytes", range->length);
    memcpy(scan->first, storage->bytes.bytes + range->at, (size_t)range->length);
    scan->first_bytes = range->length;
    scan->first_spectrum = batch->spectra[i];
    scan->n_same = reader->entries[batch->spectra[i]].array[MZG_MZ].n;
    return MZG_OK;
}

/* Scans the fetched m/z array of spectrum i of the batch. */
static enum mzg_status scan_fetched(const struct mzg_imzml_reader *reader, const struct mzg_batch *batch,
                                    int64_t i, bool full, struct mzg_decoder *decoder,
                                    struct mzg_mz_scan *scan, struct mzg_error *err)
{
    const struct storage *storage = batch->storage;
    const struct mzg_range *range = &storage->ranges[2 * i + MZG_MZ];
    const struct mzg_imzml_entry *entry = &reader->entries[batch->spectra[i]];
    int64_t n = entry->array[MZG_MZ].n;
    if (entry->fault != MZG_ENTRY_OK || n == 0 || is_seen(reader, batch->spectra[i], scan) ||
        is_first(reader, batch, i, scan))
        return MZG_OK;
    scan->seen[place_of(reader, batch->spectra[i])] = 1 + batch->spectra[i];
    if (!full && !range->error && !mzg_entry_is_zlib(entry, MZG_MZ)) {
        const char *bytes = storage->bytes.bytes + range->at;
        enum mzg_array_type type = mzg_entry_type(entry, MZG_MZ);
        double ends[2];
        mzg_array_convert(type, bytes, 1, &ends[0]);
        mzg_array_convert(type, bytes + (n - 1) * mzg_array_item_size(type), 1, &ends[1]);
        if (scan_ends(ends, scan))
            return MZG_OK;
    }
    struct mzg_fault fault = {.spectrum = batch->spectra[i]};
    const double *mz = decode_fetched(reader, batch, i, MZG_MZ, decoder, &fault);
    if (!mz) {
        scan->n_same = -1;
        return mzg_fault_check(&fault, err);
    }
    if (scan->take && scan->n_same == 0 && keep_first(reader, batch, i, scan, err) != MZG_OK)
        return err->status;
    return scan_all(mz, n, batch->spectra[i], scan, err);
}

/* Scans a long uncompressed array by its two ends, without reading the rest; false if they do not tell. */
static bool scan_ends_in_file(const struct mzg_imzml_reader *reader, const struct mzg_imzml_entry *entry,
                              struct mzg_mz_scan *scan)
{
    const struct mzg_imzml_array *array = &entry->array[MZG_MZ];
    enum mzg_array_type type = mzg_entry_type(entry, MZG_MZ);
    int size = mzg_array_item_size(type);
    double ends[2];
    for (int i = 0; i < 2; i++) {
        char bytes[8];
        if (mzg_read_at(reader->ibd.fd, bytes, size, array->offset + i * (array->n - 1) * size) != 0)
            return false;
        mzg_array_convert(type, bytes, 1, &ends[i]);
    }
    return scan_ends(ends, scan);
}

/* Whether pixel `pixel` has a single spectrum whose m/z array is too long to be read for its ends, and those
 * tell. */
static bool scan_long_pixel(const struct mzg_imzml_reader *reader, int64_t pixel, struct mzg_mz_scan *scan)
{
    const int64_t worth_a_seek = 256 << 10;
    if (mzg_pixel_table_count(&reader->pixels, pixel) != 1)
        return false;
    const struct mzg_imzml_entry *entry =
        &reader->entries[mzg_pixel_table_spectrum(&reader->pixels, pixel, 0)];
    return !mzg_entry_is_zlib(entry, MZG_MZ) && bytes_of(reader, entry, MZG_MZ) >= worth_a_seek &&
           scan_ends_in_file(reader, entry, scan);
}

/* Whether pixel `pixel` has a single spectrum whose m/z array was scanned before, so that it need not be
 * read. */
static bool is_seen_pixel(const struct mzg_imzml_reader *reader, int64_t pixel,
                          const struct mzg_mz_scan *scan)
{
    int64_t ordinal = mzg_pixel_table_spectrum(&reader->pixels, pixel, 0);
    return mzg_pixel_table_count(&reader->pixels, pixel) == 1 &&
           reader->entries[ordinal].fault == MZG_ENTRY_OK && is_seen(reader, ordinal, scan);
}

/* As many pixels from `first` on as have m/z arrays of two megabytes together. */
static int64_t pixels_of_one_scan(const struct mzg_imzml_reader *reader, int64_t first, int64_t end)
{
    const int64_t enough = 2 << 20; /* each worker holds so much, before the memory is planned */
    int64_t bytes = 0, pixel = first;
    while (pixel < end && bytes < enough && pixel - first < 65536) {
        int64_t count = mzg_pixel_table_count(&reader->pixels, pixel);
        for (int64_t k = 0; k < count; k++)
            bytes += bytes_of(reader, &reader->entries[mzg_pixel_table_spectrum(&reader->pixels, pixel, k)],
                              MZG_MZ);
        pixel++;
    }
    return pixel - first;
}

enum mzg_status mzg_imzml_scan_mz(const struct mzg_reader *base, int64_t first_pixel, int64_t n_pixels,
                                  bool full, struct mzg_decoder *decoder, struct mzg_mz_scan *scan,
                                  struct mzg_error *err)
{
    const struct mzg_imzml_reader *reader = (const struct mzg_imzml_reader *)base;
    int64_t shared_from = reader->summary.shared_from;
    if (base->dataset.shared_mz) {
        bool has_any = reader->shared_mz && n_pixels > 0;
        int64_t n = reader->entries[shared_from].array[MZG_MZ].n;
        return has_any ? scan_all(reader->shared_mz, n, shared_from, scan, err) : MZG_OK;
    }
    static const bool wanted[2] = {true, false};
    struct mzg_batch batch;
    mzg_batch_init(&batch);
    enum mzg_status status = MZG_OK;
    for (int64_t done = 0; done < n_pixels && status == MZG_OK;) {
        if (is_seen_pixel(reader, first_pixel + done, scan) ||
            (!full && scan_long_pixel(reader, first_pixel + done, scan))) {
            done++;
            continue;
        }
        int64_t n = pixels_of_one_scan(reader, first_pixel + done, first_pixel + n_pixels);
        status = fetch(reader, first_pixel + done, n, wanted, &batch, err);
        for (int64_t i = 0; i < batch.n_spectra && status == MZG_OK; i++)
            status = scan_fetched(reader, &batch, i, full, decoder, scan, err);
        done += n;
    }
    mzg_batch_destroy(&batch);
    return status;
}

static void load_shared_mz(struct mzg_imzml_reader *reader, struct mzg_decoder *decoder,
                           struct mzg_error *err)
{
    const struct mzg_imzml_entry *entry = &reader->entries[reader->summary.shared_from];
    const struct mzg_imzml_array *array = &entry->array[MZG_MZ];
    int64_t stored = mzg_entry_stored(entry, MZG_MZ, reader->ibd.size);
    size_t size = (size_t)array->n * sizeof(double);
    char *bytes = malloc((size_t)stored + 1);
    double *mz = malloc(size + 1);
    struct mzg_fault fault = {0};
    if (!bytes || !mz) {
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for the shared m/z array of %" PRId64 " values",
                 reader->path, array->n);
        goto cleanup;
    }
    int error = mzg_read_at(reader->ibd.fd, bytes, stored, array->offset);
    if (error) {
        mzg_fail(err, MZG_EIO, "%s: cannot read the shared m/z array, bytes %" PRId64 " to %" PRId64 ": %s",
                 reader->ibd.path, array->offset, array->offset + stored - 1, strerror(error));
        goto cleanup;
    }
    const double *values = mzg_imzml_decode_array(entry, MZG_MZ, bytes, stored, decoder, &fault);
    if (!values) {
        mzg_fail(err, MZG_EFORMAT, "%s: the m/z array that all spectra share cannot be decoded: %s",
                 reader->ibd.path, fault.text);
        goto cleanup;
    }
    memcpy(mz, values, size);
    reader->shared_mz = mz;
    mz = NULL;

cleanup:
    free(bytes);
    free(mz);
}

void mzg_imzml_load_shared_mz(struct mzg_imzml_reader *reader)
{
    struct mzg_decoder *decoder = NULL;
    if (mzg_decoder_new(&decoder, &reader->shared_error) == MZG_OK)
        load_shared_mz(reader, decoder, &reader->shared_error);
    mzg_decoder_free(decoder);
}
