#include <core/agree.h>
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

struct mzg_node_memory {
    MPI_Comm node;    /* the ranks of this node; its rank 0, the leader, makes the object */
    MPI_Comm leaders; /* the leaders; MPI_COMM_NULL on other ranks */
    bool is_shared;   /* else each rank of the node has a copy of its own */
    void *bytes;
    size_t size;
};

/* All ranks of the node succeeded. Collective over `node`. */
static bool all_did(MPI_Comm node, bool did)
{
    int worst = did;
    MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPI_INT, MPI_MIN, node);
    return worst;
}

/* A new object under a name that no other program has; false where there is none. */
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

    MPI_Bcast(name, sizeof name, MPI_CHAR, 0, node);
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
    MPI_Comm_rank(memory->node, &rank);
    MPI_Comm_size(memory->node, &size);
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

enum mzg_status mzg_node_memory_new(MPI_Comm comm, int64_t size, struct mzg_node_memory **memory,
                                    struct mzg_error *err)
{
    int rank, node_rank;
    MPI_Comm_rank(comm, &rank);
    struct mzg_node_memory *new_memory = calloc(1, sizeof *new_memory);
    if (!new_memory)
        mzg_fail(err, MZG_ENOMEM, "no memory for the index");
    if (mzg_agree(comm, err) != MZG_OK) {
        free(new_memory);
        return err->status;
    }
    new_memory->size = size > 0 ? (size_t)size : 1;
    MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &new_memory->node);
    MPI_Comm_rank(new_memory->node, &node_rank);
    MPI_Comm_split(comm, node_rank == 0 ? 0 : MPI_UNDEFINED, rank, &new_memory->leaders);
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

static void broadcast(void *bytes, size_t size, MPI_Comm comm)
{
    for (size_t at = 0; at < size; at += PIECE) {
        size_t left = size - at;
        MPI_Bcast((char *)bytes + at, (int)(left < PIECE ? left : PIECE), MPI_BYTE, 0, comm);
    }
}

void mzg_node_memory_share(struct mzg_node_memory *memory)
{
    if (memory->leaders != MPI_COMM_NULL)
        broadcast(memory->bytes, memory->size, memory->leaders);
    if (memory->is_shared)
        MPI_Barrier(memory->node);
    else
        broadcast(memory->bytes, memory->size, memory->node);
}

void mzg_node_memory_free(struct mzg_node_memory *memory)
{
    if (!memory)
        return;
    if (memory->bytes)
        munmap(memory->bytes, memory->size);
    if (memory->leaders != MPI_COMM_NULL)
        MPI_Comm_free(&memory->leaders);
    MPI_Comm_free(&memory->node);
    free(memory);
}
