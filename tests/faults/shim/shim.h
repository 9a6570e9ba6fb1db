/*
 * A library that is preloaded into the program under test and makes one chosen call fail, or records what a
 * run does to its files. campaign.py sets it up by environment variables:
 *
 *   MZG_FAULT_CALL     the call, as in the table of settings.c, or `any`: whichever is the n-th of all
 *   MZG_FAULT_AT       which of these calls, from 1; 0 or unset: none
 *   MZG_FAULT_AS       how: EIO, ENOSPC, EDQUOT, EINTR, ENOMEM, ENOLCK, EOPNOTSUPP;
 *                      SHORT: half of the bytes; KILL: the process ends there;
 *                      STOP: it is stopped there, and the call is made once SIGCONT lets it go on
 *   MZG_FAULT_STICKY   set: every call from the n-th on
 *   MZG_FAULT_WHILE    only as long as there is a file of this name
 *   MZG_FAULT_RANK     only on this rank of MPI_COMM_WORLD
 *   MZG_FAULT_PROGRAM  only in a program of this name (default mzgrid), not in mpirun
 *   MZG_FAULT_PATHS    parts of paths, separated by ':'; calls on other files neither count nor fail
 *   MZG_FAULT_CALLER   part of the name of the object whose malloc and mmap are meant (default: the program)
 *   MZG_FAULT_LOG      file that gets a line when the call failed
 *   MZG_FAULT_COUNTS   file that gets a line of how many calls there were, when the process ends
 *   MZG_FAULT_RECORD   directory of the record of record.c
 *
 * The replacements do their work by system calls, so that they need nothing of the library that they stand in
 * for. What stdio writes is not seen, for libc calls its own write; opening and closing such a file is.
 */
#ifndef MZG_FAULTS_SHIM_H
#define MZG_FAULTS_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum call {
    CALL_WRITE,
    CALL_PWRITE,
    CALL_READ,
    CALL_PREAD,
    CALL_FSYNC,
    CALL_SYNCFS,
    CALL_RENAME,
    CALL_LINK,
    CALL_MKDIR,
    CALL_FTRUNCATE,
    CALL_FALLOCATE,
    CALL_MMAP,
    CALL_MALLOC,
    CALL_ALIGNED_ALLOC,
    CALL_OPEN,
    CALL_OPENDIR,
    CALL_CLOSE,
    CALL_FCLOSE,
    CALL_UNLINK,
    CALL_RMDIR,
    CALL_FLOCK,
    N_CALLS
};

enum { PATH_SIZE = 4096 };

/* What a call that is due has to do. */
enum fault { FAULT_NONE, FAULT_ERRNO, FAULT_SHORT };

/* Whether this process takes part; before the constructor ran, none does. */
extern bool shim_active;

/* Counts a call on the file of `path` (NULL: on memory) and says whether it has to fail; FAULT_ERRNO has set
 * errno. */
enum fault shim_due(enum call call, const char *path);

/* The same by descriptor: its path goes to `path` of PATH_SIZE bytes. Pipes and sockets are never meant. */
enum fault shim_due_fd(enum call call, int fd, char *path);

/* The whole path of `name` below the directory `at`. */
void shim_resolve(int at, const char *name, char *path);

/* Whether the file is one of MZG_FAULT_PATHS. */
bool shim_meant(const char *path);

/* Whether code at `address` belongs to the object MZG_FAULT_CALLER, and its calls can fail. */
bool shim_is_caller(const void *address);

/* Whether the calls of malloc matter: asking where each comes from takes time. */
bool shim_wants_memory(void);

/* Appends `size` bytes to the file `name`. */
void shim_append(const char *name, const void *bytes, size_t size);

/* The record. Between record_begin() and record_end() no other process or thread of the job changes files, so
 * that the order of the record is the order on the disk. Both do nothing without MZG_FAULT_RECORD. */
void record_open(const char *directory);
bool record_begin(const char *path);
void record_bytes(const char *what, int fd, const char *path, int64_t offset, const void *bytes,
                  int64_t size);
void record_names(const char *what, const char *path, const char *other);
void record_end(void);

#endif
