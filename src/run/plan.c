#include <run/plan.h>

#include <core/agree.h>
#include <core/block.h>
#include <core/file.h>
#include <core/log.h>
#include <core/memory.h>
#include <core/mpi.h>
#include <core/pool.h>
#include <run/layout.h>
#include <run/warnings.h>
#include <spatialdata/direct.h>
#include <spatialdata/tiles.h>
#include <stage/column_block.h>
#include <stage/memory_block.h>
#include <stream/statistics.h>

#include <inttypes.h>

enum {
    CHUNK_BYTES = 24 << 20,        /* of both chunks; beyond this larger reads and writes gain nothing, */
    SORTED_CHUNK_BYTES = 72 << 20, /*  but columns that are merged from fewer blocks */
    LEAST_BYTES = 4 << 20,         /* for chunks and columns, below which nothing works well */
    CHUNK_PIXELS = MZG_COLUMN_BLOCK_ROWS,
    CHUNKS_PER_RANK = 8, /* at least so many, where there are pixels enough, to keep ranks busy to the end */
    SORTED_CHUNKS_PER_RANK = 32, /* so that small inputs do not pay for memory touched for the first time */
    POINT_BYTES = 64,            /* of one point while it is decoded and resampled, */
    VALUE_BYTES = 24,            /*  and of one value */
    RECORD_BYTES = 88,           /* of one pixel, on the rank that resampled it, then on that of its row */
    WEIGHT_BYTES = 1,            /* of one pixel, on each node: its share of what spans of them weigh */
    CELL_BYTES = 48,             /* of one pixel, on the rank that writes its part of the rasters */
    PIECE_BYTES = 32 << 20,      /* of each rank, while it makes a piece of obs or a shard of a raster, */
    PIECE_ROW_BYTES = 512,       /*  or of each pixel, if they are few */
    STORED_BYTES = 212,          /* of one pixel in the store, beside its values, before compression */
    ROW_END_BYTES = 8,           /* of one row: where it ends, */
    ROW_COUNT_BYTES = 4,         /*  and how many values it has, on the rank that resampled it, when rows go
                                  *  into the store as they come */
    VAR_BYTES = 40,              /* of one bin on rank 0: its columns of var */
    COLUMN_BYTES = 16,           /* of one bin: where its column begins, and its next place */
    RANK_BYTES =
        400, /* of each rank of the run, on each rank: its tallies, pace, chunks and slices of rows */
    LIBRARY_BYTES = 24 << 20, /* that HDF5, MPI and the codecs take later */
    LEAST_SHARE = 16 << 20    /* of a rank that may have no memory left */
};

static const int64_t default_limit = INT64_C(8) << 30;

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t mzg_plan_limit(MPI_Comm comm, int64_t wish)
{
    int64_t limit = wish > 0 ? wish : least(default_limit, mzg_memory_available() / 2);
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &limit, 1, MPI_INT64_T, MPI_MIN, comm));
    return limit;
}

int64_t mzg_plan_share(MPI_Comm comm, int64_t wish)
{
    int64_t limit = mzg_plan_limit(comm, wish);
    MPI_Comm node;
    int ranks;
    MZG_MPI(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
    MZG_MPI(MPI_Comm_size(node, &ranks));
    MZG_MPI(MPI_Comm_free(&node));
    return most(limit / ranks - mzg_memory_pss(), LEAST_SHARE);
}

/* How the ranks lie on nodes. Collective. */
static void find_nodes(MPI_Comm comm, struct mzg_plan *plan)
{
    MPI_Comm node;
    int size;
    MZG_MPI(MPI_Comm_size(comm, &size));
    MZG_MPI(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
    MZG_MPI(MPI_Comm_size(node, &plan->ranks_per_node));
    MZG_MPI(MPI_Comm_free(&node));
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &plan->ranks_per_node, 1, MPI_INT, MPI_MAX, comm));
    plan->one_node = plan->ranks_per_node == size;
}

static int64_t points_per_pixel(const struct mzg_plan_request *request)
{
    const struct mzg_dataset *dataset = &request->reader->dataset;
    return dataset->n_points / most(dataset->n_pixels, 1) + 1;
}

/* The values of one pixel's row, from above. */
static int64_t values_per_pixel(const struct mzg_plan_request *request)
{
    return mzg_method_interpolates(request->method) ? request->n_bins
                                                    : least(points_per_pixel(request), request->n_bins);
}

/* The values of all rows, from above. The shards of a matrix in rows follow from it, so it must follow from
 * the input and the axis alone. */
static int64_t most_values(const struct mzg_plan_request *request)
{
    const struct mzg_dataset *dataset = &request->reader->dataset;
    int64_t all = mzg_size_product(dataset->n_pixels, request->n_bins);
    all = all < 0 ? INT64_MAX : all;
    return mzg_method_interpolates(request->method) ? all : least(dataset->n_points, all);
}

/* The bytes of a value and its bin. */
static int64_t entry_size(const struct mzg_plan_request *request)
{
    return (int64_t)sizeof(int32_t) + mzg_type_size(request->value_type);
}

/* What all pixels together take in chunks, and the most that one does; and the most points of one. */
struct weights {
    int64_t sum, largest, points;
};

/* Collective. */
static void weigh_pixels(const struct mzg_context *context, const struct mzg_plan_request *request,
                         const struct mzg_pixel_weight *weight, struct weights *weights)
{
    struct mzg_block block = mzg_block_of(request->reader->dataset.n_pixels, context->size, context->rank);
    int64_t most_of[2] = {0, 0};
    *weights = (struct weights){0};
    for (int64_t i = 0; i < block.count; i++) {
        int64_t stored, points;
        mzg_reader_measure(request->reader, block.first + i, 1, &stored, &points);
        int64_t bytes = mzg_pixel_memory(weight, stored, points);
        weights->sum += bytes;
        most_of[0] = most(most_of[0], bytes);
        most_of[1] = most(most_of[1], points);
    }
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &weights->sum, 1, MPI_INT64_T, MPI_SUM, context->comm));
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, most_of, 2, MPI_INT64_T, MPI_MAX, context->comm));
    weights->largest = most_of[0];
    weights->points = most_of[1];
}

/* What a rank's workers take that each decode and resample the largest spectrum. Collective. */
static int64_t decoding_of_all(const struct mzg_context *context, const struct mzg_pixel_weight *weight,
                               int64_t points)
{
    int64_t workers = mzg_pool_size(context->pool);
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &workers, 1, MPI_INT64_T, MPI_MAX, context->comm));
    int64_t values = weight->interpolates ? weight->n_bins : least(points, weight->n_bins);
    return workers * (POINT_BYTES * points + VALUE_BYTES * values);
}

static void choose_chunk(const struct mzg_context *context, const struct mzg_plan_request *request,
                         const struct weights *weights, int64_t room, struct mzg_plan *plan)
{
    const struct mzg_dataset *dataset = &request->reader->dataset;
    int64_t average = weights->sum / most(dataset->n_pixels, 1) + 1;
    int64_t size = request->options->chunk_size;
    plan->chunk_bytes = least(plan->by_column ? SORTED_CHUNK_BYTES : CHUNK_BYTES, room);
    if (size <= 0) {
        size = plan->chunk_bytes / average;
        int64_t per_rank = plan->by_column ? SORTED_CHUNKS_PER_RANK : CHUNKS_PER_RANK;
        size = least(size, dataset->n_pixels / (context->size * per_rank) + 1);
        size = least(size, CHUNK_PIXELS);
    } else {
        plan->chunk_bytes = room; /* as large as it was asked for, while it fits */
    }
    plan->chunk_size = most(1, size);
    if (plan->by_column)
        plan->chunk_size = least(plan->chunk_size, MZG_COLUMN_BLOCK_ROWS);
    int64_t round = most(1, least(plan->chunk_size, plan->chunk_bytes / average)) * context->size;
    plan->n_rounds = (dataset->n_pixels + round - 1) / round;
    plan->chunk = most(plan->largest, least(plan->chunk_bytes, plan->chunk_size * average));
}

static void choose_stage(const struct mzg_plan_request *request, struct mzg_plan *plan)
{
    const struct mzg_convert_options *options = request->options;
    bool csc = mzg_layout_has_columns(options->layout);
    plan->result =
        mzg_size_product3(request->reader->dataset.n_pixels, values_per_pixel(request), entry_size(request));
    /* Blocks by column are merged shard by shard, so that little else is needed beside them. */
    plan->stage_share = csc ? plan->limit / 2 : plan->limit / 3;
    plan->most_values = most_values(request);
    plan->direct = options->streaming == MZG_STREAMING_DIRECT && !options->keep_hdf5;
    plan->waiting = plan->result < 0 ? INT64_MAX : plan->result;
    if (csc) /* rows in two bytes instead of bins in four */
        plan->waiting = plan->waiting / entry_size(request) * (entry_size(request) - 2);
    bool fits = plan->waiting <= plan->stage_share;
    plan->in_memory =
        request->memory_is_shared && !options->keep_hdf5 &&
        (options->streaming == MZG_STREAMING_OFF || (options->streaming == MZG_STREAMING_AUTO && fits));
    plan->by_column = plan->in_memory && csc;
    plan->stage = plan->direct ? "direct" : plan->in_memory ? "memory" : "hdf5";
}

/* A block by column says of each column how many values it has; with fewer values than half the columns it
 * would be mostly that. A row has about as many values as its spectrum has points, by any method. */
static void choose_order(const struct mzg_plan_request *request, struct mzg_plan *plan)
{
    int64_t values = plan->chunk_size * least(points_per_pixel(request), request->n_bins);
    plan->by_column = plan->by_column && values >= request->n_bins / 2;
}

/* A rank packs whole bands of a dense X, however low the limit is. */
static void measure_bands(const struct mzg_plan_request *request, struct mzg_plan *plan)
{
    if (request->options->layout != MZG_LAYOUT_DENSE)
        return;
    int64_t rows = least(mzg_matrix_band_rows(request->n_bins), request->reader->dataset.n_pixels);
    int64_t values = rows * values_per_pixel(request), entry = entry_size(request);
    plan->bands = values * (plan->direct ? MZG_DIRECT_OTHER_UNITS * entry
                                         : entry + mzg_type_size(request->value_type) /* as packed */);
}

static int64_t total_of_node(const struct mzg_plan *plan, int64_t working)
{
    return plan->ranks_per_node * (plan->used + plan->statistics + plan->columns + plan->decoding +
                                   plan->peers + (plan->direct ? plan->bands : 0) + LIBRARY_BYTES + working) +
           plan->table;
}

/* The cells of rasters that the ranks of a node write, from above, on the node with the most: whole tiles.
 * Collective. */
static int64_t most_cells(const struct mzg_context *context, const struct mzg_dataset *dataset)
{
    struct mzg_raster_size size = {.depth = (int64_t)dataset->max[2] - dataset->min[2] + 1,
                                   .height = (int64_t)dataset->max[1] - dataset->min[1] + 1,
                                   .width = (int64_t)dataset->max[0] - dataset->min[0] + 1};
    if (mzg_size_product3(size.depth, size.height, size.width) < 0) /* which only conversions refuse */
        return dataset->n_pixels;
    struct mzg_tiles tiles = mzg_tiles_of(&size, context->size);
    int64_t of_node = mzg_tiles_of_rank(&tiles, context->rank);
    MPI_Comm node;
    MZG_MPI(MPI_Comm_split_type(context->comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &of_node, 1, MPI_INT64_T, MPI_SUM, node));
    MZG_MPI(MPI_Comm_free(&node));
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &of_node, 1, MPI_INT64_T, MPI_MAX, context->comm));
    return of_node <= dataset->n_pixels >> (2 * MZG_TILE_BITS) ? of_node << (2 * MZG_TILE_BITS)
                                                               : dataset->n_pixels;
}

/* What the ranks of a node hold of pixels and bins beside each rank's own: each has the records of the pixels
 * that it resampled. Among nodes these are dealt by pace, so that one may have more than its share. */
static void measure_table(const struct mzg_context *context, const struct mzg_plan_request *request,
                          struct mzg_plan *plan)
{
    int64_t pixels = request->reader->dataset.n_pixels;
    int64_t cells = plan->one_node ? pixels : most_cells(context, &request->reader->dataset);
    int64_t of_node = plan->one_node
                          ? pixels
                          : least(pixels, INT64_C(2) * plan->ranks_per_node * (pixels / context->size + 1));
    plan->table = of_node * RECORD_BYTES + pixels * WEIGHT_BYTES + request->n_bins * VAR_BYTES;
    if (plan->direct)
        plan->table += of_node * (ROW_END_BYTES + ROW_COUNT_BYTES);
    /* Records make room for cells, unless the .h5ad wants them, too (spatialdata.h). */
    int64_t rasters = cells * CELL_BYTES - (request->options->keep_hdf5 ? 0 : of_node * RECORD_BYTES);
    plan->assembling = most(rasters, 0) + plan->ranks_per_node * least(PIECE_BYTES, pixels * PIECE_ROW_BYTES);
}

/* What a node needs at least: while pixels stream, when they become bands, or when obs and rasters are made
 * of what came of them. Rows wait in memory beside the bands if they take no more than a third of the limit.
 */
static int64_t least_of_node(const struct mzg_plan *plan)
{
    int64_t kept =
        plan->ranks_per_node * (plan->used + plan->statistics + plan->peers + LIBRARY_BYTES) + plan->table;
    int64_t packing = kept + plan->ranks_per_node * (plan->bands + LEAST_BYTES);
    packing += plan->in_memory ? least(plan->waiting, packing / 2) : 0;
    return most(total_of_node(plan, LEAST_BYTES + plan->largest),
                most(plan->bands > 0 ? packing : 0, kept + plan->assembling));
}

/* What a node needs at least. Rows that leave no room for bands beside them wait in a file, if nobody asked
 * for memory: the limit may be enough for that. */
static int64_t settle_stage(const struct mzg_plan_request *request, struct mzg_plan *plan)
{
    int64_t needed = least_of_node(plan);
    bool may_move = plan->in_memory && plan->bands > 0 && request->options->streaming == MZG_STREAMING_AUTO;
    if (needed <= plan->limit || !may_move)
        return needed;
    plan->in_memory = false;
    plan->stage = "hdf5";
    return least_of_node(plan);
}

/* The bytes that the run leaves, and those that it takes meanwhile: the rows staged, and once more while they
 * turn into columns. */
static void measure_disk(const struct mzg_plan_request *request, struct mzg_plan *plan)
{
    int64_t pixels = request->reader->dataset.n_pixels;
    int64_t result = plan->result < 0 ? INT64_MAX / 4 : plan->result;
    if (mzg_matrix_index_type(plan->most_values, 0) == MZG_INT64 &&
        request->options->layout != MZG_LAYOUT_DENSE)
        result += result / entry_size(request) * (int64_t)(sizeof(int64_t) - sizeof(int32_t));
    bool csc = mzg_layout_has_columns(request->options->layout);
    plan->is_dense = request->options->layout == MZG_LAYOUT_DENSE;
    plan->sparse_bytes = result;
    plan->n_matrices = mzg_layout_rule(request->options->layout)->n_matrices;
    plan->opened_bytes = plan->n_matrices * result;
    if (plan->is_dense) {
        int64_t all = mzg_size_product3(pixels, request->n_bins, mzg_type_size(request->value_type));
        plan->opened_bytes = all < 0 ? INT64_MAX / 4 : all;
    }
    plan->final_bytes = plan->opened_bytes + pixels * STORED_BYTES + request->n_bins * VAR_BYTES;
    if (plan->direct || plan->in_memory)
        plan->temporary_bytes = 0;
    else
        plan->temporary_bytes = (csc ? 2 : 1) * (result + ROW_END_BYTES * pixels);
    plan->free_bytes = mzg_file_free_space(request->temporary_path);
}

enum mzg_status mzg_plan_try_memory(const struct mzg_context *context,
                                    const struct mzg_convert_options *options, bool *is_shared,
                                    struct mzg_error *err)
{
    struct mzg_plan nodes;
    char reason[256];
    bool is_off = options->streaming == MZG_STREAMING_OFF;
    *is_shared = false;
    if (options->keep_hdf5 || !(is_off || options->streaming == MZG_STREAMING_AUTO))
        return MZG_OK; /* nothing waits there */
    find_nodes(context->comm, &nodes);
    if (!nodes.one_node)
        return !is_off
                   ? MZG_OK
                   : mzg_fail(err, MZG_EUSAGE,
                              "--streaming off keeps the result in memory that all ranks share, but these "
                              "ranks lie on several nodes; use --streaming hdf5");
    if (mzg_memory_is_shared(context, is_shared, reason, err) != MZG_OK || *is_shared)
        return err->status;
    if (is_off)
        return mzg_fail(
            err, MZG_EUSAGE,
            "--streaming off keeps the result in memory that all ranks share, but these ranks may "
            "not see each other's memory (%s), as in containers with a user namespace for each "
            "rank; use --streaming hdf5",
            reason);
    mzg_log_line(context->log, MZG_LOG_INFO,
                 "the ranks of this node may not see each other's memory (%s): rows wait in a file", reason);
    return MZG_OK;
}

/* What follows from the request alone, and what a node needs at least. Collective. */
static int64_t measure(const struct mzg_context *context, const struct mzg_plan_request *request,
                       struct mzg_plan *plan, struct weights *weights)
{
    const struct mzg_dataset *dataset = &request->reader->dataset;
    *plan = (struct mzg_plan){.limit = mzg_plan_limit(context->comm, request->options->memory_limit),
                              .used = mzg_memory_pss(),
                              .peers = (int64_t)context->size * RANK_BYTES,
                              .statistics = request->n_bins * mzg_statistics_per_bin(request->value_type),
                              .bytes_per_pixel_of_index =
                                  (double)dataset->n_index_bytes / (double)most(dataset->n_pixels, 1)};
    int64_t most_of[2] = {plan->used,
                          mzg_pool_size(context->pool)}; /* ranks may have different numbers of threads */
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, most_of, 2, MPI_INT64_T, MPI_MAX, context->comm));
    plan->used = most_of[0];
    plan->columns = request->n_bins * (COLUMN_BYTES + mzg_column_sort_per_column((int)most_of[1]));
    find_nodes(context->comm, plan);
    choose_stage(request, plan);
    measure_bands(request, plan);
    measure_table(context, request, plan);
    plan->weight = (struct mzg_pixel_weight){
        .interpolates = mzg_method_interpolates(request->method),
        .n_bins = request->n_bins,
        .per_value = plan->by_column
                         ? entry_size(request) + mzg_column_sort_per_value(mzg_type_size(request->value_type))
                         : 3 * entry_size(request)};
    weigh_pixels(context, request, &plan->weight, weights);
    plan->largest = weights->largest;
    plan->decoding = decoding_of_all(context, &plan->weight, weights->points);
    return settle_stage(request, plan);
}

bool mzg_plan_has_room(const struct mzg_context *context, const struct mzg_plan_request *request)
{
    struct mzg_plan plan;
    struct weights weights;
    int64_t needed = measure(context, request, &plan, &weights);
    return needed + needed / 16 <= plan.limit;
}

enum mzg_status mzg_plan_make(const struct mzg_context *context, const struct mzg_plan_request *request,
                              struct mzg_plan *plan, struct mzg_error *err)
{
    const struct mzg_dataset *dataset = &request->reader->dataset;
    struct weights weights;
    int64_t needed = measure(context, request, plan, &weights);
    if (needed > plan->limit) {
        /* Pages of libraries count by how many processes share them, so the next run may start with more: at
         * most as much as without the jobs that run beside this one. */
        int64_t enough =
            needed + needed / 16 + plan->ranks_per_node * mzg_memory_shared_elsewhere(plan->ranks_per_node);
        mzg_fail(err, MZG_ENOMEM,
                 "the memory limit of %" PRId64 " MiB per node is too small: %d rank%s, %" PRId64
                 " pixels (%.0f bytes each in the index; the largest has %" PRId64 " points) and %" PRId64
                 " bins need %" PRId64 " MiB; raise --memory-limit, or use fewer ranks or bins",
                 plan->limit >> 20, plan->ranks_per_node, plan->ranks_per_node == 1 ? "" : "s",
                 dataset->n_pixels, plan->bytes_per_pixel_of_index, weights.points, request->n_bins,
                 (enough >> 20) + 1);
        return mzg_agree(context->comm, err); /* for the sentence: what is shared differs between ranks */
    }
    int64_t left = (plan->limit - total_of_node(plan, 0)) / plan->ranks_per_node;
    if (plan->in_memory)
        left -= least(plan->waiting, plan->stage_share) / plan->ranks_per_node;
    choose_chunk(context, request, &weights, most(left / 2, LEAST_BYTES), plan);
    choose_order(request, plan);
    measure_disk(request, plan);
    if (context->rank == 0)
        mzg_tell_file_systems(request->options, request->temporary_path, !plan->direct && !plan->in_memory,
                              context->log);
    return MZG_OK;
}

static double mib(int64_t bytes)
{
    return (double)bytes / 0x1p20;
}

void mzg_plan_log(const struct mzg_plan *plan, struct mzg_log *log, int level)
{
    enum mzg_log_level l = (enum mzg_log_level)level;
    mzg_log_line(log, l,
                 "plan: %" PRId64 " bins; about %" PRId64 " rounds of up to %" PRId64
                 " pixels per rank; rows %s",
                 plan->weight.n_bins, plan->n_rounds, plan->chunk_size,
                 plan->direct      ? "go into the store as they come"
                 : plan->by_column ? "wait in memory, in the order of the columns"
                 : plan->in_memory ? "wait in memory"
                                   : "wait in an HDF5 file");
    mzg_log_line(log, l, "plan: memory limit %" PRId64 " MiB for %d rank%s of a node", plan->limit >> 20,
                 plan->ranks_per_node, plan->ranks_per_node == 1 ? "" : "s");
    mzg_log_line(log, l,
                 "plan: each rank: in use %.1f MiB (index: %.0f bytes per pixel, once a node), statistics "
                 "%.1f, chunks %.1f, spectra being decoded %.1f, columns %.1f; the ranks of a node together: "
                 "table %.1f MiB, rasters %.1f MiB",
                 mib(plan->used), plan->bytes_per_pixel_of_index, mib(plan->statistics), mib(plan->chunk),
                 mib(plan->decoding), mib(plan->columns), mib(plan->table), mib(plan->assembling));
    if (plan->is_dense)
        mzg_log_line(log, l, "plan: each rank: %.1f MiB for rows of X that it packs together%s",
                     mib(plan->bands), plan->direct ? "" : ", once all are resampled");
    mzg_log_line(log, l,
                 "plan: at most %.1f MB in the store before compression, at most %.1f MB of temporary files",
                 (double)plan->final_bytes / 1e6, (double)plan->temporary_bytes / 1e6);
    if (plan->is_dense)
        mzg_log_line(
            log, MZG_LOG_INFO,
            "plan: opened whole, X takes %.1f MB of memory, its zeros included; with --layout csc or csr, "
            "at most %.1f MB",
            (double)plan->opened_bytes / 1e6, (double)plan->sparse_bytes / 1e6);
    else
        mzg_log_line(log, l, "plan: opened whole, X%s at most %.1f MB of memory",
                     plan->n_matrices > 1 ? " and layers/csr together take" : " takes",
                     (double)plan->opened_bytes / 1e6);
    if (plan->free_bytes >= 0)
        mzg_log_line(log, l, "plan: %.1f MB of disk free for them", (double)plan->free_bytes / 1e6);
}

int64_t mzg_plan_left(const struct mzg_plan *plan, int64_t stage_bytes)
{
    int64_t left = (plan->limit - total_of_node(plan, 0) - stage_bytes) / plan->ranks_per_node;
    return most(left, LEAST_BYTES);
}
