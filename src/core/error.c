#include <mzgrid/error.h>

#include <core/escape.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum mzg_status mzg_fail(struct mzg_error *err, enum mzg_status status, const char *format, ...)
{
    char text[sizeof err->text]; /* `err->text` may be among the arguments */
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length >= (int)sizeof text)
        mzg_escape_trim(text);
    mzg_escape(text, strlen(text), err->text, sizeof err->text);
    return err->status = status;
}
