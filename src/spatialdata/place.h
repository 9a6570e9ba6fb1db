/*
 * Where a store is built and where it goes in the end: OUT.zarr.TAG.part (core/own_file.h) becomes OUT.zarr
 * when it is complete, so that what bears the output's name is always whole. Knows file systems only. All
 * local.
 */
#ifndef MZG_SPATIALDATA_PLACE_H
#define MZG_SPATIALDATA_PLACE_H

#include <mzgrid/error.h>
#include <stdbool.h>

struct mzg_place;

/* Works out the paths; touches no file. MZG_EUSAGE if `path` names no entry of a directory, such as "/" or
 * "..". */
enum mzg_status mzg_place_new(const char *path, struct mzg_place **place, struct mzg_error *err);

/* Frees the object, and removes the part if it was not published. Accepts NULL. */
void mzg_place_free(struct mzg_place *place);

/* Where the store is built: NULL before mzg_place_prepare(), and once it is published or discarded. */
const char *mzg_place_part(const struct mzg_place *place);

/* What an earlier run left and this one does not remove, as a sentence, or "". */
const char *mzg_place_left(const struct mzg_place *place);

/* Checks that the output can be made, claims it against other runs and makes the empty directory
 * mzg_place_part(). MZG_EIO if the output exists (without `overwrite`, or not a Zarr store or an empty
 * directory), its directory cannot be written, or another run builds the same. What a dead run of this output
 * left is removed. */
enum mzg_status mzg_place_prepare(struct mzg_place *place, bool overwrite, struct mzg_error *err);

/* Gives the finished store its name; it changes places with an existing one, in one step where the file
 * system can do that. The directory is synced. MZG_EIO also if the part is no longer what was made. On
 * failure the existing one stands as before. */
enum mzg_status mzg_place_publish(struct mzg_place *place, struct mzg_error *err);

/* Removes the output that mzg_place_publish() replaced, if there was one, and ends the claim. */
enum mzg_status mzg_place_remove_old(struct mzg_place *place, struct mzg_error *err);

/* Removes the part, if mzg_place_prepare() made it and it was not published. */
enum mzg_status mzg_place_discard(struct mzg_place *place, struct mzg_error *err);

#endif
