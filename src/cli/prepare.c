#include <cli/job_places.h>
#include <cli/nap.h>
#include <cli/prepare.h>

#include <core/agree.h>
#include <core/named_file.h>
#include <core/pool.h>
#include <imzml/ibd.h>
#include <input/synthetic_kind.h>

#include <stdlib.h>

enum mzg_status mzg_prepare(struct mzg_context *context, enum mzg_log_level level, const char *log_file,
                            int64_t n_threads, struct mzg_error *err)
{
    struct mzg_log *log = NULL;
    mzg_log_new(context->rank, level, log_file, &log, err);
    if (mzg_agree(context->comm, err) != MZG_OK) {
        mzg_log_free(log);
        return err->status;
    }
    mzg_log_free(context->log);
    context->log = log;
    if (mzg_pool_new(context->comm, (int)n_threads, &context->pool, err) == MZG_OK) {
        mzg_nap_allow(mzg_pool_placement(context->pool));
        mzg_places_warn(context, n_threads > 0);
    }
    return err->status;
}

enum mzg_status mzg_check_named(const char *option, const char *path, const char *input, const char *output,
                                struct mzg_error *err)
{
    char *ibd = NULL;
    struct mzg_error none = {0};
    if (!path)
        return MZG_OK;
    if (input && mzg_ibd_find(input, &ibd, &none) != MZG_OK)
        ibd = NULL;
    if (mzg_named_check(option, path, "the input", input, err) == MZG_OK &&
        mzg_named_check(option, path, "the input", ibd, err) == MZG_OK)
        mzg_named_check(option, path, "the output", output, err);
    free(ibd);
    return err->status;
}

enum mzg_status mzg_check_input(const char *option, const char *input, const char *output,
                                struct mzg_error *err)
{
    char *ibd = NULL;
    struct mzg_error none = {0};
    if (mzg_synthetic_claims(input))
        return MZG_OK;
    if (mzg_ibd_find(input, &ibd, &none) != MZG_OK)
        ibd = NULL;
    if (mzg_named_check(option, input, "the output", output, err) == MZG_OK && ibd)
        mzg_named_check(option, ibd, "the output", output, err);
    free(ibd);
    return err->status;
}
