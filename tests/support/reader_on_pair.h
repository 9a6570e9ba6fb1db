/* A reader opened on the pair that imzml_pair.h writes, and all its pixels decoded one after the other. */
#ifndef READER_ON_PAIR_H
#define READER_ON_PAIR_H

#include <input/reader.h>

#include <core/context.h>
#include <imzml_pair.h>
#include <jansson.h>

static inline enum mzg_status open_with(const struct mzg_reader_options *options, struct mzg_reader **reader,
                                        struct mzg_error *err)
{
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    return mzg_reader_open(&context, imzml, options, reader, err);
}

static inline struct mzg_reader *open_pair(void)
{
    struct mzg_reader_options options = {0};
    struct mzg_reader *reader = NULL;
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)open_with(&options, &reader, &err), MZG_OK), "%s", err.text);
    return reader;
}

static inline void expect_refused(const char *words, enum mzg_status status)
{
    struct mzg_reader_options options = {0};
    struct mzg_reader *reader = NULL;
    struct mzg_error err = {0};
    cr_expect(eq(int, (int)open_with(&options, &reader, &err), (int)status), "%s", err.text);
    cr_expect(strstr(err.text, words) != NULL, "%s", err.text);
    cr_expect(reader == NULL);
}

static inline bool has_finding(const struct mzg_reader *reader, const char *words)
{
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(reader->dataset.metadata, "findings"), i,
                       line) if (strstr(json_string_value(line), words)) return true;
    return false;
}

/* A batch of all pixels, decoded one after the other. */
struct all {
    struct mzg_batch batch;
    struct mzg_decoder *decoder;
    struct mzg_spectrum spectrum;
    struct mzg_fault fault;
};

static inline void fetch_all(const struct mzg_reader *reader, struct all *all)
{
    struct mzg_error err = {0};
    *all = (struct all){0};
    mzg_batch_init(&all->batch);
    cr_assert(eq(int, (int)mzg_decoder_new(&all->decoder, &err), MZG_OK));
    cr_assert(eq(int, (int)mzg_reader_fetch(reader, 0, reader->dataset.n_pixels, &all->batch, &err), MZG_OK));
}

static inline bool decode(const struct mzg_reader *reader, struct all *all, int64_t i)
{
    return mzg_reader_decode(reader, &all->batch, i, all->decoder, &all->spectrum, &all->fault);
}

static inline void forget(struct all *all)
{
    mzg_batch_destroy(&all->batch);
    mzg_decoder_free(all->decoder);
}

#endif
