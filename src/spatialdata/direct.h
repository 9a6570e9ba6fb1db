/* X in CSR or dense layout as a sink that keeps nothing: the rows appended go into the arrays of the store as
 * they come, and sealing completes these; nothing can be read back. */
#ifndef MZG_SPATIALDATA_DIRECT_H
#define MZG_SPATIALDATA_DIRECT_H

#include <spatialdata/matrix.h>
#include <stage/sink.h>

/* Units of X (matrix_arrays.h) for which a rank has memory beside those that it packs: begun, on their way,
 * arrived. A unit of a dense matrix is a band. */
enum { MZG_DIRECT_OTHER_UNITS = 6 };

/* What spec->target of this kind is. */
struct mzg_direct_target {
    struct mzg_sdata *sdata; /* borrowed until the sink is closed */
    struct mzg_matrix_spec matrix;
    int64_t memory; /* bytes that a rank may take; it takes them for at least one unit beside the others */
};

extern const struct mzg_sink_kind mzg_direct_sink;

#endif
