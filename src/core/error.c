#include <mzgrid/error.h>

#include <core/escape.h>

#include <stdarg.h>
#include <stdio.h>

enum mzg_status mzg_fail(struct mzg_error *err, enum mzg_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    if (length >= (int)sizeof err->text)
        mzg_escape_trim(err->text);
    return err->status = status;
}
