/*
 * Files larger than the memory that is worth giving to them, written and read back from front to back. Left
 * alone, the system keeps their pages until memory is short: a run that stages 100 GB takes page after page
 * that it never used before, pushes out what others had cached, and is held up in the end while the disk
 * catches up. So the disk begins with what was written at once, and pages that it has are given back, to be
 * used again for the next ones.
 *
 * All of it is advice: while rows are written nothing waits until the disk has them, though perhaps for room
 * in its queue, and files below a window are left alone.
 */
#ifndef MZG_CORE_PASSING_FILE_H
#define MZG_CORE_PASSING_FILE_H

#include <stdint.h>

enum { MZG_PASSING_WINDOW = 128 << 20 }; /* bytes, if nobody says otherwise */

/* Begins as {.fd = ..., .part = ..., .parts = ...}; positions are bytes from the beginning of the file. */
struct mzg_passing_file {
    int fd;          /* open for reading or writing; borrowed; -1: nothing is done */
    int part, parts; /* on writing, this process sees to one part of all; 0 of 1: alone */
    int64_t window;  /* bytes; 0: MZG_PASSING_WINDOW; tests have less, so that they need less of the disk */
    int64_t started; /* the disk was told to begin with what lies before; 0: within the window */
    int64_t dropped; /* what lies before was given back, as far as the disk had it */
};

/* What lies before `end` is written, by all parts. Local. */
void mzg_passing_written(struct mzg_passing_file *file, int64_t end);

/* Bytes begin .. end - 1 of a file that is written are read soon: the disk may begin. Local. */
void mzg_passing_soon(const struct mzg_passing_file *file, int64_t begin, int64_t end);

/* Bytes begin .. end - 1 of a file that is written were read, by all on this node, and are not needed soon.
 * Returns 0, or an errno value where the disk did not take what was written: what lies there then may not be
 * what was read back. Local. */
int mzg_passing_read(const struct mzg_passing_file *file, int64_t begin, int64_t end);

#endif
