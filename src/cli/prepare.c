#include <cli/prepare.h>

#include <core/agree.h>
#include <core/pool.h>

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
    return mzg_pool_new(context->comm, (int)n_threads, &context->pool, err);
}
