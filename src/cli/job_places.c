#include <cli/job_places.h>

#include <core/agree.h>
#include <core/json.h>
#include <core/log.h>
#include <core/mpi.h>
#include <core/placement.h>
#include <core/pool.h>

#include <stdlib.h>
#include <string.h>

/* Who started this rank. Open MPI sets some variables of mpirun in MPI_Init, too: this one only mpirun sets.
 */
static const char *launcher(void)
{
    if (getenv("OMPI_MCA_orte_local_daemon_uri") || getenv("PRTE_LAUNCHED"))
        return "mpirun";
    return getenv("SLURM_PROCID") ? "srun" : "other";
}

/* The numbers of the cores that have a part in `set`. */
static json_t *cores_in(hwloc_topology_t topology, hwloc_const_cpuset_t set)
{
    json_t *cores = json_array();
    hwloc_obj_t core = NULL;
    int first = hwloc_bitmap_first(set);
    if (first >= 0 && first == hwloc_bitmap_last(set)) { /* as most: one hardware thread, quickly found */
        hwloc_obj_t thread = hwloc_get_pu_obj_by_os_index(topology, (unsigned)first);
        core = thread ? hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, thread) : NULL;
        return core ? mzg_json_append(cores, json_integer((json_int_t)core->logical_index)) : cores;
    }
    while ((core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core)))
        if (hwloc_bitmap_intersects(core->cpuset, set))
            cores = mzg_json_append(cores, json_integer((json_int_t)core->logical_index));
    return cores;
}

static json_t *describe_node(hwloc_topology_t topology)
{
    json_t *sockets = json_array();
    hwloc_obj_t core = NULL;
    int n_sockets = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PACKAGE);
    while ((core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core))) {
        hwloc_obj_t socket = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_PACKAGE, core);
        sockets = mzg_json_append(sockets, json_integer(socket ? (json_int_t)socket->logical_index : 0));
    }
    return json_pack("{s:i, s:i, s:o}", "sockets", n_sockets > 0 ? n_sockets : 1, "hardware_threads",
                     hwloc_bitmap_weight(hwloc_topology_get_allowed_cpuset(topology)), "socket_of_core",
                     sockets);
}

static json_t *describe(const struct mzg_context *context, bool threads_asked)
{
    const struct mzg_placement *placement = mzg_pool_placement(context->pool);
    char host[MPI_MAX_PROCESSOR_NAME];
    int length;
    MZG_MPI(MPI_Get_processor_name(host, &length));
    json_t *threads = json_array();
    for (int i = 0; i < placement->size; i++) {
        hwloc_const_cpuset_t set = placement->threads[i] ? placement->threads[i] : placement->cores;
        char list[256];
        hwloc_bitmap_list_snprintf(list, sizeof list, set);
        threads =
            mzg_json_append(threads, json_pack("{s:o, s:s}", "cores", cores_in(placement->topology, set),
                                               "hardware_threads", list));
    }
    return json_pack("{s:i, s:s, s:s, s:b, s:b, s:o, s:o}", "rank", context->rank, "host", host, "launcher",
                     launcher(), "bound", mzg_placement_is_bound(placement), "threads_asked", threads_asked,
                     "node", describe_node(placement->topology), "threads", threads);
}

enum mzg_status mzg_places_gather(const struct mzg_context *context, bool threads_asked, json_t **places,
                                  struct mzg_error *err)
{
    json_t *mine = describe(context, threads_asked), *all = NULL;
    char *text = mine ? json_dumps(mine, JSON_COMPACT) : NULL;
    char *texts = NULL;
    int *sizes = NULL, *begins = NULL;
    json_decref(mine);
    int size = text ? (int)strlen(text) + 1 : 0;
    if (context->rank == 0) {
        sizes = calloc((size_t)context->size, sizeof *sizes);
        begins = calloc((size_t)context->size + 1, sizeof *begins);
    }
    if (!text || (context->rank == 0 && (!sizes || !begins)))
        mzg_fail(err, MZG_ENOMEM, "no memory for the places of threads");
    if (mzg_agree(context->comm, err) != MZG_OK)
        goto cleanup;
    MZG_MPI(MPI_Gather(&size, 1, MPI_INT, sizes, 1, MPI_INT, 0, context->comm));
    if (context->rank == 0) {
        for (int i = 0; i < context->size; i++)
            begins[i + 1] = begins[i] + sizes[i];
        texts = malloc((size_t)begins[context->size]);
        if (!texts)
            mzg_fail(err, MZG_ENOMEM, "no memory for the places of %d ranks", context->size);
    }
    if (mzg_agree(context->comm, err) != MZG_OK)
        goto cleanup;
    MZG_MPI(MPI_Gatherv(text, size, MPI_CHAR, texts, sizes, begins, MPI_CHAR, 0, context->comm));
    if (context->rank == 0) {
        all = json_array();
        for (int i = 0; i < context->size; i++)
            all = mzg_json_append(all, json_loads(texts + begins[i], 0, NULL));
        if (!all)
            mzg_fail(err, MZG_ENOMEM, "no memory for the places of %d ranks", context->size);
    }
    *places = all;
    mzg_agree(context->comm, err);

cleanup:
    free(text);
    free(texts);
    free(sizes);
    free(begins);
    return err->status;
}

/* What one rank tells of itself. */
struct binding {
    int threads, cores;
    int is_crowded; /* the launcher gave fewer cores than there are threads */
    int is_narrow;  /* mpirun gave one core, as it does if nothing is said, and others idle */
};

static void warn(const struct mzg_context *context, const struct binding *bindings)
{
    int crowded = 0, narrow = 0, first = 0;
    for (int i = context->size - 1; i >= 0; i--) {
        crowded += bindings[i].is_crowded;
        narrow += bindings[i].is_narrow;
        if (bindings[i].is_crowded)
            first = i;
    }
    const char *by = launcher();
    bool is_mpirun = strcmp(by, "mpirun") == 0;
    int threads = bindings[first].threads;
    char mend[160];
    if (is_mpirun)
        snprintf(mend, sizeof mend,
                 "start it with mpirun --bind-to none, or --map-by slot:PE=%d --bind-to core", threads);
    else
        snprintf(mend, sizeof mend,
                 strcmp(by, "srun") == 0 ? "start it with srun -c %d"
                                         : "give it %d cores, or fewer --threads",
                 threads);
    if (crowded > 0)
        mzg_log_line(
            context->log, MZG_LOG_WARNING,
            "%d threads of rank %d share %d core%s%s, to which %s bound it: %s ('mzgrid topology' shows all)",
            threads, first, bindings[first].cores, bindings[first].cores == 1 ? "" : "s",
            crowded > 1 ? ", and so do those of other ranks" : "", is_mpirun ? "mpirun" : "the launcher",
            mend);
    else if (narrow == context->size)
        mzg_log_line(
            context->log, MZG_LOG_WARNING,
            "mpirun bound each rank to one core, and other cores of the node idle: start more ranks, or use "
            "mpirun --bind-to none ('mzgrid topology' shows all)");
}

void mzg_places_warn(const struct mzg_context *context, bool threads_asked)
{
    const struct mzg_placement *placement = mzg_pool_placement(context->pool);
    bool is_bound = mzg_placement_is_bound(placement);
    struct binding mine = {.threads = placement->size,
                           .cores = mzg_placement_count(placement->topology, placement->given)};
    int all =
        mzg_placement_count(placement->topology, hwloc_topology_get_allowed_cpuset(placement->topology));
    mine.is_crowded = is_bound && mine.threads > mine.cores;
    mine.is_narrow = is_bound && !threads_asked && mine.cores == 1 && placement->node_ranks < all &&
                     strcmp(launcher(), "mpirun") == 0;
    struct binding *bindings = context->rank == 0 ? calloc((size_t)context->size, sizeof *bindings) : NULL;
    struct mzg_error none = {0};
    if (context->rank == 0 && !bindings)
        mzg_fail(&none, MZG_ENOMEM, "no memory for %d ranks", context->size);
    if (mzg_agree(context->comm, &none) == MZG_OK)
        MZG_MPI(MPI_Gather(&mine, sizeof mine, MPI_BYTE, bindings, sizeof mine, MPI_BYTE, 0, context->comm));
    if (bindings && none.status == MZG_OK)
        warn(context, bindings);
    free(bindings);
}
