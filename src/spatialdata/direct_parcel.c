#include <spatialdata/direct_parcel.h>

#include <core/agree.h>
#include <core/array.h>
#include <core/mpi.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { TAG = 18, REFUSED = -1, MORE_BYTES = 1024 };

/* The bytes of a packed chunk of `size` bytes, from above, by any codec. */
static int64_t most_packed(int64_t size)
{
    return size + size / 128 + MORE_BYTES;
}

static int64_t head_bytes(const struct mzg_direct_parcel *parcel)
{
    return parcel->n_parts * (int64_t)sizeof(int32_t);
}

enum mzg_status mzg_direct_parcel_init(struct mzg_direct_parcel *parcel, const struct mzg_context *context,
                                       const struct mzg_matrix_arrays *x, int64_t most_units,
                                       struct mzg_error *err)
{
    int64_t value = mzg_type_size(x->spec.value_type), most;
    *parcel = (struct mzg_direct_parcel){.context = context, .n_parts = x->n_parts, .refusal = REFUSED};
    if (x->spec.layout == MZG_MATRIX_DENSE)
        most = x->n_parts * most_packed(x->unit_items * x->chunk_columns * value);
    else
        most = most_packed(x->unit_items * value) + most_packed(x->unit_items * mzg_type_size(x->index_type));
    parcel->most_bytes = head_bytes(parcel) + most;
    if (context->size > 1 && parcel->most_bytes > INT_MAX) /* of a dense matrix, one row of which is a unit */
        return mzg_fail(err, MZG_ERANGE,
                        "a row of the dense matrix can take %lld bytes, more than MPI can send at once; use "
                        "fewer bins, or --streaming hdf5",
                        (long long)parcel->most_bytes);
    parcel->requests = calloc((size_t)most_units, sizeof(MPI_Request));
    parcel->arrived = malloc(context->size > 1 ? (size_t)parcel->most_bytes : 1);
    if (!parcel->requests || !parcel->arrived)
        return mzg_fail(err, MZG_ENOMEM, "no memory for %lld units of the matrix on their way",
                        (long long)most_units);
    return MZG_OK;
}

void mzg_direct_parcel_destroy(struct mzg_direct_parcel *parcel)
{
    free(parcel->leaving);
    free(parcel->requests);
    free(parcel->arrived);
    *parcel = (struct mzg_direct_parcel){0};
}

static int64_t size_of_unit(const struct mzg_direct_parcel *parcel, const struct mzg_matrix_packer *packer,
                            int64_t unit)
{
    int64_t size = head_bytes(parcel);
    for (int64_t part = 0; part < parcel->n_parts; part++)
        size += (int64_t)packer->packed[unit * parcel->n_parts + part].size;
    return size;
}

/* Room for all units that leave. */
static enum mzg_status make_room(struct mzg_direct_parcel *parcel, const struct mzg_matrix_packer *packer,
                                 const int *owners, int64_t n_units, struct mzg_error *err)
{
    int64_t sum = 0;
    for (int64_t unit = 0; unit < n_units && err->status == MZG_OK; unit++) {
        int64_t size = size_of_unit(parcel, packer, unit);
        sum += owners[unit] != parcel->context->rank ? size : 0;
        if (size > parcel->most_bytes)
            return mzg_fail(err, MZG_ERANGE, "%lld packed bytes of the matrix are more than can be sent",
                            (long long)size);
    }
    if (err->status == MZG_OK)
        mzg_array_reserve(&parcel->leaving, 1, sum, &parcel->capacity, "packed bytes", err);
    return err->status;
}

/* Writes a unit as it is sent. */
static void write_unit(const struct mzg_direct_parcel *parcel, const struct mzg_matrix_packer *packer,
                       int64_t unit, char *to)
{
    const struct mzg_buffer *parts = packer->packed + unit * parcel->n_parts;
    char *bytes = to + head_bytes(parcel);
    for (int64_t part = 0; part < parcel->n_parts; part++) {
        int32_t size = (int32_t)parts[part].size;
        memcpy(to + part * (int64_t)sizeof size, &size, sizeof size);
        if (size > 0)
            memcpy(bytes, parts[part].bytes, (size_t)size);
        bytes += size;
    }
}

void mzg_direct_parcel_send(struct mzg_direct_parcel *parcel, const struct mzg_matrix_packer *packer,
                            const int *owners, int64_t n_units, struct mzg_error *err)
{
    bool refuses = err->status != MZG_OK || make_room(parcel, packer, owners, n_units, err) != MZG_OK;
    char *to = parcel->leaving;
    for (int64_t unit = 0; unit < n_units; unit++) {
        int64_t size = refuses ? (int64_t)sizeof parcel->refusal : size_of_unit(parcel, packer, unit);
        if (owners[unit] == parcel->context->rank)
            continue;
        if (!refuses)
            write_unit(parcel, packer, unit, to);
        MZG_MPI(MPI_Isend(refuses ? (const void *)&parcel->refusal : to,
                          mzg_mpi_count(size, "packed bytes of a unit"), MPI_BYTE, owners[unit], TAG,
                          parcel->context->comm, &parcel->requests[parcel->n_requests++]));
        to += refuses ? 0 : size;
    }
}

void mzg_direct_parcel_wait(struct mzg_direct_parcel *parcel)
{
    mzg_agree_wait(parcel->n_requests, parcel->requests);
    parcel->n_requests = 0;
}

const char *mzg_direct_parcel_get(struct mzg_direct_parcel *parcel, int rank, const int32_t **sizes)
{
    MPI_Request request;
    MZG_MPI(MPI_Irecv(parcel->arrived, mzg_mpi_count(parcel->most_bytes, "packed bytes of a unit"), MPI_BYTE,
                      rank, TAG, parcel->context->comm, &request));
    mzg_agree_wait(1, &request);
    *sizes = (const int32_t *)(const void *)parcel->arrived;
    return **sizes == REFUSED ? NULL : parcel->arrived + head_bytes(parcel);
}
