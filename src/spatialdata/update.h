/*
 * A further table for a store that stands: one that annotates what an older table annotates. It is built in a
 * store of its own beside it, and takes its place at the end, the store's root metadata last:
 *
 *     OUT.zarr.TAG.part/                                      OUT.zarr/
 *         tables/NEW/                                  ──►        tables/NEW/
 *         marks/                                       ──►        tables/OLD/var/NAME
 *         var.json, table.json, root.json              ──►        the zarr.json of OLD's var, of OLD, of the
 * root
 *
 * Each arrow is one renaming (swap.h), so that whoever is killed leaves a store that opens: as before,
 * because readers go by the consolidated metadata of the root. A table that is to be replaced is taken out of
 * these first.
 */
#ifndef MZG_SPATIALDATA_UPDATE_H
#define MZG_SPATIALDATA_UPDATE_H

#include <spatialdata/spatialdata.h>

struct mzg_update;

struct mzg_update_options {
    const char *path;      /* of the store */
    const char *table;     /* "tables/OLD" */
    const char *new_table; /* "tables/NEW" */
    bool replace;          /* a table NEW that stands is replaced */
    bool is_part; /* the store is under construction by this run: there is nothing to claim, and the new
                   * table is built inside of it */
    struct mzg_codec codec; /* of numeric arrays; rank 0's counts */
};

/* Claims the store against other runs, and makes the place where the new table is built. MZG_EIO if it
 * cannot be written, another run writes it, or NEW stands and is not to be replaced; a NEW that the store's
 * metadata do not name is what a killed run left, and is replaced. Texts count on rank 0 only. All ranks
 * return the same status. Collective over context->comm. */
enum mzg_status mzg_update_new(const struct mzg_context *context, const struct mzg_update_options *options,
                               struct mzg_update **update, struct mzg_error *err);

/* Removes what was built, unless it is in its place, and ends the claim. What was built inside of a store
 * under construction goes with that store, if mzg_update_finish() failed. Accepts NULL. Collective. */
void mzg_update_free(struct mzg_update *update);

/* The new table, for mzg_sdata_write_matrix(), mzg_sdata_write_table() and the like. Local. */
struct mzg_sdata *mzg_update_sdata(struct mzg_update *update);

/* Where a temporary file may be made: a path that begins as this one and goes on as the caller likes. It is
 * removed with the rest. Local. */
const char *mzg_update_scratch(const struct mzg_update *update);

/* Copies obs, obsm and uns/spatialdata_attrs from the old table, once the rest of the new one is written. All
 * ranks return the same status. Collective. */
enum mzg_status mzg_update_copy_rows(struct mzg_update *update, struct mzg_error *err);

/* Writes a column of `n` booleans for var of the old table, called `name`. Rank 0's values count. All ranks
 * return the same status. Collective. */
enum mzg_status mzg_update_mark(struct mzg_update *update, const char *name, int64_t n,
                                const unsigned char *values, struct mzg_error *err);

/* Completes the new table, brings it to the disk and puts all in its place; on failure what was moved goes
 * back. MZG_EIO also if something of the place in which it was built would stay in a store under
 * construction, which then must not get its name. All ranks return the same status. Collective. */
enum mzg_status mzg_update_finish(struct mzg_update *update, struct mzg_error *err);

#endif
