/*
 * Writes a synthetic tissue as imzML, all ranks at once. Each rank owns a range of consecutive spectra; what
 * they take in either file is known before it is written, so a prefix sum over all ranks gives every byte its
 * place:
 *
 *     ibd     UUID | shared m/z, if any | spectra of rank 0 | spectra of rank 1 | ...
 *     imzML   header                    | spectra of rank 0 | spectra of rank 1 | ... | trailer
 *
 * The workers make the bytes of one round of spectra while the main thread writes those of the round before.
 */
#include <synthetic/synthetic.h>

#include <core/agree.h>
#include <core/context.h>
#include <core/log.h>
#include <core/mpi.h>
#include <core/pool.h>
#include <core/stop.h>
#include <imzml_out/file_pair.h>
#include <synthetic/imzml_text.h>
#include <synthetic/random.h>
#include <synthetic/tissue.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64, ROUND_BYTES = 8 << 20 };

/* What one worker makes a spectrum in, before it is copied to its unaligned place. */
struct scratch {
    double *mz;
    float *intensity;
};

struct writer {
    const struct mzg_context *context;
    struct mzg_tissue *tissue;
    struct mzg_file_pair files;
    uint8_t uuid[MZG_IMZML_UUID];

    int64_t first, n;               /* this rank's spectra */
    int64_t *begins[MZG_FILES];     /* n + 1 places of theirs in either file */
    int64_t total_bytes[MZG_FILES]; /* of the spectra of all ranks */
    double *range; /* 2 n lowest and highest m/z; NULL in continuous mode; 0, 0 for an empty one */
    int n_workers;
    struct scratch *scratch;
};

/* One spectrum to deal with: the i-th of this rank, at x, y. */
struct job {
    struct writer *writer;
    int64_t i;
    int32_t x, y;
    int worker;
    char *to; /* where its bytes go; NULL when it is only measured */
};

typedef void job_fn(const struct job *job);

/* A batch of blocks of spectra for the pool. */
struct round {
    struct writer *writer;
    job_fn *deal;
    int64_t first, end;    /* spectra of this rank */
    const int64_t *begins; /* of their bytes; NULL if none are made */
    char *buffer;          /* from begins[first] on */
};

static void deal_with_block(void *context, int64_t item, int worker)
{
    const struct round *round = context;
    struct writer *writer = round->writer;
    int64_t begin = round->first + item * BLOCK;
    int64_t end = begin + BLOCK < round->end ? begin + BLOCK : round->end;
    struct job job = {.writer = writer, .worker = worker};
    mzg_tissue_position(writer->tissue, writer->first + begin, &job.x, &job.y);
    for (job.i = begin; job.i < end; job.i++) {
        if (round->begins)
            job.to = round->buffer + (round->begins[job.i] - round->begins[round->first]);
        round->deal(&job);
        if (job.i + 1 < end)
            mzg_tissue_next(writer->tissue, &job.x, &job.y);
    }
}

static void start_round(struct round *round)
{
    int64_t blocks = (round->end - round->first + BLOCK - 1) / BLOCK;
    mzg_pool_start(round->writer->context->pool, blocks, deal_with_block, round);
}

/* Sizes of the spectra stand in begins[1..n]: makes them places, all ranks' spectra one after another from
 * `origin` on. Collective. */
static void place_spectra(struct writer *writer, enum mzg_file file, int64_t origin)
{
    int64_t *begins = writer->begins[file];
    MPI_Comm comm = writer->context->comm;
    int64_t before = 0;
    begins[0] = 0;
    for (int64_t i = 0; i < writer->n; i++)
        begins[i + 1] += begins[i];
    MZG_MPI(MPI_Exscan(&begins[writer->n], &before, 1, MPI_INT64_T, MPI_SUM, comm));
    MZG_MPI(MPI_Allreduce(&begins[writer->n], &writer->total_bytes[file], 1, MPI_INT64_T, MPI_SUM, comm));
    if (writer->context->rank == 0)
        before = 0;
    for (int64_t i = 0; i <= writer->n; i++)
        begins[i] += origin + before;
}

/* The end of the round that begins with spectrum `first`: ROUND_BYTES, but one spectrum at least. */
static int64_t round_end(const int64_t *begins, int64_t n, int64_t first)
{
    int64_t end = first + 1;
    while (end < n && begins[end + 1] - begins[first] <= ROUND_BYTES)
        end++;
    return end;
}

/* Writes this rank's spectra to one of the files, each as `deal` makes it. Local. */
static enum mzg_status write_spectra(struct writer *writer, enum mzg_file file, job_fn *deal,
                                     struct mzg_error *err)
{
    const int64_t *begins = writer->begins[file];
    int64_t capacity = ROUND_BYTES;
    for (int64_t i = 0; i < writer->n; i++)
        capacity = begins[i + 1] - begins[i] > capacity ? begins[i + 1] - begins[i] : capacity;

    char *buffers[2] = {malloc((size_t)capacity), malloc((size_t)capacity)};
    enum mzg_status status = MZG_OK;
    if (!buffers[0] || !buffers[1])
        status = mzg_fail(err, MZG_ENOMEM, "%s: no memory for two buffers of %" PRId64 " bytes",
                          writer->files.part[file], capacity);

    struct round made = {0}; /* complete, to be written */
    for (int64_t first = 0, k = 0; status == MZG_OK && (first < writer->n || made.end > made.first); k++) {
        struct round round = {writer, deal, first, first, begins, buffers[k % 2]};
        if (first < writer->n) {
            round.end = round_end(begins, writer->n, first);
            start_round(&round);
        }
        if (made.end > made.first)
            status = mzg_file_pair_write(&writer->files, file, made.buffer,
                                         begins[made.end] - begins[made.first], begins[made.first], err);
        if (status == MZG_OK)
            status = mzg_check_stop(writer->context->stop, err);
        if (round.end > round.first)
            mzg_pool_wait(writer->context->pool);
        first = round.end;
        made = round;
    }
    free(buffers[0]);
    free(buffers[1]);
    return status;
}

static int64_t point_bytes(const struct writer *writer)
{
    return writer->tissue->shared_mz ? sizeof(float) : sizeof(double) + sizeof(float);
}

static void measure_arrays(const struct job *job)
{
    const struct writer *writer = job->writer;
    writer->begins[MZG_FILE_IBD][job->i + 1] =
        mzg_tissue_points(writer->tissue, job->x, job->y) * point_bytes(writer);
}

static void make_arrays(const struct job *job)
{
    const struct writer *writer = job->writer;
    const struct scratch *scratch = &writer->scratch[job->worker];
    char *to = job->to;
    int64_t n = mzg_synthetic_spectrum(writer->tissue, job->x, job->y, scratch->mz, scratch->intensity);
    if (writer->range) {
        memcpy(to, scratch->mz, (size_t)n * sizeof *scratch->mz);
        to += n * (int64_t)sizeof *scratch->mz;
        writer->range[2 * job->i] = n > 0 ? scratch->mz[0] : 0;
        writer->range[2 * job->i + 1] = n > 0 ? scratch->mz[n - 1] : 0;
    }
    memcpy(to, scratch->intensity, (size_t)n * sizeof *scratch->intensity);
}

static int64_t make_text(const struct job *job, char *text)
{
    const struct writer *writer = job->writer;
    const int64_t *begins = &writer->begins[MZG_FILE_IBD][job->i];
    struct mzg_imzml_spectrum spectrum = {
        .index = writer->first + job->i,
        .x = job->x,
        .y = job->y,
        .n = (begins[1] - begins[0]) / point_bytes(writer),
        .mz_offset = MZG_IMZML_UUID,
        .intensity_offset = begins[0],
        .intensity_size = sizeof(float),
    };
    if (writer->range) {
        spectrum.mz_offset = begins[0];
        spectrum.intensity_offset = begins[0] + spectrum.n * (int64_t)sizeof(double);
        spectrum.lowest_mz = writer->range[2 * job->i];
        spectrum.highest_mz = writer->range[2 * job->i + 1];
    }
    return mzg_imzml_spectrum(&spectrum, text);
}

static void measure_element(const struct job *job)
{
    char text[MZG_IMZML_MAX_SPECTRUM];
    job->writer->begins[MZG_FILE_IMZML][job->i + 1] = make_text(job, text);
}

static void make_element(const struct job *job)
{
    char text[MZG_IMZML_MAX_SPECTRUM];
    memcpy(job->to, text, (size_t)make_text(job, text));
}

/* A version 4 UUID that follows from the options. */
static void make_uuid(const struct mzg_synthetic_options *options, uint8_t uuid[MZG_IMZML_UUID])
{
    const uint64_t words[] = {(uint64_t)options->width,
                              (uint64_t)options->height,
                              (uint64_t)options->kind,
                              (uint64_t)options->points,
                              options->full,
                              options->seed};
    uint64_t key = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        key = mzg_random_draw(key, words[i]);
    for (unsigned i = 0; i < MZG_IMZML_UUID; i++)
        uuid[i] = (uint8_t)(mzg_random_draw(key, i / 8) >> (i % 8 * 8));
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

/* Memory for this rank's share. Local. */
static enum mzg_status allocate(struct writer *writer, struct mzg_error *err)
{
    const struct mzg_context *context = writer->context;
    int64_t total = writer->tissue->n_spectra, points = mzg_tissue_max_points(writer->tissue);
    writer->first = total * context->rank / context->size;
    writer->n = total * (context->rank + 1) / context->size - writer->first;
    writer->n_workers = mzg_pool_size(context->pool);

    bool shared = writer->tissue->shared_mz;
    bool ok = true;
    for (int f = 0; f < MZG_FILES; f++)
        ok &= (writer->begins[f] = calloc((size_t)writer->n + 1, sizeof(int64_t))) != NULL;
    if (!shared)
        ok &= (writer->range = calloc((size_t)writer->n + 1, 2 * sizeof(double))) != NULL;
    ok &= (writer->scratch = calloc((size_t)writer->n_workers, sizeof *writer->scratch)) != NULL;
    for (int w = 0; ok && w < writer->n_workers; w++) {
        if (!shared)
            ok &= (writer->scratch[w].mz = malloc((size_t)points * sizeof(double))) != NULL;
        ok &= (writer->scratch[w].intensity = malloc((size_t)points * sizeof(float))) != NULL;
    }
    if (!ok)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to make %" PRId64 " of its spectra",
                        writer->files.name[MZG_FILE_IMZML], writer->n);
    return MZG_OK;
}

static void writer_destroy(struct writer *writer)
{
    for (int w = 0; writer->scratch && w < writer->n_workers; w++) {
        free(writer->scratch[w].mz);
        free(writer->scratch[w].intensity);
    }
    free(writer->scratch);
    free(writer->range);
    for (int f = 0; f < MZG_FILES; f++)
        free(writer->begins[f]);
    mzg_tissue_free(writer->tissue);
    mzg_file_pair_destroy(&writer->files);
}

/* The tissue, the names and the memory, and on all ranks the open files. Collective. */
static enum mzg_status prepare(struct writer *writer, const char *path,
                               const struct mzg_synthetic_options *options, struct mzg_error *err)
{
    MPI_Comm comm = writer->context->comm;
    bool root = writer->context->rank == 0;
    if (mzg_file_pair_init(path, &writer->files, err) == MZG_OK &&
        mzg_tissue_new(options, &writer->tissue, err) == MZG_OK && allocate(writer, err) == MZG_OK && root)
        mzg_file_pair_check(&writer->files, options->overwrite, err);
    if (mzg_agree(comm, err) != MZG_OK)
        return err->status;
    make_uuid(options, writer->uuid);

    if (root)
        mzg_file_pair_create(&writer->files, err);
    for (int f = 0; f < MZG_FILES; f++)
        if (mzg_agree_text(comm, &writer->files.part[f], err) != MZG_OK)
            return err->status;
    if (!root)
        mzg_file_pair_open(&writer->files, err);
    return mzg_agree(comm, err);
}

/* The first bytes of the ibd. Local, on rank 0. */
static enum mzg_status write_ibd_head(const struct writer *writer, int64_t head, struct mzg_error *err)
{
    const struct mzg_file_pair *files = &writer->files;
    if (mzg_file_pair_reserve(files, MZG_FILE_IBD, head + writer->total_bytes[MZG_FILE_IBD], err) != MZG_OK ||
        mzg_file_pair_write(files, MZG_FILE_IBD, writer->uuid, MZG_IMZML_UUID, 0, err) != MZG_OK)
        return err->status;
    return mzg_file_pair_write(files, MZG_FILE_IBD, writer->tissue->shared_mz, head - MZG_IMZML_UUID,
                               MZG_IMZML_UUID, err);
}

/* Collective. */
static enum mzg_status write_ibd(struct writer *writer, struct mzg_error *err)
{
    const struct mzg_context *context = writer->context;
    int64_t shared = writer->tissue->shared_mz ? writer->tissue->n_samples : 0;
    int64_t head = MZG_IMZML_UUID + shared * (int64_t)sizeof(double);
    struct round all = {writer, measure_arrays, 0, writer->n, NULL, NULL};
    start_round(&all);
    mzg_pool_wait(context->pool);
    place_spectra(writer, MZG_FILE_IBD, head);
    if (context->rank == 0)
        write_ibd_head(writer, head, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;

    /* Closed, so that on a network file system rank 0 reads what the others wrote. */
    if (write_spectra(writer, MZG_FILE_IBD, make_arrays, err) == MZG_OK)
        mzg_file_pair_close(&writer->files, MZG_FILE_IBD, err);
    return mzg_agree(context->comm, err);
}

/* What stands around the spectra. Local, on rank 0, before the others write: what they took of the disk would
 * be missing where room for all is looked for. */
static enum mzg_status write_frame(const struct writer *writer, const char *header, struct mzg_error *err)
{
    const struct mzg_file_pair *files = &writer->files;
    const char *trailer = mzg_imzml_trailer();
    int64_t header_bytes = (int64_t)strlen(header), trailer_bytes = (int64_t)strlen(trailer);
    int64_t end = header_bytes + writer->total_bytes[MZG_FILE_IMZML];
    if (mzg_file_pair_reserve(files, MZG_FILE_IMZML, end + trailer_bytes, err) != MZG_OK ||
        mzg_file_pair_write(files, MZG_FILE_IMZML, header, header_bytes, 0, err) != MZG_OK)
        return err->status;
    return mzg_file_pair_write(files, MZG_FILE_IMZML, trailer, trailer_bytes, end, err);
}

/* Rank 0 computes the checksum of the ibd while the workers measure the elements. Collective. */
static enum mzg_status write_imzml(struct writer *writer, struct mzg_error *err)
{
    const struct mzg_context *context = writer->context;
    const struct mzg_tissue *tissue = writer->tissue;
    uint8_t sha1[MZG_IMZML_SHA1] = {0};
    struct round all = {writer, measure_element, 0, writer->n, NULL, NULL};
    start_round(&all);
    if (context->rank == 0)
        mzg_file_pair_sha1(&writer->files, MZG_FILE_IBD, context->stop, sha1, err);
    mzg_pool_wait(context->pool);

    char *header = mzg_imzml_header(&tissue->options, tissue->n_spectra, writer->uuid, sha1);
    if (!header)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for its header", writer->files.name[MZG_FILE_IMZML]);
    if (mzg_agree(context->comm, err) == MZG_OK) {
        place_spectra(writer, MZG_FILE_IMZML, (int64_t)strlen(header));
        if (context->rank == 0)
            write_frame(writer, header, err);
        if (mzg_agree(context->comm, err) == MZG_OK &&
            write_spectra(writer, MZG_FILE_IMZML, make_element, err) == MZG_OK)
            mzg_file_pair_close(&writer->files, MZG_FILE_IMZML, err);
        mzg_agree(context->comm, err);
    }
    free(header);
    return err->status;
}

enum mzg_status mzg_synthetic_write(const struct mzg_context *context, const char *path,
                                    const struct mzg_synthetic_options *options, struct mzg_error *err)
{
    struct writer writer = {.context = context, .files = {.fd = {-1, -1}}};
    enum mzg_status status = prepare(&writer, path, options, err);
    if (status == MZG_OK)
        status = write_ibd(&writer, err);
    if (status == MZG_OK)
        status = write_imzml(&writer, err);
    if (status == MZG_OK) {
        if (context->rank == 0)
            mzg_file_pair_finish(&writer.files, err);
        status = mzg_agree(context->comm, err);
    }
    struct mzg_error left = {0};
    if (status == MZG_OK && mzg_file_pair_leave(&writer.files, &left) != MZG_OK)
        mzg_log_line(context->log, MZG_LOG_WARNING, "the output is complete, but %s", left.text);
    writer_destroy(&writer);
    return status;
}
