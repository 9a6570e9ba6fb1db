/*
 * Where resampled rows go: a sink takes them, rank by rank and round by round, and once it is sealed they can
 * be read (stage/staged.h). What differs between the kinds of sinks is data of the kind, read once by whoever
 * appends: nobody asks a sink what it is. A further kind is a file with a struct mzg_sink_kind, and a line in
 * the table of kinds (run/stages.c).
 */
#ifndef MZG_STAGE_SINK_H
#define MZG_STAGE_SINK_H

#include <core/context.h>
#include <core/frame.h>
#include <mzgrid/error.h>
#include <stage/rows.h>
#include <stage/staged.h>

#include <stdbool.h>
#include <stdint.h>

/* What a rank appends. */
struct mzg_sink_part {
    int64_t n_rows, n_values;
};

/* What a sink is opened for. The same on all ranks, but for pointers. */
struct mzg_sink_spec {
    const struct mzg_context *context; /* borrowed; appending is done by its ranks */
    int64_t n_columns;
    enum mzg_type value_type; /* MZG_FLOAT32 or MZG_FLOAT64 */
    enum mzg_type index_type; /* of the bins and row pointers of a file that is kept, for AnnData wants one;
                               * MZG_BOOL, 0: as they lie in memory, int32 and int64 */
    bool by_column;           /* rows come sorted by column, if the kind takes them so */
    const char *path;         /* of a file that the sink may make; borrowed until the sink is closed */
    const char *mpi_info;     /* hints for making that file (core/mpi_hints.h); borrowed; NULL: none */
    int64_t most_bytes;       /* of memory, of all ranks: rows that take more should move to that file;
                               * 0: there is no limit */
    int64_t passing_window;   /* bytes of that file left to the system (core/passing_file.h); 0: as usual */
    const void *target;       /* what kinds of other rooms need to know; borrowed while it is opened */
};

struct mzg_sink;

struct mzg_sink_kind {
    const char *name;
    bool local;       /* each rank appends for itself, and all ranks equally often; else appending is
                       * collective */
    bool wants_order; /* it keeps rows sorted by column, if they come so */
    bool uses_pool;   /* appending gives the workers work, so they must have none then */

    /* Collective over spec->context->comm; all ranks return the same status. */
    enum mzg_status (*open)(const struct mzg_sink_spec *spec, struct mzg_sink **sink, struct mzg_error *err);
    /* The bytes of memory that appending these rows takes. Local. */
    int64_t (*bytes_of_rows)(const struct mzg_sink *sink, const struct mzg_rows *rows);
    /* Where the rows that are appended next can be sorted to by column, so that they need not be copied;
     * false: elsewhere. NULL for kinds that have no such place. Local. */
    bool (*room)(struct mzg_sink *sink, const struct mzg_rows *rows, struct mzg_column_room *room);
    /* `parts` is what each rank appends; NULL, if the kind is local. A rank that fails goes through all that
     * the others wait for, and not all ranks return the same status: agree. */
    enum mzg_status (*append)(struct mzg_sink *sink, const struct mzg_rows *rows,
                              const struct mzg_sink_part *parts, struct mzg_error *err);
    /* Appends all its rows, in their order, to a sink that is not local. If that fails, the rows may be gone.
     * Collective; all ranks return the same status. */
    enum mzg_status (*move)(struct mzg_sink *sink, struct mzg_sink *to, struct mzg_error *err);
    /* MZG_ENOMEM leaves the sink as it was. Collective; all ranks return the same status. */
    enum mzg_status (*seal)(struct mzg_sink *sink, struct mzg_staged **staged, struct mzg_error *err);
    void (*close)(struct mzg_sink *sink);
};

/* The kinds of this room. */
extern const struct mzg_sink_kind mzg_memory_sink; /* the memory of one node, which all ranks share */
extern const struct mzg_sink_kind mzg_hdf5_sink;   /* one HDF5 file at spec->path */

/* The part of a sink that all kinds have, and begin with. */
struct mzg_sink {
    const struct mzg_sink_kind *kind;
    struct mzg_sink_spec spec;   /* by_column: only if the kind takes rows so */
    int64_t bytes;               /* of memory in which rows of this rank wait */
    struct mzg_sink_part *parts; /* of each rank, in mzg_sink_append(); NULL, if the kind is local */
};

/* Opens a sink of this kind. Collective over spec->context->comm; all ranks return the same status. */
enum mzg_status mzg_sink_open(const struct mzg_sink_kind *kind, const struct mzg_sink_spec *spec,
                              struct mzg_sink **sink, struct mzg_error *err);

/* Appends this rank's rows behind those of all lower ranks, and behind all that were appended before; a rank
 * may have none. Local, if the kind is; else collective, and all ranks return the same status. */
enum mzg_status mzg_sink_append(struct mzg_sink *sink, const struct mzg_rows *rows, struct mzg_error *err);

/* The same for a sink that is not local, if all ranks know already what each appends. Not all ranks return
 * the same status; once one has failed, nothing more may be appended. Collective. */
enum mzg_status mzg_sink_append_parts(struct mzg_sink *sink, const struct mzg_rows *rows,
                                      const struct mzg_sink_part *parts, struct mzg_error *err);

/* Where the rows that are appended next can be sorted to by column, so that they need not be copied; false:
 * elsewhere. Local. */
bool mzg_sink_room(struct mzg_sink *sink, const struct mzg_rows *rows, struct mzg_column_room *room);

/* The bytes of memory that appending these rows takes. Local. */
int64_t mzg_sink_bytes_of_rows(const struct mzg_sink *sink, const struct mzg_rows *rows);

/* Whether rows of `bytes` bytes of all ranks have outgrown their memory, so that they should move. Local. */
bool mzg_sink_is_outgrown(const struct mzg_sink *sink, int64_t bytes);

/* Moves all rows to an HDF5 file at spec.path, which is the sink from now on, row by row. All ranks have
 * appended equally often. All ranks return the same status. Collective. */
enum mzg_status mzg_sink_move(struct mzg_sink **sink, struct mzg_error *err);

/* No more rows: what was appended can be read from `staged`, by all ranks. Rows in memory that some rank
 * finds no memory to see move to the file first. The sink is to be closed all the same. All ranks return the
 * same status. Collective. */
enum mzg_status mzg_sink_seal(struct mzg_sink **sink, struct mzg_staged **staged, struct mzg_error *err);

/* Closes the sink and leaves its file where it is. Accepts NULL. Local. */
void mzg_sink_close(struct mzg_sink *sink);

/* For kinds: one that takes no memory, and one that cannot move. */
int64_t mzg_sink_takes_no_memory(const struct mzg_sink *sink, const struct mzg_rows *rows);
enum mzg_status mzg_sink_cannot_move(struct mzg_sink *sink, struct mzg_sink *to, struct mzg_error *err);

#endif
