#include <run/peaks_matrix.h>

#include <core/agree.h>
#include <core/mpi.h>
#include <core/stop.h>

#include <stdio.h>

enum mzg_status mzg_peaks_declare_dense(const struct mzg_peaks_matrix *matrix, struct mzg_zarr_array **array,
                                        struct mzg_error *err)
{
    const struct mzg_peaks_source *source = matrix->sums->source;
    struct mzg_sdata *sdata = mzg_update_sdata(matrix->update);
    char path[1024];
    snprintf(path, sizeof path, "%s/X", mzg_sdata_table_path(sdata));
    struct mzg_zarr_array_spec spec = {.type = source->value_type,
                                       .n_dimensions = 2,
                                       .shape = {source->n_rows, matrix->sums->peaks->n},
                                       .chunk = {source->n_rows, matrix->chunk_columns},
                                       .codec = mzg_sdata_codec(sdata)};
    return mzg_zarr_array(mzg_sdata_store(sdata), path, &spec, mzg_encoding("array", "0.2.0"), array, err);
}

struct mzg_matrix_spec mzg_peaks_sparse_spec(const struct mzg_peaks_matrix *matrix)
{
    const struct mzg_peaks_source *source = matrix->sums->source;
    bool by_column = source->layout == MZG_MATRIX_CSC;
    return (struct mzg_matrix_spec){.layout = by_column ? MZG_MATRIX_CSR : MZG_MATRIX_CSC,
                                    .rows_are_columns = by_column,
                                    .sized_by_most = true,
                                    .value_type = source->value_type,
                                    .n_columns = by_column ? source->n_rows : matrix->sums->peaks->n,
                                    .most_rows = by_column ? matrix->sums->peaks->n : source->n_rows,
                                    .most_values = matrix->sums->most_values,
                                    .codec = mzg_sdata_codec(mzg_update_sdata(matrix->update))};
}

enum mzg_status mzg_peaks_end_round(const struct mzg_peaks_matrix *matrix, int64_t done, int64_t total,
                                    struct mzg_error *err)
{
    const struct mzg_context *context = matrix->sums->context;
    mzg_check_stop(context->stop, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    if (context->rank == 0 && matrix->progress && matrix->progress->update)
        matrix->progress->update(matrix->progress->context, "peaks", done < total ? done : total, total);
    return MZG_OK;
}

enum mzg_status mzg_peaks_hand_over(const struct mzg_peaks_values *made, struct mzg_sink *sink,
                                    struct mzg_error *err)
{
    const struct mzg_rows rows = {.n_rows = made->n_majors,
                                  .n_values = made->n_values,
                                  .row_counts = made->counts,
                                  .bins = made->minors,
                                  .values = made->values};
    return mzg_sink_append(sink, &rows, err);
}

enum mzg_status mzg_peaks_slot_errors(const struct mzg_peaks_sums *sums, struct mzg_error *err)
{
    for (int i = 0; i < sums->n_slots && err->status == MZG_OK; i++)
        *err = sums->slots[i].err;
    return err->status;
}
