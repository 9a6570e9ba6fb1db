/*
 * What the machine allows: a plain program that reads the same input as a conversion once, from the page
 * cache, and compresses and writes the same number of output bytes with the same codec and threads, and does
 * nothing else.
 *
 *     limit OUTPUT CODEC LEVEL CHUNKS THREADS BYTES INPUT,INPUT SHARD...
 *
 * What it compresses is a sample of the result itself, so that it compresses as well: inner chunks from
 * SHARDs, files of a finished store in which CHUNKS compressed chunks are followed by
 * an index of their places. They are decompressed before the clock starts and then compressed over and over,
 * until BYTES have been written to the files OUTPUT.0, OUTPUT.1, ... of the threads. CODEC is none, zstd,
 * blosc-lz4 or blosc-zstd. Prints JSON: seconds from start to last write, and the further ones until all is
 * on the disk.
 */
#include <blosc.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

enum { SAMPLE_BYTES = 128 << 20, READ_BYTES = 4 << 20, MAX_THREADS = 64, MAX_INPUTS = 8 };

/* A chunk of the result as it was before compression. */
struct chunk {
    char *bytes;
    size_t size;
    size_t item, block; /* of blosc: the bytes of an item and of a block, and how items are sorted */
    int shuffle;
};

struct job {
    const char *codec;
    int level;
    int threads;
    int64_t wanted;
    int n_inputs;
    int inputs[MAX_INPUTS];
    int64_t input_bytes[MAX_INPUTS];
    struct chunk *sample;
    int64_t n_sample;
    size_t largest;
    _Atomic int64_t next;    /* chunk to compress, counted on without end */
    _Atomic int64_t written; /* bytes, by all threads; in the end more, which nobody wrote */
    _Atomic int64_t raw;     /* bytes before compression */
    _Atomic int64_t read;
};

struct thread {
    pthread_t id;
    struct job *job;
    int number;
    int output;
    double read_until;
    uint64_t sum; /* of what was read, so that reading is not left out */
};

static void fail(const char *what, const char *where)
{
    fprintf(stderr, "limit: %s: %s\n", where, what);
    exit(1);
}

static void *room(size_t size)
{
    void *memory = malloc(size + 1);
    if (!memory)
        fail("no memory", "sample");
    return memory;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static bool is_blosc(const char *codec)
{
    return strncmp(codec, "blosc-", 6) == 0;
}

static void read_exactly(int fd, void *bytes, size_t n, int64_t offset, const char *path)
{
    if (pread(fd, bytes, n, offset) != (ssize_t)n)
        fail("ends early", path);
}

/* The chunk as it was before it was compressed into `size` bytes at `packed`. */
static struct chunk unpack(const struct job *job, const void *packed, size_t size, const char *path)
{
    struct chunk chunk = {.size = size};
    if (is_blosc(job->codec)) {
        size_t compressed;
        int flags;
        blosc_cbuffer_sizes(packed, &chunk.size, &compressed, &chunk.block);
        blosc_cbuffer_metainfo(packed, &chunk.item, &flags);
        chunk.shuffle = flags & (BLOSC_DOBITSHUFFLE | BLOSC_DOSHUFFLE);
    } else if (strcmp(job->codec, "zstd") == 0) {
        chunk.size = ZSTD_getFrameContentSize(packed, size);
    }
    if (chunk.size > (size_t)1 << 30)
        fail("a chunk that cannot be decompressed", path);
    chunk.bytes = room(chunk.size);
    bool good = true;
    if (is_blosc(job->codec))
        good = blosc_decompress_ctx(packed, chunk.bytes, chunk.size, 1) == (int)chunk.size;
    else if (strcmp(job->codec, "zstd") == 0)
        good = ZSTD_decompress(chunk.bytes, chunk.size, packed, size) == chunk.size;
    else
        memcpy(chunk.bytes, packed, size);
    if (!good)
        fail("a chunk that cannot be decompressed", path);
    return chunk;
}

/* Adds chunk `number` of a shard to the sample, if it is there; returns its bytes before compression. */
static size_t take(struct job *job, const char *path, int64_t chunks, int64_t number)
{
    const uint64_t nowhere = UINT64_MAX;
    uint64_t place[2]; /* offset and size, little-endian as this machine */
    struct stat status;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &status) != 0)
        fail("cannot open", path);
    read_exactly(fd, place, sizeof place, status.st_size - 4 - 16 * chunks + 16 * number, path);
    size_t size = 0;
    if (place[0] != nowhere) {
        char *packed = room(place[1]);
        read_exactly(fd, packed, place[1], (int64_t)place[0], path);
        struct chunk chunk = unpack(job, packed, place[1], path);
        free(packed);
        job->sample = realloc(job->sample, (size_t)(job->n_sample + 1) * sizeof *job->sample);
        if (!job->sample)
            fail("no memory", "sample");
        job->sample[job->n_sample++] = chunk;
        size = chunk.size;
        job->largest = size > job->largest ? size : job->largest;
    }
    close(fd);
    return size;
}

static int64_t common_divisor(int64_t a, int64_t b)
{
    return b == 0 ? a : common_divisor(b, a % b);
}

/* Chunks spread over all shards, in an order that leaps through them by the golden section, so that every
 * stretch of it is as mixed as the whole; as many as the sample holds. */
static void sample(struct job *job, int64_t chunks, int n_shards, char **shards)
{
    int64_t total = chunks * n_shards, leap = total * 382 / 1000 + 1;
    while (common_divisor(leap, total) != 1)
        leap++;
    size_t bytes = 0;
    for (int64_t i = 0; i < total && bytes < SAMPLE_BYTES; i++) {
        int64_t at = (i * leap) % total;
        bytes += take(job, shards[at / chunks], chunks, at % chunks);
    }
    if (job->n_sample == 0)
        fail("no chunks", shards[0]);
}

static size_t pack(const struct job *job, const struct chunk *chunk, void *packed, size_t capacity)
{
    if (is_blosc(job->codec)) {
        int shuffle = chunk->shuffle & BLOSC_DOBITSHUFFLE ? BLOSC_BITSHUFFLE : BLOSC_SHUFFLE;
        int written = blosc_compress_ctx(job->level, shuffle, chunk->item, chunk->size, chunk->bytes, packed,
                                         capacity, job->codec + 6, chunk->block, 1);
        return written > 0 ? (size_t)written : 0;
    }
    if (strcmp(job->codec, "zstd") == 0)
        return ZSTD_compress(packed, capacity, chunk->bytes, chunk->size, job->level);
    memcpy(packed, chunk->bytes, chunk->size);
    return chunk->size;
}

/* The thread's share of every input. */
static void read_share(struct thread *thread, char *buffer)
{
    struct job *job = thread->job;
    for (int i = 0; i < job->n_inputs; i++) {
        int64_t begin = job->input_bytes[i] * thread->number / job->threads;
        int64_t end = job->input_bytes[i] * (thread->number + 1) / job->threads;
        while (begin < end) {
            size_t n = end - begin < READ_BYTES ? (size_t)(end - begin) : READ_BYTES;
            read_exactly(job->inputs[i], buffer, n, begin, "input");
            thread->sum += (unsigned char)buffer[n - 1];
            begin += (int64_t)n;
            job->read += (int64_t)n;
        }
    }
}

static void *work(void *argument)
{
    struct thread *thread = argument;
    struct job *job = thread->job;
    size_t capacity = ZSTD_compressBound(job->largest) + BLOSC_MAX_OVERHEAD;
    char *buffer = room(READ_BYTES), *packed = room(capacity);
    read_share(thread, buffer);
    thread->read_until = now();
    while (job->written < job->wanted) {
        const struct chunk *chunk = &job->sample[job->next++ % job->n_sample];
        size_t n = pack(job, chunk, packed, capacity);
        int64_t left = job->wanted - atomic_fetch_add(&job->written, (int64_t)n);
        if (left <= 0)
            break;
        n = (int64_t)n > left ? (size_t)left : n;
        if (write(thread->output, packed, n) != (ssize_t)n)
            fail("cannot write", "output");
        job->raw += (int64_t)chunk->size;
    }
    free(buffer);
    free(packed);
    return NULL;
}

static void open_inputs(struct job *job, char *list)
{
    for (char *path = strtok(list, ","); path; path = strtok(NULL, ",")) {
        struct stat status;
        int fd = job->n_inputs < MAX_INPUTS ? open(path, O_RDONLY) : -1;
        if (fd < 0 || fstat(fd, &status) != 0)
            fail("cannot open", path);
        job->inputs[job->n_inputs] = fd;
        job->input_bytes[job->n_inputs++] = status.st_size;
    }
}

static void open_output(struct thread *thread, const char *stem)
{
    char path[4096];
    snprintf(path, sizeof path, "%s.%d", stem, thread->number);
    unlink(path);
    thread->output = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (thread->output < 0)
        fail("cannot create", path);
}

int main(int argc, char **argv)
{
    if (argc < 9) {
        fprintf(stderr, "usage: limit OUTPUT CODEC LEVEL CHUNKS THREADS BYTES INPUT,INPUT SHARD...\n");
        return 2;
    }
    struct job job = {
        .codec = argv[2], .level = atoi(argv[3]), .threads = atoi(argv[5]), .wanted = atoll(argv[6])};
    struct thread threads[MAX_THREADS] = {{0}};
    if (job.threads < 1 || job.threads > MAX_THREADS)
        fail("1 to 64", "THREADS");
    blosc_set_splitmode(BLOSC_ALWAYS_SPLIT); /* as src/zarr/codec.c does */
    sample(&job, atoll(argv[4]), argc - 8, argv + 8);
    open_inputs(&job, argv[7]);
    for (int t = 0; t < job.threads; t++) {
        threads[t] = (struct thread){.job = &job, .number = t};
        open_output(&threads[t], argv[1]);
    }

    double begin = now(), read_until = begin;
    for (int t = 0; t < job.threads; t++)
        if (pthread_create(&threads[t].id, NULL, work, &threads[t]) != 0)
            fail("cannot start", "thread");
    for (int t = 0; t < job.threads; t++) {
        pthread_join(threads[t].id, NULL);
        read_until = threads[t].read_until > read_until ? threads[t].read_until : read_until;
    }
    double end = now();
    for (int t = 0; t < job.threads; t++)
        fsync(threads[t].output);
    printf("{\"seconds\": %.4f, \"read_seconds\": %.4f, \"sync_seconds\": %.4f, \"bytes_read\": %lld, "
           "\"bytes_compressed\": %lld, \"bytes_written\": %lld, \"sample_chunks\": %lld}\n",
           end - begin, read_until - begin, now() - end, (long long)job.read, (long long)job.raw,
           (long long)job.wanted, (long long)job.n_sample);
    return 0;
}
