#include <cli/output.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum mzg_status mzg_output_flush(struct mzg_error *err)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return MZG_OK;
    return mzg_fail(err, MZG_EIO, "standard output: cannot write: %s",
                    errno ? strerror(errno) : "an earlier write failed");
}
