/* Preloaded into the program: a file system on which flock() does not work, as Lustre without -o flock. */
#include <errno.h>
#include <sys/file.h>

int flock(int fd, int operation)
{
    (void)fd;
    (void)operation;
    errno = ENOSYS;
    return -1;
}
