/*
 * The calls of MPI that preloaded libraries stand in for (fail_mpi.c, count_mpi.c), as a list: whoever
 * includes it defines SHIM(NAME, FAILURE, PARAMETERS, ARGUMENTS), and ISHIM() with the same parameters for
 * calls that return before they are done. FAILURE is what fail_mpi.c returns instead of making the call.
 */
/* clang-format off */
#define WORLD fail_on(MPI_COMM_WORLD)
#define TYPE MPI_Datatype

SHIM(Comm_rank, fail_on(comm), (MPI_Comm comm, int *rank), (comm, rank))
SHIM(Comm_size, fail_on(comm), (MPI_Comm comm, int *size), (comm, size))
SHIM(Comm_dup, fail_on(comm), (MPI_Comm comm, MPI_Comm *made), (comm, made))
SHIM(Comm_free, fail_on(*comm), (MPI_Comm *comm), (comm))
SHIM(Comm_split, fail_on(comm), (MPI_Comm comm, int color, int key, MPI_Comm *made), (comm, color, key, made))
SHIM(Comm_split_type, fail_on(comm), (MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm *made),
     (comm, type, key, info, made))
SHIM(Get_processor_name, WORLD, (char *name, int *length), (name, length))
SHIM(Query_thread, WORLD, (int *level), (level))

SHIM(Type_contiguous, WORLD, (int n, TYPE old, TYPE *made), (n, old, made))
SHIM(Type_commit, WORLD, (TYPE *type), (type))
SHIM(Type_size, WORLD, (TYPE type, int *size), (type, size))
SHIM(Type_free, WORLD, (TYPE *type), (type))
SHIM(Op_create, WORLD, (MPI_User_function *f, int commutes, MPI_Op *op), (f, commutes, op))
SHIM(Op_free, WORLD, (MPI_Op *op), (op))

SHIM(Barrier, fail_on(comm), (MPI_Comm comm), (comm))
SHIM(Bcast, fail_on(comm), (void *data, int n, TYPE type, int root, MPI_Comm comm), (data, n, type, root, comm))
SHIM(Reduce, fail_on(comm),
     (const void *in, void *out, int n, TYPE type, MPI_Op op, int root, MPI_Comm comm),
     (in, out, n, type, op, root, comm))
SHIM(Allreduce, fail_on(comm), (const void *in, void *out, int n, TYPE type, MPI_Op op, MPI_Comm comm),
     (in, out, n, type, op, comm))
SHIM(Scan, fail_on(comm), (const void *in, void *out, int n, TYPE type, MPI_Op op, MPI_Comm comm),
     (in, out, n, type, op, comm))
SHIM(Exscan, fail_on(comm), (const void *in, void *out, int n, TYPE type, MPI_Op op, MPI_Comm comm),
     (in, out, n, type, op, comm))
SHIM(Gather, fail_on(comm),
     (const void *in, int n, TYPE type, void *out, int m, TYPE other, int root, MPI_Comm comm),
     (in, n, type, out, m, other, root, comm))
SHIM(Gatherv, fail_on(comm),
     (const void *in, int n, TYPE type, void *out, const int m[], const int at[], TYPE other, int root,
      MPI_Comm comm),
     (in, n, type, out, m, at, other, root, comm))
ISHIM(Igatherv, fail_on(comm),
     (const void *in, int n, TYPE type, void *out, const int m[], const int at[], TYPE other, int root,
      MPI_Comm comm, MPI_Request *request),
     (in, n, type, out, m, at, other, root, comm, request))
SHIM(Allgather, fail_on(comm),
     (const void *in, int n, TYPE type, void *out, int m, TYPE other, MPI_Comm comm),
     (in, n, type, out, m, other, comm))
ISHIM(Iallreduce, fail_on(comm),
     (const void *in, void *out, int n, TYPE type, MPI_Op op, MPI_Comm comm, MPI_Request *request),
     (in, out, n, type, op, comm, request))
ISHIM(Ibarrier, fail_on(comm), (MPI_Comm comm, MPI_Request *request), (comm, request))
ISHIM(Iallgather, fail_on(comm),
     (const void *in, int n, TYPE type, void *out, int m, TYPE other, MPI_Comm comm, MPI_Request *request),
     (in, n, type, out, m, other, comm, request))
SHIM(Allgatherv, fail_on(comm),
     (const void *in, int n, TYPE type, void *out, const int m[], const int at[], TYPE other, MPI_Comm comm),
     (in, n, type, out, m, at, other, comm))
SHIM(Alltoall, fail_on(comm),
     (const void *in, int n, TYPE type, void *out, int m, TYPE other, MPI_Comm comm),
     (in, n, type, out, m, other, comm))
SHIM(Alltoallv, fail_on(comm),
     (const void *in, const int n[], const int from[], TYPE type, void *out, const int m[], const int at[],
      TYPE other, MPI_Comm comm),
     (in, n, from, type, out, m, at, other, comm))

SHIM(Send, fail_on(comm), (const void *data, int n, TYPE type, int to, int tag, MPI_Comm comm),
     (data, n, type, to, tag, comm))
SHIM(Recv, fail_on(comm), (void *data, int n, TYPE type, int from, int tag, MPI_Comm comm, MPI_Status *status),
     (data, n, type, from, tag, comm, status))
SHIM(Isend, fail_on(comm),
     (const void *data, int n, TYPE type, int to, int tag, MPI_Comm comm, MPI_Request *request),
     (data, n, type, to, tag, comm, request))
SHIM(Irecv, fail_on(comm),
     (void *data, int n, TYPE type, int from, int tag, MPI_Comm comm, MPI_Request *request),
     (data, n, type, from, tag, comm, request))
SHIM(Wait, WORLD, (MPI_Request *request, MPI_Status *status), (request, status))
SHIM(Waitall, WORLD, (int n, MPI_Request requests[], MPI_Status statuses[]), (n, requests, statuses))
SHIM(Test, WORLD, (MPI_Request *request, int *done, MPI_Status *status), (request, done, status))
SHIM(Testall, WORLD, (int n, MPI_Request requests[], int *done, MPI_Status statuses[]),
     (n, requests, done, statuses))

SHIM(File_sync, fail_on_file(file), (MPI_File file), (file))
SHIM(File_set_size, fail_on_file(file), (MPI_File file, MPI_Offset size), (file, size))
SHIM(File_get_size, fail_on_file(file), (MPI_File file, MPI_Offset *size), (file, size))
SHIM(File_set_view, fail_on_file(file),
     (MPI_File file, MPI_Offset at, TYPE type, TYPE view, const char *name, MPI_Info info),
     (file, at, type, view, name, info))
SHIM(File_write_at, fail_on_file(file),
     (MPI_File file, MPI_Offset at, const void *data, int n, TYPE type, MPI_Status *status),
     (file, at, data, n, type, status))
SHIM(File_write_at_all, fail_on_file(file),
     (MPI_File file, MPI_Offset at, const void *data, int n, TYPE type, MPI_Status *status),
     (file, at, data, n, type, status))
SHIM(File_read_at, fail_on_file(file),
     (MPI_File file, MPI_Offset at, void *data, int n, TYPE type, MPI_Status *status),
     (file, at, data, n, type, status))
SHIM(File_read_at_all, fail_on_file(file),
     (MPI_File file, MPI_Offset at, void *data, int n, TYPE type, MPI_Status *status),
     (file, at, data, n, type, status))
/* clang-format on */
