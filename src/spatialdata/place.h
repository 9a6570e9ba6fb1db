/*
 * Where a store is built and where it goes in the end: OUT.zarr.part becomes OUT.zarr when it is complete, so
 * that what bears the output's name is always whole. Knows file systems only. All local.
 */
#ifndef MZG_SPATIALDATA_PLACE_H
#define MZG_SPATIALDATA_PLACE_H

#include <mzgrid/error.h>
#include <stdbool.h>

struct mzg_place;

/* Works out the paths; touches no file. MZG_EUSAGE where `path` names no entry of a directory, such as "/" or
 * "..". */
enum mzg_status mzg_place_new(const char *path, struct mzg_place **place, struct mzg_error *err);

/* Frees the object; removes nothing. Accepts NULL. */
void mzg_place_free(struct mzg_place *place);

/* Where the store is built. Valid while the place is. */
const char *mzg_place_part(const struct mzg_place *place);

/* Checks that the output can be made and makes the empty directory mzg_place_part(), and locks it against
 * another run. MZG_EIO where the output exists (without `overwrite`, or not a Zarr store or an empty
 * directory), its directory cannot be written, or another run builds there. The part left by a dead run is
 * removed. */
enum mzg_status mzg_place_prepare(struct mzg_place *place, bool overwrite, struct mzg_error *err);

/* Gives the finished store its name; an existing one is moved to OUT.zarr.old first. The directory is synced.
 * On failure the existing one stands as before. */
enum mzg_status mzg_place_publish(struct mzg_place *place, struct mzg_error *err);

/* Removes the output that mzg_place_publish() moved away, if there was one. */
enum mzg_status mzg_place_remove_old(struct mzg_place *place, struct mzg_error *err);

/* Removes the part, if mzg_place_prepare() made it and it was not published. */
enum mzg_status mzg_place_discard(struct mzg_place *place, struct mzg_error *err);

#endif
