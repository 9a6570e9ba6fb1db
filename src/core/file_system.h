/*
 * What kind of file system a file lies on. Parallel file systems cut a file into stripes and lay these on
 * several servers: one large file is faster on many of them, many small files are faster on one each. Nothing
 * here fails: what a system does not tell is not known.
 */
#ifndef MZG_CORE_FILE_SYSTEM_H
#define MZG_CORE_FILE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mzg_file_system {
    const char *name;    /* "Lustre", "GPFS", "NFS" ...; NULL: one of this node, or not known */
    bool is_parallel;    /* a file may lie on several servers */
    bool is_progressive; /* what is known of unit and stripes holds for large files only */
    int64_t unit; /* bytes of a stripe or block, at whose ends a file goes to another server; 0: not known */
    int stripes;  /* servers of a file that is made there; -1: all that there are; 0: not known */
};

/* Looks at the path, or at its nearest existing parent. Local. */
void mzg_file_system_look(const char *path, struct mzg_file_system *fs);

/* Reads what Lustre says of a file or directory in its attribute "lustre.lov": the layout, or with several
 * the last one, which holds what is large. False: it is none that is known, and `fs` is as it was. Local. */
bool mzg_file_system_read_lustre(const unsigned char *bytes, size_t size, struct mzg_file_system *fs);

/* At multiples of how many bytes chunks of `chunk_bytes` should begin, so that no two servers share one and
 * little space is lost; 0: anywhere. Local. */
int64_t mzg_file_system_alignment(const struct mzg_file_system *fs, int64_t chunk_bytes);

/* "Lustre, stripes of 1 MiB on 4 servers"; empty for one without a name. Returns `text`. Local. */
char *mzg_file_system_describe(const struct mzg_file_system *fs, char *text, size_t size);

enum mzg_file_use {
    MZG_USE_ONE_FILE,  /* one large file in which rows wait, written by all ranks */
    MZG_USE_MANY_FILES /* many files, each written at once by one rank */
};

/* What would make this use faster on that file system, for `directory`: a sentence; false: nothing is known.
 * Local. */
bool mzg_file_system_advise(const struct mzg_file_system *fs, enum mzg_file_use use, const char *directory,
                            char *text, size_t size);

#endif
