/*
 * A chunk file is a row of compressed chunks, and for a shard an index:
 *
 *     | chunk 0 | chunk 1 | chunk 3 | … | offset, size of chunk 0 | of chunk 1 | of chunk 2: absent | … |
 * CRC-32C |
 *
 * Chunks lie in C order without gaps, so that the bytes do not depend on which worker was first. The workers
 * compress one batch of chunks while the batch before it is written: memory is bounded by two batches,
 * whatever the size of the shard.
 */
#include <zarr/shard.h>

#include <core/memory.h>
#include <core/pool.h>
#include <stdlib.h>
#include <string.h>
#include <zarr/codec.h>
#include <zarr/crc32c.h>
#include <zarr/store_file.h>

struct packed_chunk {
    struct mzg_buffer buffer; /* empty: the chunk is left out */
    struct mzg_error err;
};

struct batch {
    struct writer *writer;
    int64_t first; /* inner chunk */
    int64_t n;
    struct packed_chunk *chunks;
};

struct writer {
    const struct mzg_chunk_source *source;
    struct mzg_pool *pool;
    int n_workers;
    int64_t batch_size;
    struct mzg_buffer *scratch; /* one for each worker */
    struct batch batches[2];
    char *path;
    struct mzg_store_file file; /* created when the first chunk is there */
    bool created;
    unsigned char *index; /* n_inner times offset and size, then the checksum */
};

static void put_little_endian(unsigned char *target, uint64_t value, int size)
{
    for (int i = 0; i < size; i++)
        target[i] = (unsigned char)(value >> (8 * i));
}

static void pack_chunk(void *context, int64_t item, int worker)
{
    struct batch *batch = context;
    const struct mzg_chunk_source *source = batch->writer->source;
    struct packed_chunk *chunk = &batch->chunks[item];
    const void *bytes = NULL;
    size_t size = 0;
    chunk->buffer.size = 0;
    chunk->err.status = MZG_OK;
    if (source->fill(source, batch->first + item, &batch->writer->scratch[worker], &bytes, &size,
                     &chunk->err) != MZG_OK ||
        size == 0)
        return;
    int item_size = mzg_type_size(source->array->spec.type);
    mzg_codec_compress(&source->array->spec.codec, item_size > 0 ? (size_t)item_size : 1, bytes, size,
                       &chunk->buffer, &chunk->err);
}

/* Lets the workers pack batch `number`, or packs it at once where there are none. */
static void start_batch(struct writer *writer, int64_t number)
{
    struct batch *batch = &writer->batches[number % 2];
    int64_t left = writer->source->array->n_inner - number * writer->batch_size;
    batch->first = number * writer->batch_size;
    batch->n = left < writer->batch_size ? left : writer->batch_size;
    if (writer->pool) {
        mzg_pool_start(writer->pool, batch->n, pack_chunk, batch);
        return;
    }
    for (int64_t i = 0; i < batch->n; i++)
        pack_chunk(batch, i, 0);
}

static void wait_for_batch(struct writer *writer)
{
    if (writer->pool)
        mzg_pool_wait(writer->pool);
}

static enum mzg_status write_batch(struct writer *writer, const struct batch *batch, struct mzg_error *err)
{
    for (int64_t i = 0; i < batch->n; i++) {
        const struct packed_chunk *chunk = &batch->chunks[i];
        if (chunk->err.status != MZG_OK)
            return mzg_fail(err, chunk->err.status, "%s: %s", writer->path, chunk->err.text);
        if (chunk->buffer.size == 0)
            continue;
        if (!writer->created) {
            if (mzg_store_file_create(writer->path, &writer->file, err) != MZG_OK)
                return err->status;
            writer->created = true;
        }
        unsigned char *entry = writer->index + 16 * (batch->first + i);
        put_little_endian(entry, (uint64_t)writer->file.written, 8);
        put_little_endian(entry + 8, chunk->buffer.size, 8);
        if (mzg_store_file_append(&writer->file, chunk->buffer.bytes, chunk->buffer.size, err) != MZG_OK)
            return err->status;
    }
    return MZG_OK;
}

static enum mzg_status write_index(struct writer *writer, struct mzg_error *err)
{
    size_t size = 16 * (size_t)writer->source->array->n_inner;
    put_little_endian(writer->index + size, mzg_crc32c(writer->index, size), 4);
    return mzg_store_file_append(&writer->file, writer->index, size + 4, err);
}

static enum mzg_status write_chunks(struct writer *writer, struct mzg_error *err)
{
    const struct mzg_zarr_array *array = writer->source->array;
    int64_t n_batches = (array->n_inner + writer->batch_size - 1) / writer->batch_size;
    start_batch(writer, 0);
    for (int64_t i = 0; i < n_batches; i++) {
        wait_for_batch(writer);
        if (i + 1 < n_batches)
            start_batch(writer, i + 1);
        if (write_batch(writer, &writer->batches[i % 2], err) != MZG_OK)
            break;
    }
    wait_for_batch(writer);
    if (err->status == MZG_OK && writer->created && array->spec.shard[0] > 0)
        write_index(writer, err);
    return err->status;
}

static enum mzg_status allocate(struct writer *writer, struct mzg_error *err)
{
    const struct mzg_zarr_array *array = writer->source->array;
    size_t index_size = 16 * (size_t)array->n_inner;
    writer->path = mzg_zarr_file_path(array, writer->source->file);
    writer->index = malloc(index_size + 4);
    writer->scratch = calloc((size_t)writer->n_workers, sizeof *writer->scratch);
    for (int b = 0; b < 2; b++) {
        writer->batches[b].writer = writer;
        writer->batches[b].chunks = calloc((size_t)writer->batch_size, sizeof *writer->batches[b].chunks);
    }
    if (!writer->path || !writer->index || !writer->scratch || !writer->batches[0].chunks ||
        !writer->batches[1].chunks)
        return mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory to write a chunk file of %lld chunks",
                        array->store->path, array->path, (long long)array->n_inner);
    memset(writer->index, 0xff, index_size); /* all absent */
    return MZG_OK;
}

static void release(struct writer *writer)
{
    for (int b = 0; b < 2; b++) {
        struct packed_chunk *chunks = writer->batches[b].chunks;
        for (int64_t i = 0; chunks && i < writer->batch_size; i++)
            free(chunks[i].buffer.bytes);
        free(chunks);
    }
    for (int i = 0; writer->scratch && i < writer->n_workers; i++)
        free(writer->scratch[i].bytes);
    free(writer->scratch);
    free(writer->index);
    free(writer->path);
}

enum mzg_status mzg_shard_write(const struct mzg_chunk_source *source, struct mzg_error *err)
{
    const struct mzg_zarr_array *array = source->array;
    struct writer writer = {.source = source, .pool = array->store->context->pool};
    writer.n_workers = writer.pool ? mzg_pool_size(writer.pool) : 1;
    int64_t two_each = 2 * (int64_t)writer.n_workers;
    writer.batch_size = array->n_inner < two_each ? array->n_inner : two_each;
    if (allocate(&writer, err) == MZG_OK)
        write_chunks(&writer, err);
    if (writer.created)
        mzg_store_file_close(&writer.file, err);
    array->store->bytes_written += writer.file.written;
    release(&writer);
    return err->status;
}
