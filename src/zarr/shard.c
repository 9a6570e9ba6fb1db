/*
 * A chunk file written at once. The workers compress one batch of chunks while the batch before it is
 * written: memory is bounded by two batches, whatever the size of the shard.
 */
#include <zarr/shard.h>

#include <core/pool.h>
#include <stdlib.h>
#include <zarr/codec.h>

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
    struct mzg_zarr_file *file;
};

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
    mzg_codec_compress(&source->array->spec.codec, source->array->spec.type, bytes, size, &chunk->buffer,
                       &chunk->err);
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
            return mzg_fail(err, chunk->err.status, "%s: %s", mzg_zarr_file_name(writer->file),
                            chunk->err.text);
        if (mzg_zarr_file_put(writer->file, batch->first + i, chunk->buffer.bytes, chunk->buffer.size, err) !=
            MZG_OK)
            return err->status;
    }
    return MZG_OK;
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
    return err->status;
}

static enum mzg_status allocate(struct writer *writer, struct mzg_error *err)
{
    const struct mzg_zarr_array *array = writer->source->array;
    writer->scratch = calloc((size_t)writer->n_workers, sizeof *writer->scratch);
    for (int b = 0; b < 2; b++) {
        writer->batches[b].writer = writer;
        writer->batches[b].chunks = calloc((size_t)writer->batch_size, sizeof *writer->batches[b].chunks);
    }
    if (!writer->scratch || !writer->batches[0].chunks || !writer->batches[1].chunks)
        return mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory to write a chunk file of %lld chunks",
                        array->store->path, array->path, (long long)array->n_inner);
    return mzg_zarr_file_begin(writer->source->array, writer->source->file, &writer->file, err);
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
    mzg_zarr_file_end(writer.file, err);
    release(&writer);
    return err->status;
}
