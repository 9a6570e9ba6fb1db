/*
 * Whether a file is still the one that was opened, and as it was then: size, time of the last change, and
 * which file it is. What is read of a file that another program writes is of no use.
 */
#ifndef MZG_INPUT_FILE_MARK_H
#define MZG_INPUT_FILE_MARK_H

#include <mzgrid/error.h>
#include <stdbool.h>
#include <sys/stat.h>

/* Begin with zeros. */
struct mzg_file_mark {
    bool is_set;
    struct stat about;
};

/* Marks the open file `fd`, or, where that is -1, the one at `path`; one that cannot be looked at has no
 * mark, for opening it tells why. Local. */
void mzg_file_mark_set(int fd, const char *path, struct mzg_file_mark *mark);

/* MZG_EIO if the open file `fd`, or, where that is -1, the one at `path`, is no longer as it was marked.
 * Local. */
enum mzg_status mzg_file_mark_check(const struct mzg_file_mark *mark, int fd, const char *path,
                                    struct mzg_error *err);

#endif
