#include <core/agree.h>
#include <core/mpi.h>
#include <input/node_memory.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    PIECE = 64 << 20, /* bytes of one broadcast: counts of MPI are int */
    NAME_SIZE = 40
};

/* What one rank wrote. */
struct range {
    int64_t first; /* byte */
    int64_t size;
    int node; /* rank of its leader among the leaders */
    int rank; /* in its node */
};

struct mzg_node_memory {
    MPI_Comm comm;
    MPI_Comm node;    /* the ranks of this node; its rank 0, the leader, makes the object */
    MPI_Comm leaders; /* the leaders; MPI_COMM_NULL on other ranks */
    bool is_shared;   /* else each rank of the node has a copy of its own */
    void *bytes;
    size_t size;
    int n_ranks, n_nodes;
    int node_number;      /* of this node among the leaders */
    struct range *ranges; /* of all ranks, while they are shared */
};

/* All ranks of the node succeeded. Collective over `node`. */
static bool all_did(MPI_Comm node, bool did)
{
    int worst = did;
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPI_INT, MPI_MIN, node));
    return worst;
}

/* A new object under a name that no other program has; false if there is none. */
static bool create_object(char name[NAME_SIZE], size_t size, int *fd)
{
    uint64_t number;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        return false;
    snprintf(name, NAME_SIZE, "/mzgrid-%016" PRIx64, number);
    *fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (*fd < 0)
        return false;
    /* Not ftruncate(), which promises memory that may not be there when it is touched. */
    if (posix_fallocate(*fd, 0, (off_t)size) == 0)
        return true;
    shm_unlink(name);
    close(*fd);
    return false;
}

/* Maps one object into all ranks of the node; NULL on all of them where one cannot. Collective over `node`.
 */
static void *map_on_node(MPI_Comm node, int rank, size_t size)
{
    char name[NAME_SIZE] = "";
    int fd = -1;
    bool created = rank != 0 || create_object(name, size, &fd);
    if (!all_did(node, created))
        return NULL;

    MZG_MPI(MPI_Bcast(name, sizeof name, MPI_CHAR, 0, node));
    if (rank != 0)
        fd = shm_open(name, O_RDWR, 0);
    void *bytes = fd >= 0 ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (fd >= 0)
        close(fd);
    bool mapped = all_did(node, bytes != MAP_FAILED);
    if (rank == 0)
        shm_unlink(name); /* the mappings keep it; nothing is left behind by a rank that is killed */
    if (mapped)
        return bytes;
    if (bytes != MAP_FAILED)
        munmap(bytes, size);
    return NULL;
}

static void allocate(struct mzg_node_memory *memory, struct mzg_error *err)
{
    int rank, size;
    MZG_MPI(MPI_Comm_rank(memory->node, &rank));
    MZG_MPI(MPI_Comm_size(memory->node, &size));
    if (size > 1)
        memory->bytes = map_on_node(memory->node, rank, memory->size);
    memory->is_shared = memory->bytes != NULL;
    if (memory->is_shared)
        return;
    void *bytes = mmap(NULL, memory->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes != MAP_FAILED)
        memory->bytes = bytes;
    else
        mzg_fail(err, MZG_ENOMEM, "no memory for %zu bytes of index", memory->size);
}

/* Collective over memory->comm. */
static void find_nodes(struct mzg_node_memory *memory)
{
    int rank, node_rank, place[2] = {0, 0};
    MZG_MPI(MPI_Comm_rank(memory->comm, &rank));
    MZG_MPI(MPI_Comm_split_type(memory->comm, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &memory->node));
    MZG_MPI(MPI_Comm_rank(memory->node, &node_rank));
    MZG_MPI(MPI_Comm_split(memory->comm, node_rank == 0 ? 0 : MPI_UNDEFINED, rank, &memory->leaders));
    if (memory->leaders != MPI_COMM_NULL) {
        MZG_MPI(MPI_Comm_rank(memory->leaders, &place[0]));
        MZG_MPI(MPI_Comm_size(memory->leaders, &place[1]));
    }
    MZG_MPI(MPI_Bcast(place, 2, MPI_INT, 0, memory->node));
    memory->node_number = place[0];
    memory->n_nodes = place[1];
}

enum mzg_status mzg_node_memory_new(MPI_Comm comm, int64_t size, struct mzg_node_memory **memory,
                                    struct mzg_error *err)
{
    int n_ranks;
    MZG_MPI(MPI_Comm_size(comm, &n_ranks));
    struct mzg_node_memory *new_memory = calloc(1, sizeof *new_memory);
    struct range *ranges = calloc((size_t)n_ranks, sizeof *ranges);
    if (!new_memory || !ranges)
        mzg_fail(err, MZG_ENOMEM, "no memory for the index");
    if (mzg_agree(comm, err) != MZG_OK) {
        free(new_memory);
        free(ranges);
        return err->status;
    }
    *new_memory = (struct mzg_node_memory){
        .comm = comm, .size = size > 0 ? (size_t)size : 1, .n_ranks = n_ranks, .ranges = ranges};
    find_nodes(new_memory);
    allocate(new_memory, err);
    if (mzg_agree(comm, err) != MZG_OK) {
        mzg_node_memory_free(new_memory);
        return err->status;
    }
    *memory = new_memory;
    return MZG_OK;
}

void *mzg_node_memory_bytes(const struct mzg_node_memory *memory)
{
    return memory->bytes;
}

static void broadcast(struct mzg_node_memory *memory, const struct range *range, int root, MPI_Comm comm)
{
    for (int64_t at = 0; at < range->size; at += PIECE) {
        int64_t left = range->size - at;
        MZG_MPI(MPI_Bcast((char *)memory->bytes + range->first + at, (int)(left < PIECE ? left : PIECE),
                          MPI_BYTE, root, comm));
    }
}

/* Within the node: `own` ranges from whoever wrote them, or those of other nodes from the leader. */
static void broadcast_on_node(struct mzg_node_memory *memory, bool own)
{
    for (int r = 0; r < memory->n_ranks; r++) {
        const struct range *range = &memory->ranges[r];
        if ((range->node == memory->node_number) == own)
            broadcast(memory, range, own ? range->rank : 0, memory->node);
    }
}

void mzg_node_memory_share(struct mzg_node_memory *memory, int64_t first, int64_t size)
{
    struct range mine = {.first = first, .size = size, .node = memory->node_number};
    MZG_MPI(MPI_Comm_rank(memory->node, &mine.rank));
    MZG_MPI(MPI_Allgather(&mine, sizeof mine, MPI_BYTE, memory->ranges, sizeof mine, MPI_BYTE, memory->comm));
    if (!memory->is_shared)
        broadcast_on_node(memory, true);
    if (memory->n_nodes == 1) {
        MZG_MPI(MPI_Barrier(memory->comm));
        return;
    }

    MZG_MPI(MPI_Barrier(memory->node));
    for (int r = 0; r < memory->n_ranks && memory->leaders != MPI_COMM_NULL; r++)
        broadcast(memory, &memory->ranges[r], memory->ranges[r].node, memory->leaders);
    if (!memory->is_shared)
        broadcast_on_node(memory, false);
    MZG_MPI(MPI_Barrier(memory->node));
}

void mzg_node_memory_free(struct mzg_node_memory *memory)
{
    if (!memory)
        return;
    if (memory->bytes)
        munmap(memory->bytes, memory->size);
    if (memory->leaders != MPI_COMM_NULL)
        MZG_MPI(MPI_Comm_free(&memory->leaders));
    MZG_MPI(MPI_Comm_free(&memory->node));
    free(memory->ranges);
    free(memory);
}
