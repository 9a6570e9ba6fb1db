/* Whether the ibd is the one that the XML was written with: its checksum, before all else or beside it. */
#include <core/context.h>
#include <core/stop.h>
#include <imzml/imzml.h>

#include <jansson.h>
#include <string.h>
#include <time.h>

static const char *const differs = "differs", *const agrees = "agrees", *const not_computed = "not computed";

static void compare(struct mzg_imzml_identity *identity, const char *found, struct mzg_findings *findings)
{
    bool same = strcmp(found, identity->checksum) == 0;
    identity->checksum_status = same ? agrees : differs;
    if (!same)
        mzg_find(findings, MZG_FOUND_CHECKSUM, "the %s of its ibd is %s, expected %s: the ibd was changed",
                 identity->checksum_type, found, identity->checksum);
}

enum mzg_status mzg_imzml_verify_now(struct mzg_imzml_reader *reader, const atomic_int *stop,
                                     struct mzg_findings *findings, struct mzg_error *err)
{
    char found[65];
    if (!reader->identity.checksum_type)
        return MZG_OK;
    if (mzg_ibd_checksum(&reader->ibd, reader->identity.checksum_type, stop, found, err) == MZG_OK)
        compare(&reader->identity, found, findings);
    return err->status;
}

static enum mzg_status wait_for(const struct mzg_checksum_thread *checksum, const atomic_int *stop,
                                struct mzg_error *err)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    while (!mzg_checksum_is_done(checksum) && mzg_check_stop(stop, err) == MZG_OK)
        nanosleep(&pause, NULL);
    return err->status;
}

enum mzg_status mzg_imzml_verify(const struct mzg_context *context, struct mzg_reader *base,
                                 struct mzg_error *err)
{
    struct mzg_imzml_reader *reader = (struct mzg_imzml_reader *)base;
    json_t *metadata = base->dataset.metadata;
    char found[65];
    struct mzg_error failure = {0};
    if (!reader->checksum)
        return MZG_OK;
    if (wait_for(reader->checksum, context->stop, err) != MZG_OK)
        return err->status;
    enum mzg_status status = mzg_checksum_end(reader->checksum, found, &failure);
    reader->checksum = NULL;
    if (status == MZG_OK) {
        compare(&reader->identity, found, &reader->findings);
    } else {
        /* The pixels that could not be read are skipped, and so nothing is lost by going on. */
        reader->identity.checksum_status = not_computed;
        mzg_find(&reader->findings, MZG_FOUND_CHECKSUM, "the %s of its ibd could not be computed: %.100s",
                 reader->identity.checksum_type, failure.text);
    }
    mzg_findings_log_kind(&reader->findings, MZG_FOUND_CHECKSUM, reader->path, context->log);
    if (json_object_set_new(metadata, "checksum_status", json_string(reader->identity.checksum_status)) !=
            0 ||
        json_object_set_new(metadata, "findings", mzg_findings_json(&reader->findings)) != 0)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the metadata");
    return MZG_OK;
}
