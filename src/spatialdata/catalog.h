/*
 * What a SpatialData store on the disk consists of: its elements, the groups and arrays of each with their
 * metadata, and all other files. Nothing is read but metadata, and nothing in it is trusted.
 *
 *     KIND/NAME          an element: images, labels, points, shapes or tables, and its name
 *     KIND/NAME/...      a node (a directory with zarr.json) or a file (a chunk, a parquet file)
 */
#ifndef MZG_SPATIALDATA_CATALOG_H
#define MZG_SPATIALDATA_CATALOG_H

#include <core/clone_file.h>
#include <jansson.h>
#include <mzgrid/error.h>

enum mzg_element_kind {
    MZG_ELEMENT_IMAGES,
    MZG_ELEMENT_LABELS,
    MZG_ELEMENT_POINTS,
    MZG_ELEMENT_SHAPES,
    MZG_ELEMENT_TABLES,
    MZG_ELEMENT_KINDS
};

/* The name of the group that holds elements of a kind, such as "labels". */
const char *mzg_element_group(enum mzg_element_kind kind);

/* Paths count from the element: "" is its own group, "obs/x" lies in it. */
struct mzg_catalog_node {
    char *path;
    json_t *metadata; /* without consolidated ones */
};
struct mzg_catalog_file {
    char *path;
    struct mzg_file_state state;
};

struct mzg_element {
    enum mzg_element_kind kind;
    char *name;
    int64_t n_nodes, n_files; /* sorted: a node stands behind the group that holds it */
    struct mzg_catalog_node *nodes;
    struct mzg_catalog_file *files;
    int64_t node_capacity, file_capacity;
};

struct mzg_catalog {
    char *path;         /* of the store, as the user gave it */
    json_t *attributes; /* of its root */
    int64_t n_elements; /* sorted by kind, then name */
    struct mzg_element *elements;
    int64_t n_metadata; /* every zarr.json, its path from the store: for mzg_catalog_check() */
    struct mzg_catalog_file *metadata;
    char *left_out; /* what lies in the root and is no element, as a list for people; NULL: nothing */

    int64_t element_capacity, metadata_capacity;
};

/* Reads what the store at `path` consists of. MZG_EIO for what cannot be read, MZG_EFORMAT for a directory
 * that is no SpatialData store of container version 0.2 in Zarr 3, is not complete, or has links in it.
 * Release with mzg_catalog_close(), also after a failure. Local. */
enum mzg_status mzg_catalog_open(const char *path, struct mzg_catalog *catalog, struct mzg_error *err);
void mzg_catalog_close(struct mzg_catalog *catalog);

/* The metadata of the root alone, a new reference; refused as mzg_catalog_open() does. Local. */
enum mzg_status mzg_catalog_root(const char *path, json_t **root, struct mzg_error *err);

/* MZG_EIO if some metadata changed since. Local. */
enum mzg_status mzg_catalog_check(const struct mzg_catalog *catalog, struct mzg_error *err);

/* The node of an element at `path`; NULL: there is none. */
struct mzg_catalog_node *mzg_element_node(const struct mzg_element *element, const char *path);

#endif
