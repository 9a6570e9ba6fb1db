#include <run/validation.h>

#include <core/agree.h>
#include <core/json_text.h>
#include <core/mpi.h>
#include <input/findings.h>
#include <input/kinds.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Faults wait in twice as much room as is listed, so that sorting the highest out is rare. */
enum { CAPACITY = 2 * MZG_LISTED_FAULTS };

static int compare(const void *a, const void *b)
{
    int64_t p = ((const struct mzg_skip *)a)->fault.spectrum,
            q = ((const struct mzg_skip *)b)->fault.spectrum;
    return (p > q) - (p < q);
}

/* Sorts the faults and forgets those that will not be listed. */
static void settle(struct mzg_validation *validation)
{
    if (validation->n_faults > 0)
        qsort(validation->faults, (size_t)validation->n_faults, sizeof *validation->faults, compare);
    if (validation->n_faults > MZG_LISTED_FAULTS)
        validation->n_faults = MZG_LISTED_FAULTS;
}

static enum mzg_status list(struct mzg_validation *validation, const struct mzg_skip *fault,
                            struct mzg_error *err)
{
    if (!validation->faults)
        validation->faults = malloc(CAPACITY * sizeof *validation->faults);
    if (!validation->faults)
        return mzg_fail(err, MZG_ENOMEM, "no memory to list faulty spectra");
    if (validation->n_faults == CAPACITY)
        settle(validation);
    validation->faults[validation->n_faults++] = *fault;
    return MZG_OK;
}

enum mzg_status mzg_validation_add_fault(struct mzg_validation *validation, const struct mzg_skip *fault,
                                         struct mzg_error *err)
{
    validation->n_faulty++;
    validation->by_reason[fault->fault.reason]++;
    return list(validation, fault, err);
}

enum mzg_status mzg_validation_merge(const struct mzg_validation *other, struct mzg_validation *validation,
                                     struct mzg_error *err)
{
    validation->n_points += other->n_points;
    validation->n_empty += other->n_empty;
    validation->n_faulty += other->n_faulty;
    for (int i = 0; i < MZG_FAULT_REASONS; i++)
        validation->by_reason[i] += other->by_reason[i];
    mzg_content_merge(&other->content, &validation->content);
    for (int64_t i = 0; i < other->n_faults; i++)
        if (list(validation, &other->faults[i], err) != MZG_OK)
            return err->status;
    return MZG_OK;
}

/* Rank 0 takes over what `rank` has. */
static void receive(const struct mzg_context *context, int rank, struct mzg_validation *validation,
                    struct mzg_skip *faults, struct mzg_error *err)
{
    struct mzg_validation other;
    MZG_MPI(MPI_Recv(&other, sizeof other, MPI_BYTE, rank, 0, context->comm, MPI_STATUS_IGNORE));
    MZG_MPI(MPI_Recv(faults, MZG_LISTED_FAULTS * (int)sizeof *faults, MPI_BYTE, rank, 1, context->comm,
                     MPI_STATUS_IGNORE));
    other.faults = faults;
    if (err->status == MZG_OK)
        mzg_validation_merge(&other, validation, err);
}

enum mzg_status mzg_validation_gather(const struct mzg_context *context, struct mzg_validation *validation,
                                      struct mzg_error *err)
{
    struct mzg_skip *faults = NULL;
    settle(validation);
    if (context->rank == 0 && context->size > 1 && !(faults = malloc(MZG_LISTED_FAULTS * sizeof *faults)))
        mzg_fail(err, MZG_ENOMEM, "no memory to gather faulty spectra");
    if (mzg_agree(context->comm, err) != MZG_OK)
        goto cleanup;
    if (context->rank != 0) {
        MZG_MPI(MPI_Send(validation, sizeof *validation, MPI_BYTE, 0, 0, context->comm));
        MZG_MPI(MPI_Send(validation->faults, (int)validation->n_faults * (int)sizeof *faults, MPI_BYTE, 0, 1,
                         context->comm));
    }
    for (int rank = 1; context->rank == 0 && rank < context->size; rank++)
        receive(context, rank, validation, faults, err);
    settle(validation);
    mzg_agree(context->comm, err);

cleanup:
    free(faults);
    return err->status;
}

static json_t *finding(const char *kind, int64_t count, const char *text)
{
    return json_pack("{s:s, s:I, s:o}", "kind", kind, "count", (json_int_t)count, "text",
                     mzg_json_text(text));
}

/* What is odd: about the file, then about its values. NULL if there is no memory. */
static json_t *list_findings(const struct mzg_validation *validation, const struct mzg_reader *reader,
                             const struct mzg_error *shared_mz)
{
    static const struct mzg_findings none = {0};
    const struct mzg_findings *found = reader->dataset.findings;
    json_t *findings = mzg_findings_objects(found ? found : &none);
    bool complete = findings != NULL;
    if (complete && shared_mz->status != MZG_OK)
        complete = json_array_append_new(findings, finding("shared_mz", 1, shared_mz->text)) == 0;
    for (int kind = 0; kind < MZG_CONTENT_KINDS && complete; kind++) {
        char text[240];
        int64_t count = validation->content.cases[kind].n_values;
        if (count == 0)
            continue;
        mzg_content_describe(&validation->content, (enum mzg_content_kind)kind, reader->dataset.shared_mz,
                             text, sizeof text);
        complete = json_array_append_new(
                       findings, finding(mzg_content_name((enum mzg_content_kind)kind), count, text)) == 0;
    }
    if (complete)
        return findings;
    json_decref(findings);
    return NULL;
}

static json_t *describe_fault(const struct mzg_reader *reader, const struct mzg_skip *skip)
{
    int32_t position[3];
    int64_t first, n;
    mzg_reader_pixel(reader, skip->pixel, position, &first, &n);
    return json_pack("{s:I, s:i, s:i, s:i, s:s, s:o}", "spectrum", (json_int_t)skip->fault.spectrum + 1, "x",
                     position[0], "y", position[1], "z", position[2], "reason",
                     mzg_fault_name(skip->fault.reason), "detail", mzg_json_text(skip->fault.text));
}

static json_t *list_faults(const struct mzg_validation *validation, const struct mzg_reader *reader)
{
    json_t *by_reason = json_object(), *listed = json_array();
    int failed = !by_reason || !listed;
    for (int i = 0; i < MZG_FAULT_REASONS && !failed; i++)
        if (validation->by_reason[i] > 0)
            failed = json_object_set_new(by_reason, mzg_fault_name((enum mzg_fault_reason)i),
                                         json_integer(validation->by_reason[i]));
    for (int64_t i = 0; i < validation->n_faults && !failed; i++)
        failed = json_array_append_new(listed, describe_fault(reader, &validation->faults[i]));
    if (!failed)
        return json_pack("{s:I, s:o, s:o}", "count", (json_int_t)validation->n_faulty, "by_reason", by_reason,
                         "listed", listed);
    json_decref(by_reason);
    json_decref(listed);
    return NULL;
}

enum mzg_status mzg_validation_verdict(const struct mzg_validation *validation,
                                       const struct mzg_reader *reader, const struct mzg_error *shared_mz,
                                       struct json_t **verdict, bool *valid, struct mzg_error *err)
{
    const struct mzg_dataset *dataset = &reader->dataset;
    json_t *findings = list_findings(validation, reader, shared_mz);
    *valid = json_array_size(findings) == 0 && validation->n_faulty == 0;
    *verdict = json_pack(
        "{s:o, s:b, s:I, s:I, s:I, s:I, s:O*, s:O*, s:o, s:o, s:o}", "path", mzg_json_text(dataset->path),
        "valid", *valid, "spectra", (json_int_t)dataset->n_spectra, "pixels", (json_int_t)dataset->n_pixels,
        "points", (json_int_t)validation->n_points, "empty_spectra", (json_int_t)validation->n_empty,
        "checksum_type", json_object_get(dataset->metadata, "checksum_type"), "checksum_status",
        json_object_get(dataset->metadata, "checksum_status"), "findings", findings, "faulty_spectra",
        list_faults(validation, reader), "kinds", mzg_kinds_json(&dataset->kinds));
    return *verdict ? MZG_OK : mzg_fail(err, MZG_ENOMEM, "%s: no memory for the verdict", dataset->path);
}

void mzg_validation_destroy(struct mzg_validation *validation)
{
    free(validation->faults);
    *validation = (struct mzg_validation){0};
}
