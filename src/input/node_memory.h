/*
 * Bytes that every rank reads and that do not change: one copy on each node, in a POSIX shared memory object
 * that its ranks map and fill together. Where a node has no room for it (/dev/shm of containers is often
 * small), each of its ranks keeps a copy.
 *
 * Not an MPI window: MPI_Win_allocate_shared() of Open MPI 4.1 hangs where the memory is not to be had, for
 * only one rank of the node learns of it.
 */
#ifndef MZG_INPUT_NODE_MEMORY_H
#define MZG_INPUT_NODE_MEMORY_H

#include <mpi.h>
#include <mzgrid/error.h>
#include <stdint.h>

struct mzg_node_memory;

/* Allocates `size` bytes, the same number on all ranks. Collective over `comm`, which outlives them. */
enum mzg_status mzg_node_memory_new(MPI_Comm comm, int64_t size, struct mzg_node_memory **memory,
                                    struct mzg_error *err);

/* Where the bytes lie in the address space of this rank. Each rank may write its own part of them until
 * mzg_node_memory_share(). Local. */
void *mzg_node_memory_bytes(const struct mzg_node_memory *memory);

/* Brings what the ranks wrote to all ranks: this one `size` bytes from byte `first` on. No two ranks wrote
 * the same byte. Collective. */
void mzg_node_memory_share(struct mzg_node_memory *memory, int64_t first, int64_t size);

/* Accepts NULL. Collective. */
void mzg_node_memory_free(struct mzg_node_memory *memory);

#endif
