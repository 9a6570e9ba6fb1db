/*
 * Files that the user names for something beside the output: a log, metrics. They may be a device, a pipe
 * that someone reads, or a file that is added to; what the program reads or makes is never one of them. All
 * local.
 */
#ifndef MZG_CORE_NAMED_FILE_H
#define MZG_CORE_NAMED_FILE_H

#include <mzgrid/error.h>
#include <stdbool.h>

/* MZG_EUSAGE if `path` is the file `used` (a path, or NULL), whatever names lead there, or lies in it.
 * `option` is how the user gave `path`, `what` what `used` is: "--metrics", "the input". */
enum mzg_status mzg_named_check(const char *option, const char *path, const char *what, const char *used,
                                struct mzg_error *err);

/* Opens `path` for writing at its end, and makes it if it is not there. Neither waits for the reader of a
 * pipe nor takes anything but files, pipes and character devices. MZG_EIO. */
enum mzg_status mzg_named_open(const char *option, const char *path, int *fd, struct mzg_error *err);

/* Empties the file open as `fd`, if it begins as ours do, with `begin`, or `overwrite`, and has it alone
 * until `fd` is closed; pipes and devices are left as they are. MZG_EIO, also if another run has it. */
enum mzg_status mzg_named_empty(const char *option, const char *path, int fd, const char *begin,
                                bool overwrite, struct mzg_error *err);

#endif
