#include <core/placement.h>

#include <core/agree.h>
#include <core/mpi.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The cores that the launcher gave this process, within those that the node allows. */
static hwloc_cpuset_t cores_of_process(hwloc_topology_t topology)
{
    hwloc_cpuset_t cores = hwloc_bitmap_alloc();
    hwloc_const_cpuset_t allowed = hwloc_topology_get_allowed_cpuset(topology);
    if (hwloc_get_cpubind(topology, cores, HWLOC_CPUBIND_PROCESS) != 0 || hwloc_bitmap_iszero(cores))
        hwloc_bitmap_copy(cores, allowed);
    hwloc_bitmap_and(cores, cores, allowed);
    return cores;
}

/* Who shares the node, and whether all of them see the set of cores that this one sees. Collective. */
static void look_at_node(MPI_Comm comm, struct mzg_placement *placement, int *share)
{
    MPI_Comm node;
    int rank;
    MZG_MPI(MPI_Comm_rank(comm, &rank));
    MZG_MPI(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &node));
    MZG_MPI(MPI_Comm_rank(node, share));
    MZG_MPI(MPI_Comm_size(node, &placement->node_ranks));

    char mine[1 << 14] = "", first[1 << 14]; /* 11 bytes for 32 hardware threads */
    hwloc_bitmap_snprintf(mine, sizeof mine, placement->given);
    memcpy(first, mine, sizeof first);
    MZG_MPI(MPI_Bcast(first, sizeof first, MPI_CHAR, 0, node));
    int same = strcmp(mine, first) == 0;
    int all_same;
    MZG_MPI(MPI_Allreduce(&same, &all_same, 1, MPI_INT, MPI_LAND, node));
    MZG_MPI(MPI_Comm_free(&node));
    placement->is_shared = all_same && placement->node_ranks > 1;
}

/* Cuts `cores` into `n` sets of neighbouring cores, as hwloc finds them closest to each other. */
static void distribute_cores(hwloc_topology_t topology, hwloc_const_cpuset_t cores, int n,
                             hwloc_cpuset_t *sets)
{
    int most = hwloc_bitmap_weight(cores); /* if no two of them make a larger object */
    hwloc_obj_t *roots = most > 0 ? calloc((size_t)most, sizeof *roots) : NULL;
    int n_roots = 0;
    hwloc_cpuset_t left = hwloc_bitmap_dup(cores);
    while (roots && n_roots < most && !hwloc_bitmap_iszero(left)) {
        hwloc_obj_t largest = hwloc_get_first_largest_obj_inside_cpuset(topology, left);
        if (!largest)
            break;
        roots[n_roots++] = largest;
        hwloc_bitmap_andnot(left, left, largest->cpuset);
    }
    hwloc_bitmap_free(left);
    if (n_roots > 0)
        hwloc_distrib(topology, roots, (unsigned)n_roots, sets, (unsigned)n, INT_MAX, 0);
    free(roots);
}

/* Narrows `cores` to the `share`-th of `sharers` parts, if there are enough cores for all. */
static void take_share(hwloc_topology_t topology, hwloc_cpuset_t cores, int share, int sharers)
{
    hwloc_cpuset_t *parts = calloc((size_t)sharers, sizeof *parts);
    if (!parts)
        return;
    distribute_cores(topology, cores, sharers, parts);
    if (parts[share])
        hwloc_bitmap_copy(cores, parts[share]);
    for (int i = 0; i < sharers; i++)
        hwloc_bitmap_free(parts[i]);
    free(parts);
}

int mzg_placement_count(hwloc_topology_t topology, hwloc_const_cpuset_t set)
{
    int n = 0;
    hwloc_obj_t core = NULL;
    while ((core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core)))
        n += hwloc_bitmap_intersects(core->cpuset, set);
    if (n == 0)
        n = hwloc_bitmap_weight(set);
    return n > 0 ? n : 1;
}

bool mzg_placement_is_bound(const struct mzg_placement *placement)
{
    return !hwloc_bitmap_isequal(placement->given, hwloc_topology_get_allowed_cpuset(placement->topology));
}

/* The first hardware thread of each core in `set`: where one thread runs, a second one on the same core is
 * slower than one on a core of its own. */
static void first_of_cores(hwloc_topology_t topology, hwloc_const_cpuset_t set, hwloc_cpuset_t firsts)
{
    hwloc_obj_t core = NULL;
    hwloc_bitmap_zero(firsts);
    while ((core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core))) {
        hwloc_cpuset_t part = hwloc_bitmap_dup(core->cpuset);
        hwloc_bitmap_and(part, part, set);
        hwloc_bitmap_singlify(part);
        hwloc_bitmap_or(firsts, firsts, part);
        hwloc_bitmap_free(part);
    }
}

/* Gives each thread its set: a core each while there are enough, then hardware threads. */
static void assign_threads(struct mzg_placement *placement)
{
    hwloc_cpuset_t room = hwloc_bitmap_dup(placement->cores);
    int cores = mzg_placement_count(placement->topology, room);
    hwloc_cpuset_t firsts = hwloc_bitmap_alloc();
    first_of_cores(placement->topology, room, firsts);
    if (placement->size <= cores && !hwloc_bitmap_iszero(firsts))
        hwloc_bitmap_copy(room, firsts);
    distribute_cores(placement->topology, room, placement->size, placement->threads);
    for (int i = 0; i < placement->size; i++)
        if (placement->threads[i] && placement->size <= hwloc_bitmap_weight(room))
            hwloc_bitmap_singlify(placement->threads[i]);
    hwloc_bitmap_free(room);
    hwloc_bitmap_free(firsts);
}

enum mzg_status mzg_placement_assign(struct mzg_placement *placement, int share, int threads,
                                     struct mzg_error *err)
{
    placement->cores = hwloc_bitmap_dup(placement->given);
    if (placement->is_shared)
        take_share(placement->topology, placement->cores, share, placement->node_ranks);
    placement->size = threads > 0 ? threads : mzg_placement_count(placement->topology, placement->cores);
    placement->threads = calloc((size_t)placement->size, sizeof(hwloc_cpuset_t));
    if (!placement->cores || !placement->threads)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the places of %d threads", placement->size);
    assign_threads(placement);
    return MZG_OK;
}

enum mzg_status mzg_placement_new(MPI_Comm comm, int threads, struct mzg_placement **placement,
                                  struct mzg_error *err)
{
    int share = 0;
    struct mzg_placement *p = calloc(1, sizeof *p);
    *placement = p;
    if (!p)
        mzg_fail(err, MZG_ENOMEM, "no memory for the places of threads");
    else if (hwloc_topology_init(&p->topology) != 0 || hwloc_topology_load(p->topology) != 0)
        mzg_fail(err, MZG_EIO, "hwloc cannot read the topology of this node");
    if (mzg_agree(comm, err) != MZG_OK)
        return err->status;
    p->given = cores_of_process(p->topology);
    look_at_node(comm, p, &share);
    mzg_placement_assign(p, share, threads, err);
    return mzg_agree(comm, err);
}

void mzg_placement_free(struct mzg_placement *placement)
{
    if (!placement)
        return;
    for (int i = 0; placement->threads && i < placement->size; i++)
        hwloc_bitmap_free(placement->threads[i]);
    free(placement->threads);
    hwloc_bitmap_free(placement->cores);
    hwloc_bitmap_free(placement->given);
    if (placement->topology)
        hwloc_topology_destroy(placement->topology);
    free(placement);
}
