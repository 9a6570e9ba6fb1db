/* Ranges of pixels of a foreign input that is open: neighbouring spectra are asked for together. */
#include <input/foreign_kind.h>

#include <core/array.h>
#include <core/escape.h>

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a batch holds of each spectrum. */
struct slot {
    int64_t at;  /* of its first point */
    char *fault; /* owned; why the reader says that it cannot be used; NULL: it can */
};

struct storage {
    struct slot *slots;
    int64_t n_slots;
    int64_t slot_capacity;
    double *values; /* first all m/z, then all intensities */
    int64_t point_capacity;
    int64_t n_points;
    struct mzg_error failure; /* of the reader, which all spectra of the batch have then */
};

static const struct mzg_foreign *of(const struct mzg_reader *base)
{
    return (const struct mzg_foreign *)base;
}

static void foreign_close(struct mzg_reader *base)
{
    struct mzg_foreign *reader = (struct mzg_foreign *)base;
    struct mzg_foreign_input *input = &reader->source.input;
    if (reader->source.is_open && input->release)
        input->release(input);
    pthread_mutex_destroy(&reader->source.lock);
    mzg_pixel_table_destroy(&reader->pixels);
    mzg_node_memory_free(reader->index_memory);
    json_decref(base->dataset.metadata);
    free(reader->path);
    free(reader);
}

static void foreign_pixel(const struct mzg_reader *base, int64_t pixel, int32_t position[3],
                          int64_t *first_spectrum, int64_t *n_spectra)
{
    const struct mzg_foreign *reader = of(base);
    *first_spectrum = mzg_pixel_table_spectrum(&reader->pixels, pixel, 0);
    *n_spectra = mzg_pixel_table_count(&reader->pixels, pixel);
    memcpy(position, reader->index[*first_spectrum].position, 3 * sizeof *position);
}

static void foreign_measure(const struct mzg_reader *base, int64_t first_pixel, int64_t n_pixels,
                            int64_t *bytes, int64_t *points)
{
    const struct mzg_foreign *reader = of(base);
    int64_t n_spectra = 0;
    *points = 0;
    for (int64_t p = first_pixel; p < first_pixel + n_pixels; p++) {
        int64_t n = mzg_pixel_table_count(&reader->pixels, p);
        n_spectra += n;
        for (int64_t k = 0; k < n; k++)
            *points += reader->index[mzg_pixel_table_spectrum(&reader->pixels, p, k)].n;
    }
    *bytes =
        (n_pixels + 1) * 8 + n_spectra * (int64_t)(8 + sizeof(struct slot)) + *points * MZG_FOREIGN_POINT;
}

static int64_t foreign_ordinal(const struct mzg_reader *base, int64_t pixel)
{
    const struct mzg_pixel_table *pixels = &of(base)->pixels;
    return pixels->ordinals ? pixels->ordinals[pixel] : pixel;
}

static int64_t foreign_count_faulty(const struct mzg_reader *base)
{
    return of(base)->summary.faulty_pixels;
}

static enum mzg_status foreign_shared_mz(struct mzg_reader *base, const double **mz, int64_t *n,
                                         struct mzg_error *err)
{
    (void)mz;
    (void)n;
    return mzg_fail(err, MZG_EUSAGE, "%s: its spectra do not share one m/z array", base->dataset.path);
}

static void forget_faults(struct storage *storage)
{
    for (int64_t i = 0; i < storage->n_slots; i++)
        free(storage->slots[i].fault);
    storage->n_slots = 0;
}

static void free_storage(void *memory)
{
    struct storage *storage = memory;
    forget_faults(storage);
    free(storage->slots);
    free(storage->values);
    free(storage);
}

/* Room in the batch for what is to come. */
static enum mzg_status prepare(struct mzg_batch *batch, int64_t n_pixels, int64_t n_spectra, int64_t n_points,
                               struct mzg_error *err)
{
    static const char what[] = "spectra of a batch; use a smaller --chunk-size";
    if (!batch->storage)
        batch->storage = calloc(1, sizeof(struct storage));
    batch->free_storage = free_storage;
    struct storage *storage = batch->storage;
    if (!storage)
        return mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " %s", n_spectra, what);
    forget_faults(storage);
    storage->failure = (struct mzg_error){0};
    const struct mzg_array arrays[] = {{&batch->pixel_begin, sizeof *batch->pixel_begin},
                                       {&batch->spectra, sizeof *batch->spectra},
                                       {&storage->slots, sizeof *storage->slots}};
    if (mzg_arrays_reserve(arrays, 3, n_pixels + n_spectra + 1, &storage->slot_capacity, what, err) != MZG_OK)
        return err->status;
    return mzg_array_reserve(&storage->values, MZG_FOREIGN_POINT, n_points, &storage->point_capacity,
                             "points of a batch; use a smaller --chunk-size", err);
}

/* The spectra of a batch that are still to come, in the order of its entries. */
struct filling {
    const struct mzg_foreign *reader;
    struct storage *storage;
    int64_t entry;
    int64_t at;
};

/* Whether a spectrum is what the index says. */
static bool is_as_before(const struct mzg_foreign_spectrum *entry, const struct mzg_spectra *spectra,
                         int64_t i)
{
    bool is_faulty = spectra->faults && spectra->faults[i];
    int64_t n = is_faulty ? 0 : spectra->begin[i + 1] - spectra->begin[i];
    return is_faulty == entry->is_faulty && n == entry->n &&
           memcmp(entry->position, &spectra->positions[3 * i], sizeof entry->position) == 0;
}

static enum mzg_status fill(void *taker, int64_t first, const struct mzg_spectra *spectra,
                            struct mzg_error *err)
{
    struct filling *filling = taker;
    struct storage *storage = filling->storage;
    for (int64_t i = 0; i < spectra->n; i++) {
        const struct mzg_foreign_spectrum *entry = &filling->reader->index[first + i];
        struct slot *slot = &storage->slots[filling->entry];
        if (!is_as_before(entry, spectra, i))
            return mzg_fail(err, MZG_EFORMAT,
                            "%s: its reader gave spectrum %" PRId64
                            " differently before; it must give the same each time it is asked",
                            filling->reader->path, first + i);
        slot->at = filling->at;
        if (entry->is_faulty && !(slot->fault = strdup(spectra->faults[i])))
            return mzg_fail(err, MZG_ENOMEM, "no memory for a message about spectrum %" PRId64, first + i);
        if (entry->n > 0) {
            size_t size = (size_t)entry->n * sizeof(double);
            memcpy(storage->values + slot->at, spectra->mz + spectra->begin[i], size);
            memcpy(storage->values + storage->n_points + slot->at, spectra->intensity + spectra->begin[i],
                   size);
        }
        filling->at += entry->n;
        filling->entry++;
    }
    return MZG_OK;
}

/* Reads the spectra of the batch, neighbours together. */
static void read_all(const struct mzg_foreign *reader, struct mzg_batch *batch)
{
    struct storage *storage = batch->storage;
    struct filling filling = {.reader = reader, .storage = storage};
    /* The reader is const for its callers, but not its source, which they only use through here. */
    struct mzg_foreign_source *source = &((struct mzg_foreign *)reader)->source;
    for (int64_t i = 0; i < batch->n_spectra && storage->failure.status == MZG_OK;) {
        int64_t n = 1;
        while (i + n < batch->n_spectra && batch->spectra[i + n] == batch->spectra[i] + n)
            n++;
        mzg_foreign_walk(source, batch->spectra[i], n, fill, &filling, &storage->failure);
        i += n;
    }
}

static enum mzg_status foreign_fetch(const struct mzg_reader *base, int64_t first_pixel, int64_t n_pixels,
                                     struct mzg_batch *batch, struct mzg_error *err)
{
    const struct mzg_foreign *reader = of(base);
    int64_t n_spectra = 0, bytes, n_points;
    for (int64_t p = first_pixel; p < first_pixel + n_pixels; p++)
        n_spectra += mzg_pixel_table_count(&reader->pixels, p);
    foreign_measure(base, first_pixel, n_pixels, &bytes, &n_points);
    if (prepare(batch, n_pixels, n_spectra, n_points, err) != MZG_OK)
        return err->status;
    struct storage *storage = batch->storage;
    batch->first_pixel = first_pixel;
    batch->n_pixels = n_pixels;
    batch->n_spectra = 0;
    for (int64_t p = 0; p < n_pixels; p++) {
        batch->pixel_begin[p] = batch->n_spectra;
        int64_t n = mzg_pixel_table_count(&reader->pixels, first_pixel + p);
        for (int64_t k = 0; k < n; k++)
            batch->spectra[batch->n_spectra++] =
                mzg_pixel_table_spectrum(&reader->pixels, first_pixel + p, k);
    }
    batch->pixel_begin[n_pixels] = batch->n_spectra;
    batch->bytes_read = n_points * MZG_FOREIGN_POINT;
    memset(storage->slots, 0, (size_t)n_spectra * sizeof *storage->slots);
    storage->n_slots = n_spectra;
    storage->n_points = n_points;
    read_all(reader, batch);
    return MZG_OK;
}

static bool foreign_decode(const struct mzg_reader *base, const struct mzg_batch *batch, int64_t i,
                           struct mzg_decoder *decoder, struct mzg_spectrum *spectrum,
                           struct mzg_fault *fault)
{
    (void)decoder;
    const struct storage *storage = batch->storage;
    const struct slot *slot = &storage->slots[i];
    *fault = (struct mzg_fault){.spectrum = batch->spectra[i]};
    if (storage->failure.status != MZG_OK) {
        fault->reason = storage->failure.status == MZG_ENOMEM ? MZG_FAULT_NO_MEMORY : MZG_FAULT_READ;
        mzg_escape(storage->failure.text, strlen(storage->failure.text), fault->text, sizeof fault->text);
        return false;
    }
    if (slot->fault) {
        fault->reason = MZG_FAULT_TOLD;
        mzg_escape(slot->fault, strlen(slot->fault), fault->text, sizeof fault->text);
        return false;
    }
    *spectrum = (struct mzg_spectrum){.mz = storage->values + slot->at,
                                      .intensity = storage->values + storage->n_points + slot->at,
                                      .n = of(base)->index[batch->spectra[i]].n};
    return true;
}

/* Hands the m/z of some pixels to the one who takes them. */
static enum mzg_status give_mz(const struct mzg_reader *base, int64_t first_pixel, int64_t n_pixels,
                               struct mzg_mz_scan *scan, struct mzg_error *err)
{
    struct mzg_batch batch;
    struct mzg_spectrum spectrum;
    struct mzg_fault fault;
    mzg_batch_init(&batch);
    for (int64_t p = first_pixel; p < first_pixel + n_pixels && err->status == MZG_OK; p++) {
        foreign_fetch(base, p, 1, &batch, err);
        for (int64_t i = 0; i < batch.n_spectra && err->status == MZG_OK; i++)
            if (foreign_decode(base, &batch, i, NULL, &spectrum, &fault))
                scan->take(scan->taker, spectrum.mz, spectrum.n, err);
            else
                mzg_fault_check(&fault, err);
    }
    mzg_batch_destroy(&batch);
    return err->status;
}

/* The index has the range of each spectrum, `full` or not. */
static enum mzg_status foreign_scan_mz(const struct mzg_reader *base, int64_t first_pixel, int64_t n_pixels,
                                       bool full, struct mzg_decoder *decoder, struct mzg_mz_scan *scan,
                                       struct mzg_error *err)
{
    (void)full;
    (void)decoder;
    const struct mzg_foreign *reader = of(base);
    for (int64_t p = first_pixel; p < first_pixel + n_pixels; p++)
        for (int64_t k = 0; k < mzg_pixel_table_count(&reader->pixels, p); k++) {
            int64_t ordinal = mzg_pixel_table_spectrum(&reader->pixels, p, k);
            const struct mzg_foreign_spectrum *entry = &reader->index[ordinal];
            scan->min_mz = fmin(scan->min_mz, entry->n > 0 ? entry->min_mz : INFINITY);
            scan->max_mz = fmax(scan->max_mz, entry->n > 0 ? entry->max_mz : -INFINITY);
            if (entry->is_unsorted && ordinal < scan->unsorted)
                scan->unsorted = ordinal;
        }
    return scan->take ? give_mz(base, first_pixel, n_pixels, scan, err) : MZG_OK;
}

const struct mzg_reader_kind mzg_foreign_kind = {.name = "foreign",
                                                 .metadata_key = "foreign",
                                                 .close = foreign_close,
                                                 .pixel = foreign_pixel,
                                                 .measure = foreign_measure,
                                                 .ordinal = foreign_ordinal,
                                                 .count_faulty = foreign_count_faulty,
                                                 .shared_mz = foreign_shared_mz,
                                                 .fetch = foreign_fetch,
                                                 .decode = foreign_decode,
                                                 .scan_mz = foreign_scan_mz};
