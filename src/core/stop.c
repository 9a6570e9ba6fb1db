#include <core/stop.h>

enum mzg_status mzg_check_stop(const atomic_int *stop, struct mzg_error *err)
{
    if (err->status == MZG_OK && mzg_is_stopped(stop))
        mzg_fail(err, MZG_EINTERRUPTED, "interrupted; nothing was written");
    return err->status;
}
