/*
 * Merging, told top to bottom: rank 0 looks into all stores and gives every element its name, the output is
 * opened, all nodes are declared, every rank clones its share of the files, and with --concat writes its
 * share of the table of all samples; then all inputs are looked at once more, and the store gets its name.
 */
#include <run/merge.h>

#include <core/agree.h>
#include <core/log.h>
#include <core/mpi.h>
#include <core/stop.h>
#include <run/merge_concat.h>
#include <run/merge_declare.h>
#include <run/merge_files.h>
#include <run/merge_inputs.h>

#include <inttypes.h>
#include <string.h>

struct merging {
    const struct mzg_context *context;
    const struct mzg_merge_options *options;
    const struct mzg_progress *progress;
    struct mzg_merge_outcome *outcome;
    struct mzg_merge_inputs inputs; /* rank 0 */
    struct mzg_codec codec;
    struct mzg_sdata *sdata;
    struct mzg_merge_files files;
    struct mzg_merge_concat concat;
};

static enum mzg_status check_options(const struct mzg_merge_options *options, struct mzg_error *err)
{
    if (options->n_inputs < 2)
        return mzg_fail(err, MZG_EUSAGE, "one store alone cannot be merged: give two or more");
    if (options->concat && !mzg_is_element_name(options->table))
        return mzg_fail(
            err, MZG_EUSAGE,
            "--table: '%s' is not a valid name of a table: expected letters, digits, '_', '-' or '.'",
            options->table);
    return MZG_OK;
}

static enum mzg_status open_ends(struct merging *m, struct mzg_error *err)
{
    const struct mzg_merge_options *options = m->options;
    if (check_options(options, err) == MZG_OK &&
        mzg_codec_parse(options->compression, &m->codec, err) == MZG_OK && m->context->rank == 0)
        mzg_merge_inputs_open(options, &m->inputs, err);
    if (mzg_agree(m->context->comm, err) != MZG_OK)
        return err->status;
    for (int i = 0; i < m->inputs.n; i++) {
        if (m->inputs.inputs[i].catalog.left_out)
            mzg_log_line(m->context->log, MZG_LOG_WARNING,
                         "%s: left out, because it is not an element of SpatialData: %s",
                         m->inputs.inputs[i].catalog.path, m->inputs.inputs[i].catalog.left_out);
    }
    if (options->concat && mzg_merge_concat_open(m->context, options, &m->inputs, &m->concat, err) != MZG_OK)
        return err->status;
    struct mzg_sdata_options output = {.path = options->output,
                                       .dataset_id = options->concat ? options->table : NULL,
                                       .overwrite = options->overwrite,
                                       .bare = true,
                                       .codec = m->codec};
    return mzg_sdata_new(m->context, &output, &m->sdata, err);
}

static enum mzg_status declare(struct merging *m, struct mzg_error *err)
{
    if (m->context->rank == 0 &&
        mzg_merge_declare(m->context, m->options, &m->inputs, m->sdata, err) == MZG_OK)
        mzg_merge_files_list(&m->inputs, &m->files, err);
    if (m->context->rank == 0 && m->options->concat && err->status == MZG_OK)
        mzg_merge_concat_list(m->options, &m->inputs, &m->files, err);
    return mzg_merge_files_share(m->context, &m->files, err);
}

static enum mzg_status write_table(struct merging *m, struct mzg_error *err)
{
    if (!m->options->concat)
        return MZG_OK;
    return mzg_merge_concat_write(m->context, m->options, &m->inputs, &m->concat, m->codec, m->progress,
                                  m->sdata, m->outcome, err);
}

/* Whether what was merged is still what it was. */
static enum mzg_status check_unchanged(struct merging *m, struct mzg_error *err)
{
    mzg_check_stop(m->context->stop, err);
    if (m->context->rank == 0 && err->status == MZG_OK)
        mzg_merge_inputs_check(&m->inputs, err);
    if (mzg_agree(m->context->comm, err) != MZG_OK)
        return err->status;
    return mzg_merge_files_check(m->context, &m->files, err);
}

static int64_t count_elements(const struct merging *m)
{
    int64_t n = m->options->concat ? 1 : 0;
    for (int i = 0; i < m->inputs.n; i++)
        n += m->inputs.inputs[i].catalog.n_elements - (m->inputs.inputs[i].table >= 0 ? 1 : 0);
    return n;
}

enum mzg_status mzg_merge(const struct mzg_context *context, const struct mzg_merge_options *options,
                          const struct mzg_progress *progress, struct mzg_merge_outcome *outcome,
                          struct mzg_error *err)
{
    double begin = MPI_Wtime();
    *outcome = (struct mzg_merge_outcome){0};
    struct merging m = {.context = context, .options = options, .progress = progress, .outcome = outcome};
    mzg_mpi_set_output(options->output);
    if (open_ends(&m, err) == MZG_OK && declare(&m, err) == MZG_OK &&
        mzg_merge_files_clone(context, &m.files, mzg_sdata_part(m.sdata), options->copy, progress, outcome,
                              err) == MZG_OK &&
        write_table(&m, err) == MZG_OK && check_unchanged(&m, err) == MZG_OK &&
        mzg_sdata_finish(m.sdata, err) == MZG_OK) {
        outcome->elements = count_elements(&m);
        MZG_MPI(MPI_Bcast(&outcome->elements, 1, MPI_INT64_T, 0, context->comm));
        outcome->seconds = MPI_Wtime() - begin;
    }
    mzg_merge_files_destroy(&m.files);
    mzg_sdata_free(m.sdata);
    mzg_merge_inputs_close(&m.inputs);
    mzg_merge_concat_close(&m.concat);
    mzg_mpi_set_output(NULL);
    return err->status;
}
