/*
 * The memory of a run: what the limit leaves for chunks, where the rows wait, and what each buffer takes. The
 * limit is for all ranks of a node together and counts everything.
 */
#ifndef MZG_RUN_PLAN_H
#define MZG_RUN_PLAN_H

#include <core/context.h>
#include <core/frame.h>
#include <input/reader.h>
#include <mzgrid/convert.h>
#include <stream/weight.h>

struct mzg_plan_request {
    const struct mzg_convert_options *options;
    const struct mzg_reader *reader; /* open: its index is part of what is used already */
    enum mzg_method method;
    int64_t n_bins;
    enum mzg_type value_type;
    bool memory_is_shared;      /* mzg_plan_try_memory() */
    const char *temporary_path; /* of a file that the run may make */
};

/* Bytes, of one rank unless said. The same on all ranks. */
struct mzg_plan {
    int64_t limit;      /* of a node */
    int ranks_per_node; /* the most */
    bool one_node;
    int64_t used;       /* already: program, libraries, index, axis */
    int64_t statistics; /* of the bins */
    int64_t table;      /* of a node: the records of its pixels, and var */
    int64_t assembling; /* of a node: what obs and rasters take beyond the table while they are made */
    int64_t chunk;      /* both chunks under way, with the workers' buffers */
    int64_t peers;      /* what it keeps of each rank of the run, of all together */
    int64_t columns;    /* for turning rows into columns, beside what waits in memory */
    int64_t bands;    /* of a dense X: rows that are packed together, while pixels stream (direct) or then */
    int64_t decoding; /* of all its workers: one spectrum each, as large as the largest */
    struct mzg_pixel_weight weight;
    int64_t largest;         /* what the heaviest pixel takes in a chunk */
    int64_t chunk_bytes;     /* what a chunk may take, unless it is one pixel that takes more */
    int64_t chunk_size;      /* pixels, at most */
    int64_t n_rounds;        /* about */
    int64_t final_bytes;     /* of the store, from above */
    int n_matrices;          /* that hold the values (run/layout.h) */
    bool is_dense;           /* X has its zeros, too: */
    int64_t opened_bytes;    /* of memory that X and layers take once opened whole, and */
    int64_t sparse_bytes;    /*  what its values and where they stand take, from above */
    int64_t temporary_bytes; /* in the temporary directory, from above */
    int64_t free_bytes;      /* there; -1 if the system does not tell */
    const char *stage;       /* the kind of sink that the rows go to (run/stages.h) */
    bool direct;             /* the rows go into the store as they come; else: */
    bool in_memory;          /* the rows wait in memory, */
    bool by_column;          /*  and in the order of the columns */
    int64_t stage_share;     /* of a node: what they may take there */
    int64_t most_values;     /* that the result can have, as the index shows */
    int64_t result;          /* an estimate, from above, of the rows of all ranks; -1: beyond all numbers */
    int64_t waiting;         /* likewise, as they wait in memory */
    double bytes_per_pixel_of_index;
};

/* The limit of a node: what the user set, or the smaller of 8 GiB and half of what is free. The least of all
 * nodes. Collective over `comm`. */
int64_t mzg_plan_limit(MPI_Comm comm, int64_t wish);

/* The bytes that this rank may still take, of a wish as above that its node shares, beside what it has: 16
 * MiB at least. Collective over `comm`. */
int64_t mzg_plan_share(MPI_Comm comm, int64_t wish);

/* Whether rows may wait in memory, which all ranks then have to see: tried, unless the options send them
 * elsewhere anyway. MZG_EUSAGE if --streaming off asks for it and it is not so. To be called before pixels
 * are read. All ranks return the same. Collective over context->comm. */
enum mzg_status mzg_plan_try_memory(const struct mzg_context *context,
                                    const struct mzg_convert_options *options, bool *is_shared,
                                    struct mzg_error *err);

/* Plans the run. MZG_ENOMEM if the limit is too small, with the number needed. All ranks return the same.
 * Collective over context->comm. */
enum mzg_status mzg_plan_make(const struct mzg_context *context, const struct mzg_plan_request *request,
                              struct mzg_plan *plan, struct mzg_error *err);

/* Whether the limit would be enough for such a run, and a sixteenth more, as far as it can be told before the
 * axis is made. The same on all ranks. Collective over context->comm. */
bool mzg_plan_has_room(const struct mzg_context *context, const struct mzg_plan_request *request);

/* Logs the plan, item by item. Local. */
void mzg_plan_log(const struct mzg_plan *plan, struct mzg_log *log, int level);

/* The bytes that this rank may still take once streaming is over, with `stage_bytes` of rows in the memory of
 * the node. Local. */
int64_t mzg_plan_left(const struct mzg_plan *plan, int64_t stage_bytes);

#endif
